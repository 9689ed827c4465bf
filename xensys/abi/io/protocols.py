# GENERATED from abi/io/protocols.json (io/protocols.h).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""io/protocols.h as it is on this machine; type checkers see x86_64."""

from .._base import MACHINE
from .._common.io.protocols import *

TYPE_CHECKING = False
if TYPE_CHECKING or MACHINE != "arm64":
    from .._x86_64.io.protocols import *
else:
    from .._arm64.io.protocols import *
