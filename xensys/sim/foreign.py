"""Frames of other domains, put where a privcmd mapping is."""

from __future__ import annotations

import os
from errno import EINVAL, ENOENT, ENOMEM, EPERM, ESRCH

from xensys.sim import osmem
from xensys.sim.errors import SimulatorGap
from xensys.sim.vmas import Run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from xensys.sim.domain import Domain
    from xensys.sim.kernel import SimKernel
    from xensys.sim.vmas import Vma

_SELF = 0x7FF0
_IO, _XEN = 0x7FF1, 0x7FF2
_PAGE = 4096

# Every scattered frame is a mapping of its own here, and this many are left to
# the rest of the process.
_SPARE_MAPPINGS = 2048


#: HVMMEM_mmio_dm.
_MMIO_DM = 2
_PTE_FRAMES = (1 << 40) - 1


def map_frames(
    kernel: SimKernel,
    vma: Vma,
    first: int,
    domid: int,
    gfns: Sequence[int],
    *,
    stop: bool = False,
) -> list[int]:
    """Map frames from page `first` of a mapping on.

    Args:
        stop: end at the first error, as IOCTL_PRIVCMD_MMAP does.
    Returns:
        0 or a negative errno for each frame.
    Raises:
        OSError: ENOMEM, so many separate runs would exceed vm.max_map_count.
    """
    machine = kernel.xen_machine
    domain = machine.find(_own_if_self(kernel, domid))
    plain = (
        domain is not None
        and not kernel.faults.any_of("frame")
        and not domain.anything_paged()
        and _MMIO_DM not in domain.mem_types.values()
        and not lookup_domain(kernel, domid)
    )
    if (
        plain
        and domain is not None
        and not domain.dying
        and _contiguous(gfns)
        and domain.memory.identity_run(gfns[0], len(gfns))
    ):
        _place(kernel, vma, first, [Run(0, len(gfns), domain, gfns[0])])
        return [0] * len(gfns)

    errors: list[int] = []
    runs: list[Run] = []
    last: Run | None = None
    eventful = kernel.faults.any_of("frame")
    for index, gfn in enumerate(gfns):
        if eventful:
            # What a fault sees, and may kill, is mapped up to here.
            _place(kernel, vma, first, runs)
            runs, last = [], None
        # The domain is looked up each time for the same reason.
        domain, slot, error = _find(kernel, domid, gfn)
        errors.append(error)
        if error or domain is None:
            if stop:
                break
            continue
        if (
            last is not None
            and last.page + last.count == index
            and last.slot + last.count == slot
            and last.domain is domain
        ):
            last.count += 1
        else:
            last = Run(index, 1, domain, slot)
            runs.append(last)
    _place(kernel, vma, first, runs)
    if kernel.domain.translated:
        # The page table entry is set whatever became of the frame, unless the
        # hypercall failed as a whole (remap_pte_fn in xlate_mmu.c).
        whole = -ENOENT if kernel.paged_is_enoent else None
        vma.dead_pages.update(
            first + index for index, error in enumerate(errors) if error and error != whole
        )
    return errors


def show_slots(kernel: SimKernel, vma: Vma, first: int, domain: Domain, slots: list[int]) -> None:
    """Map pages that are not behind frame numbers: a resource's."""
    runs: list[Run] = []
    for index, slot in enumerate(slots):
        if runs and runs[-1].slot + runs[-1].count == slot:
            runs[-1].count += 1
        else:
            runs.append(Run(index, 1, domain, slot))
    _place(kernel, vma, first, runs)


def lookup_domain(kernel: SimKernel, domid: int) -> int:
    """0, or the negative errno that every frame of this domain gets."""
    caller = kernel.domain
    if domid in (_IO, _XEN):
        raise SimulatorGap(f"frames of DOMID_{'IO' if domid == _IO else 'XEN'}")
    if caller.translated:
        # rcu_lock_remote_domain_by_id(), in xenmem_add_to_physmap_one().
        domain = kernel.xen_machine.find(domid)
        if domain is None:
            return -ESRCH
        if domain is caller:
            return -EPERM
    else:
        # get_pg_owner(): oneself is SELF, never one's own number.
        if domid == _SELF:
            return 0
        domain = kernel.xen_machine.find(domid)
        if domain is None or domain is caller:
            return -ESRCH
    if not (caller.privileged or caller.target == domid):
        return -EPERM
    return 0


