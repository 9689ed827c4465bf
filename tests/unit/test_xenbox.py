"""tools/xenbox without QEMU: the target table, the channel, the archives.

What needs a real box is checked by running one; see tools/_xenbox.
"""

import io
import json
import lzma
import os
import random
import re
import socket
import stat
import struct
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS))

from _xenbox import boot, cache, channel, cpio, image, overlay, session, targets  # noqa: E402
from _xenbox.errors import BootError, BoxError  # noqa: E402


class TestTargets:
    def test_names_are_unique_and_tell_architecture_and_release(self):
        names = [target.name for target in targets.TARGETS]
        assert len(set(names)) == len(names)
        for target in targets.TARGETS:
            assert target.name.startswith(f"{target.arch}-{target.xen}")
            assert targets.find(target.name) is target

    def test_the_three_that_are_promised_are_there(self):
        assert {"amd64-4.20", "arm64-4.20", "amd64-4.17"} <= {target.name for target in targets.TARGETS}

    @pytest.mark.parametrize("target", targets.TARGETS, ids=lambda target: target.name)
    def test_row_is_sane(self, target):
        assert target.arch in targets.MACHINES
        assert re.fullmatch(r"3\.\d+", target.python)
        assert re.fullmatch(r"4\.\d+", target.xen)
        assert "cloud" not in target.kernel_package

    def test_unknown_name_is_KeyError(self):
        with pytest.raises(KeyError):
            targets.find("amd64-3.0")

    def test_key_changes_with_the_row(self):
        keys = {image.key(target) for target in targets.TARGETS}
        assert len(keys) == len(targets.TARGETS)

    def test_a_new_image_takes_the_place_of_old_ones_of_its_target_alone(self, tmp_path, monkeypatch):
        monkeypatch.setenv("XENSYS_CACHE", str(tmp_path))
        monkeypatch.setattr(image, "_build", lambda target, work: {})
        target = targets.find("amd64-4.20")
        # The other one's target begins with the same words.
        old, others = (
            tmp_path / "images" / f"{target.name}{end}" for end in ("-0123456789ab", "-full-0123456789ab")
        )
        for path in (old, others):
            path.mkdir(parents=True)
            os.utime(path, (0, 0))
        ready = image.prepare(target)
        assert {path.name for path in (tmp_path / "images").iterdir()} == {ready.name, others.name}


