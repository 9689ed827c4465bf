"""How the simulator says that it does not know."""

from __future__ import annotations


class SimulatorGap(NotImplementedError):
    """Something was asked that a real machine answers and the simulator does not model.

    Never turned into an errno: a made-up answer would be taken for Xen's.
    """


class SimulatorMisuse(RuntimeError):
    """The simulator was asked for the impossible: a mistake in a test, not in what it tests."""
