"""The synchronous client's transactions; see `client`."""

from __future__ import annotations

from _warnings import warn

from xensys._lifetime import OneOfAKind, is_exiting
from xensys.abi.io import xs_wire as abi
from xensys.errors import StoreError, TransactionConflictError
from xensys.store import plans
from xensys.store.protocol import Request
from xensys.store.verbs import Verbs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self, TypeVar

    from xensys.store.client import Store
    from xensys.store.plans import Plan

    _T = TypeVar("_T")

__all__ = ["Transaction"]


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

    def commit(self) -> None:
        """Carry it out. It has ended then, also on error.

        Raises:
            TransactionConflictError: EAGAIN, nothing was done; begin again.
        """
        plan = plans.transaction_end(self._tx, commit=True)
        self.ended = True
        try:
            self._run(plan)
        except TransactionConflictError:
            self.conflicted = True
            raise

    def abort(self) -> None:
        """Undo it. It has ended then, also on error."""
        plan = plans.transaction_end(self._tx, commit=False)
        self.ended = True
        self._run(plan)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> bool:
        if kind is None:
            if not self.ended:
                try:
                    self.commit()
                except TransactionConflictError:
                    if not self._may_repeat():
                        raise
                    return True
            return False
        if not self.ended:
            try:  # noqa: SIM105  # contextlib is not loaded for this
                self.abort()
            except (StoreError, ValueError):
                pass  # the first error is the one to know about
        if isinstance(error, TransactionConflictError):
            # A request within it can meet the conflict, too.
            self.conflicted = True
            return self._may_repeat()
        return False

    def _may_repeat(self) -> bool:
        again = self._again
        return again if isinstance(again, bool) else again()

    def __del__(self) -> None:
        if getattr(self, "ended", True) or is_exiting():
            return
        self.ended = True
        # No lock and no I/O here: a collection may start anywhere.
        request = Request(abi.XS_TRANSACTION_END, b"F\0", self._id)
        if self.store._connection.undo(request, self._epoch):
            warn(f"transaction never ended: {self!r}", ResourceWarning, 2, self)

    def __repr__(self) -> str:
        return f"<Transaction {self._id}, {'ended' if self.ended else 'open'}>"

    def _run(self, plan: Plan[_T]) -> _T:
        return plans.drive(plan, self._exchange)

    def _exchange(self, request: Request) -> bytes:
        return self.store._connection.exchange(request, epoch=self._epoch)
