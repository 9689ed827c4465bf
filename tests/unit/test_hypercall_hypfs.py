"""hypfs_op and its tree: answers that make no sense, values that do not fit, what only a simulator has."""

from __future__ import annotations

import copy
import errno
import gzip
import pickle
import struct
import subprocess
import sys

import pytest

import xensys
from xensys.hypercalls import hypfs
from xensys.hypercalls.hypfs import Hypfs
from xensys.hypercalls.hypfs_op import HypfsEntry, HypfsOp
from xensys.sim import Machine
from xensys.sim.xen.hypfs import BLOB, BOOL, DIR, GZIP, INT, STRING, UINT, Leaf


def refused(number):
    return pytest.raises(xensys.XenError, match=rf"Errno {number}\]")


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def xen(machine):
    with xensys.Xen(machine.dom0) as xen:
        yield xen
    assert machine.violations == []


@pytest.fixture
def tree(xen):
    return xen.hypfs_op.tree(hazardous=True)


class TestVersion:
    def test_asked_for_once_and_before_anything_else(self):
        machine = Machine(trace=True)
        with xensys.Xen(machine.dom0) as xen:
            assert [call for call in machine.log if call.kind == "hypercall"] == []
            for _ in range(3):
                xen.hypfs["buildinfo/version/major"]
            calls = [call.details["args"][0] for call in machine.log if call.kind == "hypercall"]
        assert calls == [0, 1, 1, 1]

    def test_an_older_one_is_not_spoken_to(self, xen, monkeypatch):
        op = xen.hypfs_op
        monkeypatch.setattr(HypfsOp, "get_version", lambda self: 0)
        for _ in range(2):
            with refused(errno.EOPNOTSUPP) as caught:
                op.read("/")
            assert isinstance(caught.value, xensys.NotSupportedError)
        with refused(errno.EOPNOTSUPP):
            op.write_contents("/params/conswitch", b"b\0", hazardous=True)

    def test_a_newer_one_is_no_matter(self, xen, monkeypatch):
        monkeypatch.setattr(HypfsOp, "get_version", lambda self: 7)
        assert xen.hypfs["buildinfo/version/major"] == 4

    def test_older_xen_and_guests(self):
        with xensys.Xen(Machine(xen=(4, 13)).dom0) as xen, refused(errno.ENOSYS):
            xen.hypfs.keys()
        kernel = Machine().domains[1].kernel(unrestricted=True)
        with xensys.Xen(kernel) as xen:
            for _ in range(2):
                with pytest.raises(xensys.XenPermissionError):
                    xen.hypfs_op.read("/")


