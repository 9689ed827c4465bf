"""IoreqServer and the eventfds on the simulator: hostile pages, failures on the way, lifetimes."""

from __future__ import annotations

import errno
import os
import struct
import threading

import pytest
from modelled import BASE, NOTHING, Setup, descriptors
from simraw import death_of

import xensys
from xensys.ioreq import DeviceModel, IoreqServer


@pytest.fixture
def x86():
    setup = Setup()
    with setup.xen:
        yield setup
    assert setup.machine.violations == []


@pytest.fixture
def arm():
    setup = Setup(arch="arm64", ioreq_server=True)
    setup.machine.privcmd_eventfd = True
    setup.guest.spis = 32
    with setup.xen:
        yield setup
    assert setup.machine.violations == []


@pytest.fixture(params=["x86", "arm"])
def either(request):
    return request.getfixturevalue(request.param)


class TestRequests:
    def test_a_round_trip_for_each_kind(self, x86):
        with x86.server() as server:
            server.map_io_range("port", 0x500, 0x507)
            server.map_io_range("pci", 5 << 3, 5 << 3)
            for kind, number, address in [("port", 0, 0x502), ("memory", 1, BASE), ("pci", 2, 5 << 35 | 4)]:
                access = x86.guest.io(kind, address, 2)
                (request,) = server.requests()
                assert (request.kind, request.address, request.reads) == (number, address, True)
                assert not access.done
                server.answer(request, number + 7)
                assert access.value == number + 7

    def test_the_port_tells(self, either):
        with either.server() as server:
            (port,) = server.ports
            assert port.wait(0)
            port.unmask()
            access = either.guest.io("memory", BASE, 4)
            assert port.wait(0)
            server.answer(server.requests()[0])
            assert access.done

    def test_many_vcpus(self):
        setup = Setup(vcpus=40)
        with setup.xen, setup.server() as server:
            accesses = [setup.guest.io("memory", BASE + vcpu, 1, vcpu=vcpu) for vcpu in range(40)]
            found = server.requests()
            assert [request.vcpu for request in found] == list(range(40))
            assert server.requests() == []
            for request in reversed(found):
                server.answer(request, request.vcpu)
            assert [access.value for access in accesses] == list(range(40))

    def test_repeated_accesses_and_pointers(self, either):
        with either.server() as server:
            either.guest.io("memory", BASE, 4, 0x9000, count=16, data_is_ptr=True)
            (request,) = server.requests()
            assert (request.count, request.data, request.data_is_pointer) == (16, 0x9000, True)
            server.answer(request)

    def test_writes_to_frames_of_its_type(self, x86):
        with x86.server() as server:
            server.map_mem_type()
            x86.model.set_mem_type(4, 8)
            access = x86.guest.io("memory", 8 * 4096 + 4, 4, 1)
            (request,) = server.requests()
            assert (request.address, request.data) == (8 * 4096 + 4, 1)
            server.answer(request)
            assert access.done
            server.map_mem_type(flags=0)
            assert x86.guest.io("memory", 8 * 4096 + 4, 4, 1).server is None

    def test_the_later_of_two_servers_gets_it(self, either):
        with either.server() as first, either.server() as second:
            either.guest.io("memory", BASE, 4)
            assert first.requests() == []
            second.answer(second.requests()[0])
            second.unmap_io_range("memory", BASE, BASE + 0xFFF)
            either.guest.io("memory", BASE, 4)
            first.answer(first.requests()[0])

    def test_only_while_enabled_and_only_what_is_wholly_its_own(self, either):
        with either.server() as server:
            assert either.guest.io("memory", BASE + 0xFFE, 4).value == NOTHING
            server.disable()
            assert either.guest.io("memory", BASE, 4).value == NOTHING
            server.enable()
            assert not either.guest.io("memory", BASE, 4).done

    def test_before_it_was_enabled(self, either):
        with (
            either.model.create_ioreq_server() as server,
            pytest.raises(ValueError, match="never enabled"),
        ):
            server.requests()

    def test_buffered(self, x86):
        with x86.server(buffered=True) as server:
            port = server.buffered_port
            assert port.wait(0)
            port.unmask()
            for value in range(3):
                assert x86.guest.io("memory", 0xA0000, 8, value << 40, buffered=True).server is None
            server.map_io_range("memory", 0xA0000, 0xBFFFF)
            for value in range(3):
                assert x86.guest.io("memory", 0xA0000, 8, value << 40, buffered=True).done
            assert port.wait(0)
            assert [request.data for request in server.buffered_requests()] == [0, 1 << 40, 2 << 40]
            assert server.requests() == []

    def test_a_full_ring_goes_the_other_way(self, x86):
        with x86.server(buffered=True) as server:
            server.map_io_range("port", 0x500, 0x507)
            for value in range(511):
                assert x86.guest.io("port", 0x500, 1, value & 0xFF, buffered=True).done
            access = x86.guest.io("port", 0x500, 1, 1, buffered=True)
            assert not access.done
            assert len(server.buffered_requests()) == 511
            server.answer(server.requests()[0])
            assert access.done

    def test_without_a_ring(self, either):
        with either.server() as server, pytest.raises(ValueError, match="no buffered ring"):
            server.buffered_requests()

    def test_no_such_kind(self, either):
        with either.model.create_ioreq_server() as server:
            for change in (server.map_io_range, server.unmap_io_range):
                with pytest.raises(ValueError, match="kind"):
                    change("io", 0, 1)


