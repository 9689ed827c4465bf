"""The session: replies to calls, events to queues, and the end; without I/O."""

from __future__ import annotations

import errno
import random
import struct

import pytest

from xensys.errors import NodeNotFoundError, StoreConnectionError, StoreError
from xensys.store.protocol import Request
from xensys.store.session import Session
from xensys.store.watches import Event, EventQueue

READ, WATCH, UNWATCH, START, END, EVENT, ERROR = 2, 4, 5, 6, 7, 15, 16


def message(kind, req_id, payload=b"OK\0", tx=0):
    return struct.pack("<4I", kind, req_id, tx, len(payload)) + payload


def request(kind=READ, path=b"/a", rest=b""):
    return Request(kind, path + b"\0" + rest, 0, path)


@pytest.fixture
def session():
    return Session()


def watched(session, path=b"/w", token=b"t", **options):
    queue = EventQueue(path, token, **options)
    session.queues[token] = queue
    return queue


class TestReplies:
    def test_reach_their_calls_in_any_order_and_however_cut(self, session):
        calls = [session.begin(request(path=b"/%d" % n)) for n in range(20)]
        stream = b"".join(message(READ, call.req_id, b"%d" % n) for n, call in enumerate(calls[::-1]))
        ready = []
        for offset in range(0, len(stream), 7):
            ready += session.feed(stream[offset : offset + 7])
        assert ready == calls[::-1]
        assert [call.result() for call in calls] == [b"%d" % (19 - n) for n in range(20)]
        assert session.outstanding == 0

    def test_carry_the_daemons_error(self, session):
        call = session.begin(request())
        assert session.feed(message(ERROR, call.req_id, b"ENOENT\0")) == [call]
        with pytest.raises(NodeNotFoundError) as caught:
            call.result()
        assert (caught.value.path, caught.value.name) == ("/a", "ENOENT")

    def test_of_the_wrong_type_are_an_error_of_that_call_alone(self, session):
        wrong, right = session.begin(request()), session.begin(request())
        assert session.feed(message(11, wrong.req_id) + message(READ, right.req_id, b"v")) == [wrong, right]
        with pytest.raises(StoreError, match="wrong type: XS_WRITE") as caught:
            wrong.result()
        assert caught.value.errno == errno.EPROTO
        assert right.result() == b"v"
        assert not session.dead

    @pytest.mark.parametrize("req_id", [0, 3, 0xFFFFFFFF])
    def test_to_an_id_never_used_end_the_connection_for_all(self, session, req_id):
        calls = [session.begin(request(path=path)) for path in (b"/a", b"/b")]
        queue = watched(session)
        assert session.feed(message(READ, req_id)) == [*calls, queue]
        errors = []
        for call in calls:
            with pytest.raises(StoreConnectionError, match=f"id {req_id}, which was never used") as caught:
                call.result()
            errors.append(caught.value)
        assert errors[0] is not errors[1]
        assert [error.path for error in errors] == ["/a", "/b"]
        assert errors[0].errno == errno.EPROTO

    def test_that_are_late_or_doubled_are_dropped_and_counted(self, session):
        given_up, answered = session.begin(request()), session.begin(request())
        session.abandon(given_up)
        stream = message(READ, answered.req_id, b"v") * 2 + message(READ, given_up.req_id)
        assert session.feed(stream) == [answered]
        assert session.late == 2
        assert not session.dead

    def test_without_id_belong_to_the_oldest_watch_request(self, session):
        # Older Linux answers these two itself, and puts 0 there.
        read = session.begin(request())
        first, second = (session.begin(request(WATCH, b"/w", b"%d\0" % n)) for n in (1, 2))
        unwatch = session.begin(request(UNWATCH, b"/w", b"3\0"))
        stream = message(WATCH, 0) + message(UNWATCH, 0) + message(WATCH, 0)
        assert session.feed(stream) == [first, unwatch, second]
        assert not read.ready
        assert not session.dead
        session.feed(message(WATCH, 0))
        assert session.dead


class TestIds:
    def test_are_never_0_and_never_in_use(self, session):
        waiting = session.begin(request())
        assert waiting.req_id == 1
        session._last_id = 0xFFFFFFFE
        ids = [session.begin(request()).req_id for _ in range(3)]
        assert ids == [0xFFFFFFFF, 2, 3]

    def test_of_before_the_wrap_are_no_strangers(self, session):
        session._last_id = 0xFFFFFFFE
        for _ in range(2):
            session.abandon(session.begin(request()))
        session.feed(message(READ, 0xFFFFFFFF) + message(READ, 0x1234))
        assert session.late == 2
        assert not session.dead

    def test_a_request_that_is_too_long_leaves_no_trace(self):
        session = Session(limit=100)
        with pytest.raises(StoreError) as caught:
            session.begin(request(path=b"/" + b"x" * 100))
        assert caught.value.errno == errno.E2BIG
        assert session.outstanding == 0


