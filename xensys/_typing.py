"""`typing.overload` without importing typing, which costs more than all of xensys.

Lowest layer: imports nothing of ours.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import overload as overload
else:

    def overload(function):
        """Mark one signature of a function that has several."""
        return function
