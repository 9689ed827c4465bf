"""Every foreign-map (and hypercall) bug found in other implementations, by name.

Each docstring says whose it is: sections of reference/peers.md.
"""

from __future__ import annotations

import errno
import gc
import threading
from array import array

import pytest

import xensys
from tests.contract.worlds import FRAME, NEVER
from xensys.abi import version


def stamped(world, count: int) -> list[int]:
    frames = list(world.paused.frames(count))
    with world.xen.foreign.map(world.paused.domid, frames, write=True) as mapping:
        for index, frame in enumerate(frames):
            mapping[index * FRAME : index * FRAME + 8] = frame.to_bytes(8, "little")
    return frames


def check(mapping, frames) -> None:
    for index, frame in enumerate(frames):
        assert int.from_bytes(mapping[index * FRAME : index * FRAME + 8], "little") == frame


@pytest.mark.needs("paging")
def test_peer_bug_trailing_page_after_a_paged_run(world):
    """xen-ioctls xfm.rs:155-188: asks for one page too many unless the run is the tail (§2.3)."""
    frames = stamped(world, 8)
    world.page_out(world.paused, frames[2:4], for_calls=2)
    with world.xen.foreign.map(world.paused.domid, frames) as mapping:
        check(mapping, frames)
    assert world.mapped_ranges() == []


@pytest.mark.needs("paging")
def test_peer_bug_sign_of_enoent(world):
    """krata xencall lib.rs:298, 315: compares with +ENOENT where the driver stores -ENOENT (§5.1)."""
    frames = stamped(world, 4)
    world.page_out(world.paused, frames[:1], for_calls=1)
    with world.xen.foreign.map(world.paused.domid, frames) as mapping:
        check(mapping, frames)


@pytest.mark.needs("paging")
def test_peer_bug_endless_loop_over_a_paged_tail(world):
    """krata xencall lib.rs:312-320: no way out of the inner loop once i reaches num (§5.1)."""
    frames = stamped(world, 4)
    world.page_out(world.paused, frames[3:], for_calls=1)
    with world.xen.foreign.map(world.paused.domid, frames) as mapping:
        check(mapping, frames)


@pytest.mark.needs("paging")
def test_peer_bug_paged_frames_are_never_asked_for_again(world):
    """vm-memory xen.rs:624-641 and xen-unix foreign.rs: no retry after ENOENT (§4.1, §3.2)."""
    frames = stamped(world, 4)
    world.page_out(world.paused, frames, for_calls=3)
    with world.xen.foreign.map(world.paused.domid, frames) as mapping:
        check(mapping, frames)


def test_peer_bug_single_int_error_array(world):
    """xen-unix foreign.rs: the address of one int as err[] for many pages (§3.2)."""
    privcmd = world.xen.privcmd
    frames = array("Q", world.paused.frames(64))
    with pytest.raises(ValueError, match="256 bytes of errors, not 4"):
        privcmd.mmapbatch_v2(world.paused.domid, 0, frames, bytearray(4))
    # And above that layer: as many frames as it takes to overrun a small array.
    with world.xen.foreign.map(world.paused.domid, world.paused.frames(1024)) as mapping:
        assert len(mapping) == 1024 * FRAME


def test_peer_bug_errors_ignored_on_ioctl_success(world):
    """xen-ioctls xfm.rs:249, vm-memory xen.rs:624, krata lib.rs:341: 0 is success (§2.3, §4.1, §5.1)."""
    frames = list(world.paused.frames(3))
    frames[1] = world.paused.hole
    with pytest.raises(xensys.ForeignMapError) as caught:
        world.xen.foreign.map(world.paused.domid, frames)
    assert caught.value.errors == {world.paused.hole: errno.EINVAL}


def test_peer_bug_dead_domain_is_a_map_that_crashes_when_touched(world):
    """vm-memory xen.rs:624-641: all frames failed, ret 0, SIGBUS at the first access (§4.1)."""
    with pytest.raises(xensys.ForeignMapError):
        world.xen.foreign.map(NEVER, [1, 2])
    with world.xen.foreign.map(NEVER, [1, 2], partial=True) as found:
        with pytest.raises(xensys.ForeignMapError):
            found[0]
        assert found.runs == ()


def test_peer_bug_mapping_leaked_on_failure(world):
    """xen-ioctls xfm.rs:251-256: error paths never unmap (§2.3)."""
    frames = list(world.paused.frames(300))
    frames[299] = world.paused.hole
    for _ in range(20):
        with pytest.raises(xensys.ForeignMapError):
            world.xen.foreign.map(world.paused.domid, frames)
    gc.collect()
    assert world.mapped_ranges() == []


def test_peer_bug_mapping_leaked_on_a_refused_ioctl(world):
    """xen-ioctls xfm.rs:105: the clean-up's condition is inverted (§2.3)."""
    with pytest.raises(OverflowError):
        world.xen.foreign.map(1 << 20, [1])
    assert world.mapped_ranges() == []


