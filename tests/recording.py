"""What tests ask of Xen and of Linux's drivers, and what came of it: written down by itself.

`tests/conftest.py` has this on wherever `--contract-outcomes` is given. Each test's
entry in that file then has "did": sub-operation or ioctl → what came of it, each
outcome once: "ok", an errno's name, a grant status ("GNTST_bad_gntref"), or "none"
where a call that counts what it did has done nothing. `tools/coverage` reads it.

It listens at the kernel, below everything, so that no layer can say more than was
asked. Hypercalls are decoded by the tables (abi/tables): the number, then the
selector, in an argument or in the structure that one points to.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import struct
from collections.abc import Iterator
from functools import cache, wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from xensys.abi import grant_table, xen
from xensys.abi._operations import FAMILIES, OPERATIONS
from xensys.kernel.base import Kernel
from xensys.kernel.linux import LinuxKernel
from xensys.sim.kernel import SimKernel
from xensys.sim.usermemory import UserMemory

#: Device → header whose IOCTL_ constants are its.
DEVICES = {
    "privcmd": "privcmd",
    "evtchn": "evtchn",
    "gntdev": "gntdev",
    "gntalloc": "gntalloc",
    "xenbus_backend": None,
}
#: Linux has these two in no uapi header (include/uapi/xen has none for the device).
BACKEND = {0x4200: "IOCTL_XENBUS_BACKEND_EVTCHN", 0x4201: "IOCTL_XENBUS_BACKEND_SETUP"}

_HYPERCALL, _DM_OP, _GRANT_COPY = 0x0030_5000, 0x0010_5005, 0x0010_4708
_MMAP, _MMAPBATCH_V2 = 0x0010_5002, 0x0020_5004
_MULTICALL, _MEMORY_OP = 13, 12
_memory = UserMemory()

Said = dict[str, set[str]]


@cache
def ioctl_names(device: str) -> dict[int, str]:
    """Number → the header's name, of one device."""
    header = DEVICES.get(device)
    if header is None:
        return BACKEND if device == "xenbus_backend" else {}
    module = import_module(f"xensys.abi.{header}")
    return {
        value: name
        for name, value in vars(module).items()
        if name.startswith("IOCTL_") and isinstance(value, int)
    }


@cache
def _families() -> dict[int, str]:
    """Hypercall number → its family in the tables."""
    return {
        getattr(xen, row["hypercall"].lstrip("_")): family
        for family, row in FAMILIES.items()
        if "hypercall" in row
    }


@cache
def _by_number(family: str) -> dict[int, str]:
    return {row["nr"]: name for name, row in OPERATIONS[family].items()}


def _code(number: int) -> str:
    """An errno's name; of two that Linux has for 95 the one that Xen uses."""
    name = errno.errorcode.get(number, str(number))
    return "EOPNOTSUPP" if name == "ENOTSUP" else name


def _read(address: int, length: int) -> bytes:
    try:
        return _memory.read(address, length)
    except OSError:
        return b""


def _u32(address: int) -> int | None:
    raw = _read(address, 4)
    return int.from_bytes(raw, "little") if raw else None


def operations(op: int, args: tuple[int, ...]) -> list[tuple[str, str]]:
    """(family, sub-operation) of a hypercall: one, two for altp2m, none if the tables have none."""
    family = _families().get(op)
    if family is None:
        return []
    row = FAMILIES[family]
    selector = row.get("selector", "")
    names = [argument["name"] for argument in row["args"]]
    number: int | None
    if selector in names:
        number = args[names.index(selector)]
        if op == _MEMORY_OP:
            number &= 0x3F  # above it: where a continuation goes on
        else:
            number &= 0xFFFF_FFFF
    elif family == "dm_op":
        # The address of the first buffer is the first word of the list.
        first = _read(args[2], 8)
        number = _u32(int.from_bytes(first, "little")) if first else None
    else:  # a structure that begins with it
        number = _u32(args[0])
    name = _by_number(family).get(-1 if number is None else number)
    if name is None:
        return []
    found = [(family, name)]
    if name == "HVMOP_altp2m":
        inner = _by_number("hvm_altp2m").get(_u32(args[1] + 4) or 0)
        if inner is not None:
            found.append(("hvm_altp2m", inner))
    return found


def _status(code: int) -> str:
    for name, value in vars(grant_table).items():
        if name.startswith("GNTST_") and value == code:
            return name
    return f"GNTST {code}"


def judge(family: str, name: str, args: tuple[int, ...], result: int) -> str:
    """What a hypercall that was no error has come to."""
    row = OPERATIONS[family][name]
    if result < 0:  # of a multicall's entry
        return _code(-result)
    if row.get("result") == "extents-done" and result == 0:
        return "none"
    if family == "grant_table_op":
        return _grant_status(row, args)
    if name == "XENMEM_add_to_physmap_batch":
        size = int.from_bytes(_read(args[1] + 4, 2), "little")
        errors = _read(int.from_bytes(_read(args[1] + 24, 8), "little"), 4 * size)
        if errors and all(errors[at : at + 4] != bytes(4) for at in range(0, len(errors), 4)):
            return _code(-int.from_bytes(errors[:4], "little", signed=True))
    return "ok"


