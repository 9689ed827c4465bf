"""XenBus with real grants and ports: an echo device, its two ends in two domains of the simulator."""

from __future__ import annotations

import asyncio
import errno

import pytest
from storepeer import Background
from test_store_xenbus import plug

import xensys
from xensys.memory.rings import BackRing, FrontRing
from xensys.sim import Machine
from xensys.store import aio, aio_xenbus, connecting
from xensys.store.xenbus import CLOSED, CONNECTED, Backend, Frontend

REQUEST = RESPONSE = 16
PATIENCE = 60


@pytest.fixture
def machine():
    made = Machine(real_time=True)
    plug(made)
    return made


@pytest.fixture
def guest(machine):
    with xensys.open(kernel=machine.domains[1].kernel(unrestricted=True)) as xen:
        yield xen


@pytest.fixture
def host(machine):
    with xensys.open(kernel=machine.dom0) as xen:
        yield xen


def ends(guest, host):
    return Frontend(guest.store, "vbd", 51712), Backend(host.store, "vbd", 1, 51712)


def serve(host, backend, count):
    """Answer so many requests with themselves, backwards."""
    with connecting.accept(backend, host.grants, host.events, timeout=PATIENCE) as channel:
        ring = BackRing.attach(channel.memory, REQUEST, RESPONSE)
        while count:
            channel.port.wait(PATIENCE)
            channel.port.unmask()
            while True:
                for request in ring.requests():
                    ring.put_response(bytes(request)[::-1])
                    count -= 1
                if not ring.final_check_for_requests():
                    break
            if ring.push_responses():
                channel.port.notify()
        ring.close()
        backend.wait_while(CONNECTED, timeout=PATIENCE)
    backend.close(timeout=PATIENCE)


def ask(channel, number):
    ring = channel.ring
    ring.put_request(number.to_bytes(REQUEST, "little"))
    if ring.push_requests():
        channel.port.notify()
    while True:
        for response in ring.responses():
            return int.from_bytes(bytes(response), "big")
        if not ring.final_check_for_responses():
            assert channel.port.wait(PATIENCE)
            channel.port.unmask()


@pytest.mark.parametrize("pages", [1, 4])
def test_echo_between_two_domains_and_nothing_is_left(machine, guest, host, pages):
    frontend, backend = ends(guest, host)
    for _ in range(2):  # again after it has parted
        server = Background(serve, host, backend, 100)
        channel = connecting.connect(
            frontend, guest.grants, guest.events, pages=pages,
            prepare=lambda memory: FrontRing.init(memory, REQUEST, RESPONSE), timeout=PATIENCE,
        )  # fmt: skip
        assert len(channel.memory) == pages * 4096
        assert [ask(channel, number) for number in range(100)] == list(range(100))
        assert [len(mapping) for mapping in host.maps_of(1)] == [pages * 4096]
        channel.ring.close()
        frontend.close(PATIENCE)
        channel.close()
        server.result()
        assert frontend.state == CLOSED
        assert host.maps_of(1) == ()
        assert guest.events.ports == ()
        assert host.events.ports == ()
        assert not machine.domains[1].grants.active


def test_a_backend_that_never_comes_leaves_nothing_shared(machine, guest, host):
    frontend, _ = ends(guest, host)
    with pytest.raises(xensys.StoreTimeoutError):
        connecting.connect(frontend, guest.grants, guest.events, timeout=0.1)
    assert guest.events.ports == ()
    assert not machine.domains[1].grants.active


def test_bad_references_and_ports_of_a_frontend_are_errors_and_leave_nothing(guest, host):
    frontend, backend = ends(guest, host)
    share = guest.grants.share(0, write=True)
    for nodes, kind, code in (
        ({"ring-ref": 400, "event-channel": 7}, xensys.XenError, errno.EINVAL),
        ({"ring-ref": share.refs[0], "event-channel": 900}, xensys.XenError, errno.EINVAL),
    ):
        front = Background(lambda nodes=nodes: frontend.connect(nodes, timeout=PATIENCE))
        with pytest.raises(kind) as caught:
            connecting.accept(backend, host.grants, host.events, timeout=PATIENCE)
        assert caught.value.errno == code
        backend.switch(CLOSED)
        with pytest.raises(xensys.StoreError):
            front.result()
        frontend.close(PATIENCE)
        assert host.maps_of(1) == ()
        assert host.events.ports == ()
    share.close()


def test_not_a_power_of_two_of_pages(guest, host):
    frontend, _ = ends(guest, host)
    with pytest.raises(ValueError, match="power of two"):
        connecting.connect(frontend, guest.grants, guest.events, pages=3)
    assert guest.events.ports == ()


def test_the_same_with_asyncio(machine, guest, host):
    async def both():
        async with (
            aio.open(kernel=guest.kernel) as inner,
            aio.open(kernel=host.kernel) as outer,
        ):
            front = aio_xenbus.Frontend(inner, "vbd", 51712)
            back = aio_xenbus.Backend(outer, "vbd", 1, 51712)
            ours, theirs = await asyncio.gather(
                connecting.connect_async(front, guest.grants, guest.events, timeout=PATIENCE),
                connecting.accept_async(back, host.grants, host.events, timeout=PATIENCE),
            )
            with ours, theirs:
                ours.memory[0:5] = b"hello"
                assert theirs.memory[0:5] == b"hello"
                theirs.port.unmask()
                ours.port.notify()
                assert await asyncio.to_thread(theirs.port.wait, PATIENCE)
            await asyncio.gather(front.close(PATIENCE), back.close(PATIENCE))

    asyncio.run(both())
    assert host.maps_of(1) == ()
