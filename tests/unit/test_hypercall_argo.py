"""argo_op, with a simulated Xen that has it: rings, senders and what goes wrong."""

from __future__ import annotations

import errno
import os
import struct

import pytest

import xensys
from xensys.hypercalls.argo_op import DOMID_ANY, ArgoMessage, ArgoRing, RingData, ring_pages
from xensys.memory.rings import RingError
from xensys.sim import Machine
from xensys.sim.errors import SimulatorMisuse

PORT, LENGTH = 0x51, 4096 - 64
GUEST = 1


def refused(number):
    return pytest.raises(xensys.XenError, match=rf"Errno {number}\]")


class Both:
    """dom0, which has a ring in its own memory, and a guest that sends to it."""

    def __init__(self, **options):
        self.machine = Machine(argo="on", **options)
        self.dom0 = xensys.Xen(self.machine.dom0)
        kernel = self.machine.domains[GUEST].kernel(unrestricted=True)
        self.guest = xensys.Xen(kernel)
        self.receiver, self.sender = self.dom0.argo_op, self.guest.argo_op
        self._buffers = []

    def alloc(self, size):
        """A buffer of dom0's, freed after the test."""
        buffer = self.dom0.buffers.alloc(size)
        self._buffers.append(buffer)
        return buffer

    def ring(self, length=LENGTH, partner=GUEST, port=PORT):
        """Register a ring in dom0's buffers; returns (its memory, its frames)."""
        pages = ring_pages(length)
        memory = self.alloc(max(pages, 2) * 4096)
        argo, domain = self.machine.hypervisor.argo, self.machine.domains[0]
        frames = [argo.frame_of(domain, memory.address + at * 4096) for at in range(pages)]
        self.receiver.register_ring(port, partner, frames, length, hazardous=True)
        return memory, frames

    def signals(self):
        """How often VIRQ_ARGO was raised, by domain."""
        return [call.details["domid"] for call in self.machine.log if call.kind == "virq"]

    def close(self):
        for buffer in self._buffers:
            if not buffer.freed:
                buffer.free()
        self.dom0.close()
        self.guest.close()


@pytest.fixture
def both():
    made = Both(trace=True)
    yield made
    made.close()
    assert made.machine.violations == []


def test_a_guest_sends_and_dom0_reads(both):
    memory, _ = both.ring()
    ring = ArgoRing(memory, LENGTH)
    assert both.sender.sendv(0, PORT, [b"hello ", b"dom0"], source_port=3, message_type=0xFFFF_FFFF) == 10
    assert both.signals() == [0]
    assert list(ring) == [ArgoMessage(GUEST, 3, 0xFFFF_FFFF, b"hello dom0")]
    assert list(ring) == []
    # It is for that guest alone.
    with refused(errno.ECONNREFUSED):
        both.receiver.sendv(0, PORT, [b"x"])


def test_a_full_ring_and_who_waits_for_room(both):
    memory, _ = both.ring()
    ring = ArgoRing(memory, LENGTH)
    room = LENGTH - 32
    both.sender.sendv(0, PORT, [bytes(room)])
    with refused(errno.EAGAIN):
        both.sender.sendv(0, PORT, [b"x" * 100])
    (known,) = both.sender.notify([(0, PORT, 100)])
    assert (known.sufficient, known.empty, known.busy) == (False, False, False)
    both.receiver.notify()
    assert both.signals() == [0]
    ring.receive()
    both.receiver.notify()
    assert both.signals() == [0, GUEST]
    # Once.
    both.receiver.notify()
    assert both.signals() == [0, GUEST]
    assert both.sender.notify([(0, PORT, room)]) == [RingData(1 | 4 | 8, room)]


def test_too_many_wait(both):
    both.ring()
    (ring,) = both.machine.hypervisor.argo.rings(both.machine.domains[0]).values()
    both.sender.sendv(0, PORT, [bytes(LENGTH - 32)])
    ring.pending.update({100 + at: 1 for at in range(32)})
    with refused(errno.EBUSY):
        both.sender.sendv(0, PORT, [b"x"])
    assert both.sender.notify([(0, PORT, 1)])[0].busy


