"""console_io: Xen's own console.

Names are those of xen/include/public/xen.h, less CONSOLEIO_. For the control
domain and whoever has the console; rests on xen/drivers/char/console.c.
"""

from __future__ import annotations

from xensys.abi import xen as abi
from xensys.hypercalls._call import CONSOLE_IO, Caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

#: Bytes of typed input that Xen keeps (SERIAL_RX_SIZE): no read gives more.
INPUT_SIZE = 128


class ConsoleIo:
    """The console_io hypercall; `xen.console_io`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def write(self, text: str | ReadableBuffer) -> None:
        """Write to Xen's console (CONSOLEIO_write).

        Args:
            text: bytes as they are, or a string, which is sent as UTF-8. The
                hardware domain's go out unchanged (a serial line wants "\\r\\n");
                of another domain's Xen prints whole lines, printable characters only.
        Raises:
            XenPermissionError: EPERM, neither console nor control domain. A Xen
                built with CONFIG_VERBOSE_DEBUG lets everybody write.
            XenError: ENOMEM.
        EINTR: reported; some of it may have been written.

        Example:
            >>> xen.console_io.write("Hello from dom0.\\r\\n")
        """
        data = text.encode() if isinstance(text, str) else memoryview(text).tobytes()
        buffers = self._caller.buffers
        slot = buffers.take(max(len(data), 1))
        try:
            slot.memory[slot.offset : slot.offset + len(data)] = data
            self._caller.call(
                CONSOLE_IO,
                "CONSOLEIO_write",
                abi.CONSOLEIO_write,
                len(data),
                slot.address,
                arguments={"ncount": len(data)},
            )
        finally:
            buffers.give(slot)

    def read(self, count: int = INPUT_SIZE, *, hazardous: bool = False) -> bytes:
        """Take what was typed on Xen's console (CONSOLEIO_read).

        Args:
            count: bytes at most; Xen has never more than 128.
            hazardous: must be True: what is taken here dom0's own console (hvc0)
                never gets.
        Returns:
            The bytes; empty if there are none. It never waits.
        Raises:
            HazardError: without the flag.
            XenPermissionError: EPERM, neither console nor control domain.
        EINTR: reported; what was taken is lost.
        """
        if count < 0:
            raise ValueError(f"count: {count}")
        # More could not come, and Xen refuses counts of 2**31 and more.
        count = min(count, INPUT_SIZE)
        buffers = self._caller.buffers
        slot = buffers.take(INPUT_SIZE)
        try:
            got = self._caller.call(
                CONSOLE_IO,
                "CONSOLEIO_read",
                abi.CONSOLEIO_read,
                count,
                slot.address,
                hazardous=hazardous,
                arguments={"ncount": count},
            )
            return slot.memory[slot.offset : slot.offset + min(got, count)]
        finally:
            buffers.give(slot)