def test_peer_bug_protection_ignored(world):
    """xen-ioctls xfm.rs:81 and xen-unix foreign.rs: always read-write (§2.3, §3.2)."""
    with world.xen.foreign.map(world.paused.domid, world.paused.frames(1)) as mapping:
        (line,) = world.mapped_ranges()
        assert line.split()[1].startswith("r--")
        assert not mapping.writable
    with world.xen.foreign.map(world.paused.domid, world.paused.frames(1), write=True):
        (line,) = world.mapped_ranges()
        assert line.split()[1].startswith("rw-")


def test_peer_bug_positive_hypercall_result_taken_for_an_error(world):
    """xen-ioctls private.rs:200: `ret == 0` is the only success, else a stale errno (§2.3)."""
    assert world.xen.hypercall(17, version.XENVER_version) > 0
    assert world.xen.memory_op.maximum_ram_page() > 0


def test_peer_bug_stack_pointers_given_to_xen(world):
    """krata xencall lib.rs:79-83 and on: addresses of stack and heap go to Xen (§5.1).

    The simulator records every argument that is not hypercall memory, and the
    `world` fixture fails the test for it; on real Xen the refusals count.
    """
    xen = world.xen
    xen.version()
    xen.features()
    xen.memory_op.current_reservation()
    xen.grant_table_op.query_size()
    xen.hvm_op.get_param(world.running.domid, 1)
    for memory in (bytearray(64), memoryview(bytearray(64)), (version.xen_feature_info * 2)()):
        with pytest.raises(TypeError):
            xen.hypercall(17, version.XENVER_get_features, memory)
        request = xen.buffers.new(xensys.abi.memory.xen_memory_map)
        with pytest.raises(TypeError):
            request.buffer = memory


def test_peer_bug_argument_freed_while_xen_writes_to_it(world):
    """krata xencall: dropping the future frees the structure under a hypercall (§5.1).

    Here: another thread that frees the buffer meanwhile gets a BufferError, or
    the memory goes after the call; either way nobody else gets it before.
    """
    xen = world.xen
    wrong: list[object] = []
    stop = threading.Event()

    def call(buffer) -> None:
        while not stop.is_set():
            try:
                xen.hypercall(17, version.XENVER_capabilities, buffer)
            except ValueError:
                return

    for _ in range(10):
        stop.clear()
        buffer = xen.buffers.alloc(1024)
        thread = threading.Thread(target=call, args=(buffer,))
        thread.start()
        try:
            while not buffer.freed:
                try:
                    buffer.free()
                except BufferError:
                    continue
            for _ in range(5):
                with xen.buffers.alloc(1024) as other:
                    if other[:] != bytes(1024):
                        wrong.append("Xen wrote into somebody else's memory")
        finally:
            stop.set()
            thread.join()
    assert wrong == []


def test_peer_bug_a_descriptor_for_every_call(world):
    """xen-ioctls private.rs:187-191, xfm.rs:32: opens the devices for each call (§2.3)."""
    xen = world.xen
    xen.version()
    privcmd = xen.privcmd
    fd = privcmd.fileno()
    for _ in range(3):
        xen.version()
        xen.foreign.map(world.paused.domid, world.paused.frames(1)).close()
    assert xen.privcmd is privcmd
    assert privcmd.fileno() == fd


def test_peer_bug_errno_thrown_away(world):
    """xen-unix hypercall/mod.rs; krata issue #146: "EINVAL" without which call or why (§3.2, §5.1)."""
    with pytest.raises(xensys.XenError) as caught:
        world.xen.hvm_op.get_param(world.paused.domid, 39)
    text = str(caught.value)
    for word in ("hvm_op(HVMOP_get_param)", "Errno 22", f"domid={world.paused.domid}", "index="):
        assert word in text
    assert "/dev/xen/privcmd" in text or "/proc/xen/privcmd" in text


def test_peer_bug_results_that_fill_the_buffer_exactly(world):
    """xen-ioctls private.rs:159: panics if the result fills its page to the last byte (§2.3)."""
    with world.xen.buffers.alloc(4096) as buffer:
        at = buffer.address + 4096 - 1024
        assert world.xen.hypercall(17, version.XENVER_capabilities, at) == 0
        assert buffer[4096 - 1024] != 0


def test_peer_bug_clones_that_unmap_twice(world):
    """vm-memory xen.rs:392-423: a copy of a mapping unmaps it as well (§4.1)."""
    import copy
    import pickle

    with world.xen.foreign.map(world.paused.domid, world.paused.frames(1)) as mapping:
        for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError):
                attempt(mapping)
        assert len(mapping[:]) == FRAME
    buffer = world.xen.buffers.alloc(16)
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            attempt(buffer)
    buffer.free()


def test_peer_bug_frames_counted_in_pages_of_the_host(world):
    """vm-memory xen.rs:478-484: uses the host's page size for frames (§4.1)."""
    with world.xen.foreign.map(world.paused.domid, world.paused.frames(3)) as mapping:
        assert len(mapping) == 3 * 4096
    with world.xen.resources.map(world.paused.domid, 1, 0, frames=3) as mapping:
        assert len(mapping) == 3 * 4096


def test_peer_bug_only_consecutive_frames(world):
    """vm-memory xen.rs:730: no scatter list (§4.1)."""
    frames = stamped(world, 6)
    scattered = [frames[index] for index in (5, 0, 3, 3, 1)]
    with world.xen.foreign.map(world.paused.domid, scattered) as mapping:
        check(mapping, scattered)
