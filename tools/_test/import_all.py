"""Import every module of xensys; run as `python3 -I -S` to show that nothing else is needed."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

# The plugin is for pytest, and is imported by pytest only.
NEEDS_PYTEST = "xensys.testing.plugin"


def main() -> int:
    """Import, count, and print."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import xensys

    names = [module.name for module in pkgutil.walk_packages(xensys.__path__, "xensys.")]
    for name in names:
        if name not in (NEEDS_PYTEST, "xensys.__main__"):
            importlib.import_module(name)
    print(f"{len(names)} modules import with nothing but the standard library")
    return 0


if __name__ == "__main__":
    sys.exit(main())
