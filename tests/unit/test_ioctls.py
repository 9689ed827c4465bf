"""The table of ioctls, against the generated structures; every method on bad descriptors."""

from __future__ import annotations

import ctypes
import errno
import os
from array import array

import pytest

import xensys
from xensys.abi import privcmd as abi
from xensys.devices._ioctls import PRIVCMD
from xensys.devices.privcmd import Privcmd
from xensys.kernel import host
from xensys.kernel.pointers import address_of

# include/uapi/asm-generic/ioctl.h
NONE, WRITE = 0, 1


def ioc(direction: int, kind: str, number: int, size: int) -> int:
    return direction << 30 | size << 16 | ord(kind) << 8 | number


#: name in the table: (direction, number, structure or its size, name in the header)
HEADER = {
    "hypercall": (NONE, 0, abi.privcmd_hypercall, "HYPERCALL"),
    "mmap": (NONE, 2, abi.privcmd_mmap, "MMAP"),
    "mmapbatch": (NONE, 3, abi.privcmd_mmapbatch, "MMAPBATCH"),
    "mmapbatch_v2": (NONE, 4, abi.privcmd_mmapbatch_v2, "MMAPBATCH_V2"),
    "dm_op": (NONE, 5, abi.privcmd_dm_op, "DM_OP"),
    "restrict": (NONE, 6, ctypes.c_uint16, "RESTRICT"),
    "mmap_resource": (NONE, 7, abi.privcmd_mmap_resource, "MMAP_RESOURCE"),
    "irqfd": (WRITE, 8, abi.privcmd_irqfd, "IRQFD"),
    "ioeventfd": (WRITE, 9, abi.privcmd_ioeventfd, "IOEVENTFD"),
    "pcidev_get_gsi": (NONE, 10, abi.privcmd_pcidev_get_gsi, "PCIDEV_GET_GSI"),
}


def test_table_names_every_ioctl_of_the_header():
    known = {name.removeprefix("IOCTL_PRIVCMD_") for name in vars(abi) if "IOCTL" in name}
    assert {name for *_, name in HEADER.values()} == known
    assert PRIVCMD.keys() == HEADER.keys()


@pytest.mark.parametrize("method", PRIVCMD)
def test_number_is_the_generated_one_and_can_be_rebuilt(method):
    direction, number, structure, name = HEADER[method]
    size = ctypes.sizeof(structure)
    assert PRIVCMD[method] == (ioc(direction, "P", number, size), size)
    assert PRIVCMD[method][0] == getattr(abi, f"IOCTL_PRIVCMD_{name}")


def calls(privcmd: Privcmd):
    """Each method, with arguments that a good descriptor would take."""
    return {
        "hypercall": lambda: privcmd.hypercall(17, 0),
        "hypercall_long": lambda: privcmd.hypercall_long(17, 0),
        "mmap": lambda: privcmd.mmap(1, [(0x1000, 2, 3)]),
        "mmapbatch": lambda: privcmd.mmapbatch(1, 0x1000, array("Q", [1])),
        "mmapbatch_v2": lambda: privcmd.mmapbatch_v2(1, 0x1000, array("Q", [1]), bytearray(4)),
        "dm_op": lambda: privcmd.dm_op(1, [bytearray(8)]),
        "restrict": lambda: privcmd.restrict(1),
        "mmap_resource": lambda: privcmd.mmap_resource(1, 1, 0, 0, 0, 0),
        "irqfd": lambda: privcmd.irqfd(1, 0, b"12345678"),
        "ioeventfd": lambda: privcmd.ioeventfd(
            1, 0, ioreq=0, ports=array("I", [1]), address=0, length=4, queue=0, hazardous=True
        ),
        "pcidev_get_gsi": lambda: privcmd.pcidev_get_gsi(0),
    }


NAMES = tuple(calls(None))  # type: ignore[arg-type]


def test_every_ioctl_is_tried():
    assert set(NAMES) == PRIVCMD.keys() | {"hypercall_long"}


@pytest.mark.parametrize("name", NAMES)
def test_on_a_descriptor_that_is_not_open_is_EBADF(name):
    handle = Privcmd.adopt(1_000_000, host(), close=False)
    with pytest.raises(OSError) as caught:
        calls(handle)[name]()
    assert caught.value.errno == errno.EBADF


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("path", ["/dev/null", "/proc/self/status"])
def test_on_another_file_is_ENOTTY(name, path):
    with Privcmd.adopt(os.open(path, os.O_RDONLY), host()) as handle:
        with pytest.raises(OSError) as caught:
            calls(handle)[name]()
        assert caught.value.errno == errno.ENOTTY
        if not name.startswith("hypercall"):
            assert isinstance(caught.value, xensys.NotSupportedError)
            assert caught.value.call == f"IOCTL_PRIVCMD_{HEADER[name][3]}"
            assert caught.value.via == handle.path