class TestUndoing:
    def test_a_transaction_nobody_waits_for_is_undone(self, session):
        call = session.begin(Request(START, b"\0"))
        session.abandon(call)
        assert session.errands() == []
        assert session.feed(message(START, call.req_id, b"77\0")) == []
        errand = session.errands()[0].message
        assert struct.unpack("<4I", errand[:16])[::2] == (END, 77)
        assert errand[16:] == b"F\0"

    def test_a_watch_nobody_waits_for_is_ended_path_first_and_without_its_depth(self, session):
        call = session.begin(request(WATCH, b"/w", b"tok\x003\0"))
        session.abandon(call)
        session.feed(message(WATCH, call.req_id))
        errand = session.errands()[0].message
        assert struct.unpack("<4I", errand[:16])[0] == UNWATCH
        assert errand[16:] == b"/w\0tok\0"

    def test_so_is_one_whose_reply_had_come(self, session):
        call = session.begin(Request(START, b"\0"))
        session.feed(message(START, call.req_id, b"5\0"))
        session.abandon(call)
        assert len(session.errands()) == 1

    @pytest.mark.parametrize("payload", [b"", b"0\0", b"x\0", b"-1\0", b"99999999999\0"])
    def test_nonsense_is_not(self, session, payload):
        call = session.begin(Request(START, b"\0"))
        session.abandon(call)
        session.feed(message(START, call.req_id, payload))
        assert session.errands() == []

    def test_what_comes_of_an_errand_concerns_nobody(self, session):
        session.later(Request(END, b"F\0", 5))
        errand = session.errands()[0].message
        assert session.outstanding == 0
        assert session.feed(message(ERROR, struct.unpack("<4I", errand[:16])[1], b"ENOENT\0")) == []
        assert not session.dead


class TestEvents:
    def test_go_to_the_queue_with_their_token_and_never_to_a_call(self, session):
        queue, other = watched(session), watched(session, token=b"u")
        call = session.begin(request())
        # Linux's device leaves in there whatever was.
        assert session.feed(message(EVENT, call.req_id, b"/w/x\0t\0")) == [queue]
        assert queue.pop() == Event("/w/x", "/w")
        assert not call.ready
        assert len(other) == 0

    @pytest.mark.parametrize("payload", [b"/w\0nobody's\0", b"", b"\0", b"/w", b"/w\0t", b"\0\0"])
    def test_of_no_watch_or_without_sense_are_dropped_and_counted(self, session, payload):
        queue = watched(session)
        assert session.feed(message(EVENT, 0, payload)) == []
        assert session.strays == 1
        assert len(queue) == 0
        assert not session.dead

    def test_what_is_not_ascii_comes_through(self, session):
        queue = watched(session)
        session.feed(message(EVENT, 0, b"/w/\xff\0t\0"))
        assert queue.pop().path == "/w/\udcff"


class TestTheEnd:
    def test_of_the_stream_is_an_error_for_all_that_wait(self, session):
        call, queue = session.begin(request()), watched(session)
        assert session.end() == [call, queue]
        with pytest.raises(StoreConnectionError, match="closed the connection") as caught:
            call.result()
        assert isinstance(caught.value, ConnectionError)
        assert caught.value.errno == errno.ECONNRESET
        with pytest.raises(StoreConnectionError, match="closed the connection.*XS_READ"):
            session.begin(request())

    def test_says_if_half_a_message_had_come(self, session):
        session.feed(message(READ, 1)[:11])
        session.end()
        assert "11 bytes into a message" in str(session.death())

    def test_by_a_message_too_long_comes_after_those_before_it(self, session):
        first, second = session.begin(request()), session.begin(request())
        stream = message(READ, first.req_id, b"v") + struct.pack("<4I", READ, second.req_id, 0, 4097)
        assert session.feed(stream) == [first, second]
        assert first.result() == b"v"
        with pytest.raises(StoreConnectionError, match="4097"):
            second.result()
        assert session.feed(b"x" * 100) == []

    def test_is_of_the_first_cause(self, session):
        session.fail(errno.EPIPE, "first")
        assert session.fail(errno.EIO, "second") == []
        session.end()
        assert "first" in str(session.death())

    def test_a_restart_keeps_watches_and_nothing_else(self, session):
        call, queue = session.begin(request()), watched(session)
        session.feed(message(READ, call.req_id)[:5])
        session.later(Request(END, b"F\0", 5))
        session.end()
        session.restart(4096, 4096)
        assert (session.epoch, session.dead, session.undo) == (1, False, [])
        again = session.begin(request())
        assert session.feed(message(READ, again.req_id, b"v") + message(EVENT, 0, b"/w\0t\0")) == [
            again,
            queue,
        ]
        with pytest.raises(StoreConnectionError):
            call.result()