class TestAnswers:
    def test_are_for_requests_of_ones_own_once(self, either):
        with either.server() as server, either.model.create_ioreq_server() as other:
            other.map_io_range("memory", BASE + 0x1000, BASE + 0x1FFF)
            other.enable()
            either.guest.io("memory", BASE, 4)
            (request,) = server.requests()
            with pytest.raises(ValueError, match="answer"):
                other.answer(request)
            server.answer(request)
            with pytest.raises(ValueError, match="answer"):
                server.answer(request)

    def test_a_late_one_does_not_answer_the_next_request(self, either):
        with either.server() as server:
            either.guest.io("memory", BASE, 4)
            (old,) = server.requests()
            server.answer(old, 1)
            access = either.guest.io("memory", BASE, 4)
            (new,) = server.requests()
            with pytest.raises(ValueError, match="answer"):
                server.answer(old, 2)
            assert not access.done
            server.answer(new, 3)
            assert access.value == 3

    def test_that_do_not_fit_leave_the_request(self, either):
        with either.server() as server:
            access = either.guest.io("memory", BASE, 4)
            (request,) = server.requests()
            with pytest.raises(OverflowError):
                server.answer(request, 1 << 64)
            server.answer(request, (1 << 64) - 1)
            assert access.value == (1 << 64) - 1

    def test_that_skip_a_state_crash_the_domain(self, either):
        # What the library never does: it shows that the simulator minds.
        with either.server() as server:
            access = either.guest.io("memory", BASE, 4)
            either.poke(server, 30, bytes((9,)))
            server.ports[0].notify()
            assert access.done
            assert either.guest.shutdown_reason == 3


class TestHostilePages:
    def test_a_bad_request_is_answered_and_reported(self, either):
        with either.server() as server:
            access = either.guest.io("memory", BASE, 4)
            either.poke(server, 20, struct.pack("<I", 3))
            with pytest.raises(xensys.XenError) as caught:
                server.requests()
            assert caught.value.errno == errno.EPROTO
            assert caught.value.arguments == {"vcpu": 0, "size": 3}
            assert access.value == NOTHING
            assert server.requests() == []
            either.guest.io("memory", BASE, 4)
            server.answer(server.requests()[0])

    def test_loses_nothing_of_the_others(self):
        setup = Setup(vcpus=3)
        with setup.xen, setup.server() as server:
            accesses = [setup.guest.io("memory", BASE, 4, vcpu=vcpu) for vcpu in range(3)]
            setup.poke(server, 32 + 20, struct.pack("<I", 3))
            assert [request.vcpu for request in server.requests()] == [0, 2]
            assert accesses[1].value == NOTHING
            with pytest.raises(xensys.XenError, match="ioreq page"):
                server.requests()
            assert server.requests() == []

    def test_a_state_that_is_none_does_not_stall_the_others(self):
        setup = Setup(vcpus=2)
        with setup.xen, setup.server() as server:
            setup.poke(server, 30, b"\x0e")
            access = setup.guest.io("memory", BASE, 4, vcpu=1)
            (request,) = server.requests()
            server.answer(request, 1)
            assert access.value == 1
            with pytest.raises(xensys.XenError) as caught:
                server.requests()
            assert caught.value.arguments == {"vcpu": 0, "state": 14}

    def test_a_state_changed_after_it_was_taken(self, either):
        with either.server() as server:
            either.guest.io("memory", BASE, 4)
            (request,) = server.requests()
            either.poke(server, 30, b"\x00")
            with pytest.raises(ValueError, match="no answer"):
                server.answer(request)

    def test_pointers_of_the_ring(self, x86):
        with x86.server(buffered=True) as server:
            slot = x86.guest.ioreq_servers[server.id].bufioreq_slot
            os.pwrite(x86.guest.memory.fd, struct.pack("<II", 9, 3), slot * 4096)
            with pytest.raises(xensys.XenError) as caught:
                server.buffered_requests()
            assert caught.value.errno == errno.EPROTO
            assert server.buffered_requests() == []