class TestHostileAnswers:
    """Xen is trusted, but not to be without bugs: nothing here may loop, or crash, or lie."""

    def answered(self, xen, monkeypatch, raw, *, error=0):
        """What `read` makes of these bytes."""
        op = xen.hypfs_op
        op.get_version()
        caller = op._caller

        class Fake:
            buffers = caller.buffers

            def call(self, number, name, *words, **options):
                if name.endswith("get_version"):
                    return 1
                memory = next(
                    slab
                    for slab in caller.buffers._slabs
                    if 0 <= words[3] - slab.address < slab.pages * 4096
                )
                at = words[3] - memory.address
                data = raw[: words[4]]
                memory.memory[at : at + len(data)] = data
                if error:
                    raise xensys.XenError(error, call=name)
                return 0

        return HypfsOp(Fake())

    def entry(self, kind, content, *, encoding=0, length=None):
        length = len(content) if length is None else length
        return struct.pack("<BBHII", kind, encoding, 0, length, 0) + content

    def test_more_than_the_buffer_has(self, xen, monkeypatch):
        for length in (4085, 1 << 31, (1 << 32) - 1):
            op = self.answered(xen, monkeypatch, self.entry(STRING, b"x\0", length=length))
            with refused(errno.EBADMSG):
                op.read("/x")

    def test_ENOBUFS_although_there_is_room(self, xen, monkeypatch):
        op = self.answered(xen, monkeypatch, self.entry(STRING, b"", length=10), error=errno.ENOBUFS)
        with refused(errno.EBADMSG):
            op.read("/x")
        assert op.read_entry("/x") == HypfsEntry(STRING, 0, 10, 0, None)

    def test_ENOBUFS_and_a_size_nobody_has(self, xen, monkeypatch):
        op = self.answered(xen, monkeypatch, self.entry(STRING, b"", length=1 << 31), error=errno.ENOBUFS)
        with refused(errno.EBADMSG):
            op.read("/x")

    @pytest.mark.parametrize(
        "content",
        [
            b"x",
            b"\0" * 14,
            struct.pack("<BBHIIH", UINT, 0, 0, 4, 0, 0) + b"name",
            struct.pack("<BBHIIH", UINT, 0, 0, 4, 0, 1) + b"name\0",
            struct.pack("<BBHIIH", UINT, 0, 0, 4, 0, 14) + b"name\0",
            struct.pack("<BBHIIH", UINT, 0, 0, 4, 0, 18) + b"name\0",
            struct.pack("<BBHIIH", UINT, 0, 0, 4, 0, 19) + b"name\0",
            struct.pack("<BBHIIH", UINT, 0, 0, 4, 0, 20) + b"name\0\0" + b"12345",
            struct.pack("<BBHIIH", UINT, 0, 0, 4, 0, 65535) + b"name\0",
            struct.pack("<BBHIIH", UINT, 0, 0, 4, 0, 14) + b"name\0" + bytes(40),
            struct.pack("<BBHIIH", UINT, 0, 0, 4, 0, 18) + b"name\0" + bytes(40),
        ],
    )
    def test_lists_that_make_no_sense(self, xen, monkeypatch, content):
        tree = self.answered(xen, monkeypatch, self.entry(DIR, content)).tree()
        with refused(errno.EBADMSG):
            tree.keys()

    def test_a_list_that_is_right(self, xen, monkeypatch):
        first = struct.pack("<BBHIIH", UINT, 0, 0, 4, 0, 22) + b"a name\0\0"
        last = struct.pack("<BBHIIH", DIR, 0, 0, 4, 0, 0) + b"\xff\0"
        tree = self.answered(xen, monkeypatch, self.entry(DIR, first + last)).tree()
        assert tree.keys() == ("a name", "\\xff")
        assert self.answered(xen, monkeypatch, self.entry(DIR, b"")).tree().keys() == ()

    def test_what_is_no_directory_any_more(self, xen, monkeypatch):
        for raw in (self.entry(UINT, bytes(4)), self.entry(DIR, b"", encoding=1)):
            with refused(errno.ENOTDIR):
                self.answered(xen, monkeypatch, raw).tree().keys()

    @pytest.mark.parametrize(
        ("kind", "content", "encoding", "number"),
        [
            (UINT, b"", 0, errno.EDOM),
            (UINT, bytes(3), 0, errno.EDOM),
            (INT, bytes(16), 0, errno.EDOM),
            (BOOL, bytes(5), 0, errno.EDOM),
            (6, bytes(4), 0, errno.EDOM),
            (255, b"", 0, errno.EDOM),
            (STRING, b"x", 2, errno.EDOM),
            (STRING, b"no gzip", GZIP, errno.EBADMSG),
            (STRING, b"", GZIP, errno.EBADMSG),
            (STRING, gzip.compress(b"cut", mtime=0)[:-1], GZIP, errno.EBADMSG),
        ],
    )
    def test_values_that_are_none(self, xen, monkeypatch, kind, content, encoding, number):
        tree = self.answered(xen, monkeypatch, self.entry(kind, content, encoding=encoding)).tree()
        with refused(number):
            tree["x"]

    def test_a_bomb(self, xen, monkeypatch):
        monkeypatch.setattr(hypfs, "_LARGEST", 1 << 16)
        raw = self.entry(STRING, gzip.compress(bytes((1 << 16) + 1)), encoding=GZIP)
        with refused(errno.EBADMSG):
            self.answered(xen, monkeypatch, raw).tree()["x"]

    @pytest.mark.parametrize(
        ("kind", "content", "value"),
        [
            (STRING, b"", ""),
            (STRING, b"no end", "no end"),
            (STRING, b"one\0two\0", "one"),
            (STRING, b"\xff\0", "\\xff"),
            (BLOB, b"\0\1", b"\0\1"),
            (UINT, b"\xff", 255),
            (INT, b"\xff\xff", -1),
            (UINT, b"\xff" * 8, (1 << 64) - 1),
            (INT, b"\0\0\0\x80", -(1 << 31)),
            (BOOL, b"\0", False),
            (BOOL, b"\2\0\0\0", True),
        ],
    )
    def test_values(self, xen, monkeypatch, kind, content, value):
        found = self.answered(xen, monkeypatch, self.entry(kind, content)).tree()["x"]
        assert (found, type(found)) == (value, type(value))


