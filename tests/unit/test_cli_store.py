"""`python3 -m xensys store`: what it shows, and that what it shows can be written again."""

from __future__ import annotations

import base64
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storepeer import GUARD, Peer

import xensys.sim
from xensys.cli import main
from xensys.cli.store import escaped, unescaped

ROOT = Path(__file__).resolve().parents[2]
#: Standard output is buffered unless our own code flushes it.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
HOSTILE = b"\x1b[2J\xe2\x80\xae\xff\x00 \\x41\n\"'"


@pytest.fixture
def cli(machine, monkeypatch, capsysbinary):
    """Run it on this machine: (status, out, err)."""
    monkeypatch.setattr(xensys.sim, "Machine", lambda: machine)

    def run(*arguments):
        status = main(["store", *arguments, "--sim"])
        out, err = capsysbinary.readouterr()
        return status, out.decode(), err.decode()

    return run


@pytest.fixture
def tree(machine):
    store = machine.store
    for path, value in {"/t": "", "/t/a": "1", "/t/a/long-name": HOSTILE, "/t/empty": ""}.items():
        store.write(path, value)
    return store


class TestEscapes:
    @given(st.binary(), st.booleans())
    def test_what_is_shown_can_be_written_again(self, value, plain):
        shown = escaped(value, plain_ascii=plain)
        assert shown.isprintable()
        assert shown.isascii() or not plain
        assert unescaped(shown) == value

    @given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters='\\"')))
    def test_printable_text_is_shown_as_it_is(self, text):
        if text.isprintable():
            assert escaped(text.encode()) == text

    def test_all_escapes(self):
        assert unescaped(r"\\x41\x41\n\r\t\"\x5cn") == b'\\x41A\n\r\t"\\n'
        assert escaped(b'\\x41A\n\r\t"\x01\xc3\xa9') == r"\\x41A\n\r\t\"\x01é"
        assert escaped("é".encode(), plain_ascii=True) == r"\xc3\xa9"

    @pytest.mark.parametrize("text", ["\\", "a\\", "\\\\\\", r"\q", r"\x", r"\x4", r"\x4g", r"\X41"])
    def test_what_is_no_escape_is_refused(self, text):
        with pytest.raises(ValueError, match="is no escape"):
            unescaped(text)


class TestRead:
    def test_values_line_by_line(self, cli, tree):
        assert cli("read", "/t/a", "/t/a/long-name") == (0, f"1\n{escaped(HOSTILE)}\n", "")

    def test_raw(self, cli, tree, capsysbinary):
        assert main(["store", "read", "-R", "/t/a/long-name", "/t/a", "--sim"]) == 0
        assert capsysbinary.readouterr().out == HOSTILE + b"1"

    def test_json_has_text_or_base64(self, cli, tree):
        _, out, _ = cli("read", "--json", "/t/a", "/t/a/long-name")
        text, binary = json.loads(out)
        assert text == {"path": "/t/a", "value": "1"}
        assert base64.b64decode(binary["base64"]) == HOSTILE
        assert set(binary) == {"path", "base64"}

    @pytest.mark.parametrize("verb", ["read", "ls", "tree"])
    def test_a_missing_node_is_named_and_the_others_are_shown(self, cli, tree, verb):
        status, out, err = cli(verb, "/t/none", "/t/a")
        assert status == 1
        assert err == "xensys: no such node: /t/none\n"
        assert out
        status, out, _ = cli(verb, "/t/none", "/t/a", "--json")
        assert status == 1
        assert json.loads(out)

    def test_text_that_stdout_cannot_show_is_escaped(self, cli, tree, monkeypatch):
        tree.write("/t/a", "é")
        raw = io.BytesIO()
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
        assert cli("read", "/t/a")[0] == 0
        assert raw.getvalue() == b"\\xc3\\xa9\n"

    def test_what_may_not_be_read(self, machine, monkeypatch, capsys):
        guest = machine.domains[1]
        machine.store.write("/local/domain/1/data/x", "1")
        machine.store.set_permissions("/local/domain/1/data/x", "n0")

        class Inside:
            dom0 = guest.kernel()

        monkeypatch.setattr(xensys.sim, "Machine", Inside)
        assert main(["store", "read", "data/x", "name", "--sim"]) == 1
        out, err = capsys.readouterr()
        assert out == "demo\n"
        assert "Permission denied: XS_READ('data/x')" in err
        assert main(["store", "tree", "data", "--sim"]) == 0
        assert capsys.readouterr().out == "data\n  x  (may not be read)\n"


