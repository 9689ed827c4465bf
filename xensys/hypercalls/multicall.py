"""multicall: many hypercalls in one.

The entries are words, as those of the raw door: what they mean is not looked at,
so that nothing here can tell a harmless batch from one that stops the machine.
Running one needs hazardous=True for that reason.
"""

from __future__ import annotations

import ctypes
from struct import Struct

from xensys._packing import check
from xensys.abi.xen import multicall_entry
from xensys.errors import XenError, error_from
from xensys.hypercalls._call import MULTICALL, Caller, _hold, _name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from xensys.hypercalls._call import Word

_ENTRY = Struct(multicall_entry.FORMAT)
_RESULT = Struct("<q")
_RESULT_OFFSET = 8
_MAX_ERRNO = 4095
#: What no hypercall answers: an entry that Xen did not get to.
_UNTOUCHED = -(1 << 63)


class Batch:
    """Hypercalls to be made in one go, in order; made by `Multicall.batch`.

    Buffers and structures that are queued are kept until the batch has run: they
    cannot be freed before.

    Example:
        >>> batch = xen.multicall.batch()
        >>> batch.add(17, 0)
        0
        >>> [hex(result) for result in batch.run(hazardous=True)]
        ['0x40014']
    """

    __slots__ = ("_caller", "_entries", "_held")

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._entries: list[tuple[int, list[int]]] = []
        self._held: list[Any] = []

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, op: int, *words: Word) -> int:
        """Queue a hypercall. Nothing is checked but that the words fit.

        Args:
            op: hypercall number, __HYPERVISOR_*. A multicall in a multicall is
                EINVAL, in that entry's place.
            words: up to five: integers as they are, of buffers and of
                structures made by `buffers.new()` the address.
        Returns:
            Where among the results this one's will be.
        """
        if len(words) > 5:
            raise TypeError(f"a hypercall has at most 5 arguments, not {len(words)}")
        held = [_hold(word) for word in words]
        values = [word if type(word) is int else ctypes.addressof(word) for word in held]
        check(op, "multicall_entry", "op", 0, (1 << 64) - 1)
        for at, value in enumerate(values):
            check(value, "multicall_entry", f"args[{at}]", 0, (1 << 64) - 1)
        self._held.append(held)
        self._entries.append((op, values))
        return len(self._entries) - 1

    def clear(self) -> None:
        """Forget what is queued, and let its buffers go."""
        self._entries.clear()
        self._held.clear()

    def run(self, *, hazardous: bool = False) -> list[int | XenError]:
        """Make the calls, in order; the batch is empty afterwards.

        One that fails does not keep the next ones from being made.

        Args:
            hazardous: must be True: what is queued is not looked at.
        Returns:
            For each entry its result, all 64 bits of it; or the error, not raised.
        Raises:
            HazardError: without the flag; the batch stays as it is.
            XenPermissionError: EPERM, the privcmd handle is restricted.
            XenError: EFAULT, in its own middle; `arguments["results"]` has
                those of the entries that were made.
        EINTR: reported, with `results` too.
        """
        count = len(self._entries)
        arguments: dict[str, object] = {"nr_calls": count}
        if not hazardous:
            self._caller.refuse_harm(MULTICALL, "HYPERVISOR_multicall", None, arguments)
        if not count:
            return []
        entries, held = self._entries, self._held
        self._entries, self._held = [], []
        buffers = self._caller.buffers
        slot = buffers.take(_ENTRY.size * count)
        unknown = _UNTOUCHED & (1 << 64) - 1
        try:
            for at, (op, words) in enumerate(entries):
                padded = words + [0] * (6 - len(words))
                _ENTRY.pack_into(slot.memory, slot.offset + at * _ENTRY.size, op, unknown, *padded)
            try:
                self._caller.call(
                    MULTICALL,
                    "HYPERVISOR_multicall",
                    slot.address,
                    count,
                    hazardous=hazardous,
                    arguments=arguments,
                )
            except XenError as error:
                results = [self._result(slot.memory, slot.offset, at, entries[at]) for at in range(count)]
                made = tuple(result for result in results if result is not None)
                if made:
                    error.arguments = {**error.arguments, "results": made}
                raise
            return [
                result
                for at in range(count)
                if (result := self._result(slot.memory, slot.offset, at, entries[at])) is not None
            ]
        finally:
            buffers.give(slot)
            del held

    def _result(
        self, memory: Any, offset: int, at: int, entry: tuple[int, list[int]]
    ) -> int | XenError | None:
        value: int = _RESULT.unpack_from(memory, offset + at * _ENTRY.size + _RESULT_OFFSET)[0]
        if value == _UNTOUCHED:
            return None
        if not -_MAX_ERRNO <= value < 0:
            return value
        op, words = entry
        return error_from(
            -value,
            call=_name(op),
            via=f"entry {at} of a multicall",
            arguments={f"a{index}": word for index, word in enumerate(words, 1)},
        )

    def __repr__(self) -> str:
        return f"<Batch of {len(self._entries)} hypercalls>"


class Multicall:
    """The multicall hypercall; `xen.multicall`."""

    __slots__ = ("_caller",)

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def batch(self) -> Batch:
        """An empty batch."""
        return Batch(self._caller)
