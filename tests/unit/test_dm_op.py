"""DmOp: which way its calls go, what they carry, and what is refused before Xen is asked."""

from __future__ import annotations

import errno
import struct

import pytest

import xensys
from xensys.abi import _operations
from xensys.abi._hazards import HAZARDS
from xensys.hypercalls import dm_op as module
from xensys.sim import Machine

DOMID_INVALID = 0x7FF4
DM_OP, HYPERCALL = "DM_OP", "HYPERCALL"


def opened(**personality):
    machine = Machine(trace=True, **personality)
    return machine, xensys.open(kernel=machine.dom0)


@pytest.fixture(params=[(6, 12), (4, 9)], ids=["ioctl", "hypercall"])
def either(request):
    """(machine, xen) with the ioctl, and of a kernel that lacks it."""
    machine, xen = opened(linux=request.param)
    with xen:
        yield machine, xen
    assert machine.violations == []


def requests(machine, name):
    return [call for call in machine.log if call.kind == "ioctl" and call.details["request"] == name]


#: method: arguments after the domid, for an x86 domain
X86 = {
    "create_ioreq_server": (),
    "get_ioreq_server_info": (0,),
    "map_io_range_to_ioreq_server": (0, 0, 0x100, 0x107),
    "unmap_io_range_from_ioreq_server": (0, 0, 0x100, 0x107),
    "set_ioreq_server_state": (0, False),
    "map_mem_type_to_ioreq_server": (0, 4, 2),
    "destroy_ioreq_server": (0,),
    "track_dirty_vram": (0, 8),
    "set_pci_intx_level": (1, 0, True),
    "set_isa_irq_level": (5, False),
    "set_pci_link_route": (2, 5),
    "modified_memory": ([(1, 1)],),
    "set_mem_type": (1, 8),
    "inject_event": (0, 33, 0),
    "inject_msi": (0xFEE00000, 0x4031),
    "remote_shutdown": (0,),
    "relocate_memory": (9, 10, 1),
    "pin_memory_cacheattr": (0, 1, 6),
    "nr_vcpus": (),
}
ARM = {"set_irq_level": (100, True)}
HAZARDOUS = {
    "inject_event",
    "relocate_memory",
    "remote_shutdown",
    "set_isa_irq_level",
    "set_pci_link_route",
}


def flag(name):
    return {"hazardous": True} if name in HAZARDOUS else {}


def test_there_is_a_method_for_each_sub_operation():
    rows = _operations.OPERATIONS["dm_op"]
    names = {name.removeprefix("XEN_DMOP_") for name in rows}
    assert names == X86.keys() | ARM.keys()
    assert names == {name for name in vars(module.DmOp) if not name.startswith("_")}


def test_what_may_be_repeated_and_what_does_harm_is_as_the_tables_say():
    ops = [value for value in vars(module).values() if isinstance(value, module._Op)]
    rows = _operations.OPERATIONS["dm_op"]
    assert {op.name: op.repeatable for op in ops} == {name: row["idempotent"] for name, row in rows.items()}
    assert {op.name: op.number for op in ops} == {name: row["nr"] for name, row in rows.items()}
    harmful = {name.removeprefix("XEN_DMOP_") for name in HAZARDS if name.startswith("XEN_DMOP_")}
    assert harmful == HAZARDOUS


def test_each_goes_either_way(either):
    machine, xen = either
    for name, arguments in X86.items():
        machine.log.clear()
        getattr(xen.dm_op, name)(1, *arguments, **flag(name))
        by_ioctl = [call for call in requests(machine, DM_OP) if not call.error]
        by_hypercall = [call for call in machine.log if call.kind == "hypercall"]
        with_ioctl = machine.dom0.linux >= (4, 11)
        assert bool(by_ioctl) == with_ioctl, name
        assert [call.details["op"] for call in by_hypercall] == ([] if with_ioctl else ["dm_op"]), name


