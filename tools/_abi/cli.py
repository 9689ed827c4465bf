"""Command line of `tools/abi`."""

from __future__ import annotations

import argparse
import sys

from .places import Failure


def _fetch(options: argparse.Namespace) -> int:
    from . import fetch

    gaps = fetch.fetch_all(refresh=options.refresh)
    for release, _ in gaps:
        print(f"gap: {release.name} ({release.suite} {release.package})")
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(prog="tools/abi", description=__doc__)
    commands = parser.add_subparsers(required=True)
    fetch = commands.add_parser("fetch", help="get the header packages into the cache")
    fetch.add_argument("--refresh", action="store_true", help="fetch again what is cached")
    fetch.set_defaults(run=_fetch)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except Failure as failure:
        print(f"tools/abi: {failure}", file=sys.stderr)
        return 1
