"""hvm_op(HVMOP_altp2m): xen/arch/x86/hvm/hvm.c do_altp2m_op(), mm/altp2m.c, mm/mem_access.c."""

from __future__ import annotations

import struct
from errno import EBUSY, EEXIST, EFAULT, EINVAL, EOPNOTSUPP, EPERM, ESRCH
from weakref import WeakKeyDictionary

from xensys.sim.xen.access import refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from xensys.sim.domain import Domain
    from xensys.sim.xen.access import Caller

_SIZE, _U = 80, 16
_VERSION = 1
_PARAM = 35
_DISABLED, _MIXED, _EXTERNAL, _LIMITED = range(4)
_MAX_VIEWS = 10
_ALL_ONES = (1 << 64) - 1
_RWX = 7
#: GFNs that this processor's 39 bits of physical address can have.
_MAX_GFN = (1 << 39) - 1

GET_DOMAIN_STATE, SET_DOMAIN_STATE, ENABLE_NOTIFY = 1, 2, 3


class View:
    """One translation.

    Attributes:
        default: access to what it says nothing of.
        entries: frame → whose page it is.
        access: frame → XENMEM_access_*.
        suppress: frames whose violations exit to Xen.
        visible: whether one may switch into it.
    """

    def __init__(self, default: int) -> None:
        self.default = default
        self.entries: dict[int, int] = {}
        self.access: dict[int, int] = {}
        self.suppress: dict[int, bool] = {}
        self.visible = True


class Altp2m:
    """A domain's views; `altp2m.of(domain)`.

    Attributes:
        active: whether it is switched on.
        host: the domain's own translation, of which just access rights are kept.
        views: the others by index, and what view 0 has of its own.
        current: the view of each vCPU.
        notified: vCPU → frame of its page for virtualization exceptions.
    """

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self.active = False
        self.host = View(_RWX)
        self.views: dict[int, View] = {}
        self.current = [0] * domain.vcpus
        self.notified: dict[int, int] = {}

    def switch(self, on: bool) -> None:
        """Switch it on or off."""
        if on == self.active:
            return
        self.active = on
        self.views = {0: View(self.host.default)} if on else {}
        self.current = [0] * self._domain.vcpus
        self.notified.clear()

    def view(self, index: int) -> View:
        """A view; OSError(EINVAL)."""
        view = self.views.get(index)
        if view is None:
            refuse(EINVAL)
        return view

    def host_or(self, index: int) -> View:
        """As `view`, but 0 is the domain's own translation."""
        return self.view(index) if index else self.host

    def page(self, view: View, gfn: int) -> int:
        """Whose page a frame is, in a view or else in the host; OSError(ESRCH)."""
        source = view.entries.get(gfn, gfn)
        if self._domain.memory.slot(source) is None:
            refuse(ESRCH)
        return source


_states: WeakKeyDictionary[Domain, Altp2m] = WeakKeyDictionary()


def of(domain: Domain) -> Altp2m:
    """What a domain has."""
    if domain not in _states:
        _states[domain] = Altp2m(domain)
    return _states[domain]


def call(caller: Caller, arg: int) -> int:
    """HVMOP_altp2m"""
    if not caller.machine.altp2m:
        refuse(EOPNOTSUPP)
    raw = bytearray(caller.read(arg, _SIZE))
    version, cmd, domid, pad1, pad2 = struct.unpack_from("<IIHHI", raw)
    if pad1 or pad2 or version != _VERSION:
        refuse(EINVAL)
    handler = _COMMANDS.get(cmd)
    if handler is None:
        refuse(EOPNOTSUPP)
    domain = caller.any_domain(domid)
    if not domain.translated:
        refuse(EOPNOTSUPP)
    state = of(domain)
    if cmd not in (GET_DOMAIN_STATE, SET_DOMAIN_STATE) and not state.active:
        refuse(EOPNOTSUPP)
    mode = domain.hvm_params.get(_PARAM, _DISABLED)
    if mode == _DISABLED:
        refuse(EINVAL)
    _check_mode(caller, domain, mode, cmd)
    if handler(caller, state, domain, raw):
        caller.write(arg, bytes(raw))
    return 0


