"""XenStore for programs: the asyncio client.

    from xensys.store import aio

    async with aio.open() as xs:
        await xs.write("/vm/name", "builder")
        async with xs.transaction() as t:
            await t.write("/tool/count", str(int(await t.read("/tool/count")) + 1))
        async with xs.watch("/local/domain/3/data") as watch:
            async for event in watch:
                ...

Names, arguments, results and errors are those of the synchronous client, where
each is explained (`client`, `watches`). What differs:

* Everything is awaited that does not give an iterator. `open()`, `Store.adopt()`,
  `transaction()` and `watch()` are either awaited or used in `async with`.
* A store belongs to the event loop it was opened in, for any number of tasks.
  Used from another loop or thread it raises RuntimeError.
* Deadlines are the loop's: StoreTimeoutError, as ever. A message that was begun
  when its deadline passes is finished nevertheless.
* A task may be cancelled anywhere: it waits no more, what it had begun is undone
  (transactions, watches), and the connection goes on.
* There is no `fileno()` and no `dispatch()`, as the loop sees to that, and no
  `store[path]`, which could not be awaited in all its forms.

What holds up the loop: connecting, while the daemon's queue of connections is
full; and WATCH and UNWATCH through Linux's device, which is in the write until
the daemon has answered.

asyncio is loaded by this module and its parts (`aio_*`), and by nothing else.
"""

from __future__ import annotations

import asyncio
from _warnings import warn
from errno import ETIMEDOUT

from xensys._lifetime import OneOfAKind, is_exiting
from xensys._packing import check
from xensys.abi.io import xs_wire as abi
from xensys.errors import NodeNotFoundError, StoreTimeoutError
from xensys.store import plans
from xensys.store._deadlines import AsyncBlock
from xensys.store.aio_connection import Connection
from xensys.store.aio_opening import Beginning, Opening
from xensys.store.aio_transactions import Attempts, Transaction
from xensys.store.aio_verbs import Verbs
from xensys.store.aio_watches import Watch
from xensys.store.client import _not_in_time
from xensys.store.plans import ATTEMPTS
from xensys.store.protocol import checked_path
from xensys.store.transports import DeviceTransport, SocketTransport, open_transport
from xensys.store.watches import QUEUE_LIMIT, EventQueue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from types import EllipsisType
    from typing import Self, TypeVar

    from xensys.kernel import Kernel
    from xensys.store.plans import Path, Plan, ReadableBuffer
    from xensys.store.transports import Transport

    _T = TypeVar("_T")

__all__ = ["Beginning", "Opening", "Store", "Transaction", "Verbs", "Watch", "open"]


def open(
    path: str | None = None, *, kernel: Kernel | None = None, timeout: float | EllipsisType | None = ...
) -> Opening[Store]:
    """Connect to xenstored; see `Store.open`."""
    return Store.open(path, kernel=kernel, timeout=timeout)


