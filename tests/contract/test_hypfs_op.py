"""hypfs_op: Xen's own file tree; every release under test is built with it."""

from __future__ import annotations

import errno

import pytest

import xensys
from xensys.abi import hypfs as abi
from xensys.hypercalls.hypfs import Hypfs

LEAF = "/buildinfo/version/major"
# A parameter that says which key switches the serial line's input: nobody uses that here.
WRITABLE = "/params/conswitch"


def refused(number):
    return pytest.raises(xensys.XenError, match=rf"Errno {number}\]")


@pytest.fixture
def op(world):
    return world.xen.hypfs_op


@pytest.fixture
def tree(op):
    return op.tree(hazardous=True)


def raw_read(world, path, size, *, length=None):
    """(errno, the buffer) of a read, with the path's bytes as they are."""
    with world.xen.buffers.alloc(2048) as where, world.xen.buffers.alloc(64) as buffer:
        where[0 : len(path)] = path
        try:
            assert (
                world.xen.hypercall(42, 1, where, len(path) if length is None else length, buffer, size)
                == 0
            )
            number = 0
        except xensys.XenError as error:
            number = error.errno
        return number, buffer[:]


def test_version(op):
    assert op.get_version() == abi.XEN_HYPFS_VERSION


def test_the_root(tree):
    assert {"buildinfo", "cpupool", "params"} <= set(tree.keys())
    assert len(tree) == len(tree.keys())
    assert tree.path == "/"


def test_the_tree_says_what_xen_version_says(world, tree):
    version = world.xen.version()
    assert tree["buildinfo/version/major"] == version.major
    assert tree["buildinfo/version/minor"] == version.minor
    assert tree["buildinfo/version/extra"] == version.extra
    info = world.xen.xen_version.compile_info()
    names = ("compile_by", "compile_date", "compile_domain", "compiler")
    assert tree["buildinfo/compileinfo"].items() == tuple((name, getattr(info, name)) for name in names)
    assert tree["buildinfo/changeset"] == world.xen.xen_version.changeset()


def test_the_config_is_inflated(world, op, tree):
    assert op.read("/buildinfo/config").encoding == abi.XEN_HYPFS_ENC_GZIP
    config = tree["buildinfo/config"]
    assert "CONFIG_HYPFS=y" in config
    assert ("CONFIG_X86_64=y" in config) == (world.target.arch == "x86_64")


def test_an_entry_longer_than_the_first_try_is_read_in_full(op, monkeypatch):
    from xensys.hypercalls import hypfs_op

    whole = op.read("/params")
    assert whole.content_len > 64
    monkeypatch.setattr(hypfs_op, "_FIRST", 12)
    assert op.read("/params") == whole


def test_mapping(tree):
    params = tree["params"]
    assert isinstance(params, Hypfs)
    assert params.path == "/params"
    assert "loglvl" in params
    assert "/params/loglvl" in params
    assert "params/loglvl" in tree
    assert "nothing" not in params
    assert 5 not in params
    assert params["loglvl"] == tree["/params/loglvl"] == dict(params.items())["loglvl"]
    assert params.get("nothing") is None
    assert params.get("nothing", 5) == 5
    assert list(params) == list(params.keys()) == sorted(params.keys())
    assert len(params.values()) == len(params)


def test_walk_gives_every_leaf_with_its_path(tree):
    found = dict(tree.walk())
    assert found[LEAF] == 4
    assert all(tree[path] == value for path, value in found.items())
    assert not any(isinstance(value, Hypfs) for value in found.values())
    assert {path.split("/")[1] for path in found} == set(tree.keys())


def test_cpu_pools(tree):
    assert tree["cpupool"].keys() == ("0",)
    assert tree["cpupool/0/sched-gran"] == "cpu"


