"""Command line of `tools/abi`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .places import ROOT, Failure, Tree


def _fetch(options: argparse.Namespace) -> int:
    from . import fetch

    for release, _ in fetch.fetch_all(refresh=options.refresh):
        print(f"gap: {release.name} ({release.suite} {release.package})")
    return 0


def _extract(options: argparse.Namespace) -> int:
    from . import extract, fetch

    fetch.fetch_all()
    files = extract.extract(Tree(options.root))
    print(f"{len(files)} data files, {extract.write(files)} changed: review them as a diff")
    return 0


def _generate(options: argparse.Namespace) -> int:
    from . import generate

    tree = Tree(options.root)
    print(f"{len(generate.generate(tree))} generated files, {generate.write(tree)} changed")
    return 0


def _check(options: argparse.Namespace) -> int:
    from . import check

    return check.check(Tree(options.root), quick=options.quick)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="tools/abi", description="Xen's and Linux's headers as data and as Python."
    )
    parser.add_argument("--root", type=Path, default=ROOT, help="the tree to work on (tests use copies)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    fetch = commands.add_parser("fetch", help="get the header packages into the cache (apt)")
    fetch.add_argument("--refresh", action="store_true", help="fetch again what is cached")
    fetch.set_defaults(run=_fetch)
    extract = commands.add_parser("extract", help="headers to abi/ (libclang)")
    extract.set_defaults(run=_extract)
    generate = commands.add_parser("generate", help="abi/ to xensys/abi (Python alone)")
    generate.set_defaults(run=_generate)
    check = commands.add_parser("check", help="is all of it still true? exit status 1 if not")
    check.add_argument(
        "--quick",
        "--offline",
        action="store_true",
        help="without headers, parser and compiler: data, generated files and tables only",
    )
    check.set_defaults(run=_check)
    options = parser.parse_args(arguments)
    options.root = options.root.resolve()
    try:
        return int(options.run(options))
    except Failure as failure:
        print(f"tools/abi: {failure}", file=sys.stderr)
        return 1
