# GENERATED from abi/kexec.json (kexec.h).
# Do not edit: change abi/ or tools/abi, then run `tools/abi generate`.
"""kexec.h as it is on this machine; type checkers see x86_64."""

from ._base import MACHINE
from ._common.kexec import *

TYPE_CHECKING = False
if TYPE_CHECKING or MACHINE != "arm64":
    from ._x86_64.kexec import *
else:
    from ._arm64.kexec import *
