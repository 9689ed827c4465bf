"""Faults to plant in copies of the tree, and what they need."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def plant(path: Path, old: str, new: str) -> None:
    """Replace one occurrence, which must be there."""
    text = path.read_text()
    assert text.count(old) == 1, f"{path.name}: {text.count(old)} times {old!r}"
    path.write_text(text.replace(old, new))


def change(path: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    """Change a data file as an object."""
    facts = json.loads(path.read_text())
    edit(facts)
    path.write_text(json.dumps(facts))


def named(tool: Any, root: Path, *expected: str) -> None:
    """The stages on headers and releases say so; that they turn the check red, others show."""
    tree = tool("places").Tree(root)
    found = "\n".join([*tool("coverage").check_rows(tree)[0], *tool("coverage").check_releases(tree)[0]])
    for text in expected:
        assert text in found, found


def struct(*fields: tuple[str, int, int], size: int, kind: str = "struct") -> dict[str, Any]:
    """A type of plain integers: (name, offset, size)."""
    rows = [
        {"name": name, "code": f"u{8 * bytes_}", "type": "t", "offset": offset, "size": bytes_}
        for name, offset, bytes_ in fields
    ]
    return {"kind": kind, "size": size, "align": 4, "fields": rows}


def git(folder: Path, *arguments: str) -> str:
    """Run git with an identity and nobody's configuration."""
    own = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null", "PATH": "/usr/bin:/bin"}
    who = {f"GIT_{role}_{part}": "a@b" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**own, **who},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def repository(folder: Path, tag: str) -> str:
    """Make a repository of a folder, tag it and return the commit."""
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")
