"""The arithmetic: from seconds to ratios.

Machines differ, and one machine differs from itself a minute later. So nobody's
speed is told, but how it compares with another's in the same turn, when both
had the same machine; the median of the turns, and how far they are apart.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Least and most calls of a turn.
FEWEST, MOST = 4, 1 << 20


class Turn(NamedTuple):
    """What one subject did when it was its turn."""

    calls: int
    seconds: float

    @property
    def rate(self) -> float:
        """Calls per second."""
        if self.seconds <= 0:
            raise ValueError(f"{self.calls} calls in {self.seconds} s: the clock is too coarse")
        return self.calls / self.seconds


class Ratio(NamedTuple):
    """How much faster one is than the other: 2.0 is twice as many calls in the same time.

    Attributes:
        median, low, high: of the turns; low and high are the quartiles.
        turns: how many there were.
    """

    median: float
    low: float
    high: float
    turns: int

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f}–{self.high:.2f})"


def ratio(one: Sequence[Turn], other: Sequence[Turn]) -> Ratio:
    """One's rate over the other's, turn by turn.

    Raises:
        ValueError: they have not had the same turns, or none.
    """
    if not one or len(one) != len(other):
        raise ValueError(f"{len(one)} turns cannot be paired with {len(other)}")
    values = [a.rate / b.rate for a, b in zip(one, other, strict=True)]
    low, high = quartiles(values)
    return Ratio(statistics.median(values), low, high, len(values))


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """The lower and the upper one; of a single value that value."""
    if len(values) == 1:
        return values[0], values[0]
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return first, third


def calls_for(tried: Turn, seconds: float) -> int:
    """How many calls take about so long, going by what was tried."""
    return max(FEWEST, min(MOST, round(tried.rate * seconds)))


def order(names: Sequence[str], turn: int) -> list[str]:
    """Whose turn is when: each begins once, so that nobody always follows the same one."""
    start = turn % len(names)
    there = [*names[start:], *names[:start]]
    return there if turn // len(names) % 2 == 0 else there[::-1]


def compare(turns: Mapping[str, Sequence[Turn]], subject: str) -> dict[str, Ratio]:
    """A subject against all the others."""
    return {name: ratio(turns[subject], of) for name, of in turns.items() if name != subject}
