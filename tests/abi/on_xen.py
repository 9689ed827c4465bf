"""Run in the box: do the hand-kept tables say truly what this Xen answers at all?

    python3 -m tests.abi.on_xen

Every sub-operation that the tables call safe and that a hypercall's first
argument selects is called with all else 0, and so is every hypercall that no
domain of this kind is said to have. Xen must know the former (whatever it has
against the NULL) and must say ENOSYS to the latter. Standard library only.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, Any

import xensys
from xensys.abi import xen as abi
from xensys.abi._operations import FAMILIES, OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

UNKNOWN = {errno.ENOSYS, errno.EOPNOTSUPP}
#: arm's vcpu_op says this to what it does not have.
UNKNOWN_VCPU_OP = UNKNOWN | {errno.EINVAL}


def answer(xen: xensys.Xen, *arguments: int) -> str:
    """The result, or the errno's name."""
    try:
        return str(xen.hypercall(*arguments))
    except xensys.XenError as error:
        return errno.errorcode[error.errno or 0]


def safe_rows() -> Iterator[tuple[str, str, dict[str, Any], list[int]]]:
    """(family, name, row, arguments of the hypercall) of what may be called here."""
    for family, head in FAMILIES.items():
        if "hypercall" not in head or head["selector"] != head["args"][0]["name"]:
            continue
        number = getattr(abi, head["hypercall"].removeprefix("__"))
        for name, row in OPERATIONS[family].items():
            if row["hazard"] == "safe":
                counts = [
                    1 if arg["name"] == "count" and family == "grant_table_op" else 0
                    for arg in head["args"][1:]
                ]
                yield family, name, row, [number, row["nr"], *counts]


def since(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(map(int, row["since"].split(".")))


def main() -> int:
    """Ask everything; 1 if an answer is not what the tables say."""
    arch = "arm64" if os.uname().machine == "aarch64" else "x86_64"
    wrong: list[str] = []
    counts = {"known": 0, "not built in": 0, "unknown, as said": 0, "hypercalls unknown, as said": 0}
    with xensys.open() as xen:
        release = tuple(xen.version())[:2]
        translated = "auto_translated_physmap" in xen.features()
        kind = "arm" if arch == "arm64" else "hvm" if translated else "pv"
        for family, name, row, arguments in safe_rows():
            said = answer(xen, *arguments)
            here = arch in row["arch"] and since(row) <= release
            if kind == "pv":
                here = here and row["guests"] != "translated"
            else:
                here = here and row["guests"] != "PV"
            refused = UNKNOWN_VCPU_OP if family == "vcpu_op" and not here else UNKNOWN
            unknown = said in {errno.errorcode[number] for number in refused}
            print(f"{family:18} {name:36} {said}")
            if here and not unknown:
                counts["known"] += 1
            elif here and "config" in row:
                counts["not built in"] += 1
            elif not here and unknown:
                counts["unknown, as said"] += 1
            elif row["arch"] and not (not here and row["guests"] in ("PV", "translated")):
                wrong.append(f"{name}: {said}, but the tables say it is {'' if here else 'not '}there")
        for name, row in OPERATIONS["hypercalls"].items():
            if row[kind] or since(row) > release:
                continue
            said = answer(xen, row["nr"], 0, 0, 0, 0, 0)
            print(f"{'hypercall':18} {name:36} {said}")
            if said == "ENOSYS":
                counts["hypercalls unknown, as said"] += 1
            else:
                wrong.append(f"{name}: {said}, but the tables say that {kind} domains do not have it")
    print(", ".join(f"{n} {what}" for what, n in counts.items()))
    for line in wrong:
        print(f"WRONG {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
