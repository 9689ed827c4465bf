"""XenBus: two ends that connect, part and come back, and one that does what it likes."""

from __future__ import annotations

import errno
import itertools
import pickle
import threading
from contextlib import suppress

import pytest
from storepeer import Background

from xensys.abi.io import xenbus as abi
from xensys.errors import (
    NodeNotFoundError,
    StoreError,
    StoreTimeoutError,
    TransactionConflictError,
)
from xensys.sim import Machine
from xensys.store import Store, _handshake
from xensys.store.xenbus import (
    CLOSED,
    CLOSING,
    CONNECTED,
    INIT_WAIT,
    INITIALISED,
    INITIALISING,
    UNKNOWN,
    Backend,
    Frontend,
    Offer,
    PeerClosedError,
    PeerError,
    State,
    ring_nodes,
)

FRONT = "/local/domain/1/device/vbd/51712"
BACK = "/local/domain/0/backend/vbd/1/51712"


def plug(machine):
    """What a toolstack makes."""
    store = machine.store
    for path, value in {
        FRONT: "", f"{FRONT}/backend": BACK, f"{FRONT}/backend-id": "0", f"{FRONT}/state": "1",
        BACK: "", f"{BACK}/frontend": FRONT, f"{BACK}/frontend-id": "1", f"{BACK}/state": "1",
    }.items():  # fmt: skip
        store.write(path, value)
    for path in (FRONT, *(f"{FRONT}/{name}" for name in ("backend", "backend-id", "state"))):
        store.set_permissions(path, "n1", "r0")
    for path in (BACK, *(f"{BACK}/{name}" for name in ("frontend", "frontend-id", "state"))):
        store.set_permissions(path, "n0", "r1")


@pytest.fixture
def machine():
    # Two threads wait for each other here, which takes real time.
    made = Machine(real_time=True)
    plug(made)
    return made


@pytest.fixture
def back(machine):
    with Store.open(kernel=machine.dom0) as store:
        yield Backend(store, "vbd", 1, 51712)


@pytest.fixture
def front(machine):
    with Store.open(kernel=machine.domains[1].kernel()) as store:
        yield Frontend(store, "vbd", 51712)


def put(machine, name, value):
    """What a hostile guest writes."""
    machine.store.write(f"{FRONT}/{name}", value)


class TestState:
    def test_an_int_with_a_name(self):
        assert CONNECTED == 4 == abi.XenbusStateConnected
        assert (CONNECTED.name, repr(CONNECTED), f"{CONNECTED:d}") == (
            "Connected",
            "<State 4 Connected>",
            "4",
        )
        assert [State(n).name for n in range(9)][-1] == "Reconfigured"
        again = pickle.loads(pickle.dumps(CLOSING))
        assert (type(again), again) == (State, 5)
        for wrong in (9, -1, 4.5):
            with pytest.raises(ValueError):
                State(wrong)

    def test_errors_are_what_they_resemble_and_pickle(self):
        assert issubclass(PeerClosedError, ConnectionResetError)
        for kind, number in ((PeerError, errno.EPROTO), (PeerClosedError, errno.ECONNRESET)):
            error = kind(number, "text", path="/a")
            again = pickle.loads(pickle.dumps(error))
            assert (type(again), again.errno, again.path) == (kind, number, "/a")