def test_a_message_must_leave_room_for_a_slot(both):
    both.ring(48)
    with refused(errno.EMSGSIZE):
        both.sender.sendv(0, PORT, [b"x" * 17])
    assert both.sender.sendv(0, PORT, [b"x" * 16]) == 16
    with refused(errno.EAGAIN):
        both.sender.sendv(0, PORT, [])


def test_pieces(both):
    memory, _ = both.ring(1 << 16)
    assert both.sender.sendv(0, PORT, [bytes([at]) * at for at in range(1, 9)]) == 36
    with refused(errno.EINVAL):
        both.sender.sendv(0, PORT, [b"x"] * 9)
    assert both.sender.sendv(0, PORT, [memoryview(b"ab")[::-1], bytearray(b"cd"), b""]) == 4
    ring = ArgoRing(memory, 1 << 16)
    assert [message.data[-2:] for message in ring] == [b"\x08\x08", b"cd"]


def test_a_bad_pointer_changes_nothing(both):
    memory, _ = both.ring()
    xen = both.guest
    with xen.buffers.alloc(64) as buffer:
        buffer[0:16] = struct.pack("<IHHIHH", 0, DOMID_ANY, 0, PORT, 0, 0)
        buffer[16:32] = struct.pack("<QII", 0x10, 5, 0)
        with refused(errno.EFAULT):
            xen.hypercall(39, 3, buffer, buffer.address + 16, 1, 0)
        buffer[16:32] = struct.pack("<QII", buffer.address, 5, 1)
        with refused(errno.EINVAL):
            xen.hypercall(39, 3, buffer, buffer.address + 16, 1, 0)
        buffer[16:32] = struct.pack("<QII", buffer.address, 1 << 24, 0)
        with refused(errno.EINVAL):
            xen.hypercall(39, 3, buffer, buffer.address + 16, 1, 0)
        for source, number in ((0, errno.EPERM), (GUEST, 0)):
            buffer[0:16] = struct.pack("<IHHIHH", 0, source, 0, PORT, 0, 0)
            if number:
                with refused(number):
                    xen.hypercall(39, 3, buffer, 0, 0, 0)
            else:
                assert xen.hypercall(39, 3, buffer, 0, 0, 0) == 0
        buffer[0:16] = struct.pack("<IHHIHH", 0, GUEST, 1, PORT, 0, 0)
        with refused(errno.EINVAL):
            xen.hypercall(39, 3, buffer, 0, 0, 0)
    assert len(list(ArgoRing(memory, LENGTH))) == 1


