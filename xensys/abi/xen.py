# GENERATED from abi/xen.json (xen.h).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""xen.h as it is on this machine; type checkers see x86_64."""

from ._base import MACHINE
from ._common.xen import *

TYPE_CHECKING = False
if TYPE_CHECKING or MACHINE != "arm64":
    from ._x86_64.xen import *
else:
    from ._arm64.xen import *