class TestWrites:
    @pytest.fixture
    def leaves(self, machine):
        made = {
            "byte": Leaf(UINT, b"\0", room=1),
            "half": Leaf(INT, bytes(2), room=2),
            "word": Leaf(UINT, bytes(4), room=4),
            "signed": Leaf(INT, bytes(8), room=8),
            "large": Leaf(UINT, bytes(8), room=8),
            "truth": Leaf(BOOL, b"\0", room=1),
            "blob": Leaf(BLOB, b"abc", room=5),
            "odd": Leaf(UINT, bytes(3), room=3),
            "strange": Leaf(9, bytes(4), room=4),
            "packed": Leaf(STRING, gzip.compress(b"x"), room=9, encoding=GZIP),
        }
        machine.hypervisor.hypfs.extra["own"] = made
        return made

    @pytest.mark.parametrize(
        ("name", "value", "content"),
        [
            ("byte", 255, b"\xff"),
            ("byte", "0x10", b"\x10"),
            ("byte", " 7 ", b"\7"),
            ("byte", True, b"\1"),
            ("half", -2, b"\xfe\xff"),
            ("half", "-32768", b"\0\x80"),
            ("word", (1 << 32) - 1, b"\xff" * 4),
            ("signed", -(1 << 63), bytes(7) + b"\x80"),
            ("large", (1 << 64) - 1, b"\xff" * 8),
            ("truth", True, b"\1"),
            ("truth", 1, b"\1"),
            ("truth", "enable", b"\1"),
            ("truth", "disable", b"\0"),
            ("blob", b"12345", b"12345"),
            ("blob", bytearray(b""), b""),
        ],
    )
    def test_what_fits(self, tree, leaves, name, value, content):
        tree[f"own/{name}"] = value
        assert leaves[name].content == content

    @pytest.mark.parametrize("word", ["1", "on", "yes", "true", "enable"])
    def test_words_for_true(self, tree, leaves, word):
        tree["own/truth"] = word
        assert tree["own/truth"] is True

    @pytest.mark.parametrize("word", ["0", "off", "no", "false", "disable"])
    def test_words_for_false(self, tree, leaves, word):
        leaves["truth"].content = b"\1"
        tree["own/truth"] = word
        assert tree["own/truth"] is False

    @pytest.mark.parametrize(
        ("name", "value", "number"),
        [
            ("byte", 256, errno.ERANGE),
            ("byte", -1, errno.ERANGE),
            ("half", 32768, errno.ERANGE),
            ("half", "-32769", errno.ERANGE),
            ("large", 1 << 64, errno.ERANGE),
            ("truth", 2, errno.EDOM),
            ("truth", "maybe", errno.EDOM),
            ("truth", "True", errno.EDOM),
            ("odd", 1, errno.EDOM),
            ("strange", 1, errno.EDOM),
            ("packed", "x", errno.EDOM),
            ("blob", b"123456", errno.ENOSPC),
        ],
    )
    def test_what_does_not(self, tree, leaves, name, value, number):
        before = leaves[name].content
        with refused(number) as caught:
            tree[f"own/{name}"] = value
        assert caught.value.arguments["path"] == f"/own/{name}"
        assert leaves[name].content == before

    @pytest.mark.parametrize(
        ("name", "value", "error"),
        [
            ("byte", "x", ValueError),
            ("byte", "", ValueError),
            ("byte", 1.0, TypeError),
            ("byte", None, TypeError),
            ("truth", None, xensys.XenError),
            ("blob", 5, TypeError),
            ("blob", "text", TypeError),
        ],
    )
    def test_what_is_nothing_of_the_kind(self, tree, leaves, name, value, error):
        with pytest.raises(error):
            tree[f"own/{name}"] = value

    def test_strings(self, tree):
        with pytest.raises(TypeError, match="str"):
            tree["params/conswitch"] = b"b"
        with pytest.raises(ValueError, match="NUL"):
            tree["params/conswitch"] = "\0"
        tree["params/conswitch"] = ""
        assert tree["params/conswitch"] == ""

    def test_timestamps(self, tree):
        for value, shown in (
            ("boot", "boot"),
            ("1", "date"),
            ("off", "none"),
            ("", "date"),
            ("raw", "raw"),
        ):
            tree["params/console_timestamps"] = value
            assert tree["params/console_timestamps"] == shown
        with refused(errno.EINVAL):
            tree["params/console_timestamps"] = "sundial"

    def test_a_key_that_is_none(self, tree):
        for key in (5, None, b"params"):
            with pytest.raises(TypeError, match="name or path"):
                tree[key]

    def test_what_is_not_modelled_says_so(self, tree):
        from xensys.sim import SimulatorGap

        with pytest.raises(SimulatorGap):
            tree["params/pcid"] = "on"


