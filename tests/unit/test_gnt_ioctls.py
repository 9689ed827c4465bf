"""The two grant devices' ioctls, against the generated structures; every method on bad descriptors."""

from __future__ import annotations

import ctypes
import errno
import os

import pytest

import xensys
from xensys.abi import gntalloc as alloc_abi
from xensys.abi import gntdev as abi
from xensys.devices._ioctls import GNTALLOC, GNTDEV
from xensys.devices.gntalloc import Gntalloc
from xensys.devices.gntdev import Gntdev
from xensys.kernel import host
from xensys.kernel.pointers import address_of

#: name in the table: (number, structure)
HEADER = {
    Gntdev: {
        "map_grant_ref": (0, abi.ioctl_gntdev_map_grant_ref),
        "unmap_grant_ref": (1, abi.ioctl_gntdev_unmap_grant_ref),
        "get_offset_for_vaddr": (2, abi.ioctl_gntdev_get_offset_for_vaddr),
        "set_max_grants": (3, abi.ioctl_gntdev_set_max_grants),
        "set_unmap_notify": (7, abi.ioctl_gntdev_unmap_notify),
        "grant_copy": (8, abi.ioctl_gntdev_grant_copy),
        "dmabuf_exp_from_refs": (9, abi.ioctl_gntdev_dmabuf_exp_from_refs),
        "dmabuf_exp_wait_released": (10, abi.ioctl_gntdev_dmabuf_exp_wait_released),
        "dmabuf_imp_to_refs": (11, abi.ioctl_gntdev_dmabuf_imp_to_refs),
        "dmabuf_imp_release": (12, abi.ioctl_gntdev_dmabuf_imp_release),
    },
    Gntalloc: {
        "alloc_gref": (5, alloc_abi.ioctl_gntalloc_alloc_gref),
        "dealloc_gref": (6, alloc_abi.ioctl_gntalloc_dealloc_gref),
        "set_unmap_notify": (7, alloc_abi.ioctl_gntalloc_unmap_notify),
    },
}
TABLES = {Gntdev: (GNTDEV, abi, "GNTDEV"), Gntalloc: (GNTALLOC, alloc_abi, "GNTALLOC")}
EACH = [(device, name) for device, rows in HEADER.items() for name in rows]

#: Each method, with arguments that a good descriptor would take, and what the driver then gets.
CALLS = {
    (Gntdev, "map_grant_ref"): (
        lambda h: h.map_grant_ref([(1, 8)]),
        {"count": 1, "index": 0},
    ),
    (Gntdev, "unmap_grant_ref"): (
        lambda h: h.unmap_grant_ref(0x1000, 3),
        {"index": 0x1000, "count": 3},
    ),
    (Gntdev, "get_offset_for_vaddr"): (
        lambda h: h.get_offset_for_vaddr(0x1234),
        {"vaddr": 0x1234},
    ),
    (Gntdev, "set_max_grants"): (lambda h: h.set_max_grants(5), {"count": 5}),
    (Gntdev, "set_unmap_notify"): (
        lambda h: h.set_unmap_notify(0x1001, 3, 9),
        {"index": 0x1001, "action": 3, "event_channel_port": 9},
    ),
    (Gntdev, "grant_copy"): (lambda h: h.grant_copy(bytearray(48)), {"count": 2}),
    (Gntdev, "dmabuf_exp_from_refs"): (
        lambda h: h.dmabuf_exp_from_refs(2, [8], flags=1),
        {"flags": 1, "count": 1, "domid": 2},
    ),
    (Gntdev, "dmabuf_exp_wait_released"): (
        lambda h: h.dmabuf_exp_wait_released(7, 250),
        {"fd": 7, "wait_to_ms": 250},
    ),
    (Gntdev, "dmabuf_imp_to_refs"): (
        lambda h: h.dmabuf_imp_to_refs(7, 1, 2),
        {"fd": 7, "count": 1, "domid": 2, "reserved": 0},
    ),
    (Gntdev, "dmabuf_imp_release"): (lambda h: h.dmabuf_imp_release(7), {"fd": 7, "reserved": 0}),
    (Gntalloc, "alloc_gref"): (
        lambda h: h.alloc_gref(2, 1, flags=1),
        {"domid": 2, "flags": 1, "count": 1},
    ),
    (Gntalloc, "dealloc_gref"): (lambda h: h.dealloc_gref(0x2000, 1), {"index": 0x2000, "count": 1}),
    (Gntalloc, "set_unmap_notify"): (
        lambda h: h.set_unmap_notify(0x1001, 2, 9),
        {"index": 0x1001, "action": 2, "event_channel_port": 9},
    ),
}


def test_the_tables_name_every_ioctl_of_the_headers():
    for device, (table, header, name) in TABLES.items():
        prefix = f"IOCTL_{name}_"
        known = {n.removeprefix(prefix).lower() for n in vars(header) if n.startswith(prefix)}
        assert table.keys() == HEADER[device].keys() == known
    assert set(CALLS) == set(EACH)