def test_results_are_the_same_either_way(either):
    machine, xen = either
    dm_op = xen.dm_op
    machine.add_domain(domid=7, vcpus=3)
    assert dm_op.nr_vcpus(7) == 3
    assert [dm_op.create_ioreq_server(7, how) for how in (0, 1, 2)] == [0, 1, 2]
    assert dm_op.get_ioreq_server_info(7, 0) == module.IoreqServerInfo(0, None, None)
    assert dm_op.get_ioreq_server_info(7, 1).bufioreq_port > 0
    assert dm_op.track_dirty_vram(7, 2, 12) == b"\xff\xff"
    machine.domains[7].memory.write(0x3FFF, b"12")
    assert dm_op.track_dirty_vram(7, 2, 12) == b"\x06\x00"


@pytest.mark.parametrize("linux", [(6, 12), (4, 9)])
def test_arm(linux):
    machine, xen = opened(arch="arm64", ioreq_server=True, linux=linux)
    with xen:
        machine.domains[1].spis = 96
        xen.dm_op.set_irq_level(1, 100, True)
        xen.dm_op.set_irq_level(1, 100, False)
        assert machine.domains[1].interrupts == [("spi", 100, 1), ("spi", 100, 0)]
        with pytest.raises(xensys.NotSupportedError) as caught:
            xen.dm_op.set_isa_irq_level(1, 5, False, hazardous=True)
        assert caught.value.errno == errno.EOPNOTSUPP


class TestWay:
    def test_is_found_out_once(self):
        machine, xen = opened()
        with xen:
            xen.dm_op.nr_vcpus(1)
            xen.dm_op.nr_vcpus(1)
            assert len(requests(machine, DM_OP)) == 3

    def test_an_old_driver_says_EINVAL(self):
        machine, xen = opened(linux=(4, 9), unknown_ioctl=errno.EINVAL)
        with xen:
            assert xen.dm_op.nr_vcpus(1) == 1
            assert [call.details["op"] for call in machine.log if call.kind == "hypercall"] == ["dm_op"]

    def test_a_restricted_handle_keeps_the_ioctl(self):
        # libxendevicemodel falls back to hypercalls, which may not be made at all.
        machine, xen = opened()
        with xen:
            xen.privcmd.restrict(1)
            with pytest.raises(xensys.XenPermissionError) as caught:
                xen.dm_op.nr_vcpus(2)
            assert caught.value.via.startswith("IOCTL_PRIVCMD_DM_OP")
            assert xen.dm_op.nr_vcpus(1) == 1
            assert not any(
                call.kind == "hypercall" and call.details["op"] != "dm_op" for call in machine.log
            )
            assert requests(machine, HYPERCALL) == []

    def test_a_passing_error_is_no_answer(self):
        machine, xen = opened()
        with xen:
            machine.dom0.faults.fail("ioctl", errno.ENOMEM, request=DM_OP, nth=1)
            assert xen.dm_op.nr_vcpus(1) == 1
            assert requests(machine, HYPERCALL) == []
            machine.log.clear()
            xen.dm_op.nr_vcpus(1)
            # Asked again, and answered.
            assert len(requests(machine, DM_OP)) == 2

    def test_more_video_memory_than_the_driver_takes_goes_by_hypercall(self):
        machine, xen = opened()
        with xen:
            assert len(xen.dm_op.track_dirty_vram(1, 0, 32768)) == 4096
            assert requests(machine, HYPERCALL) == []
            assert xen.dm_op.track_dirty_vram(1, 0, 32769) == b"\xff" * 4097
            assert len(requests(machine, HYPERCALL)) == 1
            assert len(xen.dm_op.track_dirty_vram(1, 0, 1 << 18)) == 1 << 15
            assert machine.violations == []

    def test_which_a_restricted_handle_may_not_make(self):
        _, xen = opened()
        with xen:
            xen.privcmd.restrict(1)
            xen.dm_op.track_dirty_vram(1, 0, 32768)
            with pytest.raises(xensys.XenPermissionError, match="restricted"):
                xen.dm_op.track_dirty_vram(1, 0, 32769)

    def test_no_ioreq_servers_in_this_xen(self):
        for linux in ((6, 12), (4, 9)):
            _, xen = opened(ioreq_server=False, linux=linux)
            with xen, pytest.raises(xensys.NotSupportedError) as caught:
                xen.dm_op.nr_vcpus(1)
            assert caught.value.errno == errno.ENOSYS