class TestQueue:
    def test_keeps_order(self):
        queue = EventQueue(b"/w", b"t")
        for path in (b"/1", b"/2", b"/1"):
            queue.push(path)
        assert [queue.pop().path for _ in range(3)] == ["/1", "/2", "/1"]
        assert queue.pop() is None

    def test_full_first_makes_one_of_the_same_paths(self):
        queue = EventQueue(b"/w", b"t", limit=4)
        for path in (b"/a", b"/a", b"/b", b"/b"):
            queue.push(path)
        queue.push(b"/c")
        assert (queue.merged, queue.dropped) == (2, 0)
        assert [queue.pop().path for _ in range(3)] == ["/a", "/b", "/c"]

    def test_full_merges_with_one_that_waits(self):
        queue = EventQueue(b"/w", b"t", limit=2)
        for path in (b"/a", b"/b", b"/a"):
            queue.push(path)
        assert (len(queue), queue.merged, queue.dropped) == (2, 1, 0)

    def test_full_of_different_ones_drops_the_oldest_and_counts(self):
        queue = EventQueue(b"/w", b"t", limit=3)
        for n in range(10):
            queue.push(b"/%d" % n)
        assert (len(queue), queue.merged, queue.dropped) == (3, 0, 7)
        assert [queue.pop().path for _ in range(3)] == ["/7", "/8", "/9"]

    @pytest.mark.parametrize("seed", range(20))
    def test_loses_no_path_without_saying_so(self, seed):
        chance = random.Random(seed)
        queue = EventQueue(b"/w", b"t", limit=chance.randint(1, 8))
        pushed, popped, unseen = 0, 0, {}
        for step in range(500):
            if chance.random() < 0.7:
                path = b"/%d" % chance.randint(0, 10)
                queue.push(path)
                pushed += 1
                unseen[path.decode()] = step
            elif (event := queue.pop()) is not None:
                popped += 1
                unseen.pop(event.path, None)
            assert len(queue) <= queue.limit
            assert pushed == popped + len(queue) + queue.merged + queue.dropped
            waiting = {path.decode() for path in queue._paths}
            if not queue.dropped:
                # Each change that was not looked at yet will be.
                assert set(unseen) <= waiting
            assert {path: list(queue._paths).count(path) for path in queue._paths} == queue._count

    def test_needs_room(self):
        with pytest.raises(ValueError, match="not 0"):
            EventQueue(b"/w", b"t", limit=0)

    def test_events_compare_and_pickle(self):
        import pickle

        event = Event("/w/x", "/w")
        assert pickle.loads(pickle.dumps(event)) == event == ("/w/x", "/w")
        assert repr(event) == "Event('/w/x', watched='/w')"


class TestAfterARestart:
    """What belongs to the connection before must do nothing to the one after."""

    def begun(self, session, kind=START):
        call = session.begin(Request(kind, b"\0"))
        session.feed(message(kind, call.req_id, b"7\0"))
        session.end()
        session.restart(4112, 4096)
        return call

    def test_nothing_is_undone(self, session):
        call = self.begun(session)
        session.abandon(call)
        assert session.errands() == []

    def test_nothing_that_was_to_be_undone_comes_along(self, session):
        session.later(Request(END, b"F\0", 5))
        undo = session.undo
        session.end()
        session.restart(4112, 4096)
        # A finalizer in another thread that was between its look and its deed.
        session.undo += undo
        session.later(Request(END, b"F\0", 6), 0)
        assert session.errands() == []
        session.later(Request(END, b"F\0", 7), 1)
        assert [call.request.tx_id for call in session.errands()] == [7]

    def test_a_call_with_the_same_number_is_left_alone(self, session):
        old = self.begun(session, READ)
        new = session.begin(request())
        assert old.req_id == new.req_id
        session.withdraw(old)
        session.abandon(old)
        assert session.outstanding == 1
        assert session.feed(message(READ, new.req_id, b"v")) == [new]
        assert new.result() == b"v"

    def test_nothing_blocks(self):
        session = Session(serial=True)
        old = self.begun(session, READ)
        session.begin(request())
        session.written(old)
        assert session.blocker is None


def test_errands_that_were_not_written_are_kept_in_their_order(session):
    for tx in (5, 6, 7):
        session.later(Request(END, b"F\0", tx))
    first, *rest = session.errands()
    session.written(first)
    session.later(Request(END, b"F\0", 8))
    session.put_back(rest)
    assert [call.request.tx_id for call in session.errands()] == [6, 7, 8]