@pytest.mark.parametrize(
    "path",
    [
        "/nope",
        "/params/nope",
        "/cpupool/7",
        "/cpupool/x",
        "//",
        "/buildinfo//config",
        f"{LEAF}/",
        f"{LEAF}/x",
    ],
)
def test_what_is_not_there_is_a_KeyError_and_ENOENT(op, tree, path):
    with pytest.raises(KeyError) as caught:
        op.read(path)
    assert isinstance(caught.value, xensys.EntryNotFoundError)
    assert caught.value.errno == errno.ENOENT
    assert caught.value.arguments["path"] == path
    assert path not in tree
    with pytest.raises(KeyError):
        tree[path]
    with pytest.raises(KeyError):
        tree[path] = "x"


def test_a_directory_may_have_a_slash_behind(op):
    assert op.read("/params/") == op.read("/params")


def test_a_path_without_a_slash_in_front_is_EINVAL(op):
    for path in ("params", ""):
        with refused(errno.EINVAL):
            op.read(path)


def test_a_path_has_1023_bytes_at_most(op):
    with pytest.raises(KeyError):
        op.read("/" + "x" * 1022)
    for path in ("/" + "x" * 1023, "/" + "ü" * 512):
        with refused(errno.ENAMETOOLONG) as caught:
            op.read(path)
        assert caught.value.via == ""
    with pytest.raises(ValueError, match="NUL"):
        op.read("/para\0ms")


@pytest.mark.parametrize(
    ("path", "size", "expected"),
    [
        (b"/params", 64, errno.EINVAL),
        (b"/par\0ms\0", 64, errno.EINVAL),
        (b"", 64, errno.EINVAL),
        (b"/" + b"x" * 1023 + b"\0", 64, errno.EINVAL),
        (b"/" + b"x" * 1022 + b"\0", 64, errno.ENOENT),
        (LEAF.encode() + b"\0", 0, errno.EINVAL),
        (LEAF.encode() + b"\0", 11, errno.EINVAL),
        (LEAF.encode() + b"\0", 12, errno.ENOBUFS),
        (LEAF.encode() + b"\0", 15, errno.ENOBUFS),
        (LEAF.encode() + b"\0", 16, 0),
    ],
)
def test_lengths_to_xen(world, path, size, expected):
    number, found = raw_read(world, path, size)
    assert number == expected
    if expected in (errno.EINVAL, errno.ENOENT):
        assert not any(found)
    else:
        # After ENOBUFS, too, it says what would have been needed.
        assert found[:8] == bytes([abi.XEN_HYPFS_TYPE_UINT, 0, 0, 0, 4, 0, 0, 0])


def test_commands_to_xen(world):
    call = world.xen.hypercall
    with world.xen.buffers.alloc(64) as buffer:
        for words in ((0, 1, 0, 0, 0), (0, 0, 1, 0, 0), (0, 0, 0, buffer, 0), (0, 0, 0, 0, 1)):
            with refused(errno.EINVAL):
                call(42, *words)
        buffer[0:2] = b"/\0"
        with refused(errno.EOPNOTSUPP):
            call(42, 3, buffer, 2, 0, 0)
        with refused(errno.EFAULT):
            call(42, 1, 0, 2, buffer, 64)
        with refused(errno.EFAULT):
            call(42, 1, buffer, 2, 0, 64)


# --- writing -------------------------------------------------------------------


def test_writing_needs_the_flag(world, op):
    before = op.read(WRITABLE)
    for call in (
        lambda: op.write_contents(WRITABLE, b"b\0"),
        lambda: world.xen.hypfs.__setitem__(WRITABLE, "b"),
        lambda: op.tree(hazardous=True).write(WRITABLE, "b"),
    ):
        with pytest.raises(xensys.HazardError) as caught:
            call()
        assert caught.value.via == ""
    assert op.read(WRITABLE) == before


def test_what_is_written_is_read(op, tree):
    before = tree[WRITABLE]
    try:
        tree[WRITABLE] = "bx"
        assert tree[WRITABLE] == "bx"
        tree["params"]["conswitch"] = "c"
        assert op.read(WRITABLE).content == b"c\0"
        assert tree.entry(WRITABLE).max_write_len == 3
        # One more than it may have.
        with refused(errno.ENOSPC):
            tree[WRITABLE] = "xyz"
        for data in (b"d", b"\0d\0", b""):
            with refused(errno.EINVAL):
                op.write_contents(WRITABLE, data, hazardous=True)
        assert tree[WRITABLE] == "c"
    finally:
        tree[WRITABLE] = before
    assert tree[WRITABLE] == before


