"""domctl (36): its one stable sub-operation. xen/common/domctl.c and domain.c, Xen 4.21."""

from __future__ import annotations

import struct
from errno import EACCES, EINVAL, EPERM, ESRCH

from xensys.sim.errors import SimulatorGap
from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.domain import Domain
    from xensys.sim.xen.access import Caller

_GET_DOMAIN_STATE = 90
_DOMID_INVALID = 0x7FF4
_SIZE, _STATE_OFFSET = 144, 16
_STATE = struct.Struct("<HHIQ")
_EXIST, _SHUTDOWN, _DEAD = 1, 2, 8
_CONTROL, _HARDWARE = 1, 2


def call(caller: Caller, args: tuple[int, ...]) -> int:
    """domctl(op)."""
    address = args[0]
    raw = bytearray(caller.read(address, _SIZE))
    cmd, version, domid = struct.unpack_from("<IIH", raw)
    machine = caller.machine
    # Before 4.21 no domctl has version 0.
    if version == 0 and (cmd != _GET_DOMAIN_STATE or machine.xen < (4, 21)):
        refuse(EACCES)
    if version and cmd == _GET_DOMAIN_STATE and machine.xen >= (4, 21):
        refuse(EACCES)
    if version:
        raise SimulatorGap(f"domctl({cmd}), of interface version {version:#x}")
    domain = None if domid == _DOMID_INVALID else machine.find(domid)
    if domain is None and domid != _DOMID_INVALID:
        refuse(ESRCH)
    if not caller.domain.privileged and (domain is None or caller.domain.target != domain.domid):
        refuse(EPERM)
    if _STATE.unpack_from(raw, _STATE_OFFSET)[2]:
        refuse(EINVAL)
    if domain is None:
        raise SimulatorGap("domctl(XEN_DOMCTL_get_domain_state) of the next domain that changed")
    _STATE.pack_into(
        raw, _STATE_OFFSET, _state(domain), _caps(domain), 0, machine.hypervisor.unique_id(domain)
    )
    caller.write(address, bytes(raw))
    return 0


def _state(domain: Domain) -> int:
    # Destroying takes no time here: what is dying is a zombie.
    return _EXIST | (_SHUTDOWN if domain.shut_down else 0) | (_DEAD if domain.dying else 0)


def _caps(domain: Domain) -> int:
    return _CONTROL | _HARDWARE if domain.privileged else 0