class Recorder:
    """A kernel that writes down what it is asked, and lets a test answer."""

    simulated = True
    machine = "x86_64"
    page_size = 4096

    def __init__(self, answer=None):
        self.seen: list[tuple[int, bytes]] = []
        self._answer = answer

    def close(self, fd):
        pass

    def ioctl(self, fd, request, arg):
        self.seen.append((request, bytes(arg)))
        return self._answer(arg) if self._answer else 0

    ioctl_long = ioctl


def recorded(call, structure, answer=None):
    """The argument that `call` made, as the structure it is meant to be."""
    kernel = Recorder(answer)
    with Privcmd.adopt(7, kernel, close=False) as handle:
        call(handle)
    ((request, raw),) = kernel.seen
    assert len(raw) == ctypes.sizeof(structure)
    return request, structure.from_buffer_copy(raw)


def test_hypercall_argument():
    for method in ("hypercall", "hypercall_long"):
        request, arg = recorded(
            lambda h, m=method: getattr(h, m)(0x11, 1, 2, 3, 4, 5), abi.privcmd_hypercall
        )
        assert request == abi.IOCTL_PRIVCMD_HYPERCALL
        assert (arg.op, list(arg.arg)) == (0x11, [1, 2, 3, 4, 5])


def test_hypercall_argument_negative_as_c_passes_it():
    _, arg = recorded(lambda h: h.hypercall(12, -1, -(1 << 63)), abi.privcmd_hypercall)
    assert list(arg.arg) == [(1 << 64) - 1, 1 << 63, 0, 0, 0]


def test_mmap_argument():
    def see(arg):
        at = int.from_bytes(arg[8:16], "little")
        entries.extend((abi.privcmd_mmap_entry * 2).from_address(at))
        seen.append([(entry.va, entry.mfn, entry.npages) for entry in entries])
        return 0

    entries: list[abi.privcmd_mmap_entry] = []
    seen: list[object] = []
    _, arg = recorded(lambda h: h.mmap(9, [(0x1000, 2, 3), (0x4000, 5, 1)]), abi.privcmd_mmap, see)
    assert (arg.num, arg.dom) == (2, 9)
    assert seen == [[(0x1000, 2, 3), (0x4000, 5, 1)]]


def test_mmapbatch_argument():
    frames = array("Q", [1, 2, 3])
    _, arg = recorded(lambda h: h.mmapbatch(9, 0x5000, frames), abi.privcmd_mmapbatch)
    assert (arg.num, arg.dom, arg.addr, arg.arr) == (3, 9, 0x5000, address_of(frames))


def test_mmapbatch_v2_argument():
    frames, errors = array("Q", [1, 2, 3]), bytearray(12)
    _, arg = recorded(lambda h: h.mmapbatch_v2(9, 0x5000, frames, errors), abi.privcmd_mmapbatch_v2)
    assert (arg.num, arg.dom, arg.addr) == (3, 9, 0x5000)
    assert (arg.arr, arg.err) == (address_of(frames), address_of(errors))


def test_dm_op_argument():
    one, two = bytearray(8), bytearray(40)
    seen: list[object] = []

    def see(arg):
        at = int.from_bytes(arg[8:16], "little")
        buffers = (abi.privcmd_dm_op_buf * 2).from_address(at)
        seen.extend((buffer.uptr, buffer.size) for buffer in buffers)
        return 5

    _, arg = recorded(lambda h: seen.append(h.dm_op(9, [one, two])), abi.privcmd_dm_op, see)
    assert (arg.dom, arg.num) == (9, 2)
    assert seen == [(address_of(one), 8), (address_of(two), 40), 5]


def test_dm_op_refuses_read_only_memory():
    with pytest.raises(BufferError):
        recorded(lambda h: h.dm_op(9, [b"12345678"]), abi.privcmd_dm_op)


def test_restrict_argument():
    request, arg = recorded(lambda h: h.restrict(0x1234), ctypes.c_uint16)
    assert (request, arg.value) == (abi.IOCTL_PRIVCMD_RESTRICT, 0x1234)


def test_mmap_resource_argument_and_result():
    def answer(arg):
        arg[16:24] = (77).to_bytes(8, "little")
        return 0

    got: list[int] = []
    _, arg = recorded(
        lambda h: got.append(h.mmap_resource(9, 1, 2, 3, 4, 0x5000)),
        abi.privcmd_mmap_resource,
        answer,
    )
    assert (arg.dom, arg.type, arg.id, arg.idx, arg.num, arg.addr) == (9, 1, 2, 3, 4, 0x5000)
    assert got == [77]


def test_irqfd_argument():
    op = b"12345678"
    _, arg = recorded(lambda h: h.irqfd(9, 4, op, flags=1), abi.privcmd_irqfd)
    assert (arg.dm_op, arg.size, arg.fd, arg.flags, arg.dom) == (address_of(op), 8, 4, 1, 9)


