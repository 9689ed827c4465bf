"""Every public method of whatever holds a device or a mapping, where it must not work.

On a closed handle ValueError, on a descriptor that is none EBADF, on a restricted
handle XenPermissionError, in a forked child ForkedError. Methods are found by
introspection (see sweeping); how many is a number below, to be raised with them.
"""

from __future__ import annotations

import errno
import json
import os
import signal
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

import pytest
import sweeping
from sweep_exceptions import EXCEPTIONS, SPECIAL, STATES, WAITS
from sweeping import BAD, DEVICES, FAMILIES, MAKERS, NOT_SWEPT, OURS, Worlds

from xensys.devices._device import Device
from xensys.devices.gntalloc import Gntalloc
from xensys.devices.gntdev import Gntdev
from xensys.devices.privcmd import Privcmd
from xensys.events import Events
from xensys.store import Store
from xensys.xen import Xen

#: Methods and properties found, and how often one was held against one of the four states.
#: Raise them when there are more; fewer would be a sweep that has lost its way.
FOUND, HELD = 561, 1561

# What was brought into such states cannot always be ended well; leaks are other tests' business.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

sweeping.SPECIAL.update(SPECIAL)
SWEPT = sorted({*FAMILIES, *DEVICES, *MAKERS})


def found() -> dict[str, type]:
    """Name → class of everything that is swept."""
    by_name: dict[str, type] = {}
    for module, kind in sweeping.classes():
        if not any(fnmatchcase(f"{module}.{kind.__name__}", pattern) for pattern in NOT_SWEPT):
            assert kind.__name__ not in by_name, f"two classes called {kind.__name__}"
            by_name[kind.__name__] = kind
    return by_name


KINDS = found()

#: What ends things comes last, in this order.
_LAST = ("run", "clear", "restrict_domid", "restrict", "commit", "abort", "unbind", "free", "close")

WANTED: dict[str, Callable[[str], bool]] = {
    # That it is closed, and not that an argument is bad.
    "closed": lambda said: (
        said.startswith("ValueError ") and any(word in said for word in ("closed", "freed", "ended"))
    ),
    "fd": lambda said: "OSError" in said and f"errno={errno.EBADF} " in said,
    "restricted": lambda said: "XenPermissionError" in said and "restricted to domain" in said,
    "forked": lambda said: "ForkedError" in said,
}


def bring(world: Worlds, name: str, thing: Any, state: str) -> None:
    """Bring one into a state: for "forked" the process has yet to fork."""
    if state == "closed":
        end = getattr(thing, "close", None) or getattr(thing, "free", None)
        if end is None or name in FAMILIES or name in ("Backend", "End", "Frontend", "Transaction"):
            end = world.xen.close
        end()
    elif state == "restricted":
        if isinstance(thing, Device):
            thing.restrict(OURS)
        else:
            world.xen.restrict(OURS)


def _on_bad_descriptor(world: Worlds, name: str) -> Any:
    kernel = world.kernel
    if name in DEVICES:
        return DEVICES[name].adopt(BAD, kernel, close=False)
    if name == "Events":
        return Events.adopt(BAD, kernel)
    if name == "Store":
        return Store.adopt(BAD, kernel=kernel, close=False)
    if name == "Grants":
        grants = world.xen.grants
        for attribute, kind in (("_gntdev", Gntdev), ("_gntalloc", Gntalloc)):
            getattr(grants, attribute).close()
            setattr(grants, attribute, kind.adopt(BAD, kernel, close=False))
        return grants
    old, world.xen = world.xen, Xen(kernel, privcmd=Privcmd.adopt(BAD, kernel, close=False))
    world.keep(old)
    thing = world.make(name)
    if name == "Domains":
        thing._xen = world.xen
    return thing


def results(world: Worlds, name: str, state: str, kind: type | None = None) -> dict[str, str]:
    """Method → what came of it, in that state."""
    kind = KINDS[name] if kind is None else kind
    thing = _on_bad_descriptor(world, name) if state == "fd" else world.make(name)
    calls = {
        each: sweeping.arguments(world, name, each, member) if not isinstance(member, property) else {}
        for each, member in sweeping.members(kind).items()
        if (f"{name}.{each}", state) not in WAITS
    }

    bring(world, name, thing, state)

    def every() -> dict[str, str]:
        order = sorted(calls, key=lambda each: _LAST.index(each) if each in _LAST else -1)
        return {
            each: sweeping.outcome(
                lambda each=each: sweeping.call(thing, each, sweeping.members(kind)[each], calls[each])
            )
            for each in order
        }

    if state != "forked":
        return every()
    return _in_a_child(every)