def _grant_status(row: dict[str, Any], args: tuple[int, ...]) -> str:
    kind = getattr(grant_table, str(row.get("arg", "")), None)
    field = getattr(kind, "status", None)
    if kind is None or field is None or not args[2]:
        return "ok"
    codes = [
        int.from_bytes(_read(args[1] + i * ctypes.sizeof(kind) + field.offset, 2), "little", signed=True)
        for i in range(min(args[2], 64))
    ]
    return "ok" if 0 in codes else _status(codes[0])


class Recorder:
    """A pytest plugin: listens while tests run, and adds to the file of outcomes at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.did: dict[str, Said] = {}
        self._failed: dict[str, bool] = {}
        self._test: Said | None = None
        self._undo: list[tuple[type[Kernel], str, Any]] = []

    def note(self, name: str, outcome: str) -> None:
        """One call of the test that runs now."""
        if self._test is not None:
            self._test.setdefault(name, set()).add(outcome)

    def _listen(self, kind: type[Kernel], method: str) -> None:
        original = getattr(kind, method)

        @wraps(original)
        def listening(kernel: Any, fd: int, request: int, arg: Any) -> int:
            if self._test is None:
                return int(original(kernel, fd, request, arg))
            device = _device(kernel, fd)
            name = ioctl_names(device).get(request)
            if name is None:
                return int(original(kernel, fd, request, arg))
            before = bytes(arg)
            try:
                result = int(original(kernel, fd, request, arg))
            except OSError as error:
                code = _code(error.errno or 0)
                self.note(name, code)
                for _, each, _ in _inside(request, before):
                    self.note(each, code)
                raise
            self.note(name, _ioctl_outcome(request, before))
            for family, each, args in _inside(request, before):
                self.note(each, judge(family, each, args, result))
            self._entries(request, before)
            return result

        self._undo.append((kind, method, original))
        setattr(kind, method, listening)

    def _entries(self, request: int, arg: bytes) -> None:
        """Those of a multicall, each with a result of its own."""
        if request != _HYPERCALL:
            return
        op, address, count, *_ = struct.unpack("<6Q", arg)
        if op != _MULTICALL:
            return
        self.note("multicall", "ok")
        for i in range(min(count, 256)):
            raw = _read(address + 64 * i, 64)
            if len(raw) < 64:
                return
            inner, result, *args = struct.unpack("<Qq6Q", raw)
            for family, name in operations(inner, tuple(args)):
                self.note(name, judge(family, name, tuple(args), result))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._test = self.did.setdefault(item.nodeid, {})
        try:
            return (yield)
        finally:
            self._test = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._failed[report.nodeid] = self._failed.get(report.nodeid, False) or report.failed

    def pytest_sessionstart(self) -> None:
        self.path.unlink(missing_ok=True)
        for kind in (LinuxKernel, SimKernel):
            for method in ("ioctl", "ioctl_long"):
                self._listen(kind, method)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        for kind, method, original in self._undo:
            setattr(kind, method, original)
        if self.path.exists():
            outcomes = json.loads(self.path.read_text())
        else:  # no suite that writes one: unit tests
            said = {True: "failed", False: "passed"}
            outcomes = {test: {"outcome": said[self._failed.get(test, True)]} for test in self.did}
        for test, did in self.did.items():
            if test in outcomes and did:
                outcomes[test]["did"] = {name: sorted(said) for name, said in sorted(did.items())}
        self.path.write_text(json.dumps(outcomes, indent=1, sort_keys=True) + "\n")


def _device(kernel: Any, fd: int) -> str:
    try:
        if kernel.simulated:
            return str(kernel.xen_machine.open_files.find(fd).device)
        return os.readlink(f"/proc/self/fd/{fd}").rpartition("/")[2]
    except OSError:
        return ""


def _inside(request: int, arg: bytes) -> list[tuple[str, str, tuple[int, ...]]]:
    """(family, sub-operation, arguments) of each hypercall that an ioctl stands for."""
    if request == _HYPERCALL:
        op, *words = struct.unpack("<6Q", arg)
        args = tuple(words)
    elif request == _DM_OP:
        domid, count, address = struct.unpack("<HHxxxxQ", arg)
        if not count:
            return []
        op, args = 41, (domid, count, address)
    else:
        return []
    return [(family, name, args) for family, name in operations(op, args)]


def _ioctl_outcome(request: int, arg: bytes) -> str:
    """Of an ioctl that the driver let pass: "none" if nothing it was for was done."""
    if request == _MMAP and not int.from_bytes(arg[:4], "little"):
        return "none"
    if request == _DM_OP and not int.from_bytes(arg[2:4], "little"):
        return "none"
    if request == _MMAPBATCH_V2:
        count = int.from_bytes(arg[:4], "little")
        errors = _read(int.from_bytes(arg[24:32], "little"), 4 * count)
        if errors and not any(errors[at : at + 4] == bytes(4) for at in range(0, len(errors), 4)):
            return "none"
    if request == _GRANT_COPY:
        count = int.from_bytes(arg[:4], "little")
        segments = _read(int.from_bytes(arg[8:16], "little"), 24 * count)
        codes = [
            int.from_bytes(segments[at + 20 : at + 22], "little", signed=True)
            for at in range(0, len(segments), 24)
        ]
        if codes and 0 not in codes:
            return _status(codes[0])
    return "ok"