def _find(kernel: SimKernel, domid: int, gfn: int) -> tuple[Domain | None, int, int]:
    """(domain, slot, 0), or a negative errno in the last place."""
    try:
        kernel.faults.before("frame", domid=domid, gfn=gfn)
    except OSError as error:
        return None, 0, -(error.errno or EINVAL)
    refusal = lookup_domain(kernel, domid)
    if refusal:
        return None, 0, refusal
    if not kernel.domain.translated:
        # mfn_pte(): what is beyond are other bits of a page table entry, which Xen leaves to its owner.
        gfn &= _PTE_FRAMES
    domain = kernel.xen_machine.find(_own_if_self(kernel, domid))
    assert domain is not None  # lookup_domain() found it
    if domain.dying:
        # Its physmap is torn down first of all.
        return None, 0, -EINVAL
    slot = domain.memory.slot(gfn)
    # A frame that is emulated (HVMMEM_mmio_dm) is no memory.
    if slot is None or domain.mem_types.get(gfn) == _MMIO_DM:
        return None, 0, -EINVAL
    if domain.is_paged(gfn):
        # mmu_update knows paging; add_to_physmap_batch sees just no page.
        hidden = kernel.domain.translated and not kernel.paged_is_enoent
        return None, 0, -EINVAL if hidden else -ENOENT
    return domain, slot, 0


def _own_if_self(kernel: SimKernel, domid: int) -> int:
    return kernel.domain.domid if domid == _SELF and not kernel.domain.translated else domid


def _contiguous(gfns: Sequence[int]) -> bool:
    first, count = gfns[0], len(gfns)
    if gfns[-1] - first != count - 1:
        return False
    return all(gfn == first + index for index, gfn in enumerate(gfns))


def _place(kernel: SimKernel, vma: Vma, first: int, runs: list[Run]) -> None:
    """Put runs, counted from page `first`, into the mapping."""
    _check_mappings(len(runs))
    restarts = kernel.domain.translated and first > 0
    for run in runs:
        _overlay(vma, first + run.page, run)
        if restarts:
            _restart_index(vma, first, run)


def _overlay(vma: Vma, page: int, run: Run) -> None:
    fd = run.domain.memory.fd
    osmem.overlay(vma.start + page * _PAGE, run.count * _PAGE, vma.prot, fd, run.slot * _PAGE)
    vma.runs.append(Run(page, run.count, run.domain, run.slot))


def _restart_index(vma: Vma, first: int, run: Run) -> None:
    """The driver's mistake in a later call on a translated domain.

    It counts the mapping's physmap pages from 0 again, whatever part is
    filled: the pages there now are replaced, and what showed them shows the
    new frames too.
    """
    for offset in range(run.count):
        index = run.page + offset
        showing = [page for page, shown in vma.shows.items() if shown == index]
        if vma.taken(index, 1) and vma.shows.get(index, index) == index:
            showing.append(index)
        vma.shows[first + index] = index
        for page in showing:
            vma.forget(page, 1)
            _overlay(vma, page, Run(0, 1, run.domain, run.slot + offset))


def _check_mappings(runs: int) -> None:
    """Refuse before the process itself runs out of mappings."""
    if runs <= 512:
        return
    with open("/proc/self/maps", "rb") as maps:
        now = sum(1 for _ in maps)
    if now + 2 * runs + _SPARE_MAPPINGS > _max_map_count():
        raise OSError(ENOMEM, os.strerror(ENOMEM))


def _max_map_count() -> int:
    with open("/proc/sys/vm/max_map_count") as file:
        return int(file.read())
