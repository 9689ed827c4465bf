"""The ioreq pages: what is taken from them, what is refused, and in which order they are written."""

from __future__ import annotations

import errno
import struct

import pytest

import xensys
from xensys.abi.hvm import ioreq as abi
from xensys.ioreq import requests
from xensys.ioreq.requests import BufferedIoreq, sbdf

NONE, READY, INPROCESS, RESP_READY = range(4)
SLOTS = 511


def slot(state=READY, *, vcpu=0, kind=1, reads=False, pointer=False, down=False, **fields):
    """A page with one request."""
    page = bytearray(4096)
    request = abi.ioreq(
        state=state,
        type=kind,
        dir=reads,
        data_is_ptr=pointer,
        df=down,
        **{"addr": 0x1000, "data": 7, "count": 1, "size": 4, "vp_eport": 5, **fields},
    )
    page[32 * vcpu : 32 * vcpu + 32] = bytes(request)
    return page


class TestTake:
    def test_every_field(self):
        page = slot(vcpu=3, kind=2, reads=True, pointer=True, down=True, count=9, size=8, data=1 << 63)
        request = requests.take(page, 3)
        assert (request.vcpu, request.kind, request.address) == (3, 2, 0x1000)
        assert (request.size, request.count, request.data) == (8, 9, 1 << 63)
        assert (request.reads, request.data_is_pointer, request.backwards) == (True, True, True)
        assert requests.state_of(page, 3) == INPROCESS
        assert requests.port_of(page, 3) == 5
        # Nothing else has changed.
        assert bytes(page) == bytes(
            slot(
                INPROCESS,
                vcpu=3,
                kind=2,
                reads=True,
                pointer=True,
                down=True,
                count=9,
                size=8,
                data=1 << 63,
            )
        )

    @pytest.mark.parametrize("state", [NONE, INPROCESS, RESP_READY])
    def test_is_only_for_what_is_ready(self, state):
        page = slot(state)
        before = bytes(page)
        assert requests.take(page, 0) is None
        assert bytes(page) == before

    @pytest.mark.parametrize("state", range(4, 16))
    def test_a_state_that_is_none(self, state):
        page = slot(state)
        with pytest.raises(xensys.XenError) as caught:
            requests.take(page, 0)
        assert caught.value.errno == errno.EPROTO
        assert caught.value.arguments == {"vcpu": 0, "state": state}
        assert requests.state_of(page, 0) == state

    @pytest.mark.parametrize("size", [0, 3, 5, 16, 0xFFFFFFFF])
    def test_a_size_that_is_none(self, size):
        page = slot(size=size)
        with pytest.raises(xensys.XenError) as caught:
            requests.take(page, 0)
        assert caught.value.arguments == {"vcpu": 0, "size": size}
        # To be answered all the same.
        requests.answer(page, 0, 1)

    def test_a_count_that_is_none(self):
        with pytest.raises(xensys.XenError) as caught:
            requests.take(slot(count=0), 0)
        assert caught.value.arguments == {"vcpu": 0, "count": 0}

    def test_xen_gives_no_count_when_mappings_are_stale(self):
        assert requests.take(slot(count=0, kind=abi.IOREQ_TYPE_INVALIDATE), 0).count == 0

    def test_is_copied_once(self):
        class Watched(bytearray):
            reads = 0

            def __getitem__(self, key):
                Watched.reads += isinstance(key, slice) and key.stop - key.start == 32
                return bytearray.__getitem__(self, key)

        requests.take(Watched(slot()), 0)
        assert Watched.reads == 1


class TestAnswer:
    def test_is_data_and_then_the_state(self):
        stores = []

        class Watched(bytearray):
            def __setitem__(self, key, value):
                stores.append((key.start, bytes(value)))
                bytearray.__setitem__(self, key, value)

        page = Watched(slot(INPROCESS, vcpu=1, reads=True))
        requests.answer(page, 1, 0x1122)
        assert [at for at, _ in stores] == [32 + 8, 32 + 30]
        assert stores[1][1] == bytes((0x20 | RESP_READY,))
        assert struct.unpack_from("<Q", page, 40) == (0x1122,)

    @pytest.mark.parametrize("state", [NONE, READY, RESP_READY, 9])
    def test_is_only_for_what_was_taken(self, state):
        page = slot(state)
        before = bytes(page)
        with pytest.raises(ValueError, match="no answer"):
            requests.answer(page, 0, 1)
        assert bytes(page) == before

    @pytest.mark.parametrize("data", [-1, 1 << 64])
    def test_that_does_not_fit(self, data):
        page = slot(INPROCESS)
        with pytest.raises(OverflowError, match=r"ioreq\.data"):
            requests.answer(page, 0, data)
        assert requests.state_of(page, 0) == INPROCESS


def ring(read, write, entries=()):
    """A buffered page; entries are (position, kind, address, log2 of the size, data)."""
    page = bytearray(4096)
    struct.pack_into("<II", page, 0, read & 0xFFFFFFFF, write & 0xFFFFFFFF)
    for position, kind, address, size, data in entries:
        at = 8 + 8 * ((position & 0xFFFFFFFF) % SLOTS)
        page[at : at + 8] = bytes(abi.buf_ioreq(type=kind, addr=address, size=size, data=data))
    return page


