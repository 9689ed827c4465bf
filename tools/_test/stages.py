"""What is run, in which order, and in which of the three worlds.

A stage is a function that gets the `Run` and fails by raising
CalledProcessError or SystemExit. Nothing here skips: what cannot be run fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from _test import in_box
from _test.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

#: The targets the contract is proved on; each has its personality in the simulator.
TARGETS = ("amd64-4.20", "arm64-4.20", "amd64-4.17")
#: Those whose Xen has everything: what the others cannot show is proved there.
FULL_TARGETS = ("amd64-4.20-full", "arm64-4.20-full")


class Boot(NamedTuple):
    """One boot of a box.

    Attributes:
        target: of tools/xenbox.
        parts: what runs in it; see in_box.py.
        guests: whether the two guests are there from the start.
    """

    target: str
    parts: tuple[str, ...]
    guests: bool = True


#: By what its lines begin with, the longest first. That libxen is never needed is shown once.
BOOTS = {
    "amd64-4.20": Boot(
        "amd64-4.20", ("tables", "nolibs", "demo", "guest", "yardstick", "campaign", "fallback")
    ),
    "amd64-4.17": Boot("amd64-4.17", ("tables", "plain")),
    "arm64-4.20": Boot("arm64-4.20", ("tables", "plain", "demo", "guest", "soak", "interop")),
    "oxenstored": Boot("amd64-4.20", ("oxenstored",), guests=False),
    # Leaves XenStore dead.
    "load": Boot("amd64-4.20", ("watches", "kill"), guests=False),
    "amd64-4.20-full": Boot("amd64-4.20-full", ("tables", "full")),
    "arm64-4.20-full": Boot("arm64-4.20-full", ("tables", "full")),
}
#: Boots, or runs of pytest, at a time: each uses one core.
AT_ONCE = 2

#: Parts that leave outcomes, and the suite and mode they are compared with on the simulator.
COMPARED = {
    "plain": "plain", "nolibs": "plain", "fallback": "fallback", "guest": "guest", "full": "full",
}  # fmt: skip


class Run:
    """One run of the tests.

    Attributes:
        bin: the environment's programs.
        results: where stages leave what later ones compare.
    """

    def __init__(self, programs: Path, results: Path) -> None:
        self.bin = programs
        self.results = results

    def python(self, *arguments: str | Path, env: dict[str, str] | None = None) -> None:
        """Run the environment's Python at the root of the repository."""
        self.call(self.bin / "python", *arguments, env=env)

    def tool(self, name: str, *arguments: str | Path) -> None:
        """Run a program of the environment."""
        self.call(self.bin / name, *arguments)

    def call(
        self, *command: str | Path, env: dict[str, str] | None = None, cwd: Path = ROOT, status: int = 0
    ) -> str:
        """Run a command; its output streams by. Any other status than `status` is a failure."""
        settings = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
        print("+", " ".join(map(str, command)), flush=True)
        done = subprocess.run([str(part) for part in command], cwd=cwd, env=settings, check=False)
        if done.returncode != status:
            raise subprocess.CalledProcessError(done.returncode, [str(part) for part in command])
        return ""

    def outcomes(self, world: str, target: str, mode: str) -> Path:
        """The file of (test id, outcome) that a contract run leaves."""
        return self.results / f"contract-{world}-{target}-{mode}.json"


class Stage(NamedTuple):
    """A named step.

    Attributes:
        name: for --stage.
        does: one line.
        run: what it does.
        quick: whether --quick includes it.
    """

    name: str
    does: str
    run: Callable[[Run], None]
    quick: bool


def lint(run: Run) -> None:
    """Style and layering that a machine can check."""
    run.tool("ruff", "check", ".")
    run.tool("ruff", "format", "--check", ".")
    for shell in ("tools/abi", "tools/bench", "tools/test", "tools/xenbox"):
        run.tool("ruff", "check", "--no-respect-gitignore", shell)


