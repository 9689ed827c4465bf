"""tests/twodomains: what a test in dom0 and a process in a guest say to each other."""

import fcntl
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.twodomains import agent, peers
from xensys.sim import Machine

ROOT = Path(__file__).resolve().parents[2]


def said(*requests):
    """What the agent's process answers, and its exit status; on a machine without Xen."""
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    done = subprocess.run(
        [sys.executable, "-m", "tests.twodomains.agent"],
        cwd=ROOT,
        input=lines,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


class TestProcess:
    def test_answers_in_order_and_ends_with_its_input(self):
        answers, status = said({"do": "ping", "with": []}, {"do": "reset", "with": []})
        assert answers == [{"result": "pong"}, {"result": 0}]
        assert status == 0

    def test_what_fails_is_told_and_the_next_is_done(self):
        answers, status = said({"do": "nonsense", "with": []}, {"do": "ping", "with": []})
        assert answers[0]["error"]["type"] == "AttributeError"
        assert answers[1] == {"result": "pong"}
        assert status == 0

    def test_dies_at_once(self):
        answers, status = said({"do": "die", "with": []}, {"do": "ping", "with": []})
        assert (answers, status) == ([], -9)


class TestValues:
    @pytest.mark.parametrize("value", [b"\0\xff", [b"a", 1, None], "text", {"a": b"b"}, [], {}])
    def test_survive_the_way(self, value):
        sent = {name: agent.packed(item) for name, item in value.items()} if type(value) is dict else value
        assert agent.unpacked(json.loads(json.dumps(agent.packed(sent)))) == value

    def test_tuples_become_lists(self):
        assert agent.unpacked(json.loads(json.dumps(agent.packed((1, (2, b"x")))))) == [1, [2, b"x"]]


class TestLine:
    def test_in_pieces(self):
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb", buffering=0) as stream:
            os.write(writer, b'{"re')
            os.write(writer, b'sult": 1}\n')
            assert peers._line(stream, "x") == b'{"result": 1}\n'
            os.close(writer)

    def test_at_a_descriptor_beyond_those_that_select_takes(self):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert limits[1] > 1500
        reader, writer = os.pipe()
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], 1500), limits[1]))
        try:
            far = fcntl.fcntl(reader, fcntl.F_DUPFD_CLOEXEC, 1200)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        os.close(reader)
        with os.fdopen(far, "rb", buffering=0) as stream:
            os.write(writer, b"here\n")
            assert peers._line(stream, "x") == b"here\n"
        os.close(writer)

    def test_of_a_process_that_ends(self):
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb", buffering=0) as stream:
            os.write(writer, b"half")
            os.close(writer)
            with pytest.raises(EOFError, match="half"):
                peers._line(stream, "x")

    def test_that_never_comes(self, monkeypatch):
        monkeypatch.setattr(peers, "PATIENCE", 0.05)
        reader, writer = os.pipe()
        with os.fdopen(reader, "rb", buffering=0) as stream:
            with pytest.raises(TimeoutError, match="does not answer x"):
                peers._line(stream, "x")
            os.close(writer)


class TestPeer:
    @pytest.fixture
    def peer(self):
        machine = Machine(guests=False, real_time=True)
        domain = machine.add_domain()
        made = peers.SimPeer(domain, domain.kernel(unrestricted=True))
        yield made
        made.close()

    def test_what_it_raises_is_told(self, peer):
        with pytest.raises(peers.PeerError, match="KeyError in the guest") as caught:
            peer.release(99)
        assert (caught.value.type, caught.value.errno) == ("KeyError", None)

    def test_errno_is_kept(self, peer):
        with pytest.raises(peers.PeerError) as caught:
            peer.map(0, [9999])
        assert (caught.value.type, caught.value.errno) == ("GrantMapError", 22)

    def test_a_new_process_knows_nothing_of_the_old_one(self, peer):
        share, _ = peer.share(0)
        peer.die()
        with pytest.raises(peers.PeerError):
            peer.read(share, 0, 1)

    def test_reset_lets_go_of_everything(self, peer):
        peer.share(0)
        peer.bind_unbound(0)
        assert peer.reset() == 2
        assert peer.reset() == 0

    def test_what_is_begun_goes_on_while_we_do_something_else(self, peer):
        port, number = peer.bind_unbound(peer.domid)
        waiting = peer.begin("wait", port)
        other, _ = peer.bind_interdomain(peer.domid, number)
        peer.notify(other)
        assert waiting.result() is True