@pytest.mark.parametrize(("device", "name"), EACH)
def test_a_number_is_the_generated_one_and_can_be_rebuilt(device, name):
    table, header, prefix = TABLES[device]
    number, structure = HEADER[device][name]
    size = ctypes.sizeof(structure)
    assert table[name] == (size << 16 | ord("G") << 8 | number, size)
    assert table[name][0] == getattr(header, f"IOCTL_{prefix}_{name.upper()}")


@pytest.mark.parametrize(("device", "name"), EACH)
def test_on_a_descriptor_that_is_not_open_is_EBADF(device, name):
    handle = device.adopt(1_000_000, host(), close=False)
    with pytest.raises(xensys.XenError) as caught:
        CALLS[device, name][0](handle)
    assert caught.value.errno == errno.EBADF


@pytest.mark.parametrize(("device", "name"), EACH)
@pytest.mark.parametrize("path", ["/dev/null", "/proc/self/status"])
def test_on_another_file_is_ENOTTY(device, name, path):
    with device.adopt(os.open(path, os.O_RDONLY), host()) as handle:
        with pytest.raises(xensys.NotSupportedError) as caught:
            CALLS[device, name][0](handle)
        assert caught.value.errno == errno.ENOTTY
        assert caught.value.call == f"IOCTL_{TABLES[device][2]}_{name.upper()}"
        assert caught.value.via == handle.path


@pytest.mark.parametrize(("device", "name"), EACH)
def test_on_a_closed_handle_is_a_ValueError(device, name):
    handle = device.adopt(os.open("/dev/null", os.O_RDONLY), host())
    handle.close()
    with pytest.raises(ValueError, match="closed"):
        CALLS[device, name][0](handle)


class Recorder:
    """A kernel that writes down what it is asked."""

    simulated = True
    machine = "x86_64"
    page_size = 4096

    def __init__(self):
        self.seen: list[tuple[int, bytes]] = []

    def close(self, fd):
        pass

    def ioctl(self, fd, request, arg):
        self.seen.append((request, bytes(arg)))
        return 0


@pytest.mark.parametrize(("device", "name"), EACH)
def test_the_argument_is_the_structure(device, name):
    kernel = Recorder()
    call, fields = CALLS[device, name]
    with device.adopt(7, kernel, close=False) as handle:
        call(handle)
    ((request, raw),) = kernel.seen
    number, structure = HEADER[device][name]
    assert request == TABLES[device][0][name][0]
    assert len(raw) >= ctypes.sizeof(structure)
    arg = structure.from_buffer_copy(raw)
    assert {field: getattr(arg, field) for field in fields} == fields
    assert number == request & 0xFF


def test_arrays_follow_the_structure():
    kernel = Recorder()
    with Gntdev.adopt(7, kernel, close=False) as handle:
        handle.map_grant_ref([(1, 8), (2, 9), (3, 10)])
        handle.dmabuf_exp_from_refs(2, [8, 9, 10])
    with Gntalloc.adopt(7, kernel, close=False) as handle:
        assert handle.alloc_gref(2, 5)[1] == (0,) * 5
    (_, maps), (_, export), (_, alloc) = kernel.seen
    assert len(maps) == 16 + 3 * 8
    assert memoryview(maps)[16:].cast("I").tolist() == [1, 8, 2, 9, 3, 10]
    assert memoryview(export)[16:].cast("I").tolist() == [8, 9, 10]
    # Room for every reference that the driver writes.
    assert len(alloc) == 16 + 5 * 4


def test_what_does_not_fit_names_its_field():
    with Gntdev.adopt(7, Recorder(), close=False) as handle:
        with pytest.raises(OverflowError, match=r"map_grant_ref.refs\[1\].domid"):
            handle.map_grant_ref([(0, 1), (-1, 1)])
        with pytest.raises(OverflowError, match=r"exp_from_refs.refs\[1\]"):
            handle.dmabuf_exp_from_refs(0, [1, 1 << 32])
        with pytest.raises(OverflowError, match="unmap_notify.index"):
            handle.set_unmap_notify(-1, 0)
        with pytest.raises(OverflowError, match="imp_to_refs.count"):
            handle.dmabuf_imp_to_refs(0, 1 << 32, 0)
        with pytest.raises(ValueError, match="no multiple of 24"):
            handle.grant_copy(bytearray(25))
    handle = Gntalloc.adopt(7, Recorder(), close=False)
    # The driver would write that many references, wherever they end.
    with pytest.raises(OverflowError, match="alloc_gref.count"):
        handle.alloc_gref(0, (1 << 20) + 1)
    handle.close()


def test_segments_are_written_in_place():
    segments = bytearray(24)

    class Driver(Recorder):
        def ioctl(self, fd, request, arg):
            at = abi.ioctl_gntdev_grant_copy.from_buffer_copy(arg).segments
            assert at == address_of(segments)
            return 0

    with Gntdev.adopt(7, Driver(), close=False) as handle:
        handle.grant_copy(segments)
