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
    from . import checkout, extract, fetch

    tree = Tree(options.root)
    fetch.fetch_all()
    for path in extract.outdated(tree):
        print(f"removed {path.name}: a package has the release, or a later one")
        path.unlink()
    with checkout.opened(tree, dict(options.headers)) as later:
        files = extract.extract(tree, later)
    print(f"{len(files)} data files, {extract.write(files)} changed: review them as a diff")
    return 0


def _generate(options: argparse.Namespace) -> int:
    from . import generate

    tree = Tree(options.root)
    print(f"{len(generate.generate(tree))} generated files, {generate.write(tree)} changed")
    return 0


def _check(options: argparse.Namespace) -> int:
    from . import check

    if options.quick and options.headers:
        raise Failure("--headers compiles, --quick does not")
    return check.check(
        Tree(options.root),
        quick=options.quick,
        headers=dict(options.headers),
        write_counts=options.counts,
    )


def _add_headers(command: argparse.ArgumentParser) -> None:
    from . import checkout

    command.add_argument(
        "--headers",
        metavar="RELEASE=DIR",
        type=checkout.argument,
        action="append",
        default=[],
        help="headers of a release that no package has: xen-4.22=DIR, Xen's git or a folder of headers",
    )


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
    _add_headers(extract)
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
    check.add_argument("--counts", action="store_true", help="write abi/counts.json anew")
    _add_headers(check)
    check.set_defaults(run=_check)
    options = parser.parse_args(arguments)
    options.root = options.root.resolve()
    try:
        return int(options.run(options))
    except Failure as failure:
        print(f"tools/abi: {failure}", file=sys.stderr)
        return 1
