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
from typing import TYPE_CHECKING, NamedTuple

from _test.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: The targets the contract is proved on; each has its personality in the simulator.
TARGETS = ("amd64-4.20", "arm64-4.20", "amd64-4.17")

#: What runs in one boot of each; see in_box.py.
IN_THE_BOX = {
    "amd64-4.20": ("tables", "plain", "demo", "nolibs", "fallback"),
    "arm64-4.20": ("tables", "plain", "demo"),
    "amd64-4.17": ("tables", "plain", "demo"),
}


#: Targets in one lane follow each other, lanes run side by side: an amd64 box uses one core.
LANES = (("amd64-4.20",), ("arm64-4.20", "amd64-4.17"))


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
    for shell in ("tools/abi", "tools/test", "tools/xenbox"):
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
    """Everything that needs neither Xen nor a contract."""
    run.python("-m", "pytest", "-q", "tests/unit", "tests/abi", "tests/fuzz", "-m", "not network")


def sim(run: Run) -> None:
    """The contract on the simulator, once per target's personality, and without the buffer device."""
    for target in TARGETS:
        _contract_on_sim(run, target, "plain")
        store = sorted((ROOT / "tests" / "contract").glob("test_store*.py"))
        run.python("-m", "pytest", "-q", *store, env={"XENSYS_CONTRACT_TARGET": target})
    _contract_on_sim(run, "amd64-4.20", "fallback")


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


def xenbox(run: Run) -> None:
    """The box itself: its exit statuses, a time-out, and a dom0 that crashes."""
    box = ("tools/xenbox", "run", "--target", "amd64-4.20", "--no-guests")
    run.call(*box, "--", "sh", "-c", "exit 7", status=7)
    run.call(*box, "--timeout", "20", "--", "sleep", "1000", status=124)
    run.call(*box, "--", "sh", "-c", "echo c > /proc/sysrq-trigger; sleep 60", status=125)


def real(run: Run) -> None:
    """The contract and the demo on real Xen, and the same outcomes there as on the simulator."""
    run.call("tools/xenbox", "prepare", "--target", "all")
    with ThreadPoolExecutor(len(LANES)) as pool:
        lanes = [pool.submit(_boot_each, run, lane) for lane in LANES]
    failed = [target for lane in lanes for target in lane.result()]
    for target in TARGETS:
        for mode in ("plain", "fallback"):
            if mode not in IN_THE_BOX[target] or not run.outcomes("real", target, mode).exists():
                continue
            simulated = run.outcomes("sim", target, mode)
            if not simulated.exists():
                _contract_on_sim(run, target, mode)
            run.python("-m", "tests.contract.compare", simulated, run.outcomes("real", target, mode))
    if failed:
        raise SystemExit(f"failed on {', '.join(failed)}")


STAGES: Sequence[Stage] = (
    Stage("lint", "ruff: rules and format", lint, quick=True),
    Stage("types", "mypy --strict, pyright", types, quick=True),
    Stage("abi-quick", "generated modules = data", abi_quick, quick=True),
    Stage("unit", "unit and ABI tests", unit, quick=True),
    Stage("sim", "contract on the simulator", sim, quick=True),
    Stage("clone", "a fresh clone: the demo, every import", clone, quick=True),
    Stage("wheel", "the installed wheel", wheel, quick=True),
    Stage("abi", "data = headers, checked by C compilers", abi, quick=False),
    Stage("real", "contract and demo on real Xen in QEMU, compared with the simulator", real, quick=False),
    Stage("xenbox", "the box: exit status, time-out, crash", xenbox, quick=False),
)


def _boot_each(run: Run, lane: Sequence[str]) -> list[str]:
    """Run what belongs in the box on each target in turn; those that failed."""
    return [target for target in lane if not _boot(run, target)]


def _boot(run: Run, target: str) -> bool:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="xensys-box-") as place:
        collected = Path(place) / "results"
        command = ["tools/xenbox", "run", "--target", target, "--timeout", "2400"]
        command += ["--collect", f"/tmp/results={collected}"]
        command += ["--", "python3", "tools/_test/in_box.py", "/tmp/results", *IN_THE_BOX[target]]
        print("+", *command, flush=True)
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as box:
            assert box.stdout is not None
            # Two boxes talk at once: each line says which.
            for line in box.stdout:
                print(f"[{target}] {line}", end="", flush=True)
        brought = True
        for mode in IN_THE_BOX[target]:
            outcomes = collected / f"contract-{mode}.json"
            if mode in ("demo", "tables"):
                continue  # their exit status says it all
            if outcomes.exists():
                shutil.copy2(outcomes, run.outcomes("real", target, mode))
            else:
                brought = False
    seconds = time.monotonic() - began
    print(f"[{target}] {seconds:.0f} s, exit status {box.returncode}", flush=True)
    return brought and box.returncode == 0


def _contract_on_sim(run: Run, target: str, mode: str) -> None:
    env = {"XENSYS_CONTRACT_TARGET": target}
    if mode == "fallback":
        env["XENSYS_CONTRACT_FALLBACK"] = "1"
    outcomes = run.outcomes("sim", target, mode)
    run.python("-m", "pytest", "-q", "tests/contract", "--contract-outcomes", outcomes, env=env)
