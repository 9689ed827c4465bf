"""The command line."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import cache, hypervisor, image, overlay, packages, say, session, targets
from .boot import Box, Options
from .errors import BootError, BoxError, Gap
from .say import warn
from .session import BOX_FAILED, INTERRUPTED, Collect, Limits, Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .targets import Target

_EPILOG = """\
Exit status of run: the command's own; 128+n if signal n killed it; 124 if it
ran out of time; 125 if the box failed (the console's last lines are on
stderr); 126 and 127 as a shell gives them. A boot that fails before its
end-of-boot marker is tried once more, and says so; a command never is.

Images are kept in $XENSYS_CACHE, else $XDG_CACHE_HOME/xensys, else
~/.cache/xensys. Debian's archive is the one this host's apt uses, or
$XENSYS_DEBIAN_MIRROR.
"""


def main(argv: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(argv)
    say.quiet = getattr(args, "quiet", False)
    signal.signal(signal.SIGTERM, _terminated)
    signal.signal(signal.SIGHUP, _terminated)
    try:
        result: int = args.do(args)
        return result
    except BoxError as error:
        warn(f"{'gap' if isinstance(error, Gap) else 'failed'}: {error}")
        return BOX_FAILED
    except KeyboardInterrupt:
        warn("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; so that the interpreter's last flush
        # does not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def _terminated(number: int, frame: object) -> None:
    # An exception and not an end: QEMU and the run's directory must go too.
    raise SystemExit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xenbox",
        description="Real Xen and a real dom0 in QEMU.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="targets, and what is prepared")
    listing.set_defaults(do=_list)

    prepare = commands.add_parser("prepare", help="download and build images")
    prepare.add_argument("--target", required=True, choices=[*_names(), "all"])
    prepare.add_argument("--refresh", action="store_true", help="build anew from the newest packages")
    prepare.set_defaults(do=_prepare)

    run = commands.add_parser(
        "run",
        help="run a command in dom0",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Boot the target and run COMMAND in dom0, in a copy of this "
        "project (/project; uncommitted work included).",
    )
    _boot_options(run)
    run.add_argument(
        "--timeout",
        type=_seconds,
        default=1800.0,
        metavar="SECONDS",
        help="for the command alone (default 1800)",
    )
    run.add_argument(
        "--collect",
        action="append",
        default=[],
        type=_collect,
        metavar="BOXPATH=HOSTPATH",
        help="bring a file or directory back, also if the command failed",
    )
    run.add_argument("command", nargs="+", metavar="COMMAND")
    run.set_defaults(do=_run)

    shell = commands.add_parser(
        "shell",
        help="a shell in dom0, for a person",
        description="Boot the target and give a shell in dom0. Leave it with `exit` "
        "or Ctrl-D; Ctrl-] pulls the plug.",
    )
    _boot_options(shell)
    shell.add_argument("command", nargs="*", default=["/bin/bash", "-i"], metavar="COMMAND")
    shell.set_defaults(do=_shell)
    return parser


def _boot_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--target", required=True, choices=_names())
    parser.add_argument("--no-guests", action="store_true", help="the toolstack, but no guests")
    parser.add_argument(
        "--env", action="append", default=[], type=_assignment, metavar="NAME=VALUE", help="for the command"
    )
    parser.add_argument(
        "--xen-args", action="append", default=[], metavar="ARGS", help="added to Xen's command line"
    )
    parser.add_argument(
        "--kernel-args",
        action="append",
        default=[],
        metavar="ARGS",
        help="added to the dom0 kernel's command line",
    )
    parser.add_argument(
        "--hypervisor",
        type=Path,
        metavar="FILE",
        help="boot this Xen in place of the target's (same release)",
    )
    parser.add_argument(
        "--console", type=Path, metavar="FILE", help="append Xen's and the kernel's messages to this file"
    )
    parser.add_argument(
        "--boot-timeout",
        type=_seconds,
        default=float(session.BOOT_PATIENCE),
        metavar="SECONDS",
        help=f"default {session.BOOT_PATIENCE}",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def _names() -> list[str]:
    return [target.name for target in targets.TARGETS]


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no sensible number of seconds")
    return value


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _collect(text: str) -> Collect:
    try:
        return Collect.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


# --- commands ----------------------------------------------------------------


def _list(args: argparse.Namespace) -> int:
    for target in targets.TARGETS:
        print(f"{target.name}: Xen {target.xen}, {target.suite}, {target.arch}, Python {target.python}")
        try:
            made_of = image.manifest(target.image)
            place = image.directory(target.image)
        except Gap as gap:
            print(f"    gap: {gap}")
            continue
        if not _is_ready(target) or not made_of:
            print("    not prepared")
            continue
        size = sum(path.stat().st_size for path in place.iterdir())
        print(f"    prepared {made_of['prepared']}, {size >> 20} MiB: {place}")
        for name, version in _telling(target):
            print(f"    {name} {version}")
    return 0


def _is_ready(target: Target) -> bool:
    return bool(image.manifest(target.image) and (not target.built or hypervisor.manifest(target)))


def _telling(target: Target) -> list[tuple[str, str]]:
    """The versions a reader of results wants; the manifests have all."""
    made_of = image.manifest(target.image)
    assert made_of
    built = target.built and hypervisor.manifest(target)
    found = [
        (name, version)
        for name, version in made_of["packages"].items()
        if name.startswith(("xen-hypervisor-", "linux-image-", "xen-utils-4"))
        or name in ("hypervisor", f"python{target.python}")
    ]
    if built:
        found = [(name, version) for name, version in found if not name.startswith("xen-hypervisor-")]
        found.append(("xen, built here:", f"{built['source']} ({' '.join(built['options'])})"))
    return found + list(made_of["python_packages"].items())


def _prepare(args: argparse.Namespace) -> int:
    wanted = targets.TARGETS if args.target == "all" else (targets.find(args.target),)
    status = 0
    for target in wanted:
        try:
            _ready(target, refresh=args.refresh)
        except BoxError as error:
            if len(wanted) == 1:
                raise
            # The other targets do not depend on this one.
            warn(f"{target.name}: {error}")
            status = BOX_FAILED
    return status


def _ready(target: Target, *, refresh: bool = False) -> Path:
    """The image that a target boots; also its hypervisor is there then, if it has one of its own."""
    packages.require_on_host(
        {target.machine.qemu: target.machine.qemu_package, "setpriv": "util-linux", "git": "git"}
    )
    if refresh or not _is_ready(target):
        packages.require_on_host(
            {
                "dpkg-deb": "dpkg",
                "apt-get": "apt",
                "apt-cache": "apt",
                str(packages.KEYRING): "debian-archive-keyring",
            }
        )
    # Somebody else's image is refreshed under its own name.
    place = image.prepare(target.image, refresh=refresh and not target.built)
    if target.built:
        hypervisor.prepare(target, refresh=refresh)
    say.say(f"{target.name}: " + ", ".join(f"{name} {version}" for name, version in _telling(target)))
    return place


def _run(args: argparse.Namespace) -> int:
    job = _job(args, shell=False)
    limits = Limits(command=args.timeout, boot=args.boot_timeout)
    return _boot_and_talk(args, job, limits, args.collect, keyboard=None)


def _shell(args: argparse.Namespace) -> int:
    job = _job(args, shell=True)
    job["env"].setdefault("PS1", f"[{args.target}] \\w# ")
    limits = Limits(command=float("inf"), boot=args.boot_timeout)
    return _boot_and_talk(args, job, limits, [], keyboard=sys.stdin.fileno())


def _job(args: argparse.Namespace, *, shell: bool) -> dict[str, Any]:
    return {
        "target": args.target,
        "argv": args.command,
        "env": dict(args.env),
        "shell": shell,
        "guests": not args.no_guests,
        "term": os.environ.get("TERM", "dumb") if shell else "dumb",
        "window": session.window(),
        "collect": [] if shell else [collect.inside for collect in args.collect],
    }


def _boot_and_talk(
    args: argparse.Namespace,
    job: dict[str, Any],
    limits: Limits,
    collects: list[Collect],
    keyboard: int | None,
) -> int:
    target = targets.find(args.target)
    place = _ready(target)
    options = Options(list(args.xen_args), args.kernel_args, args.hypervisor)
    # Shared while they are read; a refresh waits for us.
    with ExitStack() as held:
        held.enter_context(cache.lock(place.name, shared=True))
        if target.built:
            options.xen_args[:0] = target.built.xen_args
            options.hypervisor = options.hypervisor or hypervisor.prepare(target)
            held.enter_context(cache.lock(hypervisor.directory(target).name, shared=True))
        for last_try in (False, True):
            try:
                return _once(target, place, args.console, options, job, limits, collects, keyboard)
            except BootError as error:
                if last_try:
                    raise
                warn(f"the boot failed: {error}")
                warn("trying the boot once more (the command had not been started)")
    raise AssertionError("unreachable")


def _once(
    target: Target,
    place: Path,
    console: Path | None,
    options: Options,
    job: dict[str, Any],
    limits: Limits,
    collects: list[Collect],
    keyboard: int | None,
) -> int:
    with cache.run_directory() as folder, ExitStack() as stack:
        initrd = folder / "initrd"
        job = job | {"word": overlay.new_word(), "boot_id": secrets.token_hex(8)}
        overlay.combine(place, target, job, initrd)
        say.say(f"booting {target.name} (boot {job['boot_id']})")
        box = stack.enter_context(
            Box(target, place, initrd, (console or folder / "console").absolute(), options)
        )
        talk = Session(box, limits, sys.stdout.buffer, sys.stderr.buffer, collects, folder, keyboard)
        if keyboard is not None:
            talk.started = lambda _: _take_keyboard(stack, keyboard, talk)
        try:
            return talk.run()
        except BoxError:
            box.kill()
            warn("the console's last lines:")
            sys.stderr.write(box.last_words() + "\n")
            raise


def _take_keyboard(stack: ExitStack, keyboard: int, talk: Session) -> None:
    """From here on every key is the box's."""
    warn("leave with `exit` or Ctrl-D; Ctrl-] pulls the plug")
    stack.enter_context(session.raw_terminal(keyboard))
    stack.enter_context(session.window_changes(talk.resize))