@pytest.mark.parametrize("name", sorted(HAZARDOUS))
def test_what_does_harm_needs_the_flag(either, name):
    machine, xen = either
    xen.dm_op.nr_vcpus(1)
    machine.log.clear()
    with pytest.raises(xensys.HazardError) as caught:
        getattr(xen.dm_op, name)(1, *X86[name])
    assert caught.value.call == f"dm_op(XEN_DMOP_{name})"
    assert caught.value.domid == 1
    assert machine.log == []


class TestExtents:
    def test_are_split_at_what_the_driver_takes(self):
        machine, xen = opened()
        guest = machine.domains[1]
        guest.log_dirty = set()
        with xen:
            xen.dm_op.nr_vcpus(1)
            machine.log.clear()
            xen.dm_op.modified_memory(1, [(gfn, 1) for gfn in range(600)])
            assert len(requests(machine, DM_OP)) == 3
            assert guest.log_dirty == set(range(600))

    @pytest.mark.parametrize(("count", "calls"), [(0, 1), (256, 1), (257, 2)])
    def test_borders(self, count, calls):
        machine, xen = opened()
        with xen:
            xen.dm_op.nr_vcpus(1)
            machine.log.clear()
            xen.dm_op.modified_memory(1, [(1, 1)] * count)
            assert len(requests(machine, DM_OP)) == calls

    def test_a_bad_one_names_its_call_and_leaves_what_came_before(self):
        machine, xen = opened()
        guest = machine.domains[1]
        guest.log_dirty = set()
        with xen:
            extents = [(gfn, 1) for gfn in range(256)] + [(300, 1), (5, 0)]
            with pytest.raises(xensys.XenError) as caught:
                xen.dm_op.modified_memory(1, extents)
        assert caught.value.errno == errno.EINVAL
        assert caught.value.arguments == {"first": 256, "nr_extents": 2}
        assert guest.log_dirty == set(range(256))


OVERFLOWS = {
    "xen_dm_op_create_ioreq_server.handle_bufioreq": lambda d: d.create_ioreq_server(1, 256),
    "xen_dm_op_get_ioreq_server_info.id": lambda d: d.get_ioreq_server_info(1, 1 << 16),
    "xen_dm_op_ioreq_server_range.end": lambda d: d.map_io_range_to_ioreq_server(1, 0, 0, 0, 1 << 64),
    "xen_dm_op_ioreq_server_range.start": lambda d: d.unmap_io_range_from_ioreq_server(1, 0, 0, -1, 0),
    "xen_dm_op_set_ioreq_server_state.enabled": lambda d: d.set_ioreq_server_state(1, 0, 256),
    "xen_dm_op_destroy_ioreq_server.id": lambda d: d.destroy_ioreq_server(1, -1),
    "xen_dm_op_track_dirty_vram.nr": lambda d: d.track_dirty_vram(1, 0, 1 << 32),
    "xen_dm_op_track_dirty_vram.first_pfn": lambda d: d.track_dirty_vram(1, -1, 1),
    "xen_dm_op_modified_memory_extent.nr": lambda d: d.modified_memory(1, [(0, 1 << 32)]),
    "xen_dm_op_set_pci_intx_level.device": lambda d: d.set_pci_intx_level(1, 256, 0, 1),
    "xen_dm_op_set_isa_irq_level.isa_irq": lambda d: d.set_isa_irq_level(1, 256, 1, hazardous=True),
    "xen_dm_op_set_pci_link_route.link": lambda d: d.set_pci_link_route(1, -1, 0),
    "xen_dm_op_set_mem_type.mem_type": lambda d: d.set_mem_type(1, 1 << 16, 0),
    "xen_dm_op_inject_event.error_code": lambda d: d.inject_event(
        1, 0, 0, 0, error_code=-1, hazardous=True
    ),
    "xen_dm_op_inject_msi.data": lambda d: d.inject_msi(1, 0, 1 << 32),
    "xen_dm_op_map_mem_type_to_ioreq_server.flags": lambda d: d.map_mem_type_to_ioreq_server(1, 0, 4, -1),
    "xen_dm_op_remote_shutdown.reason": lambda d: d.remote_shutdown(1, 1 << 32, hazardous=True),
    "xen_dm_op_relocate_memory.size": lambda d: d.relocate_memory(1, 0, 0, -1, hazardous=True),
    "xen_dm_op_pin_memory_cacheattr.type": lambda d: d.pin_memory_cacheattr(1, 0, 0, 1 << 32),
    "xen_dm_op_set_irq_level.irq": lambda d: d.set_irq_level(1, -1, 1),
    "privcmd_dm_op.dom": lambda d: d.nr_vcpus(1 << 16),
}


