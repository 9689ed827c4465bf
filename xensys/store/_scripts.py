"""One logic for the synchronous and the asyncio face of what is made of several calls.

A script is a generator over a store of either kind. It yields what a call
gave, and gets the result back:

    def count(store):
        text = yield store.read("/tool/count")
        yield store.write("/tool/count", str(int(text) + 1))

With the synchronous store the call is done by then, and what it raised was
raised there and then; `run` hands the result back. With the asyncio one it is
something to be awaited: `run_async` does, and throws in what that raises. So
a script may catch errors and clean up as any function, but for GeneratorExit
(a task that is thrown away), upon which it must not yield.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, TypeAlias, TypeVar

    _T = TypeVar("_T")
    Script: TypeAlias = Generator[Any, Any, _T]

__all__ = ["run", "run_async"]


def run(script: Script[_T]) -> _T:
    """Carry out a script over a synchronous store."""
    value = None
    try:
        while True:
            value = script.send(value)
    except StopIteration as end:
        result: _T = end.value
        return result


async def run_async(script: Script[_T]) -> _T:
    """Carry out a script over an asyncio store."""
    try:
        awaitable = next(script)
        while True:
            try:
                value = await awaitable
            except GeneratorExit:
                script.close()
                raise
            except BaseException as error:
                awaitable = script.throw(error)
            else:
                awaitable = script.send(value)
    except StopIteration as end:
        result: _T = end.value
        return result
