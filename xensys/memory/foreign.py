"""Other domains' memory, by frame number.

Start at `ForeignMemory.map()`. `devices.privcmd` issues the ioctl,
`memory.mapping` is what comes back when every frame could be mapped,
`PartialMapping` when some could not and the caller wanted the rest.

Always true here:

* A range of addresses is filled once, from start to end, and never in part:
  the driver wants the first call to cover the whole, and newer ones refuse to
  unmap a piece.
* No address of a failed frame is ever handed out: touching one is SIGBUS.
* A map that fails leaves nothing behind.

Rules come from Linux drivers/xen/privcmd.c (mmapbatch_v2).
"""

from __future__ import annotations

from bisect import bisect_right
from errno import EINVAL, ENOENT, ENOMEM, ENOSYS

from xensys._lifetime import OneOfAKind
from xensys._typing import overload
from xensys.errors import ForeignMapError, XenError, XenInterruptedError, XenNotFoundError, error_from
from xensys.memory.areas import Area
from xensys.memory.frames import as_frames, frames_that_fit
from xensys.memory.living import Living
from xensys.memory.mapping import Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterator
    from typing import Literal, Self

    from _typeshed import ReadableBuffer

    from xensys.devices.privcmd import Privcmd
    from xensys.kernel import Kernel
    from xensys.memory.frames import Frames

#: Bytes of a Xen frame, whatever the page size of the kernel.
FRAME_SIZE = 4096

#: Seconds that a map waits for paged-out frames unless told otherwise.
PAGING_TIMEOUT = 10.0

_FIRST_PAUSE = 0.0001
_LONGEST_PAUSE = 0.05

_MAX_MAP_COUNT_HINT = (
    "each run of frames is a mapping of its own, and a process has vm.max_map_count of them: "
    "map fewer at once, or raise that sysctl"
)


class ForeignMapping(Mapping):
    """Frames of another domain, all of them mapped.

    Attributes:
        domid: whose they are.
        frames: their numbers, in the order they are mapped in.
    """

    __slots__ = ("domid", "frames")

    def __init__(self, kernel: Kernel, area: Area, domid: int, frames: array[int]) -> None:
        self.domid = domid
        self.frames = frames
        super().__init__(kernel, area, len(frames) * FRAME_SIZE)

    def _what(self) -> str:
        return f"domain {self.domid}, {len(self.frames)} frame(s) from {self.frames[0]:#x}"


