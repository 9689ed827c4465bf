"""xen.hypercall(): any hypercall, words as they are."""

from __future__ import annotations

import ctypes
import errno
import threading

import pytest

import xensys
from xensys.abi import memory, version


@pytest.mark.parametrize("op", [11, 43, 63])
def test_hypercall_that_is_not_there_is_ENOSYS(world, op):
    with pytest.raises(xensys.NotSupportedError) as caught:
        world.xen.hypercall(op)
    assert caught.value.errno == errno.ENOSYS
    assert caught.value.call == f"hypercall {op}"
    assert "IOCTL_PRIVCMD_HYPERCALL" in caught.value.via


def test_bare_integers_go_as_they_are(world):
    number = world.xen.hypercall(17, version.XENVER_version)
    assert (number >> 16, number & 0xFFFF) == world.target.xen


def test_none_is_a_null_pointer(world):
    assert world.xen.hypercall(17, version.XENVER_pagesize, None) == 4096


def test_buffer_goes_by_address_and_xen_writes_into_it(world):
    with world.xen.buffers.alloc(1024) as buffer:
        assert world.xen.hypercall(17, version.XENVER_capabilities, buffer) == 0
        text = buffer[:].partition(b"\0")[0].decode()
    assert tuple(text.split()) == world.xen.xen_version.capabilities()


def test_structure_in_place_is_filled_in_place(world):
    info = world.xen.buffers.new(version.xen_feature_info)
    assert world.xen.hypercall(17, version.XENVER_get_features, info) == 0
    assert info.submap == world.xen.xen_version.get_features()


def test_address_as_an_integer_is_the_same_as_the_buffer(world):
    with world.xen.buffers.alloc(16) as buffer:
        assert world.xen.hypercall(17, version.XENVER_extraversion, buffer.address) == 0
        assert buffer[:].partition(b"\0")[0].decode() == world.xen.xen_version.extraversion()


@pytest.mark.parametrize(
    "word", [b"12345678", bytearray(8), ctypes.c_uint64(0), (ctypes.c_char * 8)(), "8", 1.5],
    ids=["bytes", "bytearray", "simple", "array", "text", "float"],
)  # fmt: skip
def test_memory_that_is_no_buffer_is_refused_and_not_given_to_xen(world, word):
    with pytest.raises(TypeError):
        world.xen.hypercall(17, version.XENVER_extraversion, word)


def test_ordinary_structure_is_refused_with_the_way_out(world):
    with pytest.raises(TypeError, match=r"xen.buffers.new\(xen_feature_info\)"):
        world.xen.hypercall(17, version.XENVER_get_features, version.xen_feature_info())


def test_freed_buffer_is_refused(world):
    buffer = world.xen.buffers.alloc(16)
    buffer.free()
    with pytest.raises(ValueError, match="freed"):
        world.xen.hypercall(17, version.XENVER_extraversion, buffer)


def test_unmapped_address_is_EFAULT_and_no_crash(world):
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hypercall(17, version.XENVER_extraversion, 0x1000)
    assert caught.value.errno == errno.EFAULT


def test_six_arguments_are_too_many(world):
    with pytest.raises(TypeError, match="at most 5"):
        world.xen.hypercall(17, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("word", [1 << 64, -(1 << 63) - 1])
def test_word_that_does_not_fit_is_an_overflow(world, word):
    with pytest.raises(OverflowError, match="privcmd_hypercall"):
        world.xen.hypercall(17, word)


def test_negative_word_is_as_c_passes_it(world):
    # memory_op's command as -1: all of its bits, so no sub-operation that exists.
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hypercall(12, -1, None)
    assert caught.value.errno in (errno.ENOSYS, errno.EINVAL)


def test_result_has_all_its_bits(world):
    # ioctl() returns a C int; this goes another way, which must agree with it.
    privcmd = world.xen.privcmd
    for op, command in ((17, version.XENVER_version), (12, memory.XENMEM_maximum_ram_page)):
        assert privcmd.hypercall_long(op, command) == privcmd.hypercall(op, command)


def test_error_of_the_64_bit_way_is_an_errno_too(world):
    with pytest.raises(OSError) as caught:
        world.xen.privcmd.hypercall_long(63)
    assert caught.value.errno == errno.ENOSYS


def test_fresh_memory_of_every_size_can_be_written_by_xen(world):
    # On arm64 Xen refuses a page that was never written since it was mapped.
    xen = xensys.open(kernel=world.kernel)
    try:
        held = []
        for size in (16, 4096, 4097, 70 * 4096, 16):
            buffer = xen.buffers.alloc(size)
            held.append(buffer)
            for at in {0, max(size - 16, 0)}:
                assert xen.hypercall(17, version.XENVER_extraversion, buffer.address + at) == 0
                assert buffer[at] != 0
        for buffer in held:
            buffer.free()
    finally:
        xen.close()


def test_many_threads_make_hypercalls_at_once(world):
    xen = world.xen
    expected = (xen.xen_version.capabilities(), xen.xen_version.version())
    wrong: list[object] = []

    def work() -> None:
        try:
            for _ in range(30):
                got = (xen.xen_version.capabilities(), xen.xen_version.version())
                if got != expected:
                    wrong.append(got)
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_closed_xen_raises_value_error(world):
    xen = world.open()
    xen.xen_version.version()
    xen.close()
    for call in (lambda: xen.hypercall(17, 0), xen.version, lambda: xen.buffers.alloc(8)):
        with pytest.raises(ValueError, match="closed"):
            call()
    xen.close()


def test_family_kept_over_close_raises_value_error(world):
    xen = world.open()
    family = xen.xen_version
    family.version()
    xen.close()
    with pytest.raises(ValueError, match="closed"):
        family.version()