def read_pointer(page):
    return struct.unpack_from("<I", page)[0]


class TestGiveUp:
    @pytest.mark.parametrize("state", [READY, INPROCESS])
    def test_answers_with_all_ones(self, state):
        page = slot(state, vcpu=2, reads=True)
        assert requests.give_up(page, 2)
        assert page == slot(RESP_READY, vcpu=2, reads=True, data=requests.NOTHING)

    def test_leaves_an_answer(self):
        page = slot(RESP_READY)
        assert requests.give_up(page, 0)
        assert page == slot(RESP_READY)

    def test_who_waits_for_nothing(self):
        page = slot(NONE)
        assert not requests.give_up(page, 0)
        assert page == slot(NONE)

    @pytest.mark.parametrize("state", range(4, 16))
    def test_states_that_are_none(self, state):
        page = slot(state)
        assert not requests.give_up(page, 0)
        assert page == slot(NONE)


class TestRing:
    def test_empty(self):
        page = ring(7, 7)
        before = bytes(page)
        assert requests.drain(page) == []
        assert bytes(page) == before

    def test_all_sizes(self):
        page = ring(
            5,
            10,
            [(5, 0, 0x500, 0, 1), (6, 1, 0xFFFFF, 1, 2), (7, 1, 0, 2, 3), (8, 1, 8, 3, 4), (9, 1, 8, 3, 5)],
        )
        assert requests.drain(page) == [
            BufferedIoreq(0x500, 1, 0, False, 1),
            BufferedIoreq(0xFFFFF, 2, 1, False, 2),
            BufferedIoreq(0, 3, 1, False, 4),
            BufferedIoreq(8, 5 << 32 | 4, 1, False, 8),
        ]
        assert read_pointer(page) == 10

    def test_full(self):
        page = ring(300, 300 + SLOTS, [(300 + i, 0, i, 0, i) for i in range(SLOTS)])
        assert [request.data for request in requests.drain(page)] == list(range(SLOTS))

    def test_an_8_byte_access_round_the_corner(self):
        page = ring(510, 512, [(510, 1, 8, 3, 1), (511, 1, 8, 3, 2)])
        assert [request.data for request in requests.drain(page)] == [2 << 32 | 1]

    def test_pointers_that_wrap(self):
        first = (1 << 32) - 2
        page = ring(first, first + 4, [(first + i, 0, 0, 0, i) for i in range(4)])
        assert [request.data for request in requests.drain(page)] == [0, 1, 2, 3]
        assert read_pointer(page) == 2

    @pytest.mark.parametrize(("read", "write"), [(0, 512), (5, 4), (0, 1 << 31)])
    def test_pointers_that_make_no_sense(self, read, write):
        page = ring(read, write)
        with pytest.raises(xensys.XenError) as caught:
            requests.drain(page)
        assert caught.value.errno == errno.EPROTO
        # It goes on from there.
        assert requests.drain(page) == []

    def test_half_an_8_byte_access(self):
        page = ring(0, 2, [(0, 0, 0, 0, 1), (1, 1, 8, 3, 1)])
        with pytest.raises(xensys.XenError) as caught:
            requests.drain(page)
        assert caught.value.errno == errno.EPROTO
        assert requests.drain(page) == []

    def test_slots_are_free_only_after_they_were_read(self):
        class Watched(bytearray):
            done = False

            def __getitem__(self, key):
                assert not Watched.done
                return bytearray.__getitem__(self, key)

            def __setitem__(self, key, value):
                Watched.done = True
                bytearray.__setitem__(self, key, value)

        requests.drain(Watched(ring(0, 2, [(0, 0, 0, 0, 1), (1, 0, 0, 0, 2)])))
        assert Watched.done


def outcome(call, *arguments):
    """0, or the errno of a XenError."""
    try:
        call(*arguments)
    except xensys.XenError as error:
        return error.errno
    return 0


def test_whatever_a_page_holds_nothing_else_is_raised():
    import random

    generator = random.Random(5)
    for _ in range(2000):
        page = bytearray(generator.randbytes(4096))
        if generator.random() < 0.7:
            start = generator.randrange(1 << 32)
            count = generator.randrange(520)
            struct.pack_into("<II", page, 0, start, start + count & 0xFFFFFFFF)
        assert outcome(requests.take, page, generator.randrange(128)) in (0, errno.EPROTO)
        assert outcome(requests.drain, page) in (0, errno.EPROTO)


def test_sbdf():
    assert sbdf(0x1234, 0x56, 0x1F, 7) == 0x123456FF
    for arguments in [(1 << 16, 0, 0, 0), (0, 256, 0, 0), (0, 0, 32, 0), (0, 0, 0, 8), (-1, 0, 0, 0)]:
        with pytest.raises(OverflowError, match="sbdf"):
            sbdf(*arguments)
