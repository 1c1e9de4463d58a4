"""How much of targen one small run uses: the modules it imports and the functions it calls per row.

Each run is `targen generate mail.yaml -b scripted -n N` in a process of its own. Modules are those
of `-n 10`. Calls of our functions are counted with `sys.setprofile`, in runs of 20 and 60 rows, so
that only those for further rows count: with sets of rows, the default, and with
`--variant paper`, which writes row by row. `--top 40` lists the functions that are called most,
`--imports` the modules. Exit 1 above the goals.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

MODULES = 100
CALLS = 250  # per further row
FEW, MANY = 20, 60
TASK = """description: Letters to a shop.
labels:
  praise: The writer is pleased with the shop.
  complaint: The writer is not.
"""

PROGRAM = r"""
import collections, contextlib, io, json, os, sys, threading
counts = collections.Counter()
ours = "/targen"  # in the path of each module of ours, and of none else

def count(frame, event, arg):
    if event == "call":
        counts[frame.f_code] += 1

from targen_core.cli import script
sys.argv = ["targen", *sys.argv[1:]]
if "COUNT" in os.environ:
    threading.setprofile(count)
    sys.setprofile(count)
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    with contextlib.suppress(SystemExit):
        script()
sys.setprofile(None)
threading.setprofile(None)
calls = collections.Counter()
for code, number in counts.items():
    module = code.co_filename
    if ours in module and "site-packages" not in module:
        calls[f"{module.rpartition('/src/')[2]}:{code.co_firstlineno} {code.co_qualname}"] += number
modules = sorted(name for name in sys.modules if name.startswith("targen"))
print(json.dumps({"calls": calls, "modules": modules}))
"""


def run(rows: int, *options: str, count: bool = False) -> dict[str, Any]:
    """Run the command once and return what it used."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "mail.yaml").write_text(TASK)
        words = ["generate", "mail.yaml", "-b", "scripted", "-n", str(rows), "--out", "run", "-y"]
        private = {f"TARGEN_{name}_DIR": f"{folder}/{name}" for name in ("CACHE", "CONFIG")}
        env = os.environ | private | ({"COUNT": "1"} if count else {})
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *words, *options],
            cwd=folder,
            env=env,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        there = Path(folder, "run", "dataset.jsonl").read_text().count("\n")
        assert there == rows, f"{there} of {rows} rows"
    return dict(json.loads(done.stdout))


def per_row(*options: str) -> Counter[str]:
    """Return the calls of our functions for all the further rows."""
    few, many = (run(rows, *options, count=True)["calls"] for rows in (FEW, MANY))
    return Counter({name: calls - few.get(name, 0) for name, calls in many.items()})


def main() -> int:
    """Measure, and compare with the goals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--top", type=int, default=0, help="functions to list")
    parser.add_argument("--imports", action="store_true", help="list the modules")
    args = parser.parse_args()
    modules = run(10)["modules"]
    print(f"modules imported: {len(modules)} (goal: {MODULES})")
    if args.imports:
        print(*modules, sep="\n")
    missed = len(modules) > MODULES
    for options in ((), ("--variant", "paper")):
        calls = per_row(*options)
        each = calls.total() / (MANY - FEW)
        print(f"calls per further row{''.join(f' {o}' for o in options)}: {each:,.0f}", end="")
        print(f" (goal: {CALLS})")
        missed = missed or each > CALLS
        for name, number in calls.most_common(args.top):
            print(f"{number / (MANY - FEW):8.1f}  {name}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
