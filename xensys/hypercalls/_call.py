"""How every hypercall is made: arguments into safe memory, errors into words.

The families above pack their argument into a slot of the buffer pool, give its
address to `Caller.call` and unpack what Xen left there. The rules that hold for
all of them are here, so that no family has its own:

* What abi/tables calls a hazard is refused unless the caller said
  `hazardous=True`, which a family's method passes on.
* EINTR is answered by another try only if the sub-operation may be repeated.
* EFAULT too, and only where buffers may fault at all (no buffer device).

EPERM has two very different causes; see `_restricted`.
"""

from __future__ import annotations

import ctypes
from errno import EFAULT, EINTR, EPERM

from xensys.abi._hazards import HAZARDS
from xensys.errors import HazardError, XenError, error_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    from xensys.abi._base import XenMemory
    from xensys.devices.privcmd import Privcmd
    from xensys.memory.buffers import BufferPool

    Word: TypeAlias = "int | XenMemory | None"

# xen/include/public/xen.h, __HYPERVISOR_*; here so that a first hypercall need not load all of that.
MEMORY_OP = 12
MULTICALL = 13
XEN_VERSION = 17
CONSOLE_IO = 18
GRANT_TABLE_OP = 20
VCPU_OP = 24
SCHED_OP = 29
EVENT_CHANNEL_OP = 32
PHYSDEV_OP = 33
HVM_OP = 34
DOMCTL = 36
KEXEC_OP = 37
ARGO_OP = 39
XENPMU_OP = 40
DM_OP = 41
HYPFS_OP = 42

DOMID_SELF = 0x7FF0

_RESTRICTED_HINT = (
    "this privcmd handle is restricted: by IOCTL_PRIVCMD_RESTRICT, or as every handle of a domU is by "
    "default (XSA-482; the administrator can boot with xen_privcmd.unrestricted=1, ignored under lockdown)"
)

_RESTRICTED_TO_HINT = (
    "this privcmd handle is restricted to domain {0}, for good (restrict()): no hypercall goes through it; "
    "that domain's memory and resources can be mapped, and dm_op works for it by its ioctl"
)

_HARM = {
    "kernel-owned": "the running kernel, or another program, relies on what this changes or takes",
    "stops-the-machine": "this can stop a domain, or the whole machine",
}

#: Tries before a passing EFAULT is taken for a lasting one.
_FAULT_TRIES = 8


