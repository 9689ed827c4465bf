"""abi/counts.json: how much there is, so that nothing is lost unseen."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from .places import Failure, Tree

if TYPE_CHECKING:
    from pathlib import Path

# What may not become less, by the stage that counts it.
WATCHED = {
    "abi": ("headers", "structures", "fields", "constants"),
    "headers": ("header files read",),
    "releases": ("other releases",),
    "layout": ("structures", "fields", "constants"),
    "tables": ("rows", "hypercall numbers"),
    "macros": ("function-like macros",),
    "words": ("types", "named fields"),
    "compiler": ("views", "structures", "fields", "constants"),
}
_FULL = ("compiler",)  # stages of the full check alone


def path(tree: Tree) -> Path:
    """Return the file."""
    return tree.data / "counts.json"


def read(tree: Tree) -> dict[str, int]:
    """Return what was there, by "stage noun"."""
    try:
        found: dict[str, int] = json.loads(path(tree).read_text())
    except (OSError, ValueError) as error:
        raise Failure(f"{path(tree)}: {error}") from None
    return found


def numbers(counted: dict[str, str]) -> tuple[dict[str, int], list[str]]:
    """Return the watched numbers of what each stage said, and what it did not say."""
    found: dict[str, int] = {}
    unsaid: list[str] = []
    for stage, text in counted.items():
        for noun in WATCHED.get(stage, ()):
            match = re.search(rf"(\d+) {noun}\b", text)
            if match is None:
                unsaid.append(f"{stage} counts no {noun}: {text}")
            else:
                found[f"{stage}: {noun}"] = int(match[1])
    return found, unsaid


def check(tree: Tree, counted: dict[str, str], *, complete: bool, write: bool) -> list[str]:
    """Return what has become less; print what may be raised.

    Args:
        complete: every packaged release was compiled, so that those counts compare.
        write: bring the file up to date, whichever way.
    """
    now, wrong = numbers(counted)
    if not complete:
        now = {key: value for key, value in now.items() if key.partition(":")[0] not in _FULL}
    if write:
        known = read(tree) if path(tree).exists() else {}
        kept = {key: value for key, value in known.items() if key.partition(":")[0] in _FULL}
        rows = {**now, **({} if complete else kept)}
        path(tree).write_text(json.dumps(rows, indent=1) + "\n")
        print(f"counts     {len(rows)} written to abi/counts.json")
        return wrong
    before = read(tree)
    for key, value in before.items():
        if key in now and now[key] < value:
            wrong.append(f"{key}: {now[key]}, were {value}")
    wrong += [f"{key}: not in abi/counts.json" for key in now if key not in before]
    risen = [key for key, value in now.items() if value > before.get(key, value)]
    print(f"counts     {len(now)} compared: {len(wrong)} differences")
    for line in wrong:
        print(f"           {line}")
    if risen:
        print(f"           {len(risen)} are higher: raise them, `tools/abi check --counts`")
    return wrong