class Store(Verbs, OneOfAKind):
    """A connection to xenstored, for the tasks of one event loop; an async context manager.

    Use `open()` or `adopt()`. In a forked child it raises ForkedError.

    Attributes:
        timeout: seconds a request may take; None waits. May be changed.
    """

    __slots__ = ("__weakref__", "_connection")

    _tx = 0

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def open(
        cls,
        path: str | None = None,
        *,
        kernel: Kernel | None = None,
        timeout: float | EllipsisType | None = ...,
    ) -> Opening[Self]:
        """Connect to xenstored, through its socket or this domain's kernel."""
        if kernel is None:
            from xensys.kernel import chosen

            kernel = chosen()
        found = kernel

        async def make() -> Self:
            transport = open_transport(found, path)

            def again() -> Transport:
                # The same place: a dom0's device would be there without a daemon, and wait for one.
                return open_transport(found, transport.path)

            return cls(Connection(transport, again, transport.timeout if timeout is ... else timeout))

        return Opening("open()", make)

    @classmethod
    def adopt(
        cls,
        fd: int,
        *,
        device: bool = False,
        kernel: Kernel | None = None,
        timeout: float | EllipsisType | None = ...,
        close: bool = True,
    ) -> Opening[Self]:
        """Use a descriptor that something else opened. Its flags stay as they are."""
        if kernel is None:
            from xensys.kernel import host

            kernel = host()
        if fd < 0:
            raise ValueError(f"not a descriptor: {fd}")
        found = kernel

        async def make() -> Self:
            kind = DeviceTransport if device else SocketTransport
            transport = kind(found, fd, f"descriptor {fd}", adopted=True, close=close)
            return cls(Connection(transport, None, transport.timeout if timeout is ... else timeout))

        return Opening("adopt()", make)

    @property
    def path(self) -> str:
        """The socket or device; for an adopted one "descriptor N"."""
        return self._connection.path

    @property
    def kernel(self) -> Kernel:
        """The kernel this connection goes through."""
        return self._connection.kernel

    @property
    def timeout(self) -> float | None:
        """Seconds a request may take; None waits."""
        return self._connection.timeout

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        self._connection.timeout = seconds

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._connection.state == "closed"

    @property
    def connected(self) -> bool:
        """Whether it is open, and no end of the connection has been noticed."""
        return self._connection.state == "open" and not self._connection.dead

    def deadline(self, seconds: float | None) -> AsyncBlock:
        """Have what is called in an `async with` block end in time, together: for calls of this task."""
        return AsyncBlock(self._connection.deadlines, seconds)

    # Transactions

    def transaction(self) -> Beginning:
        """Begin a transaction: what is done with it is done together, or not at all."""

        async def make() -> Transaction:
            epoch = self._connection.epoch
            tx = await self._connection.run(plans.transaction_start(), epoch)
            return Transaction(self, tx, epoch)

        return Beginning("transaction()", make)

    def attempts(
        self, count: int = ATTEMPTS, *, timeout: float | None = None
    ) -> AsyncIterator[Transaction]:
        """Transactions to try the same with until one can be committed.

        Example:
            >>> async for t in store.attempts():
            ...     async with t:
            ...         await t.write("/tool/count", str(int(await t.read("/tool/count")) + 1))
        """
        check(count, "XenStore", "count", 1, 0xFFFF_FFFF)
        return Attempts(self, count, timeout)

    async def in_transaction(
        self,
        function: Callable[[Transaction], Awaitable[_T]],
        *,
        count: int = ATTEMPTS,
        timeout: float | None = None,
    ) -> _T:
        """Await a function's result with a transaction, and again while others get in its way."""
        results: list[_T] = []
        async for transaction in self.attempts(count, timeout=timeout):
            async with transaction:
                results.append(await function(transaction))
        return results[-1]

    # Watches

    def watch(self, path: Path, *, depth: int | None = None, limit: int = QUEUE_LIMIT) -> Opening[Watch]:
        """Be told of changes at a node and beneath it (XS_WATCH). One event comes at once."""
        raw = checked_path(path, abi.XS_WATCH)

        return Opening("watch()", lambda: self._watch(raw, depth, limit))

    async def _watch(self, raw: bytes, depth: int | None, limit: int, until: float | None = None) -> Watch:
        connection = self._connection
        queue = EventQueue(raw, connection.new_token(), depth, limit)
        # Before the request: an event may come before its reply.
        connection.subscribe(queue)
        try:
            await connection.run(plans.watch(queue.path, queue.token, depth), until=until)
        except BaseException:
            connection.forget(queue)
            raise
        return Watch(self, queue)

    async def wait_for(
        self,
        path: Path,
        predicate: Callable[[bytes | None], object] | None = None,
        *,
        timeout: float | None = None,
    ) -> bytes | None:
        """Wait until a node is as wished."""
        now = asyncio.get_running_loop().time
        deadline = None if timeout is None else now() + timeout

        def left() -> float | None:
            return None if deadline is None else max(deadline - now(), 0.0)

        connection = self._connection
        try:
            watch = await self._watch(checked_path(path, abi.XS_WATCH), None, QUEUE_LIMIT, deadline)
            try:
                while True:
                    await watch.get(left())
                    while watch.pending:
                        await watch.get(0)  # one look does for all of them
                    try:
                        value: bytes | None = await connection.run(plans.read(path), until=deadline)
                    except NodeNotFoundError:
                        value = None
                    if value is not None if predicate is None else predicate(value):
                        return value
                    # Asked each time: who writes there all the time must not hold us here.
                    if left() == 0:
                        raise StoreTimeoutError(ETIMEDOUT)
            finally:
                # Without waiting: there may be no time left for that, or nobody who does.
                connection.drop(watch._queue)
        except StoreTimeoutError:
            if deadline is None or now() < deadline:
                raise
            raise _not_in_time(path, timeout) from None

    # Domains and the daemon

    async def get_domain_path(self, domid: int) -> str:
        """A domain's home, "/local/domain/<domid>" (XS_GET_DOMAIN_PATH)."""
        return await self._run(plans.get_domain_path(domid))

    async def is_introduced(self, domid: int) -> bool:
        """Whether xenstored serves a domain (XS_IS_DOMAIN_INTRODUCED)."""
        return await self._run(plans.is_domain_introduced(domid))

    async def introduce(self, domid: int, gfn: int, evtchn: int) -> None:
        """Tell xenstored to serve a domain (XS_INTRODUCE)."""
        await self._run(plans.introduce(domid, gfn, evtchn))

    async def release(self, domid: int) -> None:
        """Tell xenstored not to serve a domain any more (XS_RELEASE)."""
        await self._run(plans.release(domid))

    async def resume(self, domid: int) -> None:
        """Have "@releaseDomain" fire again when this domain is shut down again (XS_RESUME)."""
        await self._run(plans.resume(domid))

    async def set_target(self, domid: int, target: int) -> None:
        """Give a domain the rights of another one, as its device model needs them (XS_SET_TARGET)."""
        await self._run(plans.set_target(domid, target))

    async def get_feature(self, domid: int | None = None) -> int:
        """XENSTORE_SERVER_FEATURE_* offered to a domain, or to us (XS_GET_FEATURE; C, since Xen 4.21)."""
        return await self._run(plans.get_feature(domid))

    async def set_feature(self, domid: int, features: int) -> None:
        """Say what a domain that is being built shall be offered (XS_SET_FEATURE; C, since Xen 4.21)."""
        await self._run(plans.set_feature(domid, features))

    async def quota_names(self) -> tuple[str, ...]:
        """The quotas there are (XS_GET_QUOTA; C, since Xen 4.21)."""
        return await self._run(plans.quota_names())

    async def get_quota(self, name: str, domid: int | None = None) -> int:
        """A domain's quota, or that of new ones; 0 is no limit (XS_GET_QUOTA; C, since Xen 4.21)."""
        return await self._run(plans.get_quota(name, domid))

    async def set_quota(self, name: str, value: int, domid: int | None = None) -> None:
        """Set a domain's quota, or that of new ones; 0 is no limit (XS_SET_QUOTA; C, since Xen 4.21)."""
        await self._run(plans.set_quota(name, value, domid))

    async def control(self, command: str | bytes, *words: str | bytes, data: ReadableBuffer = b"") -> bytes:
        """Give the daemon a command; "help" lists them (XS_CONTROL)."""
        return await self._run(plans.control(command, *words, data=data))

    # The connection

    async def reconnect(self) -> bool:
        """Connect anew after the connection has ended; False if it has not.

        Interrupted, by a cancellation too, the connection is finished: to be called again.
        """
        return await self._connection.reconnect()

    async def close(self) -> None:
        """Close the connection; a second call does nothing. It waits for nothing.

        Calls of other tasks end with StoreConnectionError (ECONNABORTED).
        Watches and transactions end with it.
        """
        self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._connection.close()

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None and connection.state == "open" and not is_exiting():
            warn(f"unclosed {self!r}", ResourceWarning, 2, self)
            connection.discard()

    def __repr__(self) -> str:
        state = self._connection.state
        if state == "open" and self._connection.dead:
            state = "disconnected"
        return f"<Store {self.path}, {state}>"

    async def _run(self, plan: Plan[_T]) -> _T:
        return await self._connection.run(plan)
