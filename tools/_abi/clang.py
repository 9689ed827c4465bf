"""libclang: found, or installed into a private environment of the tool."""

from __future__ import annotations

import ctypes
import importlib
import subprocess
import sys
from importlib import metadata
from typing import Any

from .places import Failure, cache

# The parser is pinned: another one may spell types otherwise. 18.1.1 is PyPI's last.
_VERSION = "18.1.1"


def _pinned() -> bool:
    """Tell whether this Python has the pinned version; a distribution's own is another."""
    try:
        return metadata.version("libclang") == _VERSION
    except metadata.PackageNotFoundError:
        return False


def _install() -> None:
    home = cache() / f"venv-abi-libclang-{_VERSION}"
    site = home / "site"
    if not (site / "clang" / "cindex.py").is_file():
        print(f"installing libclang {_VERSION} into {home}", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--target", str(site), f"libclang=={_VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure(f"no libclang, and pip could not install it:\n{done.stderr.strip()}")
    sys.path.insert(0, str(site))
    importlib.invalidate_caches()


def load() -> Any:
    """Return the clang.cindex module.

    Raises:
        Failure: it is not here and pip cannot get it.
    """
    if not _pinned():
        _install()
    cindex: Any = importlib.import_module("clang.cindex")
    function_like = cindex.conf.lib.clang_Cursor_isMacroFunctionLike
    function_like.argtypes = [cindex.Cursor]
    function_like.restype = ctypes.c_uint
    return cindex


def parse(cindex: Any, text: str, arguments: list[str], *, macros: bool = False) -> Any:
    """Parse `text` as one C file; diagnostics are the caller's to judge."""
    options = cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD if macros else 0
    return cindex.Index.create().parse(
        "xensys.c", arguments, unsaved_files=[("xensys.c", text)], options=options
    )


def errors(cindex: Any, unit: Any) -> list[Any]:
    """Return the diagnostics that are errors."""
    return [d for d in unit.diagnostics if d.severity >= cindex.Diagnostic.Error]


def require_clean(cindex: Any, unit: Any, what: str) -> None:
    """Stop on any error: a missing include once "parsed" with a structure of size 1."""
    if found := errors(cindex, unit):
        lines = "\n".join(f"  {d.location.file}:{d.location.line}: {d.spelling}" for d in found[:9])
        raise Failure(f"{what}: the parser reports {len(found)} error(s)\n{lines}")
