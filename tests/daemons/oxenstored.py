"""Put oxenstored in the C daemon's place, and run a command there.

    tools/xenbox run --target TARGET --no-guests -- \\
        python3 -m tests.daemons.oxenstored -- COMMAND...

For a boot without guests: domains that the C daemon introduced cannot be handed
over. The two guests are made afterwards, as tools/_xenbox/inside/agent.py makes
them, and the command gets the same XENBOX_* variables. Exit status: the
command's; 125 if oxenstored could not be put there. Standard library only.
"""

from __future__ import annotations

import glob
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

from tests.daemons import serving

GUEST = "/xenbox/guest"
PIDS = {name: Path(f"/run/xen/{name}.pid") for name in ("xenconsoled", "xenstored")}
CONSOLED = (
    "xenconsoled",
    "--log=guest",
    "--log-dir=/var/log/xen/console",
    f"--pid-file={PIDS['xenconsoled']}",
)
#: Seconds for a daemon to come or to go; dom0 is emulated.
PATIENCE = 60.0
#: Seconds for a guest's boot, as in agent.py.
GUEST_PATIENCE = 300


class CannotTakeOver(Exception):
    """The box is not fit for it, or something did not come."""


def take_over() -> None:
    """End the C daemon and start oxenstored.

    Raises:
        CannotTakeOver: it is not there, there are guests, or it does not answer.
    """
    programs = glob.glob("/usr/lib/xen-*/bin/oxenstored")
    if len(programs) != 1:
        raise CannotTakeOver(f"oxenstored: {programs or 'not installed'}")
    if "XENBOX_RUNNING_DOMID" in os.environ:
        raise CannotTakeOver("there are guests, who know the C daemon only: boot with --no-guests")
    for path in PIDS.values():
        end(int(path.read_text()))
        path.unlink()
    shutil.rmtree(os.path.dirname(serving.SOCKET))
    os.mkdir(os.path.dirname(serving.SOCKET))
    call(programs[0], "--pid-file", str(PIDS["xenstored"]))
    deadline = time.monotonic() + PATIENCE
    while not answers():
        if time.monotonic() > deadline:
            raise CannotTakeOver("oxenstored does not answer")
        time.sleep(0.2)
    call("xen-init-dom0")
    call(*CONSOLED)
    verify()


def answers() -> bool:
    """Whether the daemon behind the socket does."""
    try:
        return not subprocess.run(
            ["xenstore-ls", "/"], capture_output=True, timeout=PATIENCE / 4, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        return False


def verify() -> None:
    """That it is really oxenstored, on both ways to it.

    Raises:
        CannotTakeOver: it is not.
    """
    found = serving.daemon()
    if found != serving.OXENSTORED:
        raise CannotTakeOver(f"behind the socket is {found}")
    for way in (serving.SOCKET, "/dev/xen/xenbus"):
        # Debug words that only oxenstored knows (do_debug() in its process.ml).
        said = call("xenstore-control", "quota", "0", XENSTORED_PATH=way)
        if "dom0 quota:" not in said:
            raise CannotTakeOver(f"{way} does not lead to oxenstored: {said!r}")


def guests() -> dict[str, str]:
    """One that runs and holds a word, one paused; what tells of them."""
    word = f"oxenstored-{secrets.token_hex(12)}"
    running = call(GUEST, "create", "running", "--memory", "128", "--word", word).strip()
    paused = call(GUEST, "create", "paused", "--memory", "96", "--paused").strip()
    try:
        call(GUEST, "wait", "running", str(GUEST_PATIENCE))
    except CannotTakeOver as error:
        raise CannotTakeOver(f"{error}\n{call(GUEST, 'log', 'running')[-4000:]}") from error
    return {"XENBOX_WORD": word, "XENBOX_RUNNING_DOMID": running, "XENBOX_PAUSED_DOMID": paused}


def end(pid: int) -> None:
    """Kill a process and wait until it is gone: its event channels go with it."""
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + PATIENCE
    while os.path.exists(f"/proc/{pid}/fd"):
        if time.monotonic() > deadline:
            raise CannotTakeOver(f"process {pid} does not end")
        time.sleep(0.05)


def call(*command: str, **environment: str) -> str:
    """Its output.

    Raises:
        CannotTakeOver: it failed; with its words.
    """
    # A file and not a pipe: daemons it starts keep the other end open.
    with open("/tmp/oxenstored-call", "w+") as out:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=GUEST_PATIENCE + PATIENCE,
            env={**os.environ, **environment},
            check=False,
        )
        out.seek(0)
        said = out.read()
    if done.returncode:
        raise CannotTakeOver(f"{' '.join(command)}: status {done.returncode}: {said.strip()}")
    return said


def main() -> NoReturn:
    """Take over, then become the command."""
    if len(sys.argv) < 3 or sys.argv[1] != "--":
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    began = time.monotonic()
    try:
        take_over()
        environment = {**os.environ, **guests()}
    except (CannotTakeOver, LookupError, OSError, subprocess.SubprocessError) as error:
        print(f"oxenstored: {error}", file=sys.stderr)
        sys.exit(125)
    print(f"oxenstored serves, with two guests: {time.monotonic() - began:.0f} s", flush=True)
    os.execvpe(sys.argv[2], sys.argv[2:], environment)


if __name__ == "__main__":
    main()