class TestRegister:
    def test_again_goes_on_from_the_indexes_in_the_pages(self, both):
        memory, frames = both.ring()
        both.sender.sendv(0, PORT, [b"one"])
        both.receiver.register_ring(PORT, GUEST, frames, LENGTH, hazardous=True)
        assert [message.data for message in ArgoRing(memory, LENGTH)] == [b"one"]
        for options in ({"fail_exist": True}, {"length": LENGTH - 16}):
            arguments = {"length": LENGTH, **options}
            with refused(errno.EEXIST):
                both.receiver.register_ring(PORT, GUEST, frames, hazardous=True, **arguments)

    def test_a_mess_is_taken_for_empty(self, both):
        memory = both.alloc(8192)
        frame = both.machine.hypervisor.argo.frame_of(both.machine.domains[0], memory.address)
        for rx, tx, result in ((32, 7, 32), (LENGTH + 16, 1 << 31, 0), (33, LENGTH, 48)):
            memory[0:8] = struct.pack("<II", rx, tx)
            both.receiver.register_ring(PORT, GUEST, [frame], LENGTH, hazardous=True)
            assert struct.unpack("<I", memory[4:8])[0] == result
            both.receiver.unregister_ring(PORT, GUEST, hazardous=True)
        with pytest.raises(xensys.XenNotFoundError):
            both.receiver.unregister_ring(PORT, GUEST, hazardous=True)

    def test_128_rings(self, both):
        _, frames = both.ring()
        for port in range(1000, 1127):
            both.receiver.register_ring(port, GUEST, frames, LENGTH, hazardous=True)
        with refused(errno.ENOSPC):
            both.receiver.register_ring(2000, GUEST, frames, LENGTH, hazardous=True)
        both.receiver.unregister_ring(1000, GUEST, hazardous=True)
        both.receiver.register_ring(2000, GUEST, frames, LENGTH, hazardous=True)

    def test_a_guests_own_frames(self, both):
        guest = both.machine.domains[GUEST]
        frames = [guest.first_gfn + 9, guest.first_gfn + 5]
        for frame in frames:
            guest.memory.write(frame * 4096, bytes(4096))
        both.sender.register_ring(PORT, 0, frames, 4096, hazardous=True)
        both.receiver.sendv(GUEST, PORT, [b"y" * 4064])
        data = guest.memory.read(frames[0] * 4096, 4096) + guest.memory.read(frames[1] * 4096, 4096)
        assert [message.data for message in ArgoRing(bytearray(data), 4096)] == [b"y" * 4064]
        with refused(errno.EINVAL):
            both.sender.register_ring(PORT + 1, 0, [1 << 30], 64, hazardous=True)
        guest.page_out([frames[0]])
        with refused(errno.EAGAIN):
            both.sender.register_ring(PORT + 1, 0, [frames[0]], 64, hazardous=True)

    def test_a_frame_that_is_none_ends_the_ring_there_was(self, both):
        both.ring()
        with refused(errno.EINVAL):
            both.receiver.register_ring(PORT, GUEST, [1 << 44], LENGTH, hazardous=True)
        with refused(errno.ECONNREFUSED):
            both.sender.sendv(0, PORT, [b"x"])

    def test_for_all(self):
        both = Both()
        with pytest.raises(xensys.XenPermissionError) as caught:
            both.ring(partner=DOMID_ANY)
        assert caught.value.errno == errno.EPERM
        both.machine.argo = "mac-permissive"
        memory, _ = both.ring(partner=DOMID_ANY)
        assert both.receiver.notify([(0, PORT, 1)])[0].shared
        both.receiver.sendv(0, PORT, [b"own"])
        both.sender.sendv(0, PORT, [b"guest"])
        assert [message.domid for message in ArgoRing(memory, LENGTH)] == [0, GUEST]
        # One for the sender alone goes before it.
        own, _ = both.ring()
        both.sender.sendv(0, PORT, [b"again"])
        assert [message.data for message in ArgoRing(own, LENGTH)] == [b"again"]
        both.close()

    @pytest.mark.parametrize("length", [0, 32, 47, 63, (1 << 24) + 16])
    def test_lengths(self, both, length):
        with refused(errno.EINVAL):
            both.receiver.register_ring(PORT, GUEST, [1] * ring_pages(length), length, hazardous=True)

    def test_frames_that_do_not_fit(self, both):
        with pytest.raises(OverflowError, match=r"frames\[1\]"):
            both.receiver.register_ring(PORT, GUEST, [0, 1 << 64], 64, hazardous=True)

    def test_the_partners_death_ends_it(self, both):
        both.ring()
        both.machine.domains[GUEST].destroy()
        with pytest.raises(xensys.XenNotFoundError):
            both.receiver.unregister_ring(PORT, GUEST, hazardous=True)
        for domid in (GUEST, 77):
            with pytest.raises(xensys.NoSuchDomainError):
                both.receiver.sendv(domid, PORT, [b"x"])

    def test_a_zombie_refuses(self, both):
        guest = both.machine.domains[GUEST]
        with both.dom0.foreign.map(GUEST, [guest.first_gfn]):
            guest.destroy()
            with refused(errno.ECONNREFUSED):
                both.receiver.sendv(GUEST, PORT, [b"x"])
            with refused(errno.ECONNREFUSED):
                both.receiver.register_ring(PORT, GUEST, [1], 64, hazardous=True)


