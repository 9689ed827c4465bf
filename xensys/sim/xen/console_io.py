"""console_io (18): Xen's console. xen/drivers/char/console.c.

What is written ends up in `machine.console`; what was typed is taken from
`machine.console_input`.
"""

from __future__ import annotations

from errno import E2BIG, ENOSYS, EPERM

from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.xen.access import Caller

WRITE, READ = 0, 1
_INPUT_SIZE = 128
#: Bytes that Xen copies at a time: what comes before a fault has been written.
_PIECE = 127


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """console_io(cmd, count, buffer)."""
    cmd, count, buffer = args[0] & 0xFFFF_FFFF, args[1] & 0xFFFF_FFFF, args[2]
    if not caller.domain.privileged:
        # Built without CONFIG_VERBOSE_DEBUG.
        refuse(EPERM)
    machine = caller.machine
    if cmd == WRITE:
        while count:
            piece = min(count, _PIECE)
            machine.console += caller.read(buffer, piece)
            buffer += piece
            count -= piece
        return 0
    if cmd != READ:
        refuse(ENOSYS)
    if count > 0x7FFF_FFFF:
        refuse(E2BIG)
    taken = bytes(machine.console_input[: min(count, _INPUT_SIZE)])
    if taken:
        caller.write(buffer, taken)
        del machine.console_input[: len(taken)]
    return len(taken)