class TestLists:
    def test_ls(self, cli, tree):
        assert cli("ls", "/t") == (0, "a\nempty\n", "")
        assert cli("ls", "/t", "/t/empty", "/t/a") == (
            0,
            "/t:\na\nempty\n\n/t/empty:\n\n/t/a:\nlong-name\n",
            "",
        )
        assert json.loads(cli("ls", "--json", "/t", "/t/a")[1]) == {
            "/t": ["a", "empty"],
            "/t/a": ["long-name"],
        }
        assert "local" in cli("ls")[1].split()

    def test_ls_permissions(self, cli, tree):
        tree.set_permissions("/t/a", "n0", "r1", "b2")
        assert cli("ls", "-p", "/t") == (0, "n0,r1,b2  a\nn0        empty\n", "")
        assert json.loads(cli("ls", "-p", "--json", "/t")[1]) == {
            "/t": [
                {"name": "a", "permissions": ["n0", "r1", "b2"]},
                {"name": "empty", "permissions": ["n0"]},
            ]
        }
        assert "n0  t\n" in cli("ls", "-p")[1]  # of a child of the root

    def test_tree_is_aligned_and_one_line_a_node(self, cli, tree):
        shown = escaped(HOSTILE)
        assert cli("tree", "/t")[1] == (
            "/t\n"
            '  a           = "1"\n'
            f'    long-name = "{shown}"\n'
            '  empty       = ""\n'
        )  # fmt: skip

    def test_tree_with_permissions(self, cli, tree):
        tree.set_permissions("/t/a", "n0", "r1")
        cli("rm", "/t/a/long-name")
        assert cli("tree", "-p", "/t")[1] == (
            'n0     /t\nn0,r1    a     = "1"\nn0       empty = ""\n'
        )  # fmt: skip
        assert json.loads(cli("tree", "-p", "--json", "/t")[1]) == [
            {"path": "/t", "value": "", "permissions": ["n0"]},
            {"path": "/t/a", "value": "1", "permissions": ["n0", "r1"]},
            {"path": "/t/empty", "value": "", "permissions": ["n0"]},
        ]

    def test_a_very_long_name_does_not_move_all_values(self, cli, tree):
        tree.write("/t/" + "n" * 200, "2")
        lines = cli("tree", "/t")[1].splitlines()
        assert '  a           = "1"' in lines
        assert f'  {"n" * 200} = "2"' in lines

    def test_depth_of_the_root_and_of_relative_paths(self, cli, tree):
        lines = cli("tree")[1].splitlines()
        assert lines[0] == "/"
        assert any(line.startswith("  t") for line in lines)
        assert any(line.startswith("    a ") for line in lines)
        lines = cli("tree", "memory")[1].splitlines()  # of domain 0's home
        assert lines[0] == "memory"
        assert lines[1].startswith("  ")
        assert not lines[1].startswith("   ")

    def test_the_whole_tree_written_again_is_the_same(self, cli, tree):
        before = json.loads(cli("tree", "--json", "/t")[1])
        again = []
        for line in cli("tree", "/t")[1].splitlines():
            _, equals, value = line.partition(" = ")
            assert (line == "/t") == (not equals)
            again.append(unescaped(value.strip()[1:-1]) if equals else b"")
        values = [
            node["value"].encode() if "value" in node else base64.b64decode(node["base64"])
            for node in before
        ]
        assert again == values


class TestChanges:
    def test_write_takes_escapes_and_raw_takes_none(self, cli, tree):
        assert cli("write", "/t/a", r"\x00\\n", "/t/new/b", "é") == (0, "", "")
        assert tree.read("/t/a") == b"\x00\\n"
        assert tree.read("/t/new/b") == "é".encode()
        assert cli("write", "--raw", "/t/a", r"\x00")[0] == 0
        assert tree.read("/t/a") == rb"\x00"

    def test_write_is_all_or_nothing(self, cli, tree):
        assert cli("write", "/t/a", "2", "/t/b b", "3")[0] == 1
        assert cli("write", "/t/a", "2", "/t/b", r"\q")[0] == 1
        assert cli("write", "/t/a", "2", "/t/b")[0] == 1
        assert cli("write", "/t/a", "2", "/t/a", "3")[0] == 1
        assert tree.read("/t/a") == b"1"

    def test_rm(self, cli, tree):
        assert cli("rm", "/t/none", "/t/a") == (1, "", "xensys: no such node: /t/none\n")
        assert "a" not in cli("ls", "/t")[1].split()
        assert cli("rm", "-f", "/t/none", "/none/at/all", "/t/empty") == (0, "", "")
        assert cli("ls", "/t")[1] == ""

    @pytest.mark.parametrize("force", [(), ("-f",)])
    def test_rm_of_everything_is_refused(self, cli, tree, force):
        status, _, err = cli("rm", *force, "/")
        assert status == 1
        assert "all of XenStore" in err
        assert tree.read("/t/a") == b"1"