def _in_a_child(work: Callable[[], dict[str, str]]) -> dict[str, str]:
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(120)  # which says that something waits
            with os.fdopen(theirs, "w") as out:
                json.dump(work(), out)
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as said:
        text = said.read()
    assert os.waitpid(pid, 0)[1] == 0
    got: dict[str, str] = json.loads(text)
    return got


def wrong(name: str, state: str, said: dict[str, str]) -> list[str]:
    """What should have been refused and was not, or otherwise; and exceptions that are none."""
    bad = []
    for method, outcome in said.items():
        refused = WANTED[state](outcome)
        passes = excepted(name, method, state)
        reason = excepted(name, method, state, exact=True)
        if refused and reason:
            bad.append(f"{name}.{method} is refused after all: take it out of the exceptions ({reason})")
        elif not refused and not passes:
            bad.append(f"{name}.{method}, {state}: {outcome or 'no error'}")
    return bad


def excepted(name: str, method: str, state: str, *, exact: bool = False) -> str | None:
    """Why a method may do otherwise in a state; None if it may not.

    Args:
        exact: only what is said of this class, and so must be true of it.
    """
    for pattern, states, reason in EXCEPTIONS:
        if exact and pattern.startswith("*"):
            continue
        if state in states.split() and fnmatchcase(f"{name}.{method}", pattern):
            return reason
    return None


@pytest.fixture
def world():
    made = Worlds()
    # A method that waits says so here, and not after hours.
    signal.alarm(60)
    yield made
    signal.alarm(0)
    made.close()


def states_of(name: str) -> tuple[str, ...]:
    for pattern, states in STATES.items():
        if fnmatchcase(name, pattern):
            return states
    return ("closed", "fd", "restricted", "forked")


CASES = [(name, state) for name in SWEPT for state in states_of(name)]


def test_everything_that_there_is_is_swept_or_said_why_not():
    assert sorted(KINDS) == SWEPT
    every = {f"{module}.{kind.__name__}" for module, kind in sweeping.classes()}
    idle = [pattern for pattern in NOT_SWEPT if not any(fnmatchcase(name, pattern) for name in every)]
    assert idle == []


def test_it_found_as_many_as_there_were():
    numbers = [len(sweeping.members(KINDS[name])) for name in SWEPT]
    held = sum(
        excepted(name, method, state) is None and (f"{name}.{method}", state) not in WAITS
        for name, state in CASES
        for method in sweeping.members(KINDS[name])
    )
    assert (sum(numbers), held) == (FOUND, HELD)


@pytest.mark.parametrize(("name", "state"), CASES)
def test_every_method_is_refused(world, name, state):
    assert wrong(name, state, results(world, name, state)) == []


def test_every_exception_is_of_something():
    every = {
        (f"{name}.{method}", state) for name, state in CASES for method in sweeping.members(KINDS[name])
    }
    idle = [
        (pattern, state)
        for pattern, states, _ in EXCEPTIONS
        for state in states.split()
        if not any(fnmatchcase(name, pattern) and state == each for name, each in every)
    ]
    assert idle == []


def test_bad_descriptor_is_not_adopted(world):
    with pytest.raises(OSError) as caught:
        Events.adopt(BAD, world.kernel)
    assert caught.value.errno == errno.EBADF


# --- the sweep proves itself -----------------------------------------------------


class Unchecked(Gntdev):
    """A device with a method that has forgotten to look."""

    __slots__ = ("remembered",)

    def unchecked(self) -> int:
        return 1


@pytest.mark.parametrize("state", ["closed", "fd", "restricted", "forked"])
def test_a_planted_method_without_a_check_is_caught(world, monkeypatch, state):
    monkeypatch.setitem(DEVICES, "Gntdev", Unchecked)
    said = results(world, "Gntdev", state, Unchecked)
    assert wrong("Gntdev", state, said) == [f"Gntdev.unchecked, {state}: no error"]


@pytest.mark.parametrize("state", ["closed", "forked"])
def test_a_check_that_is_taken_out_is_missed(world, monkeypatch, state):
    """One that is there today: of a mapping's view."""
    from xensys.memory.mapping import Mapping

    monkeypatch.setattr(Mapping, "find", lambda self, data, start=0, end=None: -1)
    said = results(world, "ForeignMapping", state)
    assert wrong("ForeignMapping", state, said) == [f"ForeignMapping.find, {state}: no error"]


def test_a_class_that_nobody_knows_is_caught(monkeypatch):
    import xensys.memory.foreign as foreign

    class Unknown:
        def use(self) -> None:
            """A method."""

    Unknown.__module__ = "xensys.memory.foreign"
    monkeypatch.setattr(foreign, "Unknown", Unknown, raising=False)
    assert sorted(found()) == sorted([*SWEPT, "Unknown"])