def test_log_levels_are_set_and_shown_in_xens_own_words(tree):
    before = tree["params/guest_loglvl"]
    try:
        tree["params/guest_loglvl"] = "error"
        assert tree["params/guest_loglvl"] == "error/error"
        tree["params/guest_loglvl"] = "warning/none"
        assert tree["params/guest_loglvl"] == "warning/warning"
        tree["params/guest_loglvl"] = "none/debug"
        assert tree["params/guest_loglvl"] == "none/all"
        # What follows is refused when the rest has been taken over.
        with refused(errno.EINVAL):
            tree["params/guest_loglvl"] = "info,x"
        assert tree["params/guest_loglvl"] == "info/info"
        with refused(errno.EINVAL):
            tree["params/guest_loglvl"] = "rubbish"
        assert tree["params/guest_loglvl"] == "warning/warning"
    finally:
        tree["params/guest_loglvl"] = before
    assert tree["params/guest_loglvl"] == before


def test_a_parameters_own_limits(op, tree):
    before = tree["params/gnttab_max_maptrack_frames"]
    try:
        tree["params/gnttab_max_maptrack_frames"] = "0x3ff"
        assert tree["params/gnttab_max_maptrack_frames"] == "1023"
        for value, number in (("7x", errno.EINVAL), (str(1 << 31), errno.ERANGE)):
            with refused(number):
                tree["params/gnttab_max_maptrack_frames"] = value
        path = "/params/gnttab_max_maptrack_frames"
        with refused(errno.EDOM):
            op.write_contents(path, b"1", hazardous=True)
        with refused(errno.ENOSPC):
            op.write_contents(path, b"1".ljust(129, b"\0"), hazardous=True)
        assert tree["params/gnttab_max_maptrack_frames"] == "1023"
    finally:
        tree["params/gnttab_max_maptrack_frames"] = before


def test_a_pool_in_use_keeps_its_granularity(world, op, tree):
    # Xen on arm has no granularities, and knows not even the word for the one it has.
    with refused(errno.EBUSY if world.target.arch == "x86_64" else errno.EINVAL):
        tree["cpupool/0/sched-gran"] = "cpu"
    with refused(errno.EINVAL):
        tree["cpupool/0/sched-gran"] = "core?"
    with refused(errno.ENOSPC):
        op.write_contents("/cpupool/0/sched-gran", b"x" * 8 + b"\0", hazardous=True)


def test_a_truth_value(world, op, tree):
    path = "/params/global-pages"
    if world.target.arch != "x86_64":
        assert path not in tree
        return
    before = tree[path]
    assert type(before) is bool
    for data in (b"", b"\0\0"):
        with refused(errno.EDOM):
            op.write_contents(path, data, hazardous=True)
    # As it is: what it stands for is how new PV domains' memory is mapped.
    for value in (before, int(before), "on" if before else "off", "yes" if before else "no"):
        tree[path] = value
        assert tree[path] is before
    with refused(errno.EDOM):
        tree[path] = "perhaps"


@pytest.mark.parametrize("path", [LEAF, "/buildinfo/config", "/buildinfo/changeset"])
def test_read_only_is_EACCES(op, tree, path):
    for call in (
        lambda: tree.__setitem__(path, 5),
        lambda: op.write_contents(path, b"5\0", hazardous=True),
    ):
        with pytest.raises(xensys.XenPermissionError) as caught:
            call()
        assert caught.value.errno == errno.EACCES


@pytest.mark.parametrize("path", ["/", "/params", "/cpupool/0"])
def test_a_directory_cannot_be_written(op, tree, path):
    with refused(errno.EISDIR):
        tree[path] = "x"
    with refused(errno.EACCES):
        op.write_contents(path, b"x\0", hazardous=True)