class TestNodes:
    def test_paths(self, back, front):
        assert (back.path, back.peer_path, back.peer_domid) == (BACK, FRONT, 1)
        assert (front.path, front.peer_path, front.peer_domid) == ("device/vbd/51712", BACK, 0)
        assert Backend(back.store, "vif", 3, 0, domid=None).path == "backend/vif/3/0"
        assert Frontend(back.store, "vif", 0, domid=7).path == "/local/domain/7/device/vif/0"
        assert repr(back) == f"<Backend {BACK}>"
        with pytest.raises(OverflowError):
            Backend(back.store, "vif", 0x7FF0, 0)
        with pytest.raises(OverflowError):
            Frontend(back.store, "vif", -1)

    def test_find(self, machine, back):
        machine.store.write("/local/domain/0/backend/vbd/2/5632/state", "1")
        machine.store.write("/local/domain/0/backend/vbd/x/y", "1")
        found = [(b.frontend_domid, b.index) for b in Backend.find(back.store, "vbd")]
        assert found == [(1, 51712), (2, 5632)]
        assert list(Backend.find(back.store, "vif")) == []

    def test_switch_and_publish(self, machine, back):
        assert (back.state, back.peer_state) == (INITIALISING, INITIALISING)
        back.switch(INIT_WAIT, {"max-ring-page-order": 4, "params": "file:x", "raw": b"\0"})
        assert back.state == INIT_WAIT
        back.publish({"feature": 1})
        assert back.state == INIT_WAIT
        assert machine.store.read(f"{BACK}/max-ring-page-order") == b"4"
        assert machine.store.read(f"{BACK}/raw") == b"\0"
        assert machine.store.read(f"{BACK}/feature") == b"1"

    def test_what_was_removed_is_not_made_again(self, machine, back):
        back.store.rm(BACK)
        for call in (lambda: back.switch(CLOSED), lambda: back.publish({"a": 1}), lambda: back.peer_path):
            with pytest.raises(NodeNotFoundError):
                call()
        assert not back.store.exists(BACK)
        assert back.state == UNKNOWN

    def test_switch_is_one_transaction(self, machine, back, front):
        with front.store.watch(f"{BACK}/state") as watch:
            watch.get(5)
            back.switch(INIT_WAIT)
            back.switch(INIT_WAIT)  # nothing to tell
            assert watch.get(5).path == f"{BACK}/state"
            front.store.exists(BACK)
            assert watch.pending == 0
        with pytest.raises(StoreError):
            back.switch(CONNECTED, {"good": 1, "not good": 2})
        assert back.state == INIT_WAIT
        assert not back.store.exists(f"{BACK}/good")

    @pytest.mark.parametrize("value", [-1, 1 << 32, 1.5, None])
    def test_numbers_that_do_not_fit(self, back, value):
        with pytest.raises((OverflowError, TypeError)):
            back.switch(INIT_WAIT, {"ring-ref": value})
        assert back.state == INITIALISING

    def test_whatever_has_an_index_is_a_number(self, back):
        class Grant:
            def __index__(self):
                return 77

        back.publish({"ring-ref": Grant()})
        assert back.store.read(f"{BACK}/ring-ref") == b"77"
        with pytest.raises(TypeError):
            back.switch(4)

    def test_ring_nodes(self):
        assert ring_nodes((8,)) == {"ring-ref": 8}
        assert ring_nodes((8, 9)) == {"ring-page-order": 1, "ring-ref0": 8, "ring-ref1": 9}
        for wrong in ((), (1, 2, 3)):
            with pytest.raises(ValueError, match="power of two"):
                ring_nodes(wrong)