class TestChannel:
    FRAMES = (
        (channel.HELLO, b""),
        (channel.STDOUT, b"x" * 100_000),
        (channel.STDERR, bytes(range(256))),
        (channel.EXIT, b'{"status": 7}'),
        (channel.END, b""),
    )

    def stream(self):
        encoder = channel.Encoder()
        return b"".join(encoder.encode(*frame) for frame in self.FRAMES)

    def test_frames_survive_any_cutting(self):
        stream = self.stream()
        rng = random.Random(1)
        for _ in range(50):
            decoder, got, at = channel.Decoder(), [], 0
            while at < len(stream):
                size = rng.choice((1, 3, 19, 20, 21, 4096, 50_000))
                got += decoder.feed(stream[at : at + size])
                at += size
            assert [tuple(frame) for frame in got] == list(self.FRAMES)
            assert decoder.pending == 0

    def test_a_cut_stream_gives_no_frame_it_does_not_hold(self):
        decoder = channel.Decoder()
        assert len(decoder.feed(self.stream()[:-1])) == len(self.FRAMES) - 1
        assert decoder.pending == channel.HEADER.size - 1

    def test_every_flipped_bit_of_a_frame_is_noticed(self):
        whole = channel.Encoder().encode(channel.EXIT, b'{"status": 0}')
        for bit in range(len(whole) * 8):
            broken = bytearray(whole)
            broken[bit // 8] ^= 1 << bit % 8
            decoder = channel.Decoder()
            try:
                got = decoder.feed(bytes(broken))
            except channel.ChannelError:
                continue
            # Only a longer length or the padding byte may pass unremarked: the
            # first waits for bytes that never come, the second means nothing.
            assert not got or bit // 8 == 5

    def test_a_lost_and_a_repeated_frame_are_noticed(self):
        encoder = channel.Encoder()
        first, second, third = (encoder.encode(channel.STDOUT, text) for text in (b"1", b"2", b"3"))
        for stream in (first + third, first + second + second):
            with pytest.raises(channel.ChannelError, match="was due"):
                channel.Decoder().feed(stream)

    def test_a_stray_length_is_refused_and_not_awaited(self):
        header = channel.HEADER.pack(channel.MAGIC, channel.STDOUT, 0, 1 << 31, 0)
        with pytest.raises(channel.ChannelError, match="frame of"):
            channel.Decoder().feed(header)

    def test_broken_stays_broken(self):
        decoder = channel.Decoder()
        with pytest.raises(channel.ChannelError):
            decoder.feed(b"[    0.000000] Linux version 6.12")
        with pytest.raises(channel.ChannelError):
            decoder.feed(channel.Encoder().encode(channel.END))

    def test_numbers_wrap(self):
        encoder, decoder = channel.Encoder(), channel.Decoder()
        for _ in range(0x1_0002):
            assert len(decoder.feed(encoder.encode(channel.NOTE))) == 1

    def test_too_much_for_one_frame_is_ValueError(self):
        with pytest.raises(ValueError):
            channel.Encoder().encode(channel.STDOUT, bytes(channel.PAYLOAD_MAX + 1))


@pytest.mark.parametrize(("returncode", "status"), [(0, 0), (7, 7), (255, 255), (-9, 137), (-15, 143)])
def test_shell_status(returncode, status):
    assert channel.shell_status(returncode) == status


class TestCpio:
    def archive(self, fill):
        buffer = io.BytesIO()
        out = cpio.Writer(buffer)
        fill(out)
        out.close()
        return buffer.getvalue()

    def test_round_trip(self):
        def fill(out):
            out.file("a/b/c", b"12345", 0o755)
            out.symlink("a/link", "b/c")
            out.chardev("dev/console", 5, 1)

        members = {member.name: member for member in cpio.read(self.archive(fill))}
        assert list(members) == ["a", "a/b", "a/b/c", "a/link", "dev", "dev/console"]
        assert members["a/b/c"].data == b"12345"
        assert members["a/b/c"].mode == stat.S_IFREG | 0o755
        assert members["a/link"].data == b"b/c"
        assert stat.S_ISLNK(members["a/link"].mode)
        assert members["dev/console"].rdev == (5, 1)
        assert stat.S_ISDIR(members["a"].mode)

    @pytest.mark.parametrize("size", range(6))
    def test_two_in_a_row_are_one(self, size):
        first = self.archive(lambda out: out.file("x" * (size + 1), b"1" * size))
        second = self.archive(lambda out: out.file("y", b"2"))
        assert len(first) % 4 == 0
        assert [member.data for member in cpio.read(first + second)] == [b"1" * size, b"2"]

    def test_cut_short_is_ValueError(self):
        whole = self.archive(lambda out: out.file("x", b"1" * 100))
        with pytest.raises(ValueError):
            list(cpio.read(whole[:150]))

    def test_overlay_holds_the_project_and_the_job(self, tmp_path, monkeypatch):
        project = tmp_path / "project"
        project.mkdir()
        (project / ".gitignore").write_text("ignored\n")
        (project / "ignored").write_text("1")
        (project / "new").write_text("2")
        (project / "script").write_text("3")
        (project / "script").chmod(0o755)
        (project / "link").symlink_to("new")
        (project / "gone").write_text("4")
        subprocess.run(["git", "init", "-q", str(project)], check=True)
        subprocess.run(["git", "-C", str(project), "add", "gone"], check=True)
        (project / "gone").unlink()
        monkeypatch.setattr(overlay, "PROJECT", project)
        buffer = io.BytesIO()
        overlay.write(buffer, targets.TARGETS[0], {"argv": ["true"]})
        members = {member.name: member for member in cpio.read(buffer.getvalue())}
        inside = {name for name in members if name.startswith("project/")}
        assert inside == {"project/.gitignore", "project/new", "project/script", "project/link"}
        assert members["project/script"].mode & 0o111
        assert json.loads(members["xenbox/job.json"].data) == {"argv": ["true"]}
        assert members["init"].mode & 0o111


class FakeBox:
    """The far end of a channel, which has said its say."""

    dying = False
    killed = False

    def __init__(self, frames, *, hang_up=True):
        self.channel, self.far = socket.socketpair()
        encoder = channel.Encoder()
        self.far.sendall(b"".join(encoder.encode(*frame) for frame in frames))
        if hang_up:
            self.far.shutdown(socket.SHUT_WR)

    def wait_off(self, seconds):
        return True

    def is_dying(self):
        return self.dying

    def kill(self):
        self.killed = True


def talk(tmp_path, frames, *, command=60.0, boot_limit=60.0, finish=60.0, hang_up=True, collects=()):
    out, err = io.BytesIO(), io.BytesIO()
    limits = session.Limits(command=command, boot=boot_limit, finish=finish)
    box = FakeBox(frames, hang_up=hang_up)
    with box.channel, box.far:
        status = session.Session(box, limits, out, err, list(collects), tmp_path).run()
    return status, out.getvalue(), err.getvalue()


def ended(status, timed_out=False):
    return [
        (channel.EXIT, json.dumps({"status": status, "timed_out": timed_out}).encode()),
        (channel.END, b""),
    ]


BOOT = [(channel.HELLO, b"1.0"), (channel.BOOTED, b"{}")]


class TestSession:
    @pytest.mark.parametrize("status", [0, 1, 7, 124, 125, 137, 255])
    def test_status_is_passed_on_unchanged(self, tmp_path, status):
        assert talk(tmp_path, BOOT + ended(status))[0] == status

    def test_outputs_stay_apart(self, tmp_path):
        frames = [*BOOT, (channel.STDOUT, b"a"), (channel.STDERR, b"b"), (channel.STDOUT, b"c"), *ended(0)]
        assert talk(tmp_path, frames) == (0, b"ac", b"b")

    def test_time_out_said_by_the_box(self, tmp_path):
        assert talk(tmp_path, BOOT + ended(137, timed_out=True))[0] == 124

    def test_time_out_of_a_box_that_answers_no_more(self, tmp_path):
        assert talk(tmp_path, BOOT, command=0.05, finish=0.05, hang_up=False)[0] == 124

    def test_death_before_the_marker_may_be_retried(self, tmp_path):
        with pytest.raises(BootError):
            talk(tmp_path, [(channel.HELLO, b"1.0")])

    def test_silence_before_the_marker_may_be_retried(self, tmp_path):
        with pytest.raises(BootError, match="marker within"):
            talk(tmp_path, [], boot_limit=0.05, hang_up=False)

    def test_failure_said_by_the_box_while_booting(self, tmp_path):
        with pytest.raises(BootError, match="no xenstored"):
            talk(tmp_path, [(channel.FAILED, b"no xenstored")])

    @pytest.mark.parametrize("frames", [BOOT, BOOT + ended(0)[:1]])
    def test_death_after_the_marker_is_never_retried(self, tmp_path, frames):
        with pytest.raises(BoxError) as error:
            talk(tmp_path, frames)
        assert not isinstance(error.value, BootError)

    def test_crash_on_the_console_ends_the_box_at_once(self, tmp_path, monkeypatch):
        monkeypatch.setattr(FakeBox, "dying", True)
        with pytest.raises(BoxError, match="ended without its end marker"):
            talk(tmp_path, BOOT, hang_up=False)

    @pytest.mark.parametrize(
        ("said", "dying"),
        [
            (b"(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.\n", True),
            (b"(XEN) Panic on CPU 0:\n", True),
            (b"(XEN) Hardware Dom0 halted: halting machine\n", False),
            (b"[    1.0] a kernel that says Hardware Dom0 crashed\n", False),
        ],
    )
    def test_console_tells_of_a_crash_of_this_boot(self, tmp_path, said, dying):
        console = tmp_path / "console"
        console.write_bytes(b"(XEN) Hardware Dom0 crashed: of an earlier boot\n")
        box = object.__new__(boot.Box)
        box.console, box._read_to = console, console.stat().st_size
        assert not box.is_dying()
        with console.open("ab") as file:
            file.write(said[:20])
            file.flush()
            box.is_dying()
            file.write(said[20:])
        assert box.is_dying() is dying

    def test_silence_after_the_exit_is_the_boxs_failure(self, tmp_path):
        with pytest.raises(BoxError, match="end marker"):
            talk(tmp_path, BOOT + ended(0)[:1], finish=0.05, hang_up=False)

    def test_collected_tree_and_file(self, tmp_path):
        def tar(fill):
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as out:
                fill(out)
            return buffer.getvalue()

        source = tmp_path / "source"
        (source / "sub").mkdir(parents=True)
        (source / "sub" / "f").write_text("1")
        tree = tar(lambda out: out.add(source, "x"))
        single = tar(lambda out: out.add(source / "sub" / "f", "x"))
        frames = [
            *BOOT,
            ended(3)[0],
            (channel.FILE, b"\0" + tree[:700]),
            (channel.FILE, b"\1" + single),
            (channel.FILE, b"\0" + tree[700:]),
            (channel.MISSING, b"\2no such file"),
            (channel.END, b""),
        ]
        status, _, _ = talk(
            tmp_path,
            frames,
            collects=[
                session.Collect("/tmp/tree", tmp_path / "to" / "tree"),
                session.Collect("/tmp/f", tmp_path / "to" / "one"),
                session.Collect("/tmp/absent", tmp_path / "absent"),
            ],
        )
        assert status == 3
        assert (tmp_path / "to/tree/sub/f").read_text() == "1"
        assert (tmp_path / "to/one").read_text() == "1"
        assert not (tmp_path / "absent").exists()

    def test_collected_names_cannot_leave_the_folder(self, tmp_path):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as out:
            member = tarfile.TarInfo("x/../../evil")
            out.addfile(member, io.BytesIO())
        frames = [*BOOT, ended(0)[0], (channel.FILE, b"\0" + buffer.getvalue()), (channel.END, b"")]
        talk(tmp_path, frames, collects=[session.Collect("/t", tmp_path / "a" / "b")])
        assert not (tmp_path / "evil").exists()
        assert not (tmp_path / "a" / "evil").exists()

    @pytest.mark.parametrize("text", ["", "a", "=b", "a="])
    def test_bad_collect_is_ValueError(self, text):
        with pytest.raises(ValueError):
            session.Collect.parse(text)


class TestBoot:
    def test_commas_are_doubled_for_qemu(self, tmp_path):
        place = tmp_path / "a,b"
        place.mkdir()
        (place / "vmlinuz").write_bytes(b"0" * 100)
        for target in targets.TARGETS:
            argv = boot.arguments(
                target,
                place,
                place / "initrd",
                place / "console",
                5,
                boot.Options(kernel_args=["k=1,2"], xen_args=["x=3,4"]),
            )
            line = " ".join(argv)
            assert "a,,b/initrd" in line
            assert "k=1,,2" in line
            # -append is no list of options.
            assert "x=3,4" in argv[argv.index("-append") + 1]
            assert "noreboot" not in line.replace("-no-reboot", "")

    def test_console_cannot_move_the_terminals_cursor(self):
        assert boot.printable(b"a\x1b[2Jb\x07\rc\n") == "abc\n"


class TestCache:
    @pytest.fixture(autouse=True)
    def own_cache(self, tmp_path, monkeypatch):
        monkeypatch.setenv("XENSYS_CACHE", str(tmp_path))

    def test_half_made_directory_never_takes_the_name(self, tmp_path):
        def fail_half_way():
            with cache.becoming(tmp_path / "final") as work:
                (work / "half").write_text("")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail_half_way()
        assert os.listdir(tmp_path) == []

    def test_whole_directory_replaces_the_old(self, tmp_path):
        for text in ("old", "new"):
            with cache.becoming(tmp_path / "final") as work:
                (work / "file").write_text(text)
        assert (tmp_path / "final" / "file").read_text() == "new"
        assert os.listdir(tmp_path) == ["final"]

    def test_lock_excludes_another_holder(self):
        with cache.lock("x"), cache.try_lock("x") as ours:
            assert not ours
        with cache.try_lock("x") as ours:
            assert ours


def test_module_dependencies_come_from_the_module():
    module = b"\x7fELF..\0license=GPL\0depends=virtio,virtio_ring\0name=x\0"
    assert image._module_depends(module) == ["virtio", "virtio_ring"]
    assert image._module_depends(b"\0depends=\0") == []


class TestUnpackedKernel:
    ELF = b"\x7fELF" + bytes(range(256)) * 64

    def packed(self, payload):
        head = bytearray(3 * 512)
        head[0x1F1] = 2
        head[0x202:0x206] = b"HdrS"
        struct.pack_into("<II", head, 0x248, 100, len(payload))
        return bytes(head) + bytes(100) + payload + b"what follows"

    def test_xz(self):
        length = struct.pack("<I", len(self.ELF))
        assert image.unpacked_kernel(self.packed(lzma.compress(self.ELF) + length)) == self.ELF

    def test_anything_else_stays(self):
        for kernel in (self.packed(b"\x28\xb5\x2f\xfd..."), b"MZ" + bytes(4096), b""):
            assert image.unpacked_kernel(kernel) == kernel

    def test_cut_short_is_an_error(self):
        with pytest.raises(lzma.LZMAError):
            image.unpacked_kernel(self.packed(lzma.compress(self.ELF)[:20] + b"x" * 20))


def test_words_differ():
    words = {overlay.new_word() for _ in range(100)}
    assert len(words) == 100
    assert all(re.fullmatch(r"xenbox-[A-Za-z0-9]{24}", word) for word in words)


def test_sources_name_no_package_registry():
    for path in (TOOLS / "_xenbox").rglob("*"):
        if path.suffix == ".py" or (path.parent.name == "inside" and path.is_file()):
            assert not re.search(r"https?://", path.read_text()), path
