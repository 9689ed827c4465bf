"""The asyncio client's transactions; see `aio`."""

from __future__ import annotations

import asyncio
from _warnings import warn
from asyncio import CancelledError

from xensys._lifetime import OneOfAKind, is_exiting
from xensys.abi.io import xs_wire as abi
from xensys.errors import StoreError, TransactionConflictError
from xensys.store import plans
from xensys.store.aio_verbs import Verbs
from xensys.store.client import _FIRST_PAUSE, _LONGEST_PAUSE
from xensys.store.protocol import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TypeVar

    from xensys.store.aio import Store
    from xensys.store.plans import Plan

    _T = TypeVar("_T")

__all__ = ["Attempts", "Transaction"]


class Transaction(Verbs, OneOfAKind):
    """Reads and writes that are carried out together or not at all. Made by `Store.transaction()`.

    Attributes:
        store: where it was begun.
        ended: whether it was committed or undone.
        conflicted: whether it failed because others changed what it used.
    """

    __slots__ = ("__weakref__", "_again", "_epoch", "_id", "conflicted", "ended", "store")

    def __init__(self, store: Store, tx: int, epoch: int) -> None:
        self.store = store
        self.ended = False
        self.conflicted = False
        self._id = tx
        self._epoch = epoch
        #: Whether somebody begins again if this one fails; see `Store.attempts`.
        self._again: Callable[[], bool] | bool = False

    @property
    def id(self) -> int:
        """The number that the daemon gave it."""
        return self._id

    @property
    def _tx(self) -> int:  # type: ignore[override]  # never 0; asking is the check
        if self.ended:
            raise ValueError("this transaction has ended")
        return self._id

    async def commit(self) -> None:
        """Carry it out. It has ended then, also on error; cancelled, it may have been carried out."""
        plan = plans.transaction_end(self._tx, commit=True)
        self.ended = True
        try:
            await self._run(plan)
        except TransactionConflictError:
            self.conflicted = True
            raise

    async def abort(self) -> None:
        """Undo it. It has ended then, also on error."""
        plan = plans.transaction_end(self._tx, commit=False)
        self.ended = True
        await self._run(plan)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> bool:
        if kind is None:
            if not self.ended:
                try:
                    await self.commit()
                except TransactionConflictError:
                    if not self._may_repeat():
                        raise
                    return True
            return False
        if not self.ended:
            if issubclass(kind, CancelledError | GeneratorExit):
                self._abandon()
            else:
                try:  # noqa: SIM105  # the first error is the one to know about
                    await self.abort()
                except (StoreError, ValueError):
                    pass
        if isinstance(error, TransactionConflictError):
            # A request within it can meet the conflict, too.
            self.conflicted = True
            return self._may_repeat()
        return False

    def _may_repeat(self) -> bool:
        again = self._again
        return again if isinstance(again, bool) else again()

    def _abandon(self) -> bool:
        """Undo it, without waiting; whether it makes sense to."""
        self.ended = True
        return self.store._connection.post(Request(abi.XS_TRANSACTION_END, b"F\0", self._id), self._epoch)

    def __del__(self) -> None:
        if getattr(self, "ended", True) or is_exiting():
            return
        if self._abandon():
            warn(f"transaction never ended: {self!r}", ResourceWarning, 2, self)

    def __repr__(self) -> str:
        return f"<Transaction {self._id}, {'ended' if self.ended else 'open'}>"

    async def _run(self, plan: Plan[_T]) -> _T:
        return await self.store._connection.run(plan, self._epoch)


class Attempts:
    """The transactions of `Store.attempts`."""

    __slots__ = ("_count", "_deadline", "_last", "_now", "_pause", "_store")

    def __init__(self, store: Store, count: int, timeout: float | None) -> None:
        self._store = store
        self._count = count
        self._now = asyncio.get_running_loop().time
        self._deadline = None if timeout is None else self._now() + timeout
        self._pause = _FIRST_PAUSE
        self._last: Transaction | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Transaction:
        last, self._last = self._last, None
        if last is not None:
            if not last.ended:
                await last.__aexit__(RuntimeError, None, None)
                raise RuntimeError("a transaction of attempts() is to be used in an `async with`")
            if not last.conflicted:
                raise StopAsyncIteration
            # Not all at the same time: the clock's last digits differ between those who wait.
            await asyncio.sleep(self._pause * (0.5 + self._now() * 1e6 % 1.0))
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        self._count -= 1
        transaction = await self._store.transaction()
        transaction._again = bool(self._count) and self._in_time
        self._last = transaction
        return transaction

    def _in_time(self) -> bool:
        return self._deadline is None or self._now() < self._deadline
