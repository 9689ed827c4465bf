"""XenStore for programs: the synchronous client.

    from xensys import store

    with store.open() as xs:
        xs.write("/vm/name", "builder")
        xs.read_text("/vm/name")
        xs.wait_for("/local/domain/3/data/ready", lambda value: value == b"1", timeout=30)

`open()` connects; in a program that has a `Xen`, `xen.store` does. `Store` and
`Transaction` have the same verbs, each of them a plan (`plans`), which has the
errors as well. Paths are str or bytes, values bytes; text given as a value is
UTF-8. A deadline that passes ends the one call that had it (StoreTimeoutError);
the request may have been carried out.

A `Store` may be used from many threads, each with its own request on the way.
"""

from __future__ import annotations

from _warnings import warn
from errno import ETIMEDOUT

from xensys._lifetime import OneOfAKind, is_exiting
from xensys._packing import check
from xensys.abi.io import xs_wire as abi
from xensys.errors import NodeNotFoundError, StoreTimeoutError
from xensys.store import plans
from xensys.store._deadlines import Block
from xensys.store.connection import Connection
from xensys.store.plans import ATTEMPTS
from xensys.store.protocol import Request, checked_path
from xensys.store.transactions import Transaction
from xensys.store.transports import DeviceTransport, SocketTransport, open_transport
from xensys.store.verbs import Verbs
from xensys.store.watches import QUEUE_LIMIT, EventQueue, Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import EllipsisType
    from typing import Self, TypeVar

    from xensys.kernel import Kernel
    from xensys.store.plans import Path, Plan, ReadableBuffer
    from xensys.store.transports import Transport

    _T = TypeVar("_T")

__all__ = ["Store", "Transaction", "Verbs", "open"]

#: The last number that a domain can have.
_LAST_DOMID = 0x7FEF
#: Seconds between two attempts: the first pause, and the longest.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.1


def open(
    path: str | None = None, *, kernel: Kernel | None = None, timeout: float | EllipsisType | None = ...
) -> Store:
    """Connect to xenstored; see `Store.open`."""
    return Store.open(path, kernel=kernel, timeout=timeout)