def types(run: Run) -> None:
    """mypy --strict and pyright."""
    run.tool("mypy")
    run.tool("pyright")


def abi_quick(run: Run) -> None:
    """The generated modules are what the data says."""
    run.call("tools/abi", "check", "--quick")


def abi(run: Run) -> None:
    """The data is what the headers say, and a C compiler agrees."""
    run.call("tools/abi", "check")
    run.python("-m", "pytest", "-q", "tests/abi", "-m", "network")


def unit(run: Run) -> None:
    """Everything that needs neither Xen nor a contract; in two processes, as there are two processors."""
    halves = (("tests/unit",), ("tests/abi", "tests/fuzz"))
    _at_once(
        lambda half: run.python("-m", "pytest", "-q", *half, "-m", "not network"),
        halves,
    )


def sim(run: Run) -> None:
    """The contract and the tests inside a guest on the simulator, once per target's personality."""
    suites = [(target, mode) for mode in ("plain", "guest") for target in TARGETS]
    suites += [("amd64-4.20", "fallback"), *((target, "full") for target in FULL_TARGETS)]
    _at_once(lambda suite: _contract_on_sim(run, *suite), suites)


def clone(run: Run) -> None:
    """What a new user does: a fresh clone, the demo, an import of everything with no site packages."""
    with tempfile.TemporaryDirectory(prefix="xensys-clone-") as place:
        there = Path(place) / "xensys"
        # What is committed and what is not yet: the tree as it stands.
        run.call("git", "-c", "safe.directory=*", "clone", "-q", "--no-hardlinks", ROOT, there)
        for name in subprocess.run(
            ["git", "ls-files", "-mo", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines():
            if (ROOT / name).is_file():
                (there / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, there / name)
        run.call("python3", "-m", "xensys", "demo", "--sim", cwd=there)
        run.call("python3", "-I", "-S", "tools/_test/import_all.py", cwd=there)


def wheel(run: Run) -> None:
    """The package as users install it: typed, whole, without dependencies."""
    with tempfile.TemporaryDirectory(prefix="xensys-wheel-") as place:
        run.python("-m", "pip", "wheel", "-q", "--no-deps", "-w", place, ".")
        (made,) = Path(place).glob("*.whl")
        target = Path(place) / "installed"
        run.python("-m", "pip", "install", "-q", "--no-deps", "--target", target, made)
        run.python(
            "-I", "-c",
            f"import sys; sys.path.insert(0, {str(target)!r}); import xensys, xensys.sim; "
            "assert xensys.__file__.startswith(sys.path[0]); "
            "print('installed:', xensys.open(kernel=xensys.sim.Machine().dom0).version()); "
            "import xensys.cli; sys.exit(xensys.cli.main(['abi', 'xen_add_to_physmap']))",
        )  # fmt: skip
        if not (target / "xensys" / "py.typed").exists():
            raise SystemExit("the wheel has no py.typed")


def box(run: Run) -> None:
    """The box itself: its exit statuses, a time-out, a dom0 that crashes; and in one, XenStore's speed."""
    boot = ("tools/xenbox", "run", "--no-guests", "--target")
    ends: list[tuple[tuple[str, ...], int]] = [
        # How fast XenStore is beside other clients; nothing is asserted.
        (("tools/bench", "store", "--target", "arm64-4.20", "--short"), 0),
        ((*boot, "amd64-4.20", "--", "sh", "-c", "echo c > /proc/sysrq-trigger; sleep 60"), 125),
        ((*boot, "arm64-4.20", "--", "sh", "-c", "exit 7"), 7),
        ((*boot, "arm64-4.20", "--timeout", "20", "--", "sleep", "1000"), 124),
    ]
    _at_once(lambda end: run.call(*end[0], status=end[1]), ends)


def real(run: Run) -> None:
    """The contract and the demo on real Xen, and the same outcomes there as on the simulator."""
    run.call("tools/xenbox", "prepare", "--target", "all")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        passed = list(pool.map(lambda name: _boot(run, name, BOOTS[name]), BOOTS))
    failed = [name for name, well in zip(BOOTS, passed, strict=True) if not well]
    for boot in BOOTS.values():
        for part in boot.parts:
            if part not in COMPARED or not run.outcomes("real", boot.target, part).exists():
                continue
            simulated = run.outcomes("sim", boot.target, COMPARED[part])
            if not simulated.exists():
                _contract_on_sim(run, boot.target, COMPARED[part])
            run.python("-m", "tests.contract.compare", simulated, run.outcomes("real", boot.target, part))
    if failed:
        raise SystemExit(f"failed on {', '.join(failed)}")


def campaign(run: Run) -> None:
    """200,000 random operations on the simulated XenStore, compared with a model."""
    run.python("-m", "tests.campaign.store", "--operations", "200000", "--processes", "2")


STAGES: Sequence[Stage] = (
    Stage("lint", "ruff: rules and format", lint, quick=True),
    Stage("types", "mypy --strict, pyright", types, quick=True),
    Stage("abi-quick", "generated modules = data", abi_quick, quick=True),
    Stage("unit", "unit and ABI tests", unit, quick=True),
    Stage("sim", "contract on the simulator", sim, quick=True),
    Stage("clone", "a fresh clone: the demo, every import", clone, quick=True),
    Stage("wheel", "the installed wheel", wheel, quick=True),
    Stage("campaign", "random XenStore operations on the simulator", campaign, quick=False),
    Stage("abi", "data = headers, checked by C compilers", abi, quick=False),
    Stage("real", "contract and demo on real Xen in QEMU, compared with the simulator", real, quick=False),
    Stage("box", "the box: exit status, time-out, crash; in one, XenStore's speed", box, quick=False),
)


def _at_once(work: Callable[[T], object], items: Sequence[T]) -> None:
    """Work for each, on both processors; if some fail the first failure is raised, after all have ended."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        done = [pool.submit(work, item) for item in items]
    for each in done:
        each.result()


def _boot(run: Run, name: str, boot: Boot) -> bool:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="xensys-box-") as place:
        collected = Path(place) / "results"
        command = ["tools/xenbox", "run", "--target", boot.target, "--timeout", "2700"]
        command += ["--collect", f"/tmp/results={collected}"]
        if not boot.guests:
            command += ["--no-guests"]
        command += ["--", "python3", "tools/_test/in_box.py", "/tmp/results", *boot.parts]
        print("+", *command, flush=True)
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as box:
            assert box.stdout is not None
            # Two boxes talk at once: each line says which.
            for line in box.stdout:
                print(f"[{name}] {line}", end="", flush=True)
        brought = True
        for part in boot.parts:
            if part not in COMPARED:
                continue  # its exit status says it all
            outcomes = collected / f"contract-{part}.json"
            if outcomes.exists():
                shutil.copy2(outcomes, run.outcomes("real", boot.target, part))
            else:
                brought = False
    seconds = time.monotonic() - began
    print(f"[{name}] {seconds:.0f} s, exit status {box.returncode}", flush=True)
    return brought and box.returncode == 0


def _contract_on_sim(run: Run, target: str, mode: str) -> None:
    """A suite's outcomes on the simulator: the contract's, or that of the tests inside a guest."""
    env = {"XENSYS_CONTRACT_TARGET": target}
    if mode == "fallback":
        env["XENSYS_CONTRACT_FALLBACK"] = "1"
    suite = ["tests/inguest" if mode == "guest" else "tests/contract"]
    if mode == "full":
        suite = in_box.full_files(ROOT)
    outcomes = run.outcomes("sim", target, mode)
    run.python("-m", "pytest", "-q", *suite, "--contract-outcomes", outcomes, env=env)