class TestHostileRing:
    """Its memory is shared: whatever is there, nothing but RingError comes of it."""

    def ring(self, rx=0, tx=0, messages=b"", length=256):
        memory = bytearray(64 + length)
        memory[0:8] = struct.pack("<II", rx, tx)
        memory[64 : 64 + len(messages)] = messages
        return memory, length

    @pytest.mark.parametrize("rx", [1, 15, 256, 272, 0xFFFF_FFF0])
    def test_rx_that_cannot_be(self, rx):
        with pytest.raises(RingError, match="rx_ptr"):
            ArgoRing(*self.ring(rx=rx))

    @pytest.mark.parametrize("tx", [1, 255, 256, 272, 0xFFFF_FFF0, 0xFFFF_FFFF])
    def test_tx_that_cannot_be(self, tx):
        ring = ArgoRing(*self.ring(tx=tx))
        with pytest.raises(RingError, match="tx_ptr") as caught:
            ring.receive()
        assert caught.value.errno == errno.EPROTO
        assert ring.dead
        # It stays dead, even if the index is mended.
        with pytest.raises(RingError, match="dead"):
            list(ring)

    @pytest.mark.parametrize("size", [0, 1, 15, 33, 64, 256, 0x7FFF_FFFF, 0xFFFF_FFF1, 0xFFFF_FFFF])
    def test_a_length_that_cannot_be(self, size):
        ring = ArgoRing(*self.ring(tx=32, messages=struct.pack("<IIHHI", size, 0, 0, 0, 0)))
        with pytest.raises(RingError, match="message of"):
            ring.receive()

    def test_a_padded_message_and_one_that_wraps(self):
        header = struct.pack("<IIHHI", 16 + 20, 5, 6, 0, 7)
        memory, length = self.ring(rx=240, tx=32)
        memory[64 + 240 :] = header
        memory[64 : 64 + 20] = b"abcdefghijklmnopqrst"
        ring = ArgoRing(memory, length)
        assert ring.receive() == ArgoMessage(6, 5, 7, b"abcdefghijklmnopqrst")
        assert struct.unpack("<II", memory[:8]) == (32, 32)
        assert ring.receive() is None

    def test_a_message_in_two_pieces(self):
        text = bytes(range(40))
        memory, length = self.ring(rx=208, tx=16)
        memory[64 + 208 :] = struct.pack("<IIHHI", 16 + 40, 5, 6, 0, 7) + text[:32]
        memory[64 : 64 + 8] = text[32:]
        ring = ArgoRing(memory, length)
        assert ring.receive() == ArgoMessage(6, 5, 7, text)
        assert ring.receive() is None

    def test_through_a_ring_of_odd_places(self, both):
        memory, _ = both.ring(272)
        ring = ArgoRing(memory, 272)
        for size in [*range(241), *range(240, 0, -1)]:
            text = bytes(index * 3 + size & 0xFF for index in range(size))
            assert both.sender.sendv(0, PORT, [text[: size // 2], text[size // 2 :]]) == size
            assert [message.data for message in ring] == [text]
            assert both.receiver.notify([]) == []
            both.machine.log.clear()

    def test_ours_is_our_own_copy(self):
        memory, length = self.ring(tx=32, messages=struct.pack("<IIHHI", 16, 0, 0, 0, 0) * 16)
        ring = ArgoRing(memory, length)
        ring.receive()
        memory[0:4] = b"\xff" * 4
        ring.receive()
        assert memory[0:4] == struct.pack("<I", 32)

    def test_a_sender_that_never_stops_does_not_keep_us(self):
        memory, length = self.ring(tx=32, messages=struct.pack("<IIHHI", 16, 0, 0, 0, 0) * 16)
        ring = ArgoRing(memory, length)
        count = 0
        for _ in ring:
            count += 1
            rx = struct.unpack("<I", memory[:4])[0]
            memory[4:8] = struct.pack("<I", (rx + 16) % length)
        assert count == length // 16

    def test_random_memory(self):
        for _ in range(2000):
            memory = bytearray(os.urandom(64 + 128))
            memory[0] &= 0x70
            memory[4] &= 0x70
            memory[1:4] = memory[5:8] = bytes(3)
            memory[65:68] = bytes(3)
            try:
                for message in ArgoRing(memory, 128):
                    assert len(message.data) <= 112
            except RingError:
                pass

    @pytest.mark.parametrize("length", [0, 32, 47, (1 << 24) + 16])
    def test_a_length_that_is_none(self, length):
        with pytest.raises(ValueError, match="length"):
            ArgoRing(bytearray(1 << 12), length)

    def test_memory_that_is_too_small_or_cannot_be_written(self):
        with pytest.raises(ValueError, match="are needed"):
            ArgoRing(bytearray(127), 64)
        with pytest.raises(TypeError, match="written"):
            ArgoRing(bytes(128), 64)

    def test_close_lets_go_of_the_memory(self, both):
        memory, _ = both.ring()
        ring = ArgoRing(memory, LENGTH)
        with pytest.raises(BufferError):
            memory.free()
        ring.close()
        ring.close()
        memory.free()
        with pytest.raises(RingError):
            ring.receive()


class TestModes:
    @pytest.mark.parametrize(("mode", "number"), [(None, errno.ENOSYS), ("off", errno.EOPNOTSUPP)])
    def test_not_built_and_off(self, mode, number):
        with xensys.Xen(Machine(argo=mode).dom0) as xen, refused(number):
            xen.argo_op.notify()

    def test_an_unknown_mode(self):
        with pytest.raises(SimulatorMisuse, match="argo="):
            Machine(argo="perhaps")

    def test_words_of_more_than_32_bits_are_refused_before_that(self):
        with xensys.Xen(Machine(argo="off").dom0) as xen:
            for words in ((4, 0, 0, 1 << 32, 0), (4, 0, 0, 0, 1 << 32)):
                with refused(errno.EINVAL):
                    xen.hypercall(39, *words)

    def test_commands_and_unused_words(self, both):
        call = both.dom0.hypercall
        for cmd in (0, 5):
            with refused(errno.EOPNOTSUPP):
                call(39, cmd, 0, 0, 0, 0)
        for cmd in (2, 4):
            for words in ((0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)):
                with refused(errno.EINVAL):
                    call(39, cmd, *words)
        with both.dom0.buffers.alloc(16) as buffer:
            buffer[0:8] = struct.pack("<IHH", 1, 1, 1)
            with refused(errno.EINVAL):
                call(39, 2, buffer, 0, 0, 0)
            with refused(errno.EINVAL):
                call(39, 1, buffer, buffer, 1, 2)
            with refused(errno.EINVAL):
                call(39, 1, buffer, buffer, 4097, 0)
        for cmd in (2, 3):
            with refused(errno.EFAULT):
                call(39, cmd, 0, 0, 0, 0)

    def test_notify_of_257_and_values_that_do_not_fit(self, both):
        assert len(both.receiver.notify([(0, 1, 1)] * 256)) == 256
        with pytest.raises(xensys.XenPermissionError):
            both.receiver.notify([(0, 1, 1)] * 257)
        with pytest.raises(OverflowError, match="xen_argo_ring_data_ent"):
            both.receiver.notify([(0, 1 << 32, 1)])
        with pytest.raises(OverflowError, match="message_type"):
            both.receiver.sendv(0, 1, [], message_type=1 << 32)
        with pytest.raises(OverflowError, match="xen_argo_send_addr"):
            both.receiver.sendv(1 << 16, 1, [])