class TestCalls:
    def test_EINTR_and_EFAULT(self, machine, xen):
        op = xen.hypfs_op
        op.get_version()
        machine.dom0.faults.fail("hypercall", op="hypfs_op", cmd=1, errno=errno.EINTR, times=2)
        assert op.read("/buildinfo/version/major").content == b"\4\0\0\0"
        machine.dom0.faults.fail("hypercall", op="hypfs_op", cmd=2, errno=errno.EINTR, times=1)
        with pytest.raises(xensys.XenInterruptedError):
            op.write_contents("/params/conswitch", b"b\0", hazardous=True)

    def test_an_entry_that_goes_away_while_we_look(self, tree, monkeypatch):
        params = tree["params"]
        whole = dict(params.items())
        listing = [*params._listing(), ("gone", STRING)]
        monkeypatch.setattr(Hypfs, "_listing", lambda self: listing)
        assert dict(params.items()) == whole

    def test_a_parameter_longer_than_a_page_is_asked_for_again(self, machine, tree):
        text = b"x" * 10_000
        machine.hypervisor.hypfs.extra["long"] = Leaf(STRING, text + b"\0")
        assert tree["long"] == text.decode()
        machine.hypervisor.hypfs.extra["page"] = Leaf(BLOB, b"y" * (4096 - 12))
        assert tree["page"] == b"y" * (4096 - 12)

    def test_closed(self, machine):
        xen = xensys.Xen(machine.dom0)
        tree = xen.hypfs
        tree.keys()
        xen.close()
        with pytest.raises(ValueError, match="closed"):
            tree.keys()

    def test_repr(self, tree):
        assert repr(tree["buildinfo/version"]) == "<Hypfs '/buildinfo/version'>"

    def test_the_error_survives_a_copy(self, tree):
        with pytest.raises(xensys.EntryNotFoundError) as caught:
            tree["nope"]
        for again in (copy.copy(caught.value), pickle.loads(pickle.dumps(caught.value))):
            assert (type(again), str(again)) == (type(caught.value), str(caught.value))
        assert "/nope" in str(caught.value)

    def test_zlib_is_loaded_for_what_is_compressed_only(self):
        code = (
            "import sys, xensys; from xensys.sim import Machine\n"
            "import xensys.sim.xen.hypfs\n"
            "before = sys.modules.pop('zlib', None)\n"
            "xen = xensys.open(kernel=Machine().dom0)\n"
            "xen.hypfs.keys(); xen.hypfs['params/loglvl']\n"
            "assert 'zlib' not in sys.modules\n"
            "xen.hypfs['buildinfo/config']\n"
            "assert 'zlib' in sys.modules\n"
            "xen.close()\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