class TestHandshake:
    def serve(self, back, offers):
        """A backend's life: it ends when the frontend is gone for good."""
        while True:
            offers.append(back.accept({"feature-flush": 1}, timeout=20))
            back.connected()
            left = back.wait_while(CONNECTED, INITIALISED, timeout=20)
            back.close(timeout=20)
            if left == UNKNOWN:
                return

    def test_connect(self, machine, back, front):
        call = Background(back.accept, {"feature-flush": 1})
        frontend = Background(front.connect, {"ring-ref": 8, "event-channel": 3, "protocol": "x86_64-abi"})
        assert call.result() == Offer((8,), 3, "x86_64-abi")
        assert back.state == INIT_WAIT
        back.connected()
        frontend.result()
        assert (front.state, back.state) == (CONNECTED, CONNECTED)
        assert front.peer_numbers("feature-flush") == (1,)

    def test_several_pages_and_an_end_that_goes_straight_to_connected(self, back, front):
        frontend = Background(
            lambda: front.connect({**ring_nodes((8, 9, 10, 11)), "event-channel": 3}, announce=CONNECTED)
        )
        assert back.accept(timeout=20) == Offer((8, 9, 10, 11), 3, None)
        back.connected()
        frontend.result()

    def test_a_frontend_closes_and_comes_back(self, machine, back, front):
        offers = []
        backend = Background(self.serve, back, offers)
        for ref in (8, 9, 10):
            front.connect({"ring-ref": ref, "event-channel": ref}, timeout=20)
            assert (front.state, back.state) == (CONNECTED, CONNECTED)
            front.close(timeout=20)
            assert front.state == CLOSED
        front.connect({"ring-ref": 11, "event-channel": 11}, timeout=20)
        machine.store.write("/x", "")
        back.store.rm(FRONT)
        backend.result()
        assert [offer.port for offer in offers] == [8, 9, 10, 11]
        assert back.state == CLOSED

    def test_a_frontend_whose_driver_died_begins_anew(self, back, front):
        offers = []
        backend = Background(self.serve, back, offers)
        front.connect({"ring-ref": 8, "event-channel": 1}, timeout=20)
        again = Frontend(front.store, "vbd", 51712)
        again.connect({"ring-ref": 9, "event-channel": 2}, timeout=20)
        back.store.rm(FRONT)
        backend.result()
        assert [offer.ring_refs for offer in offers] == [(8,), (9,)]

    def test_a_backend_whose_driver_died_takes_no_old_ring(self, machine, back, front):
        for end in (f"{FRONT}/state", f"{BACK}/state"):
            machine.store.write(end, "4")
        put(machine, "ring-ref", "666")
        put(machine, "event-channel", "666")

        def frontend():
            assert front.wait_while(CONNECTED, timeout=20) == CLOSING
            front.close(timeout=20)
            front.connect({"ring-ref": 9, "event-channel": 2}, timeout=20)

        other = Background(frontend)
        assert back.accept(timeout=20).ring_refs == (9,)
        back.connected()
        other.result()

    def test_a_backend_that_gives_up_while_it_is_waited_for(self, back, front):
        back.switch(INIT_WAIT)
        call = Background(front.connect, {"ring-ref": 1, "event-channel": 1})
        back.wait_for_peer(INITIALISED, timeout=20)
        back.switch(CLOSING)
        assert isinstance(call.wait().error, PeerClosedError)

    @pytest.mark.parametrize("which", ["front", "back"])
    def test_one_that_gives_up_between_two_looks_is_noticed(self, machine, back, front, monkeypatch, which):
        peer, last = (BACK, INITIALISED) if which == "front" else (FRONT, INIT_WAIT)
        told = _handshake.EndLogic._switch

        def switch(this, state, values=None):
            yield from told(this, state, values)
            if state == last:
                machine.store.write(f"{peer}/state", "6")

        monkeypatch.setattr(_handshake.EndLogic, "_switch", switch)
        machine.store.write(f"{BACK}/state", "2" if which == "front" else "6")
        values = {"ring-ref": 1, "event-channel": 1}
        with pytest.raises(PeerClosedError):
            (front.connect if which == "front" else back.accept)(values, timeout=5)

    def test_a_closed_peer_of_before_is_waited_for(self, machine, back, front):
        machine.store.write(f"{BACK}/state", "6")
        call = Background(front.connect, {"ring-ref": 1, "event-channel": 1})
        back.wait_for_peer(INITIALISING, timeout=20)
        back.switch(INIT_WAIT)
        back.wait_for_peer(INITIALISED, timeout=20)
        back.switch(CONNECTED)
        call.result()

    def test_closing_does_not_hang_on_the_other_end(self, machine, back, front):
        machine.store.write(f"{BACK}/state", "4")
        machine.store.write(f"{FRONT}/state", "4")
        for end in (front, back):
            if end is back:
                machine.store.write(f"{FRONT}/state", "4")
            with pytest.raises(StoreTimeoutError):
                end.close(timeout=0.05)
            assert end.state == CLOSED
            end.close(timeout=0.05)  # it is

    def test_the_ring_of_a_frontend_that_did_not_close_is_not_taken_again(self, machine, back, front):
        put(machine, "ring-ref", "8")
        put(machine, "event-channel", "3")
        for end in (f"{FRONT}/state", f"{BACK}/state"):
            machine.store.write(end, "4")
        for call in (back.close, back.accept):
            with pytest.raises(StoreTimeoutError):
                call(timeout=0.05)
        assert back.state == CLOSED

    def test_backend_close_lets_the_frontend_be_closed_first(self, machine, back, front):
        for end in (f"{FRONT}/state", f"{BACK}/state"):
            machine.store.write(end, "4")
        call = Background(back.close)
        assert front.wait_while(CONNECTED, timeout=20) == CLOSING
        front.switch(CLOSING)
        assert back.state == CLOSING
        assert call.running
        front.switch(CLOSED)
        call.result()
        assert back.state == CLOSED

    def test_a_domain_that_dies_is_unknown(self, machine, back):
        put(machine, "state", "4")
        call = Background(back.wait_while, CONNECTED)
        threading.Timer(0.1, machine.domains[1].destroy).start()
        assert call.result() == UNKNOWN

    def test_timeouts_say_what_was_waited_for(self, back, front):
        with pytest.raises(StoreTimeoutError, match="was Initialising and not Initialised or Connected"):
            back.accept(timeout=0.05)
        with pytest.raises(StoreTimeoutError, match="Connected"):
            front.connect({"ring-ref": 1, "event-channel": 1}, timeout=0.05)

    def test_no_watch_is_left(self, machine, back):
        with pytest.raises(StoreTimeoutError):
            back.accept(timeout=0.05)
        assert not any(conn.watches for conn in machine.store.connections)