class TestLifetime:
    def test_close_gives_everything_back(self, either):
        either.xen.events.fileno()
        either.xen.privcmd.fileno()
        before = descriptors()
        mapped = either.mapped()
        ports = [either.machine.event_channels.status(either.guest, port) for port in range(12)]
        server = either.server()
        access = either.guest.io("memory", BASE, 4)
        server.close()
        server.close()
        assert access.value == NOTHING
        assert server.closed
        assert either.guest.ioreq_servers == {}
        assert descriptors() == before
        assert [either.machine.event_channels.status(either.guest, port) for port in range(12)] == ports
        assert not list(either.xen.events.ports)
        assert either.mapped() == mapped

    def test_close_waits_until_vcpus_have_their_answers(self):
        setup = Setup(vcpus=3)
        with setup.xen:
            server = setup.server()
            accesses = [setup.guest.io("memory", BASE, 4, vcpu=vcpu) for vcpu in range(3)]
            server.answer(server.requests()[1], 7)
            # One that has been asked for, and has not.
            assert [access.done for access in accesses] == [False, True, False]
            server.close()
            assert [access.value for access in accesses] == [NOTHING, 7, NOTHING]

    def test_a_vcpu_that_does_not_run_keeps_the_server(self, either):
        server = either.server()
        access = either.guest.io("memory", BASE, 4)
        either.guest.pause()
        with pytest.raises(xensys.XenError) as caught:
            server.close()
        assert (caught.value.errno, caught.value.arguments) == (errno.EBUSY, {"id": 0})
        assert server.closed
        assert not list(either.xen.events.ports)
        assert either.mapped() == []
        # Off, and there for as long as the vCPU may look at its page.
        either.guest.unpause()
        assert access.value == NOTHING
        assert either.guest.io("memory", BASE, 4).value == NOTHING
        either.model.destroy_ioreq_server(0)

    def test_a_state_that_is_none_does_not_keep_it(self, either):
        server = either.server()
        either.poke(server, 30, b"\x0e")
        server.close()
        assert either.guest.ioreq_servers == {}

    def test_closed_is_a_ValueError(self, either):
        server = either.server()
        server.close()
        for call in calls_of(server):
            with pytest.raises(ValueError, match="closed"):
                call()

    def test_forked_is_a_ForkedError_and_the_parents_goes_on(self, either):
        server = either.server()

        def child():
            for call in calls_of(server):
                with pytest.raises(xensys.ForkedError):
                    call()
            server.close()
            assert server.closed

        assert death_of(child) == 0
        access = either.guest.io("memory", BASE, 4)
        server.answer(server.requests()[0], 1)
        assert access.value == 1
        server.close()

    def test_the_domain_dies_first(self, either):
        server = either.server()
        either.guest.io("memory", BASE, 4)
        (request,) = server.requests()
        either.guest.destroy()
        server.answer(request, 1)
        server.close()
        assert either.machine.zombies() == []

    def test_closed_after_its_xen_lets_go_of_the_pages(self, either):
        mapped = either.mapped()
        server = either.server()
        either.xen.close()
        with pytest.raises(ValueError, match="closed"):
            server.close()
        assert server.closed
        assert either.mapped() == mapped

    def test_a_leak_is_a_warning(self, either):
        server = either.server()
        leaked = [server]
        del server
        with pytest.warns(ResourceWarning, match="unclosed <IoreqServer 0"):
            leaked.clear()
        assert either.guest.ioreq_servers == {}

    def test_an_exception_inside_closes_it(self, either):
        with pytest.raises(KeyError), either.server():
            raise KeyError
        assert either.guest.ioreq_servers == {}

    def test_is_one_of_a_kind(self, either):
        import copy

        with either.server() as server, pytest.raises(TypeError):
            copy.copy(server)

    def test_close_while_another_thread_takes_requests(self, either):
        for _ in range(20):
            server = either.server()
            ended = []

            def work(server=server, ended=ended):
                try:
                    while True:
                        server.requests()
                except ValueError as error:
                    ended.append(error)

            threads = [threading.Thread(target=work) for _ in range(2)]
            for thread in threads:
                thread.start()
            server.close()
            for thread in threads:
                thread.join(30)
            assert len(ended) == 2


def calls_of(server):
    return [
        lambda: server.map_io_range("port", 1, 2),
        lambda: server.unmap_io_range("port", 1, 2),
        server.map_mem_type,
        server.enable,
        server.disable,
        server.requests,
        lambda: server.answer(xensys.ioreq.Ioreq(0, False, 1, 0, False, 0, False, 1, 0)),
        server.buffered_requests,
        lambda: server.ioeventfd(0, 0, hazardous=True),
    ]