def test_ioeventfd_argument():
    ports = array("I", [1, 2, 3])
    _, arg = recorded(
        lambda h: h.ioeventfd(
            9, 4, ioreq=0x7000, ports=ports, address=0x200_0000, length=8, queue=6, flags=1,
            hazardous=True,
        ),
        abi.privcmd_ioeventfd,
    )  # fmt: skip
    assert (arg.ioreq, arg.ports, arg.addr, arg.addr_len) == (
        0x7000, address_of(ports), 0x200_0000, 8,
    )  # fmt: skip
    assert (arg.event_fd, arg.vcpus, arg.vq, arg.flags, arg.dom) == (4, 3, 6, 1, 9)


def test_ioeventfd_without_the_flag_is_a_hazard_and_not_asked():
    kernel = Recorder()
    with (
        Privcmd.adopt(7, kernel, close=False) as handle,
        pytest.raises(xensys.HazardError, match="hazardous=True"),
    ):
        handle.ioeventfd(1, 2, ioreq=0, ports=array("I", [1]), address=0, length=4, queue=0)
    assert kernel.seen == []


def test_pcidev_get_gsi_argument_and_result():
    def answer(arg):
        arg[4:8] = (33).to_bytes(4, "little")
        return 0

    got: list[int] = []
    _, arg = recorded(lambda h: got.append(h.pcidev_get_gsi(0x1F00)), abi.privcmd_pcidev_get_gsi, answer)
    assert (arg.sbdf, arg.gsi, got) == (0x1F00, 0, [33])


OVERFLOWS = {
    "hypercall": lambda h: h.hypercall(1 << 64),
    "hypercall-arg": lambda h: h.hypercall(1, 2, 3, 4, 5, 1 << 64),
    "mmap-domid": lambda h: h.mmap(1 << 16, ()),
    "mmap-va": lambda h: h.mmap(1, [(1 << 64, 1, 1)]),
    "mmap-mfn": lambda h: h.mmap(1, [(1, -1, 1)]),
    "mmapbatch": lambda h: h.mmapbatch(-1, 0, array("Q", [1])),
    "mmapbatch-addr": lambda h: h.mmapbatch(1, -1, array("Q", [1])),
    "mmapbatch_v2": lambda h: h.mmapbatch_v2(1 << 16, 0, array("Q", [1]), bytearray(4)),
    "dm_op": lambda h: h.dm_op(1 << 16, ()),
    "dm_op-count": lambda h: h.dm_op(1, [bytearray(1)] * (1 << 16)),
    "restrict": lambda h: h.restrict(1 << 16),
    "mmap_resource": lambda h: h.mmap_resource(1, 1 << 32, 0, 0, 0, 0),
    "irqfd": lambda h: h.irqfd(1, -1, b"12345678"),
    "ioeventfd": lambda h: h.ioeventfd(
        1, 1, ioreq=1, ports=array("I", [1]), address=1 << 64, length=1, queue=1, hazardous=True
    ),
    "pcidev_get_gsi": lambda h: h.pcidev_get_gsi(1 << 32),
}


@pytest.mark.parametrize("name", OVERFLOWS)
def test_what_does_not_fit_is_an_overflow_and_not_asked(name):
    kernel = Recorder()
    with (
        Privcmd.adopt(7, kernel, close=False) as handle,
        pytest.raises(OverflowError, match=r"privcmd_\w+\.|restrict\.domid"),
    ):
        OVERFLOWS[name](handle)
    assert kernel.seen == []


@pytest.mark.parametrize("value", ["1", 1.0, None, b"1"])
def test_what_is_no_integer_is_a_type_error(value):
    kernel = Recorder()
    with Privcmd.adopt(7, kernel, close=False) as handle:
        for call in (
            lambda: handle.restrict(value),
            lambda: handle.hypercall(17, value),
            lambda: handle.mmap_resource(value, 1, 0, 0, 0, 0),
        ):
            with pytest.raises(TypeError):
                call()
    assert kernel.seen == []


@pytest.mark.parametrize("frames", [b"1234567", array("I", [1])])
def test_frames_that_are_no_multiple_of_8_bytes_are_refused(frames):
    with Privcmd.adopt(7, Recorder(), close=False) as handle, pytest.raises(ValueError, match="frames"):
        handle.mmapbatch_v2(1, 0, frames, bytearray(4))


def test_hypercall_numbers_are_the_headers():
    from xensys.abi import xen
    from xensys.hypercalls import _call

    for name in ("memory_op", "xen_version", "grant_table_op", "hvm_op"):
        assert getattr(_call, name.upper()) == getattr(xen, f"HYPERVISOR_{name}")
        assert _call._name(getattr(_call, name.upper())) == name
    assert _call.DOMID_SELF == xen.DOMID_SELF
    assert _call._name(63) == "hypercall 63"
