"""A port of our own: a small object that knows what it was bound to."""

from __future__ import annotations

from xensys._lifetime import OneOfAKind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

    from xensys.events._waiting import Waiter, Waiting

__all__ = ["Port"]


class Port(OneOfAKind):
    """A port that is bound through an `Events`. Made by its methods; a context manager.

    Wherever a port's number is asked for, the port itself will do.

    Attributes:
        port: its number.
        kind: how it was bound: "unbound" (another domain may bind to it, and may
            have since: see `status`), "interdomain", "virq", "static", or
            "adopted" (by another program, before its descriptor was adopted).
        domid: "unbound": who may bind; "interdomain": whose the other end is; else None.
        remote_port: "interdomain": the other end's number; else None.
        virq: "virq": which; else None.
    """

    __slots__ = (
        "__weakref__", "_events", "_open", "_waiting", "domid", "kind", "port", "remote_port", "virq",
    )  # fmt: skip

    def __init__(
        self,
        events: Waiting,
        port: int,
        kind: str,
        *,
        domid: int | None = None,
        remote_port: int | None = None,
        virq: int | None = None,
    ) -> None:
        self._events = events
        self._open = True
        #: Who waits for this port, and nothing else; under the lock of `_events`.
        self._waiting: list[Waiter] = []
        self.port = port
        self.kind = kind
        self.domid = domid
        self.remote_port = remote_port
        self.virq = virq

    def __index__(self) -> int:
        return self.port

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return not self._open

    def notify(self) -> None:
        """Signal the other end. Where nobody is, nothing happens, and there is no error.

        EINTR: retried; at worst there is one event more.
        """
        self._check_open()
        self._events._device.notify(self.port)

    def unmask(self) -> None:
        """Let it have events again, once what the last one meant has been looked at.

        A port has one event at a time: from the one until it is unmasked, all
        others become one, which is there at once when it is unmasked.
        """
        self._check_open()
        self._events._device.unmask((self.port,))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for an event of this port, and take it; the port is masked then.

        It goes to one of those who wait for the port, before those who wait for any.

        Args:
            timeout: seconds; None waits, 0 only looks.
        Returns:
            False if the time was up first.
        Raises:
            EventOverflowError: EFBIG, events were lost, perhaps this one: see `Events.reset`.
            ValueError: it was closed, even while we waited.
        EINTR: waits on, once signal handlers have run.
        """
        return bool(self._events._wait(self, timeout))

    def status(self) -> Any:
        """What it is bound to now, as Xen has it: see `EventChannelOp.status`.

        A hypercall: not for programs whose privcmd handle is restricted.
        """
        self._check_open()
        return self._events._ask().status(self.port)

    def close(self) -> None:
        """Close it; a second call does nothing. The other end waits to be bound again.

        Threads that wait for it end with an error. A static port stays open in Xen.
        """
        self._events._unbind(self)

    #: Linux's word for it.
    unbind = close

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_open(self) -> None:
        if not self._open:
            self._events._check_open()
            raise ValueError(f"event channel port {self.port} is closed")

    def __repr__(self) -> str:
        what = self.kind
        if self.virq is not None:
            what += f" {self.virq}"
        elif self.remote_port is not None:
            what += f" with {self.domid}:{self.remote_port}"
        elif self.domid is not None:
            what += f" for {self.domid}"
        return f"<Port {self.port}, {what}{'' if self._open else ', closed'}>"