class Caller:
    """Makes hypercalls through one privcmd handle, with one pool of buffers."""

    __slots__ = ("_privcmd", "buffers")

    def __init__(self, privcmd: Callable[[], Privcmd], buffers: BufferPool) -> None:
        self._privcmd = privcmd
        self.buffers = buffers

    def call(
        self,
        op: int,
        name: str,
        a1: int = 0,
        a2: int = 0,
        a3: int = 0,
        a4: int = 0,
        a5: int = 0,
        *,
        wide: bool = False,
        repeatable: bool = False,
        hazardous: bool = False,
        domid: int | None = None,
        arguments: Mapping[str, object] | None = None,
    ) -> int:
        """Make a hypercall.

        Args:
            op: hypercall number.
            name: the sub-operation's, for errors.
            a1, a2, a3, a4, a5: its words; addresses are of slots that the caller holds.
            wide: whether the result may need more than a C int.
            repeatable: whether asking twice is as good as asking once.
            hazardous: what the user said; or True from a method that has found
                these very arguments to do no harm.
            domid, arguments: what it is about, for errors.
        Raises:
            HazardError: the tables say that it can do harm, and not `hazardous`.
            XenError: what Xen or the driver answered.
        """
        if name in HAZARDS and not hazardous:
            self.refuse_harm(op, name, domid, arguments)
        privcmd = self._privcmd()
        hypercall = privcmd.hypercall_long if wide else privcmd.hypercall
        tries = 0
        while True:
            try:
                return hypercall(op, a1, a2, a3, a4, a5)
            except XenError:
                raise
            except OSError as error:
                number = error.errno or 0
                tries += 1
                if repeatable and (
                    number == EINTR or (number == EFAULT and tries < _FAULT_TRIES and self._may_fault())
                ):
                    continue
                raise self._error(privcmd, number, f"{_name(op)}({name})", domid, arguments) from None

    def refuse_harm(
        self, op: int, name: str, domid: int | None, arguments: Mapping[str, object] | None = None
    ) -> None:
        """Refuse what the tables say can do harm to this domain, or to another.

        Args:
            domid: what it is about; None if it can be about oneself only.
        Raises:
            HazardError: it can.
        """
        to_self, to_other = HAZARDS[name]
        own = domid is None or to_self == to_other or self.is_self(domid)
        harm = to_self if own else to_other
        if harm:
            raise HazardError(
                EPERM,
                call=f"{_name(op)}({name})",
                domid=domid,
                arguments=arguments,
                hint=f"not asked of Xen: {_HARM[harm]}; pass hazardous=True if you know better",
            )

    def raw(self, op: int, words: tuple[Word, ...]) -> int:
        """Make a hypercall from words as they are; nothing is checked.

        Args:
            op: hypercall number.
            words: up to five; integers go as they are, of buffers and of
                structures in hypercall memory Xen gets the address.
        """
        if len(words) > 5:
            raise TypeError(f"a hypercall has at most 5 arguments, not {len(words)}")
        held = [_hold(word) for word in words]
        addresses = [word if type(word) is int else ctypes.addressof(word) for word in held]
        privcmd = self._privcmd()
        try:
            return privcmd.hypercall_long(op, *addresses)
        except XenError:
            raise
        except OSError as error:
            name = _name(op)
            arguments = {f"a{i}": address for i, address in enumerate(addresses, 1)}
            raise self._error(privcmd, error.errno or 0, name, None, arguments) from None
        finally:
            del held

    def is_self(self, domid: int) -> bool:
        """Whether `domid` is this domain, as far as can be told.

        A domain cannot ask Xen for its number. The initial domain is known by
        XENFEAT_dom0, and has number 0.
        """
        if domid == DOMID_SELF:
            return True
        if domid:
            return False
        # The family's own method, and its import only when it is needed: that
        # module builds on this one.
        from xensys.abi.features import XENFEAT_dom0
        from xensys.hypercalls.xen_version import XenVersion

        return bool(XenVersion(self).get_features() >> XENFEAT_dom0 & 1)

    def _may_fault(self) -> bool:
        try:
            return self.buffers.may_fault
        except (OSError, ValueError):  # the device cannot be opened now: EFAULT is the news
            return False

    def _error(
        self,
        privcmd: Privcmd,
        errno: int,
        call: str,
        domid: int | None,
        arguments: Mapping[str, object] | None,
    ) -> XenError:
        hint = ""
        if errno == EPERM and _restricted(privcmd):
            hint = _RESTRICTED_HINT
            if privcmd.restricted_to is not None:
                hint = _RESTRICTED_TO_HINT.format(privcmd.restricted_to)
        elif errno == EFAULT and self._may_fault():
            hint = "this kernel has no /dev/xen/hypercall: EFAULT may pass while it moves memory"
        return error_from(
            errno,
            call=call,
            via=f"IOCTL_PRIVCMD_HYPERCALL on {privcmd.path}",
            domid=domid,
            arguments=arguments,
            hint=hint,
        )


def _name(op: int) -> str:
    """What Xen calls a hypercall; looked up for errors only, so not worth a table of its own."""
    from xensys.abi import xen

    for name, number in vars(xen).items():
        if number == op and name.startswith("HYPERVISOR_"):
            return name.removeprefix("HYPERVISOR_")
    return f"hypercall {op}"


def _restricted(privcmd: Privcmd) -> bool:
    """Whether a handle may make no hypercall at all.

    Xen lets everybody ask for its version, so EPERM to that is the driver's.
    """
    try:
        return privcmd.restricted
    except OSError:
        return False


def _hold(word: Word) -> Any:
    """What keeps a word's memory from reuse over the call: the exporter of it."""
    if word is None:
        return 0
    if isinstance(word, int):
        return int(word)
    from xensys.abi._base import _export

    return _export(word, "hypercall argument")
