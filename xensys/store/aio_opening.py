"""What the asyncio client's `open()`, `watch()` and `transaction()` return; see `aio`."""

from __future__ import annotations

from _warnings import warn
from typing import Generic, TypeVar

from xensys._lifetime import is_exiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from typing import Any, Protocol

    from xensys.store.aio_transactions import Transaction

    class Leavable(Protocol):
        """What `async with` leaves."""

        async def __aexit__(
            self, kind: type[BaseException] | None, error: BaseException | None, trace: Any, /
        ) -> Any: ...


_R = TypeVar("_R", bound="Leavable | Transaction")

__all__ = ["Beginning", "Opening"]


class _Pending(Generic[_R]):
    """What `await` and `async with` have in common: something is made, once."""

    __slots__ = ("_make", "_name", "_thing")

    def __init__(self, name: str, make: Callable[[], Coroutine[Any, Any, _R]]) -> None:
        self._name = name
        self._make: Callable[[], Coroutine[Any, Any, _R]] | None = make
        self._thing: _R | None = None

    def _begin(self) -> Coroutine[Any, Any, _R]:
        make, self._make = self._make, None
        if make is None:
            raise RuntimeError(f"{self._name} was awaited already")
        return make()

    def __await__(self) -> Generator[Any, Any, _R]:
        return self._begin().__await__()

    async def __aenter__(self) -> _R:
        self._thing = await self._begin()
        return self._thing

    def __del__(self) -> None:
        if getattr(self, "_make", None) is not None and not is_exiting():
            warn(f"{self._name} was never awaited", RuntimeWarning, 2, self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name}>"


class Opening(_Pending[_R]):
    """To be awaited, for a thing to be closed; or used in `async with`, which closes it."""

    __slots__ = ()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        assert self._thing is not None
        await self._thing.__aexit__(kind, error, _)


class Beginning(_Pending["Transaction"]):
    """To be awaited, for a transaction to be ended; or used in `async with`, which ends it."""

    __slots__ = ()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> bool:
        assert self._thing is not None
        return await self._thing.__aexit__(kind, error, _)
