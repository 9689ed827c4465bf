"""XENMEM_acquire_resource: pages that Xen keeps about a domain. xen/common/memory.c."""

from __future__ import annotations

from errno import E2BIG, EACCES, EINVAL, ENOENT, EOPNOTSUPP, EPERM

from xensys.sim.xen.access import refusal, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xensys.sim.domain import Domain
    from xensys.sim.machine import Machine
    from xensys.sim.xen.access import Caller

IOREQ_SERVER, GRANT_TABLE, VMTRACE_BUF = 0, 1, 2
_SHARED, _STATUS = 0, 1
_IOREQ_SIZE = 32
#: HVM_PARAM_ALTP2M.
_ALTP2M = 35


class Resources:
    """Sizes and pages of resources."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def size(self, caller: Caller, domid: int, kind: int, number: int) -> int:
        """The size query: no frame list, no frames."""
        domain = self._find(caller, domid, old_query=True)
        if domain is None:
            return 32
        frames = self._max_frames(domain, kind, number)
        if not frames:
            refuse(EINVAL)
        return frames

    def acquire(
        self, caller: Caller, domid: int, kind: int, number: int, frame: int, count: int
    ) -> list[int]:
        """The pages of part of a resource, as slots of the domain's memory."""
        self._check_caller(caller)
        if self._machine.xen < (4, 15):
            if count > 32:
                refuse(E2BIG)
        elif frame + count > 0xFFFF_FFFF:
            refuse(EINVAL)
        domain = self._find(caller, domid, old_query=False)
        assert domain is not None  # only the old query ends early
        if self._machine.xen >= (4, 15) and not self._max_frames(domain, kind, number):
            refuse(EINVAL)
        if kind == GRANT_TABLE:
            return self._grant_table(domain, number, frame, count)
        if kind == IOREQ_SERVER:
            return self._ioreq_server(caller, domain, number, frame, count)
        if kind == VMTRACE_BUF and self._machine.xen >= (4, 15):
            return self._vmtrace(domain, number, frame, count)
        # Later releases have refused an unknown type above.
        raise refusal(EOPNOTSUPP)

    def _check_caller(self, caller: Caller) -> None:
        if not may_map_foreign(caller.domain):
            refuse(EACCES)

    def _find(self, caller: Caller, domid: int, *, old_query: bool) -> Domain | None:
        self._check_caller(caller)
        if old_query and self._machine.xen < (4, 15):
            # Answered without a look at the domain: always 32.
            return None
        domain = caller.remote_domain(domid)
        if not caller.is_device_model_of(domain):
            refuse(EPERM)
        return domain

    def _max_frames(self, domain: Domain, kind: int, number: int) -> int:
        """How large it can be; 0 if there is no such thing."""
        if kind == GRANT_TABLE:
            if number == _SHARED:
                return domain.max_grant_frames
            if number == _STATUS and domain.kind != "arm":
                # arm has version 1 alone (GNTTAB_MAX_VERSION).
                # A 4 KiB frame of version 2 entries holds 256, and their 512
                # bytes of status fill an eighth of another.
                return -(-domain.max_grant_frames * 256 * 2 // 4096)
            return 0
        if kind == IOREQ_SERVER:
            if not self._machine.ioreq_server or not domain.translated:
                return 0
            return 1 + -(-domain.vcpus * _IOREQ_SIZE // 4096)
        if kind == VMTRACE_BUF:
            return domain.vmtrace_frames
        # Seen on 4.17.5: -EOPNOTSUPP, in an unsigned int.
        return 0 if self._machine.xen >= (4, 20) else (1 << 32) - EOPNOTSUPP

    def _grant_table(self, domain: Domain, number: int, frame: int, count: int) -> list[int]:
        if number == _SHARED:
            slots, limit = domain.grant_slots, domain.max_grant_frames
        elif number == _STATUS and domain.grant_version == 2:
            slots, limit = domain.status_slots, self._max_frames(domain, GRANT_TABLE, number)
        else:
            refuse(EINVAL)
        if frame + count > limit:
            refuse(EINVAL)
        # Asking for more makes the table grow.
        while len(slots) < frame + count:
            slots.append(domain.memory.new_slot())
        return slots[frame : frame + count]

    def _ioreq_server(
        self, caller: Caller, domain: Domain, number: int, frame: int, count: int
    ) -> list[int]:
        if number > 0xFFFF or not self._machine.ioreq_server or not domain.translated:
            refuse(EINVAL)
        slots: list[int] = []
        for index in range(frame, frame + count):
            server = domain.ioreq_servers.get(number)
            if server is None:
                refuse(ENOENT)
            if server.emulator != caller.domain.domid:
                refuse(EPERM)
            if index == 0:
                if server.bufioreq_slot is None:
                    refuse(ENOENT)
                slots.append(server.bufioreq_slot)
            elif index == 1:
                slots.append(server.ioreq_slot)
            else:
                refuse(EINVAL)
        return slots

    def _vmtrace(self, domain: Domain, number: int, frame: int, count: int) -> list[int]:
        if number >= domain.vcpus:
            refuse(ENOENT)
        if frame + count > domain.vmtrace_frames:
            refuse(EINVAL)
        first = domain.vmtrace_slot(number)
        return list(range(first + frame, first + frame + count))


def may_map_foreign(domain: Domain) -> bool:
    """arch_acquire_resource_check(): whether pages of others may be put into its physmap."""
    xen = domain.machine.xen
    if not domain.translated or xen < (4, 13):
        return True
    if domain.kind == "arm":
        return xen >= (4, 15) or domain.domid == 0
    if xen < (4, 19):
        return domain.domid == 0
    # No domain here has nested HVM.
    return not domain.hvm_params.get(_ALTP2M)