class TestFailures:
    @pytest.mark.parametrize("number", [errno.ENOMEM, errno.EPERM, errno.EACCES])
    @pytest.mark.parametrize("nth", [1, 2])
    def test_a_page_that_cannot_be_mapped_leaves_no_server(self, x86, number, nth):
        mapped = x86.mapped()
        x86.faults.fail("ioctl", number, request="MMAP_RESOURCE", nth=nth)
        with pytest.raises(xensys.XenError) as caught:
            x86.model.create_ioreq_server(buffered=True)
        assert caught.value.errno == number
        assert x86.guest.ioreq_servers == {}
        assert x86.mapped() == mapped

    @pytest.mark.parametrize("nth", [1, 2, 3])
    def test_a_port_that_cannot_be_bound_leaves_it_off(self, nth):
        setup = Setup(vcpus=2)
        with setup.xen, setup.model.create_ioreq_server(buffered=True) as server:
            server.map_io_range("memory", BASE, BASE + 7)
            setup.faults.fail("ioctl", errno.ENOSPC, request="BIND_INTERDOMAIN", nth=nth)
            with pytest.raises(xensys.XenError) as caught:
                server.enable()
            assert caught.value.errno == errno.ENOSPC
            assert not setup.guest.ioreq_servers[server.id].enabled
            assert server.ports == ()
            assert not list(setup.xen.events.ports)
            server.enable()
            assert len(server.ports) == 2

    def test_no_descriptors_left(self, arm):
        arm.faults.fail("eventfd", errno.EMFILE, nth=1)
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
            arm.model.irqfd(irq=33)
        assert len(arm.machine.irqfds) == 0

    def test_interrupted_while_mapping_is_tried_again(self, either):
        either.faults.fail("ioctl", errno.EINTR, request="MMAP_RESOURCE", nth=1)
        either.server().close()


class TestGsi:
    def test_where_nobody_could_hold_any(self, x86, arm):
        for setup, number in [(x86, errno.EOPNOTSUPP), (arm, errno.EINVAL)]:
            with pytest.raises(xensys.XenError) as caught:
                setup.xen.privcmd.pcidev_get_gsi(8)
            assert caught.value.errno == number

    def test_of_what_pciback_holds(self, x86):
        get = x86.xen.privcmd.pcidev_get_gsi
        x86.machine.pci_gsis = {8: 17, 16: None}
        assert get(8) == 17
        for device, number in [(16, errno.ENOENT), (24, errno.ENODEV)]:
            with pytest.raises(xensys.XenError) as caught:
                get(device)
            assert caught.value.errno == number


class TestModel:
    def test_has_every_method_of_the_family(self):
        from xensys.hypercalls.dm_op import DmOp

        family = {name for name in vars(DmOp) if not name.startswith("_")}
        own = {name for name in vars(DeviceModel) if not name.startswith("_")}
        assert family - own == set()
        assert own - family == {"domid", "irqfd"}

    def test_each_does_it_to_its_domain(self, x86):
        from test_dm_op import HAZARDOUS, X86

        x86.guest.log_dirty = set()
        number = x86.xen.dm_op.create_ioreq_server(x86.guest.domid)
        for name, arguments in X86.items():
            if name == "create_ioreq_server":
                continue
            flag = {"hazardous": True} if name in HAZARDOUS else {}
            before = len(x86.machine.log)
            getattr(x86.model, name)(*arguments, **flag)
            assert len(x86.machine.log) > before, name
        assert number == 0
        assert x86.guest.shut_down
        assert x86.guest.log_dirty == {1}
        assert {row[0] for row in x86.guest.interrupts} == {"intx", "isa", "link", "event", "msi"}

    def test_hazards_need_the_flag(self, x86):
        from test_dm_op import HAZARDOUS, X86

        for name in HAZARDOUS:
            with pytest.raises(xensys.HazardError):
                getattr(x86.model, name)(*X86[name])

    @pytest.mark.parametrize("domid", [-1, 1 << 16])
    def test_domid_that_does_not_fit(self, x86, domid):
        with pytest.raises(OverflowError, match="domid"):
            x86.xen.device_model(domid)

    def test_of_a_closed_xen(self, x86):
        x86.xen.close()
        with pytest.raises(ValueError, match="closed"):
            x86.xen.device_model(1)
        with pytest.raises(ValueError, match="closed"):
            x86.model.nr_vcpus()


def test_vcpus_of_an_old_xen_are_those_with_a_port():
    setup = Setup(vcpus=3, xen=(4, 14))
    with setup.xen, setup.server() as server:
        assert isinstance(server, IoreqServer)
        assert len(server.ports) == 3
