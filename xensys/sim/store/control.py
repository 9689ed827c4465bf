"""CONTROL: commands to the daemon itself.

Rules from tools/xenstored/control.c and, for 4.17, tools/xenstore/xenstored_control.c.
"""

from __future__ import annotations

from errno import EBADF, EINVAL

from xensys.sim.errors import SimulatorGap
from xensys.sim.store.wire import Refused, atoi, strings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from xensys.sim.store.connection import Connection
    from xensys.sim.store.daemon import Store

    Command: TypeAlias = Callable[[Store, Connection, list[str]], None]

_SWITCHES = ("obj", "io", "wrl", "acc", "tdb")


def control(store: Store, conn: Connection, payload: bytes) -> None:
    """CONTROL."""
    given = [text.decode("latin-1") for text in strings(payload)]
    if not given or given[0] not in _COMMANDS:
        raise Refused(EINVAL)
    _COMMANDS[given[0]](store, conn, given[1:])


def _parameters(store: Store) -> dict[str, str]:
    """command → what "help" says of it."""
    if store.release < (4, 17):
        raise SimulatorGap(f"CONTROL help of {store.release}")
    old = store.release < (4, 18)
    new = store.release >= (4, 21)
    version = " [-v <version>]" if new else ""
    default = ", default version is 2." if new else "."
    return {
        "check": "",
        "log": "on|off" if old else "[on|off|+<switch>|-<switch>]",
        "live-update": f"[-c <cmdline>] [-F] [-t <timeout>]{version} <file>\n"
        f"    Default timeout is 60 seconds{default}",
        "logfile": "<file>",
        "memreport": "[<file>]",
        "print": "<string>",
        "quota": "[set <name> <val>|<domid>]" if old else "[set <name> <val>|<domid>|max [-r]]",
        "quota-soft": "[set <name> <val>]",
        "help": "",
    }


def _say(conn: Connection, text: str) -> None:
    conn.reply(text.encode("latin-1") + b"\0")


def _help(store: Store, conn: Connection, given: list[str]) -> None:
    if given:
        raise Refused(EINVAL)
    _say(conn, "".join(f"{name:<15} {words}\n" for name, words in _parameters(store).items()))


def _check(store: Store, conn: Connection, given: list[str]) -> None:
    if given:
        raise Refused(EINVAL)
    store.check()
    conn.reply_ok()


def _log(store: Store, conn: Connection, given: list[str]) -> None:
    switches = store.log_switches
    if not given and store.release >= (4, 18):
        lines = [f"{name:<8}: {'on' if name in switches else 'off'}\n" for name in _SWITCHES]
        _say(conn, "Log switch settings:\n" + "".join(lines))
        return
    if len(given) != 1:
        raise Refused(EINVAL)
    word = given[0]
    if word not in ("on", "off"):
        if store.release < (4, 18) or word[:1] not in ("+", "-") or word[1:] not in _SWITCHES:
            raise Refused(EINVAL)
        (switches.add if word[0] == "+" else switches.discard)(word[1:])
    conn.reply_ok()


def _print(store: Store, conn: Connection, given: list[str]) -> None:
    if len(given) != 1:
        raise Refused(EINVAL)
    conn.reply_ok()


def _memreport(store: Store, conn: Connection, given: list[str]) -> None:
    if len(given) > 1:
        raise Refused(EINVAL)
    if given:
        raise SimulatorGap("CONTROL memreport into a file")
    # There is no log to write to; on the wire this is EINVAL.
    raise Refused(EBADF)


def _quota(store: Store, conn: Connection, given: list[str]) -> None:
    if given and given[0] != "set":
        if (given[0] == "max" and store.release >= (4, 18)) or len(given) == 1:
            raise SimulatorGap("CONTROL quota of a domain: memory is not counted")
        raise Refused(EINVAL)
    _quota_table(store, conn, "quota", given)


def _quota_soft(store: Store, conn: Connection, given: list[str]) -> None:
    if given and given[0] != "set":
        raise Refused(EINVAL)
    _quota_table(store, conn, "quota-soft", given)


def _quota_table(store: Store, conn: Connection, which: str, given: list[str]) -> None:
    if not given:
        _say(conn, store.quotas.listing(which))
        return
    if len(given) != 3:
        raise Refused(EINVAL)
    value = atoi(given[2].encode("latin-1"))
    if not 1 <= value < 1 << 31 or not store.quotas.set(which, given[1], value):
        raise Refused(EINVAL)
    conn.reply_ok()


def _gap(store: Store, conn: Connection, given: list[str]) -> None:
    raise SimulatorGap("CONTROL live-update and logfile")


_COMMANDS: dict[str, Command] = {
    "check": _check,
    "log": _log,
    "live-update": _gap,
    "logfile": _gap,
    "memreport": _memreport,
    "print": _print,
    "quota": _quota,
    "quota-soft": _quota_soft,
    "help": _help,
}
