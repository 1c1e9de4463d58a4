"""How long `targen list-tasks` takes, beside `import typer` in the same environment.

The commands take turns, so that noise falls on all of them alike; medians
over `--runs` turns after one warm-up turn. Exit 1 above the target of 3x, or
when langchain or a pydantic model of ours is imported.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

TARGET = 3.0


def timed(command: list[str]) -> tuple[float, float]:
    """Wall and CPU seconds of one command."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
        "python -m targen_core list-tasks": [python, "-m", "targen_core", "list-tasks"],
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
    for name in ("targen list-tasks", "python -m targen_core list-tasks"):
        ratio = statistics.median(walls[name]) / base_wall
        failed |= ratio > TARGET
        print(f"{name}: {ratio:.2f}x import typer, target {TARGET:g}x")

    modules = imported([python, "-m", "targen_core", "list-tasks"])
    top = sorted({name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names))
    print(f"packages that list-tasks imports ({len(modules)} modules in all): {', '.join(top)}")
    heavy = sorted(
        {name.partition(".")[0] for name in modules}
        & {"langchain_core", "pydantic", "aiohttp", "diskcache", "rensa", "rapidfuzz", "typer"}
    )
    print(f"heavy ones among them: {', '.join(heavy) or 'none'}")
    failed |= bool({"langchain_core", "pydantic"} & set(heavy))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