def _check_mode(caller: Caller, domain: Domain, mode: int, cmd: int) -> None:
    """xsm_hvm_altp2mhvm_op()"""
    if mode == _MIXED or (mode == _LIMITED and cmd == ENABLE_NOTIFY):
        caller.require_target(domain)
    elif mode not in (_EXTERNAL, _LIMITED) or not caller.is_device_model_of(domain):
        refuse(EPERM)


# Each command: True if the structure goes back to the caller.


def _get_domain_state(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    raw[_U] = state.active
    return True


def _set_domain_state(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    state.switch(bool(raw[_U]))
    return False


def _enable_notify(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    vcpu, pad, gfn = struct.unpack_from("<IIQ", raw, _U)
    if pad or vcpu >= domain.vcpus:
        refuse(EINVAL)
    if vcpu in state.notified:
        refuse(EEXIST)
    if domain.memory.slot(gfn) is None or domain.memory.slot(gfn) in domain.grant_slots:
        refuse(EINVAL)
    state.notified[vcpu] = gfn
    return False


def _disable_notify(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    (vcpu,) = struct.unpack_from("<I", raw, _U)
    if vcpu >= domain.vcpus:
        refuse(EINVAL)
    state.notified.pop(vcpu, None)
    return False


def _create(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    (access,) = struct.unpack_from("<H", raw, _U + 2)
    default = _right(caller, state, access)
    index = next((index for index in range(_MAX_VIEWS) if index not in state.views), None)
    if index is None:
        refuse(EINVAL)
    state.views[index] = View(default)
    struct.pack_into("<H", raw, _U, index)
    return True


def _destroy(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    (index,) = struct.unpack_from("<H", raw, _U)
    if not index or index not in state.views or index in state.current:
        refuse(EBUSY)
    del state.views[index]
    return False


def _switch(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    (index,) = struct.unpack_from("<H", raw, _U)
    if not state.view(index).visible:
        refuse(EINVAL)
    state.current = [index] * domain.vcpus
    return False


def _set_mem_access(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    index, access, pad, gfn = struct.unpack_from("<HHIQ", raw, _U)
    if pad:
        refuse(EINVAL)
    view = state.host_or(index)
    right = _right(caller, state, access)
    if gfn == _ALL_ONES:
        state.host.default = right
    else:
        _set_right(state, view, gfn, right)
    return False


def _set_mem_access_multi(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    index, pad, count, opaque, gfns, rights = struct.unpack_from("<HHIQQQ", raw, _U)
    if pad or opaque > count:
        refuse(EINVAL)
    view = state.host_or(index)
    for at in range(opaque, count):
        (gfn,) = struct.unpack("<Q", caller.read(gfns + 8 * at, 8))
        right = _right(caller, state, caller.read(rights + at, 1)[0])
        _set_right(state, view, gfn, right)
    return False


def _get_mem_access(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    index, _, pad, gfn = struct.unpack_from("<HHIQ", raw, _U)
    if pad:
        refuse(EINVAL)
    view = state.host_or(index)
    if gfn == _ALL_ONES:
        access = state.host.default if not index else view.default
    elif view is state.host:
        if domain.memory.slot(gfn) is None:
            refuse(ESRCH)
        access = view.access.get(gfn, view.default)
    else:
        if gfn not in view.entries:
            refuse(ESRCH)
        access = view.access[gfn]
    struct.pack_into("<H", raw, _U + 2, access)
    return True


def _change_gfn(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    index, pad1, pad2, old, new = struct.unpack_from("<HHIQQ", raw, _U)
    if pad1 or pad2:
        refuse(EINVAL)
    view = state.view(index)
    if new == _ALL_ONES:
        view.entries.pop(old, None)
        view.access.pop(old, None)
        return False
    state.page(view, old)
    page = state.page(view, new)
    view.entries[old] = page
    # It takes the rights of the one whose page it is.
    view.access[old] = view.access.get(new, state.host.access.get(new, state.host.default))
    view.suppress.setdefault(old, True)
    return False


def _set_suppress_ve(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    index, suppress, pad1, pad2, gfn = struct.unpack_from("<HBBIQ", raw, _U)
    if pad1 or pad2:
        refuse(EINVAL)
    _suppress(state, state.host_or(index), gfn, bool(suppress))
    return False


def _get_suppress_ve(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    index, _, pad1, pad2, gfn = struct.unpack_from("<HBBIQ", raw, _U)
    if pad1 or pad2:
        refuse(EINVAL)
    view = state.host_or(index)
    present = gfn in view.entries if index else domain.memory.slot(gfn) is not None
    if not present:
        refuse(ESRCH)
    raw[_U + 2] = view.suppress.get(gfn, True)
    return True


def _set_suppress_ve_multi(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    index, suppress, pad, error, first, last, at = struct.unpack_from("<HBBiQQQ", raw, _U)
    last = min(last, _MAX_GFN)
    if pad or first > last:
        refuse(EINVAL)
    view = state.host_or(index)
    for gfn in range(first, last + 1):
        try:
            _suppress(state, view, gfn, bool(suppress))
        except OSError as refusal:
            if not error:
                error, at = -(refusal.errno or EFAULT), gfn
    struct.pack_into("<HBBiQQQ", raw, _U, index, suppress, pad, error, last + 1, last, at)
    return True


def _get_p2m_idx(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    (vcpu,) = struct.unpack_from("<I", raw, _U)
    if vcpu >= domain.vcpus:
        refuse(EINVAL)
    struct.pack_into("<H", raw, _U + 4, state.current[vcpu])
    return True


def _set_visibility(caller: Caller, state: Altp2m, domain: Domain, raw: bytearray) -> bool:
    index, visible, pad = struct.unpack_from("<HBB", raw, _U)
    if pad:
        refuse(EINVAL)
    state.view(index).visible = bool(visible)
    return False


def _right(caller: Caller, state: Altp2m, access: int) -> int:
    """xenmem_access_to_p2m_access(): Xen 4.20 has put r_pw before the default."""
    default = 11 if caller.machine.xen >= (4, 20) else 10
    if access > default:
        refuse(EINVAL)
    return state.host.default if access == default else access


def _set_right(state: Altp2m, view: View, gfn: int, right: int) -> None:
    """set_mem_access(): a frame that is not there is passed over."""
    if view is not state.host:
        try:
            view.entries[gfn] = state.page(view, gfn)
        except OSError:
            return
        view.suppress.setdefault(gfn, True)
    view.access[gfn] = right


def _suppress(state: Altp2m, view: View, gfn: int, suppress: bool) -> None:
    page = state.page(view, gfn)
    if view is not state.host:
        view.entries[gfn] = page
        view.access.setdefault(gfn, state.host.access.get(gfn, state.host.default))
    view.suppress[gfn] = suppress


if TYPE_CHECKING:
    _Command = Callable[[Caller, Altp2m, Domain, bytearray], bool]

_COMMANDS: dict[int, _Command] = {
    GET_DOMAIN_STATE: _get_domain_state,
    SET_DOMAIN_STATE: _set_domain_state,
    ENABLE_NOTIFY: _enable_notify,
    4: _create,
    5: _destroy,
    6: _switch,
    7: _set_mem_access,
    8: _change_gfn,
    9: _set_mem_access_multi,
    10: _set_suppress_ve,
    11: _get_suppress_ve,
    12: _get_mem_access,
    13: _disable_notify,
    14: _get_p2m_idx,
    15: _set_suppress_ve_multi,
    16: _set_visibility,
}
