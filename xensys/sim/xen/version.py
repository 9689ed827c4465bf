"""xen_version (17): xen/common/kernel.c, with the rules of xsm/dummy.h."""

from __future__ import annotations

import ctypes
import struct
from errno import E2BIG, EINVAL, ENOBUFS, ENODATA, ENOSYS, EPERM

from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.xen.access import Caller

VERSION = 0
EXTRAVERSION = 1
COMPILE_INFO = 2
CAPABILITIES = 3
CHANGESET = 4
PLATFORM_PARAMETERS = 5
GET_FEATURES = 6
PAGESIZE = 7
GUEST_HANDLE = 8
COMMANDLINE = 9
BUILD_ID = 10
EXTRAVERSION2 = 11
CAPABILITIES2 = 12
CHANGESET2 = 13
COMMANDLINE2 = 14

_DENIED = "<denied>"
# Only a control domain sees these; all else is for everybody.
_PRIVILEGED = frozenset((COMMANDLINE, BUILD_ID, COMMANDLINE2))
_HYPERVISOR_VIRT_START = 0xFFFF_8000_0000_0000


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """xen_version(cmd, arg)."""
    cmd, arg = ctypes.c_int(args[0]).value, args[1]
    machine = caller.machine
    deny = cmd in _PRIVILEGED and not caller.domain.privileged
    match cmd:
        case 0:
            return machine.xen[0] << 16 | machine.xen[1]
        case 1:
            caller.write(arg, _text(machine.extraversion, 16))
        case 2:
            caller.write(
                arg,
                _text(machine.compiler, 64)
                + _text(machine.compile_by, 16)
                + _text(machine.compile_domain, 32)
                + _text(machine.compile_date, 32),
            )
        case 3:
            caller.write(arg, _text(machine.capabilities, 1024))
        case 4:
            caller.write(arg, _text(machine.changeset, 64))
        case 5:
            # Where Xen begins, for PV guests; release builds only.
            start = 0 if caller.domain.translated else _HYPERVISOR_VIRT_START
            caller.write(arg, struct.pack("<Q", start))
        case 6:
            (submap,) = struct.unpack_from("<I", caller.read(arg, 8))
            if submap != 0:
                refuse(EINVAL)
            bits = machine.features_of(caller.domain)
            caller.write(arg, struct.pack("<II", submap, bits))
        case 7:
            if arg:
                refuse(EINVAL)
            return 4096
        case 8:
            caller.write(arg, caller.domain.uuid)
        case 9:
            if deny:
                caller.write(arg, _DENIED.encode() + b"\0")
            else:
                caller.write(arg, _text(machine.commandline, 1024))
        case 10:
            if deny:
                refuse(EPERM)
            if not machine.build_id:
                refuse(ENODATA)
            return _variable(caller, arg, machine.build_id)
        case 11 | 12 | 13 | 14:
            if machine.xen < (4, 20):
                refuse(ENOSYS)
            if deny:
                refuse(EPERM)
            texts = {
                EXTRAVERSION2: machine.extraversion,
                CAPABILITIES2: machine.capabilities,
                CHANGESET2: machine.changeset,
                COMMANDLINE2: machine.commandline,
            }
            return _variable(caller, arg, texts[cmd].encode())
        case _:
            refuse(ENOSYS)
    return 0


def _text(text: str, size: int) -> bytes:
    """A fixed array of characters: cut, and always ended by a NUL."""
    return text.encode()[: size - 1].ljust(size, b"\0")


def _variable(caller: Caller, arg: int, data: bytes) -> int:
    """A struct xen_varbuf: its length comes in, the data goes out."""
    if len(data) > 64 << 10:
        refuse(E2BIG)
    if arg == 0:
        return len(data)
    (room,) = struct.unpack("<I", caller.read(arg, 4))
    if len(data) > room:
        refuse(ENOBUFS)
    caller.write(arg + 4, data)
    return len(data)