@pytest.mark.parametrize("field", OVERFLOWS)
def test_what_does_not_fit_is_an_overflow_and_not_asked(either, field):
    machine, xen = either
    machine.log.clear()
    with pytest.raises(OverflowError, match=field.replace(".", r"\.")):
        OVERFLOWS[field](xen.dm_op)
    assert machine.log == []


class TestErrors:
    def test_say_what_was_asked(self, either):
        _, xen = either
        with pytest.raises(xensys.XenNotFoundError) as caught:
            xen.dm_op.map_io_range_to_ioreq_server(1, 5, 1, 0x1000, 0x1FFF)
        error = caught.value
        assert error.call == "dm_op(XEN_DMOP_map_io_range_to_ioreq_server)"
        assert error.domid == 1
        assert error.arguments == {"id": 5, "type": 1, "start": 0x1000, "end": 0x1FFF}
        assert "on /dev/xen/privcmd" in error.via

    def test_a_closed_one_is_a_ValueError(self):
        _, xen = opened()
        dm_op = xen.dm_op
        xen.close()
        with pytest.raises(ValueError, match="closed"):
            dm_op.nr_vcpus(1)

    def test_interrupted_is_repeated_where_that_does_no_harm(self, either):
        machine, xen = either
        xen.dm_op.nr_vcpus(1)
        name = DM_OP if machine.dom0.linux >= (4, 11) else HYPERCALL
        machine.dom0.faults.fail("ioctl", errno.EINTR, request=name, nth=1)
        assert xen.dm_op.nr_vcpus(1) == 1
        machine.dom0.faults.fail("ioctl", errno.EINTR, request=name, nth=1)
        with pytest.raises(xensys.XenInterruptedError):
            xen.dm_op.create_ioreq_server(1)
        assert machine.domains[1].ioreq_servers == {}

    def test_a_structure_of_32_bytes_whatever_the_operation(self):
        machine, xen = opened()
        seen = []
        real = type(xen.privcmd).dm_op

        def watch(self, domid, buffers):
            seen.append([len(buffer) for buffer in buffers])
            return real(self, domid, buffers)

        with pytest.MonkeyPatch.context() as patch, xen:
            patch.setattr(type(xen.privcmd), "dm_op", watch)
            for name, arguments in X86.items():
                seen.clear()
                getattr(xen.dm_op, name)(1, *arguments, **flag(name))
                second = {"track_dirty_vram": [1], "modified_memory": [16]}.get(name, [])
                assert seen[-1] == [32, *second], name
        assert machine.violations == []


def test_encoded_operations_are_what_is_sent():
    head = struct.pack("<II", 9, 0)
    assert module.encoded_set_isa_irq_level(5, True) == head + b"\5\1" + bytes(22)
    assert module.encoded_set_irq_level(100, False)[:13] == struct.pack("<IIIB", 19, 0, 100, 0)
    assert module.encoded_inject_msi(0xFEE00000, 0x31)[:24] == struct.pack(
        "<IIIIQ", 14, 0, 0x31, 0, 0xFEE00000
    )