class TestWatch:
    def test_count(self, cli, machine):
        threading.Timer(0.3, lambda: machine.store.write("/t/w/x", "1")).start()
        assert cli("watch", "/t/w", "--count", "2") == (0, "/t/w\n/t/w/x\n", "")

    def test_several_paths_and_json(self, cli):
        _, out, _ = cli("watch", "/t/w", "@releaseDomain", "--json", "--count", "2")
        assert sorted(json.loads(line)["watched"] for line in out.splitlines()) == [
            "/t/w",
            "@releaseDomain",
        ]

    def test_timeout_is_an_end_and_with_a_count_a_failure(self, cli):
        assert cli("watch", "/t/w", "--timeout", "1") == (0, "/t/w\n", "")
        status, out, err = cli("watch", "/t/w", "--timeout", "1", "--count", "2")
        assert (status, out, err) == (1, "/t/w\n", "xensys: 1 of 2 events in 1.0 s\n")
        assert cli("watch", "/t/w", "--count", "0")[0] == 1

    def test_the_watch_is_taken_back(self, cli, machine):
        cli("watch", "/t/w", "--count", "1")
        assert not any(conn.watches for conn in machine.store.connections)

    def test_the_daemon_s_end_is_an_error(self, cli, machine):
        threading.Timer(0.3, machine.store.kill).start()
        status, _, err = cli("watch", "/t/w")
        assert status == 1
        assert "xensys: " in err

    def test_lines_come_at_once_and_ctrl_c_ends_it(self):
        with subprocess.Popen(
            [sys.executable, "-X", "dev", "-W", "error", "-m", "xensys", "store", "watch", "--sim", "/t"],
            cwd=ROOT, env=BUFFERED, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert process.stderr is not None
            try:
                assert process.stdout.readline() == b"/t\n"
                process.send_signal(signal.SIGINT)
                assert process.wait(GUARD) == 0
                assert process.stderr.read() == b""
            finally:
                process.kill()


class TestWhere:
    def test_socket(self, tmp_path, capsys):
        path = tmp_path / "socket"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()

            def serve():
                peer = Peer(listener.accept()[0])
                peer.answer(b"hello")
                peer.close()

            thread = threading.Thread(target=serve)
            thread.start()
            assert main(["store", "read", "/x", "--socket", str(path)]) == 0
            thread.join()
        assert capsys.readouterr().out == "hello\n"

    def test_a_socket_that_is_not_there(self, tmp_path, capsys):
        assert main(["store", "read", "/x", "--socket", str(tmp_path / "none")]) == 1
        assert str(tmp_path / "none") in capsys.readouterr().err

    def test_device(self, cli, machine):
        machine.store.write("/t/a", "1")
        machine.trace = True
        assert cli("read", "/t/a", "--device") == (0, "1\n", "")
        assert [c.details["path"] for c in machine.log if c.kind == "open"] == ["/dev/xen/xenbus"]
        assert cli("read", "/t/a", "--device", "/dev/xen/xenbus") == (0, "1\n", "")

    @pytest.mark.skipif(os.path.exists("/proc/xen"), reason="this host is Xen")
    def test_without_xen(self, capsys):
        assert main(["store", "ls"]) == 1
        assert "is xenstored running?" in capsys.readouterr().err

    def test_environment(self):
        done = subprocess.run(
            [sys.executable, "-m", "xensys", "store", "ls", "/local/domain"],
            cwd=ROOT, env={**os.environ, "XENSYS_KERNEL": "sim"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == "0\n1\n2\n"

    def test_a_reader_that_leaves_early_is_no_traceback(self):
        for verb in (["tree"], ["watch", "/t"]):
            with subprocess.Popen(
                [sys.executable, "-m", "xensys", "store", *verb, "--sim"],
                cwd=ROOT, env=BUFFERED, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            ) as process:  # fmt: skip
                assert process.stdout is not None
                assert process.stderr is not None
                process.stdout.close()
                assert process.stderr.read() == b""
                assert process.wait(GUARD) != 0