class Store(Verbs, OneOfAKind):
    """A connection to xenstored. Thread-safe; a context manager.

    Use `open()` or `adopt()`. In a forked child it raises ForkedError.

    A signal handler may use it while the thread it interrupts waits in a call,
    and gets RuntimeError if that was sending or about to return.

    Attributes:
        timeout: seconds a request may take; None waits. May be changed, for all
            threads; for some calls only see `deadline`.
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
    ) -> Self:
        """Connect to xenstored, through its socket or this domain's kernel.

        Args:
            path: a socket or a xenbus device; None looks where libxenstore
                does (see `transports`).
            kernel: whose; this machine's if None (and XENSYS_KERNEL is not set).
            timeout: seconds a request may take; None waits. Unless given, None for
                a socket, and `DEVICE_TIMEOUT` for a device, where the daemon's end is
                not told.
        Raises:
            NoXenError: there is neither socket nor device.
            StoreConnectionError: ECONNREFUSED, the daemon is not running.
            XenPermissionError: EACCES, not for this user.
        """
        if kernel is None:
            from xensys.kernel import chosen

            kernel = chosen()
        found = kernel

        transport = open_transport(found, path)
        place = transport.path

        def connect() -> Transport:
            # Where it was: with its daemon dead, another place would be a way to nobody.
            return open_transport(found, place)

        return cls(Connection(transport, connect, transport.timeout if timeout is ... else timeout))

    @classmethod
    def adopt(
        cls,
        fd: int,
        *,
        device: bool = False,
        kernel: Kernel | None = None,
        timeout: float | EllipsisType | None = ...,
        close: bool = True,
    ) -> Self:
        """Use a descriptor that something else opened. Its flags stay as they are.

        Args:
            fd: a stream to xenstored. Nobody else may read from it.
            device: it is a xenbus device, and no socket.
            kernel: whose descriptor; this machine's if None.
            timeout: as for `open`.
            close: whether closing the store closes it.
        """
        if kernel is None:
            from xensys.kernel import host

            kernel = host()
        if fd < 0:
            raise ValueError(f"not a descriptor: {fd}")
        kind = DeviceTransport if device else SocketTransport
        transport = kind(kernel, fd, f"descriptor {fd}", adopted=True, close=close)
        return cls(Connection(transport, None, transport.timeout if timeout is ... else timeout))

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

    def deadline(self, seconds: float | None) -> Block:
        """Have what is called in a `with` block end in time, together: requests, watches, transactions.

        For calls of this thread on this connection, and in place of `timeout`.
        Within another one the earlier counts.

        Args:
            seconds: from the beginning of the block; None waits.

        Example:
            >>> with store.deadline(2):
            ...     for domid in store.directory("/local/domain"):
            ...         print(store.read_text(f"/local/domain/{domid}/name"))
        """
        return Block(self._connection.deadlines, seconds)

    # Transactions

    def transaction(self) -> Transaction:
        """Begin a transaction: what is done with it is done together, or not at all.

        As a context manager it commits at the end; after an exception it is undone.

        Raises:
            StoreError: ENOSPC, a guest has too many of them.

        Example:
            >>> with store.transaction() as t:
            ...     t.write("/tool/count", str(int(t.read("/tool/count")) + 1))
        """
        epoch = self._connection.epoch
        return Transaction(self, self._run(plans.transaction_start(), epoch), epoch)

    def attempts(self, count: int = ATTEMPTS, *, timeout: float | None = None) -> Iterator[Transaction]:
        """Transactions to try the same with until one can be committed.

        The loop ends with the first one that was. Each is used as a context
        manager, at whose end a conflict is no error but for the last time.

        Args:
            count: how many at most.
            timeout: seconds after which there is no further one.
        Raises:
            TransactionConflictError: EAGAIN, the last one failed as well.

        Example:
            >>> for t in store.attempts():
            ...     with t:
            ...         t.write("/tool/count", str(int(t.read("/tool/count")) + 1))
        """
        check(count, "XenStore", "count", 1, 0xFFFF_FFFF)
        now = self.kernel.monotonic
        deadline = None if timeout is None else now() + timeout
        pause = _FIRST_PAUSE
        while True:
            count -= 1
            transaction = self.transaction()
            transaction._again = bool(count) and (lambda: deadline is None or now() < deadline)
            try:
                yield transaction
                if not transaction.ended:
                    raise RuntimeError("a transaction of attempts() is to be used in a `with`")
            finally:
                if not transaction.ended:
                    transaction.__exit__(RuntimeError, None, None)
            if not transaction.conflicted:
                return
            # Not all at the same time: the clock's last digits differ between those who wait.
            self.kernel.sleep(pause * (0.5 + now() * 1e6 % 1.0))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def in_transaction(
        self,
        function: Callable[[Transaction], _T],
        *,
        count: int = ATTEMPTS,
        timeout: float | None = None,
    ) -> _T:
        """Call a function with a transaction, and again for as long as others get in its way.

        Args:
            function: reads and writes with what it is given; its effects elsewhere are repeated.
            count, timeout: as for `attempts`.
        Returns:
            What it returned the time that was committed.
        Raises:
            TransactionConflictError: EAGAIN, the last time failed as well.
        """
        results: list[_T] = []
        for transaction in self.attempts(count, timeout=timeout):
            with transaction:
                results.append(function(transaction))
        return results[-1]

    # Watches

    def watch(self, path: Path, *, depth: int | None = None, limit: int = QUEUE_LIMIT) -> Watch:
        """Be told of changes at a node and beneath it (XS_WATCH). One event comes at once.

        Args:
            path: or "@introduceDomain", "@releaseDomain".
            depth: how many levels beneath the node count, 0 for none; None is all. For
                xenstored with XENSTORE_SERVER_FEATURE_WATCHDEPTH (see `get_feature`).
            limit: events that are kept for a reader who does not come.
        Raises:
            StoreError: ENOSPC or E2BIG, too many watches.
        """
        return self._watch(path, depth, limit)

    def _watch(self, path: Path, depth: int | None, limit: int, until: float | None = None) -> Watch:
        connection = self._connection
        queue = EventQueue(checked_path(path, abi.XS_WATCH), connection.new_token(), depth, limit)
        # Before the request: an event may come before its reply.
        connection.subscribe(queue)
        try:
            plan = plans.watch(queue.path, queue.token, depth)
            plans.drive(plan, lambda request: connection.exchange(request, until=until))
        except BaseException:
            connection.unsubscribe(queue)
            raise
        return Watch(self, queue)

    def wait_for(
        self,
        path: Path,
        predicate: Callable[[bytes | None], object] | None = None,
        *,
        timeout: float | None = None,
    ) -> bytes | None:
        """Wait until a node is as wished.

        Args:
            path: the node.
            predicate: given its value, None if it is not there, says whether that is
                it; unless given: once it is there.
            timeout: seconds; None waits. Not to be relied on to a few milliseconds: a
                thread that wakes up has to wait for Python's other threads.
        Returns:
            The value that was as wished.
        Raises:
            StoreTimeoutError: it was not in time.
            StorePermissionError: EACCES, it may not be read.

        Example:
            >>> store.wait_for("device/vif/0/state", lambda value: value == b"4", timeout=10)
            b'4'
        """
        now = self.kernel.monotonic
        deadline = None if timeout is None else now() + timeout

        def left() -> float | None:
            return None if deadline is None else max(deadline - now(), 0.0)

        connection = self._connection
        try:
            watch = self._watch(path, None, QUEUE_LIMIT, deadline)
            try:
                while True:
                    watch.get(left())
                    while watch.pending:
                        watch.get(0)  # one look does for all of them
                    try:
                        value: bytes | None = plans.drive(
                            plans.read(path), lambda request: connection.exchange(request, until=deadline)
                        )
                    except NodeNotFoundError:
                        value = None
                    if value is not None if predicate is None else predicate(value):
                        return value
                    # Asked each time: who writes there all the time must not hold us here.
                    if left() == 0:
                        raise StoreTimeoutError(ETIMEDOUT)
            finally:
                # With the next request, as there may be no time left to wait for a reply.
                connection.drop(watch._queue)
        except StoreTimeoutError:
            if deadline is None or now() < deadline:
                raise
            raise _not_in_time(path, timeout) from None

    # Domains and the daemon

    def get_domain_path(self, domid: int) -> str:
        """A domain's home, "/local/domain/<domid>" (XS_GET_DOMAIN_PATH).

        Says nothing of whether there is such a domain.
        """
        return self._run(plans.get_domain_path(domid))

    def is_introduced(self, domid: int) -> bool:
        """Whether xenstored serves a domain (XS_IS_DOMAIN_INTRODUCED)."""
        return self._run(plans.is_domain_introduced(domid))

    def introduce(self, domid: int, gfn: int, evtchn: int) -> None:
        """Tell xenstored to serve a domain (XS_INTRODUCE).

        Args:
            gfn: frame of its ring.
            evtchn: the domain's unbound port for xenstored.
        """
        self._run(plans.introduce(domid, gfn, evtchn))

    def release(self, domid: int) -> None:
        """Tell xenstored not to serve a domain any more (XS_RELEASE)."""
        self._run(plans.release(domid))

    def resume(self, domid: int) -> None:
        """Have "@releaseDomain" fire again when this domain is shut down again (XS_RESUME)."""
        self._run(plans.resume(domid))

    def set_target(self, domid: int, target: int) -> None:
        """Give a domain the rights of another one, as its device model needs them (XS_SET_TARGET)."""
        self._run(plans.set_target(domid, target))

    def get_feature(self, domid: int | None = None) -> int:
        """XENSTORE_SERVER_FEATURE_* offered to a domain, or to us (XS_GET_FEATURE; C, since Xen 4.21).

        Raises:
            StoreNotSupportedError: ENOSYS, another xenstored.
        """
        return self._run(plans.get_feature(domid))

    def set_feature(self, domid: int, features: int) -> None:
        """Say what a domain that is being built shall be offered (XS_SET_FEATURE; C, since Xen 4.21)."""
        self._run(plans.set_feature(domid, features))

    def quota_names(self) -> tuple[str, ...]:
        """The quotas there are (XS_GET_QUOTA; C, since Xen 4.21).

        Raises:
            StoreNotSupportedError: ENOSYS, another xenstored.
        """
        return self._run(plans.quota_names())

    def get_quota(self, name: str, domid: int | None = None) -> int:
        """A domain's quota, or that of new ones; 0 is no limit (XS_GET_QUOTA; C, since Xen 4.21)."""
        return self._run(plans.get_quota(name, domid))

    def set_quota(self, name: str, value: int, domid: int | None = None) -> None:
        """Set a domain's quota, or that of new ones; 0 is no limit (XS_SET_QUOTA; C, since Xen 4.21)."""
        self._run(plans.set_quota(name, value, domid))

    def control(self, command: str | bytes, *words: str | bytes, data: ReadableBuffer = b"") -> bytes:
        """Give the daemon a command; "help" lists them (XS_CONTROL).

        Args:
            words: its parameters.
            data: follows them as it is.
        Returns:
            What the daemon said.
        """
        return self._run(plans.control(command, *words, data=data))

    # The connection

    def fileno(self) -> int:
        """A descriptor for selectors: readable when `dispatch()` has something to do.

        It is not the connection's own, and cannot be read from; another thread's
        call cannot take a wake-up away from it.
        """
        return self._connection.fileno()

    def dispatch(self) -> int:
        """Read what has come, without waiting; how many events of all watches are pending now.

        All of them are to be taken before the selector is asked again: it tells of new ones.

        Raises:
            StoreConnectionError: the connection has ended, and all events are taken.
        """
        return self._connection.dispatch()

    def reconnect(self) -> bool:
        """Connect anew after the connection has ended; False if it has not.

        Over the kernel's device nobody tells that xenstored has died. There a connection is
        given up, too, that can send nothing as a request is overdue; the calls of others end
        with StoreConnectionError (ECONNABORTED) then. Of a daemon that was restarted the
        device hears nothing, and its watches no events: open anew.

        Watches are set up again, and an event of each tells to look again. Transactions
        are lost. One that cannot be set up raises when its events are asked for.

        Raises:
            StoreConnectionError: ECONNREFUSED, no daemon is there yet; and for an
                adopted descriptor, which cannot be opened again.
            NoXenError: its socket is not there yet.
        """
        return self._connection.reconnect()

    def restrict(self, domid: int) -> None:
        """Give the connection up, for good, as `xensys.Xen.restrict` does; a second call does nothing.

        A connection cannot be restricted to one domain. Like `close()`, but with
        /dev/null in the place of an adopted descriptor too; requests answer
        StorePermissionError from then on, and say why.

        Args:
            domid: in whose favour, for the error.
        """
        check(domid, "restrict", "domid", 0, _LAST_DOMID)
        self._connection.restrict(domid)

    def close(self) -> None:
        """Close the connection; a second call does nothing.

        Calls of other threads end with StoreConnectionError (ECONNABORTED).
        Watches and transactions end with it.
        """
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        connection = getattr(self, "_connection", None)
        if connection is not None and connection.state == "open" and not is_exiting():
            warn(f"unclosed {self!r}", ResourceWarning, 2, self)

    def __repr__(self) -> str:
        state = self._connection.state
        if state == "open" and self._connection.dead:
            state = "disconnected"
        return f"<Store {self.path}, {state}>"

    def _run(self, plan: Plan[_T], epoch: int | None = None) -> _T:
        connection = self._connection
        begun = connection.epoch if epoch is None else epoch

        def exchange(request: Request) -> bytes:
            # A transaction of the plan's own is nobody's on a later connection.
            return connection.exchange(request, epoch=begun if request.tx_id else epoch)

        return plans.drive(plan, exchange)

    def _exchange(self, request: Request) -> bytes:
        return self._connection.exchange(request)


def _not_in_time(path: Path, timeout: float | None) -> StoreTimeoutError:
    shown = path if isinstance(path, str) else path.decode("ascii", "surrogateescape")
    return StoreTimeoutError(
        ETIMEDOUT, f"not as wished within {timeout} s", path=shown, call=f"wait_for({shown[:72]!r})"
    )
