"""How long `targen list-tasks` takes, beside `import typer` in the same environment.

The commands take turns, so that noise falls on all of them alike; medians
over `--runs` turns after one warm-up turn. Then the same listing with 0, 10
and 100 made-up plugins on the path, each a distribution with dist-info, files
and a module of its own that registers one task: what does a plugin add? There
the least of all turns counts, since other work on the machine can only add.
Exit 1 above the targets of 3x and 1 ms a plugin, or when langchain or a
pydantic model of ours is imported.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

TARGET = 3.0
PLUGINS = (0, 10, 100)
MAX_MS_A_PLUGIN = 1.0  # milliseconds that one more plugin may add to list-tasks

METADATA = """Metadata-Version: 2.4
Name: {name}
Version: 1.{number}
Summary: A made-up plugin, to measure by.
Requires-Python: >=3.11
Requires-Dist: targen-core<0.2,>=0.1
Requires-Dist: pytest>=8; extra == 'test'
Provides-Extra: test
"""
HOOK = """from __future__ import annotations

from typing import TYPE_CHECKING, Any

from targen_core import Register, hookimpl

if TYPE_CHECKING:
    from targen_core import Task


@hookimpl
def register_tasks(register: Register) -> None:
    register("{name}", "{module}.task:TASK", summary="made up, to measure by")
"""


def lay_out(folder: Path, count: int) -> Path:
    """A folder with so many plugins, as pip would install them."""
    site = folder / f"plugins-{count}"
    site.mkdir()
    for number in range(count):
        name, module = f"dummy-{number}", f"dummy_{number}"
        info = site / f"{module}-1.{number}.dist-info"
        for place in (info, site / module):
            place.mkdir()
        (site / module / "__init__.py").write_text(HOOK.format(name=name, module=module))
        (info / "METADATA").write_text(METADATA.format(name=name, number=number))
        (info / "entry_points.txt").write_text(f"[targen.v1]\n{name} = {module}\n")
        (info / "INSTALLER").write_text("pip\n")
        (info / "RECORD").write_text(f"{module}/__init__.py,,\n")
    return site


def timed(command: list[str], path: str = "") -> tuple[float, float]:
    """Wall and CPU seconds of one command, with `path` in front of Python's own."""
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": path} if path else os.environ
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - began
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} exited {process.returncode}")
    return wall, usage.ru_utime + usage.ru_stime


def imported(command: list[str]) -> set[str]:
    """Modules that a `python ...` command imports."""
    done = subprocess.run(
        [command[0], "-X", "importtime", *command[1:]], capture_output=True, text=True, check=True
    )
    lines = (line for line in done.stderr.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip() for line in lines} - {"imported package"}


def measure_plugins(command: list[str], runs: int) -> bool:
    """Print what a plugin adds to a listing; whether that is too much."""
    with tempfile.TemporaryDirectory() as folder:
        sites = {count: str(lay_out(Path(folder), count)) for count in PLUGINS}
        walls: dict[int, list[float]] = {count: [] for count in PLUGINS}
        cpus: dict[int, list[float]] = {count: [] for count in PLUGINS}
        for turn in range(runs + 1):
            for count, site in sites.items():
                wall, cpu = timed(command, site)
                if turn:
                    walls[count].append(wall * 1e3)
                    cpus[count].append(cpu * 1e3)
        listed = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": sites[PLUGINS[-1]]}, capture_output=True
        ).stdout
    if listed.count(b"made up, to measure by") != PLUGINS[-1]:
        raise SystemExit("the listing lacks made-up plugins")
    print(f"\n{'more plugins':>12}  wall ms  cpu ms  wall ms a plugin  cpu ms a plugin")
    base = {name: min(of[0]) for name, of in (("wall", walls), ("cpu", cpus))}
    for count in PLUGINS:
        wall, cpu = min(walls[count]), min(cpus[count])
        each = [
            (value - base[name]) / count if count else 0.0
            for name, value in (("wall", wall), ("cpu", cpu))
        ]
        print(f"{count:12}{wall:9.1f}{cpu:8.1f}{each[0]:18.2f}{each[1]:17.2f}")
    print(f"of {count} plugins one adds {each[0]:.2f} ms, target below {MAX_MS_A_PLUGIN:g} ms")
    return each[0] >= MAX_MS_A_PLUGIN


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    python = sys.executable
    script = shutil.which("targen", path=str(Path(python).parent)) or shutil.which("targen")
    if script is None:
        raise SystemExit("no targen command beside this Python")
    commands = {
        "python -c pass": [python, "-c", "pass"],
        'python -c "import typer"': [python, "-c", "import typer"],
        "targen list-tasks": [script, "list-tasks"],
        "python -m targen_core.cli list-tasks": [python, "-m", "targen_core.cli", "list-tasks"],
        "targen list-backends": [script, "list-backends"],
        "targen --version": [script, "--version"],
        "targen generate --help": [script, "generate", "--help"],
    }
    walls: dict[str, list[float]] = {name: [] for name in commands}
    cpus: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(runs + 1):
        for name, command in commands.items():
            wall, cpu = timed(command)
            if turn:
                walls[name].append(wall)
                cpus[name].append(cpu)
    base_wall = statistics.median(walls['python -c "import typer"'])
    base_cpu = statistics.median(cpus['python -c "import typer"'])
    print(f"{'':34}  wall ms  cpu ms  wall ratio  cpu ratio   (medians of {runs})")
    for name in commands:
        wall, cpu = statistics.median(walls[name]), statistics.median(cpus[name])
        print(
            f"{name:34}{wall * 1e3:9.0f}{cpu * 1e3:8.0f}"
            f"{wall / base_wall:11.2f}x{cpu / base_cpu:10.2f}x"
        )
    failed = False
    for name in ("targen list-tasks", "python -m targen_core.cli list-tasks"):
        ratio = statistics.median(walls[name]) / base_wall
        failed |= ratio > TARGET
        print(f"{name}: {ratio:.2f}x import typer, target {TARGET:g}x")

    modules = imported([python, "-m", "targen_core.cli", "list-tasks"])
    top = sorted({name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names))
    print(f"packages that list-tasks imports ({len(modules)} modules in all): {', '.join(top)}")
    heavy = sorted(
        {name.partition(".")[0] for name in modules}
        & {"langchain_core", "pydantic", "aiohttp", "diskcache", "numpy", "rapidfuzz", "typer"}
    )
    print(f"heavy ones among them: {', '.join(heavy) or 'none'}")
    failed |= bool({"langchain_core", "pydantic"} & set(heavy))
    failed |= measure_plugins(commands["targen list-tasks"], runs)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