HOSTILE = [
    b"", b"x", b"-1", b"+1", b" 1", b"1 ", b"0x1", b"1.0", b"\xff", b"\xd9\xa1", b"1\0002", b"9" * 21,
    b"9" * 4000, b"18446744073709551616", b"4294967296", b"\0", b"1e3", b"1_0",
]  # fmt: skip


class TestHostile:
    @pytest.mark.parametrize("value", HOSTILE, ids=repr)
    @pytest.mark.parametrize("name", ["state", "ring-ref", "event-channel", "ring-page-order"])
    def test_numbers(self, machine, back, name, value):
        machine.store.write(f"{BACK}/state", "2")
        for good, number in (("state", "3"), ("ring-ref", "8"), ("event-channel", "3")):
            put(machine, good, number)
        assert back.accept(timeout=1) == Offer((8,), 3, None)
        machine.store.write(f"{BACK}/state", "2")
        put(machine, name, value)
        if (name, value) == ("state", b""):
            assert back.peer_state == UNKNOWN
            return
        with pytest.raises(PeerError) as caught:
            back.accept(timeout=1)
        assert caught.value.errno == errno.EPROTO
        assert caught.value.path == f"{FRONT}/{name}"
        assert len(str(caught.value)) < 400

    def test_limits(self, machine, back):
        for name, value in {"state": "3", "ring-ref": "8", "event-channel": "0"}.items():
            put(machine, name, value)
        with pytest.raises(PeerError):
            back.read_offer()  # no port has number 0
        put(machine, "event-channel", "3")
        put(machine, "ring-page-order", "5")
        with pytest.raises(PeerError):
            back.read_offer()
        put(machine, "ring-page-order", "1")
        with pytest.raises(NodeNotFoundError):
            back.read_offer()
        put(machine, "ring-ref0", "8")
        put(machine, "ring-ref1", "8")
        with pytest.raises(PeerError, match="twice"):
            back.read_offer()
        put(machine, "ring-ref1", "9")
        assert back.read_offer().ring_refs == (8, 9)
        put(machine, "ring-page-order", "0")
        assert back.read_offer().ring_refs == (8,)
        put(machine, "state", "9")
        with pytest.raises(PeerError):
            back.wait_for_peer(CLOSED)

    @pytest.mark.parametrize("value", [b"x" * 33, b"\x1b[2J", "ü".encode(), b"a\0b"])
    def test_protocol(self, machine, back, value):
        for name, text in {"ring-ref": "8", "event-channel": "3", "protocol": value}.items():
            put(machine, name, text)
        with pytest.raises(PeerError):
            back.read_offer()

    def test_numbers_with_a_nul_at_the_end_are_let_pass(self, machine, back):
        put(machine, "ring-ref", b"8\0")
        put(machine, "event-channel", b"3\0")
        assert back.read_offer() == Offer((8,), 3, None)

    def test_values(self, machine, back):
        put(machine, "mac", "x" * 100)
        assert back.peer_value("mac") == b"x" * 100
        with pytest.raises(PeerError):
            back.peer_value("mac", limit=17)
        with pytest.raises(NodeNotFoundError):
            back.peer_value("none")

    @pytest.mark.parametrize(
        "path",
        [
            "", "/", "/local/domain/2/device/vbd/51712", "/local/domain/1", "/local/domain/1/", "../1",
            b"\xff", "/local/domain/11/device/vbd/1", "/local/domain/1/device//vbd", "x" * 3000,
        ],
    )  # fmt: skip
    def test_no_path_leads_elsewhere(self, machine, back, front, path):
        machine.store.write(f"{BACK}/frontend", path)
        put(machine, "backend", path)
        for end in (back, front, Frontend(back.store, "vbd", 51712, domid=1)):
            with pytest.raises(PeerError):
                end.peer_path  # noqa: B018  # asking is what raises
        put(machine, "backend-id", "x")
        with pytest.raises(PeerError):
            front.peer_domid  # noqa: B018

    def test_a_guest_cannot_have_dom0_look_at_another_one_s_backend(self, machine, back):
        put(machine, "backend", "/local/domain/0/backend/vbd/2/51712")
        with pytest.raises(PeerError):
            Frontend(back.store, "vbd", 51712, domid=1).peer_path  # noqa: B018

    def test_a_guest_that_writes_all_the_time_holds_nobody(self, machine, back):
        stop = threading.Event()

        def spam():
            for state in itertools.cycle("12"):
                if stop.is_set():
                    return
                put(machine, "state", state)

        spammer = Background(spam)
        try:
            for _ in range(3):
                with pytest.raises(StoreTimeoutError):
                    back.wait_for_peer(CONNECTED, timeout=0.2)
        finally:
            stop.set()
            spammer.wait()

    def test_a_guest_that_changes_its_offer_all_the_time_is_a_conflict(self, machine, back, monkeypatch):
        put(machine, "ring-ref", "8")
        put(machine, "event-channel", "3")
        count = [0]
        real = _handshake._number

        def changing(verbs, node, low, high):
            count[0] += 1
            put(machine, "ring-ref", str(count[0]))
            return real(verbs, node, low, high)

        monkeypatch.setattr(_handshake, "_number", changing)
        with pytest.raises(TransactionConflictError):
            back.read_offer()
        assert count[0] < 200

    def test_states_in_any_order_raise_nothing_else(self, machine, back):
        for states in itertools.product("0123456", repeat=2):
            machine.store.write(f"{BACK}/state", states[0])
            put(machine, "state", states[1])
            with suppress(StoreTimeoutError, NodeNotFoundError, PeerError, PeerClosedError):
                back.accept(timeout=0)
            assert back.state in (INIT_WAIT, CLOSED)