class PartialMapping(OneOfAKind):
    """Frames of another domain, some of which may be missing.

    Offsets count as if every frame were there. Each run of frames that are is a
    mapping of its own; reaching a frame that is not raises `ForeignMapError`.

    Attributes:
        domid: whose they are.
        frames: what was asked for, in order.
        failed: (index in `frames`, frame, errno) of each frame that is missing.
        runs: (index of its first frame in `frames`, mapping) of each run.
    """

    __slots__ = ("_starts", "domid", "failed", "frames", "runs")

    def __init__(
        self,
        domid: int,
        frames: array[int],
        failed: tuple[tuple[int, int, int], ...],
        runs: tuple[tuple[int, ForeignMapping], ...],
    ) -> None:
        self.domid = domid
        self.frames = frames
        self.failed = failed
        self.runs = runs
        self._starts = [index for index, _ in runs]

    @property
    def errors(self) -> dict[int, int]:
        """Frame → errno of each frame that is missing."""
        return {frame: errno for _, frame, errno in self.failed}

    @property
    def closed(self) -> bool:
        """Whether it is closed, or its runs were closed one by one."""
        return all(mapping.closed for _, mapping in self.runs)

    def __len__(self) -> int:
        return len(self.frames) * FRAME_SIZE

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...

    def __getitem__(self, key: int | slice) -> int | bytes:
        """Copy bytes out.

        Raises:
            ForeignMapError: a frame in that range is missing.
        """
        if not isinstance(key, slice):
            index = self._index(key)
            return b"".join(m[a:b] for m, a, b in self._pieces(index, index + 1))[0]
        start, stop = self._plain(key)
        return b"".join([m[a:b] for m, a, b in self._pieces(start, stop)])

    @overload
    def __setitem__(self, key: int, value: int) -> None: ...
    @overload
    def __setitem__(self, key: slice, value: ReadableBuffer) -> None: ...

    def __setitem__(self, key: int | slice, value: int | ReadableBuffer) -> None:
        """Copy bytes in; all or nothing.

        Raises:
            ForeignMapError: a frame in that range is missing.
        """
        if isinstance(key, slice):
            start, stop = self._plain(key)
            data = bytes(memoryview(value))  # type: ignore[arg-type]  # a slice takes a buffer
        else:
            start = self._index(key)
            stop = start + 1
            data = bytes((value,))  # type: ignore[arg-type]  # an index takes an integer
        if len(data) != stop - start:
            raise ValueError(f"{len(data)} bytes do not fill {start}..{stop}")
        at = 0
        for mapping, a, b in self._pieces(start, stop):
            mapping[a:b] = data[at : at + b - a]
            at += b - a

    def view(self, offset: int, length: int) -> memoryview:
        """The memory itself, without a copy; a range inside one run.

        Raises:
            ForeignMapError: a frame in that range is missing.
        """
        if not 0 <= offset <= offset + length <= len(self):
            raise IndexError(f"{offset}..{offset + length} is not inside 0..{len(self)}")
        pieces = self._pieces(offset, offset + length)
        if not pieces:
            return memoryview(b"")
        if len(pieces) > 1:
            # Only if frames came and went while they were being mapped.
            raise ValueError(f"{offset}..{offset + length} lies in {len(pieces)} mappings")
        mapping, start, stop = pieces[0]
        return mapping.view(start, stop - start)

    def find(self, data: ReadableBuffer, start: int = 0) -> int:
        """The offset of the first occurrence of `data` within one run, or -1."""
        if start < 0:
            start = max(start + len(self), 0)
        for index, mapping in self.runs:
            base = index * FRAME_SIZE
            found = mapping.find(data, max(start - base, 0))
            if found >= 0:
                return base + found
        return -1

    def close(self, *, revoke: bool = False) -> None:
        """Unmap every run; a second call does nothing. See `Mapping.close`.

        Raises:
            BufferError: a run has live views, and not `revoke`; the other runs are closed.
        """
        blocked: BufferError | None = None
        for _, mapping in self.runs:
            try:
                mapping.close(revoke=revoke)
            except BufferError as error:
                blocked = error
        if blocked is not None:
            raise blocked

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(revoke=kind is not None)

    def __repr__(self) -> str:
        return (
            f"<PartialMapping domain {self.domid}, {len(self.frames)} frame(s) in "
            f"{len(self.runs)} run(s), {len(self.failed)} missing>"
        )

    def _pieces(self, start: int, stop: int) -> list[tuple[ForeignMapping, int, int]]:
        """The parts of runs that make up start..stop."""
        pieces: list[tuple[ForeignMapping, int, int]] = []
        while start < stop:
            at = bisect_right(self._starts, start // FRAME_SIZE) - 1
            if at >= 0:
                index, mapping = self.runs[at]
                base = index * FRAME_SIZE
                end = min(stop, base + len(mapping))
                if start < end:
                    pieces.append((mapping, start - base, end - base))
                    start = end
                    continue
            raise self._hole(start // FRAME_SIZE, -(-stop // FRAME_SIZE))
        return pieces

    def _hole(self, first: int, end: int) -> ForeignMapError:
        failed = tuple(failure for failure in self.failed if first <= failure[0] < end)
        return ForeignMapError(
            failed[0][2],
            failed=failed,
            requested=end - first,
            call="access to a PartialMapping",
            domid=self.domid,
        )

    def _plain(self, key: slice) -> tuple[int, int]:
        start, stop, step = key.indices(len(self))
        if step != 1:
            raise ValueError("slices of a PartialMapping have no step")
        return start, max(start, stop)

    def _index(self, key: int) -> int:
        index = key.__index__()
        if index < 0:
            index += len(self)
        if not 0 <= index < len(self):
            raise IndexError(f"{key} is not inside 0..{len(self)}")
        return index


class ForeignMemory:
    """Maps other domains' memory; `xen.foreign`."""

    __slots__ = ("_kernel", "_living", "_privcmd")

    def __init__(self, kernel: Kernel, privcmd: Callable[[], Privcmd]) -> None:
        self._kernel = kernel
        self._privcmd = privcmd
        self._living = Living()

    def maps(self) -> Iterator[ForeignMapping]:
        """Every mapping that `map` has made and that is still open; of partial ones each run."""
        return iter(self._living)  # type: ignore[arg-type]  # only such are added

    @overload
    def map(
        self,
        domid: int,
        frames: Frames,
        *,
        write: bool = False,
        partial: Literal[False] = False,
        timeout: float | None = PAGING_TIMEOUT,
    ) -> ForeignMapping: ...
    @overload
    def map(
        self,
        domid: int,
        frames: Frames,
        *,
        write: bool = False,
        partial: Literal[True],
        timeout: float | None = PAGING_TIMEOUT,
    ) -> PartialMapping: ...

    def map(
        self,
        domid: int,
        frames: Frames,
        *,
        write: bool = False,
        partial: bool = False,
        timeout: float | None = PAGING_TIMEOUT,
    ) -> ForeignMapping | PartialMapping:
        """Map frames of another domain (IOCTL_PRIVCMD_MMAPBATCH_V2).

        Frames may be in any order, far apart, and repeated. Frames that the
        domain's pager has put away are asked for again, ever less often.

        Args:
            domid: whose memory.
            frames: 4 KiB frame numbers (gfn of a translated domain, mfn of a PV
                one): a range, a sequence, or a buffer of 8-byte integers.
            write: map for reading and writing.
            partial: map what can be mapped, rather than all or nothing.
            timeout: seconds to wait for paged-out frames; None waits.
        Returns:
            A `ForeignMapping`; a `PartialMapping` if `partial`.
        Raises:
            ForeignMapError: not `partial`, and some frames cannot be mapped;
                ENOENT is said of frames still paged out. Nothing stays mapped.
            XenPermissionError: EPERM, the handle is restricted to another domain.
            XenError: ENOMEM, too many mappings (vm.max_map_count).
        EINTR: what was mapped is undone, and the map tried again.

        Example:
            >>> with xen.foreign.map(1, range(0x100, 0x104)) as m:
            ...     len(m)
            16384
        """
        wanted = as_frames(frames)
        deadline = None if timeout is None else self._kernel.monotonic() + timeout
        attempt = _Attempt(self._kernel, self._privcmd(), domid, write, deadline)
        if not partial:
            area, failed = attempt.whole(wanted, any_failure_ends=True)
            if area is not None:
                return self._known(ForeignMapping(self._kernel, area, domid, wanted))
            raise attempt.error(wanted, failed)
        area, failed = attempt.whole(wanted, any_failure_ends=False)
        if area is not None:
            runs = ((0, self._known(ForeignMapping(self._kernel, area, domid, wanted))),)
            return PartialMapping(domid, wanted, (), runs)
        found = attempt.runs(wanted, dict(failed))
        for _, run in found.runs:
            self._known(run)
        return found

    def _known(self, mapping: ForeignMapping) -> ForeignMapping:
        self._living.add(mapping)
        return mapping


class _Attempt:
    """One call of `map`: what it wants, and until when."""

    def __init__(
        self, kernel: Kernel, privcmd: Privcmd, domid: int, write: bool, deadline: float | None
    ) -> None:
        self.kernel = kernel
        self.privcmd = privcmd
        self.domid = domid
        self.write = write
        self.deadline = deadline

    def whole(
        self, frames: array[int], *, any_failure_ends: bool
    ) -> tuple[Area | None, list[tuple[int, int]]]:
        """Map all frames into one range, waiting for those that are paged out.

        Returns:
            The range filled without a hole; or None and (index, errno) of each
            frame that failed, with nothing mapped.
        """
        pause = _FIRST_PAUSE
        area: Area | None = None
        errors = bytearray()
        todo: list[tuple[int, int]] = []
        try:
            while True:
                if area is None:
                    area = self._range(len(frames))
                    errors = bytearray(4 * len(frames))
                    todo = [(0, len(frames))]
                try:
                    for start, stop in todo:
                        self._fill(area, frames, errors, start, stop)
                except XenInterruptedError:
                    area.drop()
                    area = None
                    continue
                failed = _failures(errors)
                if not failed:
                    done, area = area, None
                    return done, []
                paged = [index for index, errno in failed if errno == ENOENT]
                if not paged or (any_failure_ends and len(paged) < len(failed)):
                    return None, failed
                if not self._wait(pause):
                    return None, failed
                pause = min(2 * pause, _LONGEST_PAUSE)
                if self._refills():
                    todo = _runs(paged)
                else:
                    area.drop()
                    area = None
        finally:
            if area is not None:
                area.drop()

    def runs(self, frames: array[int], failed: dict[int, int]) -> PartialMapping:
        """Map each run of frames that did not fail into a range of its own."""
        made: list[tuple[int, ForeignMapping]] = []
        try:
            todo = _runs([index for index in range(len(frames)) if index not in failed])
            todo.reverse()
            while todo:
                start, stop = todo.pop()
                part = frames[start:stop]
                area, newly = self.whole(part, any_failure_ends=False)
                if area is not None:
                    made.append((start, ForeignMapping(self.kernel, area, self.domid, part)))
                    continue
                # Frames that were there a moment ago and have gone since.
                failed.update((start + index, errno) for index, errno in newly)
                rest = [index for index in range(start, stop) if index not in failed]
                todo.extend(reversed(_runs(rest)))
        except BaseException:
            for _, mapping in made:
                mapping.close(revoke=True)
            raise
        missing = tuple((index, frames[index], failed[index]) for index in sorted(failed))
        return PartialMapping(self.domid, frames, missing, tuple(made))

    def error(self, frames: array[int], failed: list[tuple[int, int]]) -> ForeignMapError:
        """What to tell a caller who wanted all frames or none."""
        hint = ""
        if all(errno == ENOENT for _, errno in failed):
            hint = "these frames are paged out, and the domain's pager did not bring them back in time"
        elif len(failed) == len(frames) and len({errno for _, errno in failed}) == 1:
            hint = f"no frame at all could be mapped: is domain {self.domid} still there?"
        first = next((errno for _, errno in failed if errno != ENOENT), ENOENT)
        return ForeignMapError(
            first,
            failed=tuple((index, frames[index], errno) for index, errno in failed),
            requested=len(frames),
            call="IOCTL_PRIVCMD_MMAPBATCH_V2",
            via=self.privcmd.path,
            domid=self.domid,
            hint=hint,
        )

    def _range(self, count: int) -> Area:
        """An empty range of the device, with room for `count` frames."""
        page = self.kernel.page_size
        length = -(-count * FRAME_SIZE // page) * page
        try:
            area = Area(self.kernel, length, writable=self.write)
        except (OSError, OverflowError) as error:
            errno = error.errno if isinstance(error, OSError) and error.errno else ENOMEM
            raise error_from(
                errno, call="mmap", arguments={"length": length}, hint=_MAX_MAP_COUNT_HINT
            ) from None
        try:
            self.privcmd.map_over(area.memory)
        except XenError as error:
            area.drop()
            if error.errno == ENOMEM:
                error.hint = _MAX_MAP_COUNT_HINT
            raise
        return area

    def _fill(self, area: Area, frames: array[int], errors: bytearray, start: int, stop: int) -> None:
        """One ioctl for frames start..stop; what it says of each goes to `errors`."""
        whole = stop - start == len(frames)
        part = errors if whole else bytearray(4 * (stop - start))
        asked = frames_that_fit(frames if whole else frames[start:stop])
        try:
            self.privcmd.mmapbatch_v2(self.domid, area.address + start * FRAME_SIZE, asked, part)
        except XenNotFoundError:
            # ENOENT only says that some frames are paged out; `errors` says which.
            if not any(part):
                raise
        if not whole:
            errors[4 * start : 4 * stop] = part

    def _refills(self) -> bool:
        """Whether failed frames may be asked for again within the same range.

        Not on a translated domain: there the driver's second call for part of a
        range starts over with the range's first page (pages are counted from 0
        in xen_xlate_remap_gfn_array's callback), so the frames would end up at the wrong
        addresses. IOCTL_PRIVCMD_MMAP tells, as translated domains lack it.
        """
        try:
            self.privcmd.mmap(self.domid, ())
        except XenError as error:
            if error.errno in (ENOSYS, EINVAL):
                return False
            raise
        return self.kernel.page_size == FRAME_SIZE

    def _wait(self, pause: float) -> bool:
        """Let the pager work for a moment; False once the deadline has passed."""
        if self.deadline is not None:
            left = self.deadline - self.kernel.monotonic()
            if left <= 0:
                return False
            pause = min(pause, left)
        self.kernel.sleep(pause)
        return True


def _failures(errors: bytearray) -> list[tuple[int, int]]:
    """(index, errno) of every entry that is not 0."""
    if errors.count(0) == len(errors):
        return []
    with memoryview(errors) as raw, raw.cast("i") as numbers:
        return [(index, -number) for index, number in enumerate(numbers) if number]


def _runs(indexes: list[int]) -> list[tuple[int, int]]:
    """Ascending indexes as (start, stop) of each unbroken run."""
    runs: list[tuple[int, int]] = []
    start = -1
    last = -2
    for index in indexes:
        if index != last + 1:
            if start >= 0:
                runs.append((start, last + 1))
            start = index
        last = index
    if start >= 0:
        runs.append((start, last + 1))
    return runs
