"""Run the small forms of the papers' items, in a folder of this repository's rows: see `papers`."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from targen_training.reproduction.items import Item, items

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
SUPERGLUE = ("AX-g", "BoolQ", "CB", "COPA", "MultiRC", "ReCoRD", "RTE", "WiC", "WSC")
REPLIES = {
    "Is the ferry late? / It docked at noon.": "no",
    "Do you like the soup? / I asked for a second bowl.": "yes",
    "Is the shop open? / The lights are off.": "no",
    "Did it rain? / My boots are wet.": "yes",
}


def lay_out(folder: Path) -> None:
    """Write what commands name: `superglue`, `runs`, `small`, `bigbench` and `my/csvs`."""
    for name in SUPERGLUE:
        file = EXAMPLES / "superglue" / f"{name.lower().replace('-', '')}.jsonl"
        rows = file.read_text(encoding="utf-8").splitlines(keepends=True)
        most = len(rows) * 3 // 5 // 2 * 2  # AX-g's rows are pairs
        (folder / "superglue" / name).mkdir(parents=True)
        for split, part in (("train", rows[:most]), ("val", rows[most:])):
            (folder / "superglue" / name / f"{split}.jsonl").write_text("".join(part))
    shutil.copytree(EXAMPLES / "superglue_synthetic", folder / "runs")
    shutil.copytree(EXAMPLES / "small_writer", folder / "small")
    examples = [
        {"input": text, "target_scores": {"yes": float(said == "yes"), "no": float(said == "no")}}
        for text, said in REPLIES.items()
    ]
    task = {"name": "implicatures", "description": "Does the reply mean yes?", "examples": examples}
    (folder / "bigbench").mkdir()
    (folder / "bigbench/implicatures.json").write_text(json.dumps(task))
    things = "lamp boat garden letter bridge coat kitchen song river carpet".split()
    lines = (
        f"Is the {one} beside the {other} lovely?,{'yes' if one < other else 'no'}"
        for one in things
        for other in things
        if one != other
    )
    (folder / "my/csvs").mkdir(parents=True)
    (folder / "my/csvs/things.csv").write_text("\n".join(["question,answer", *lines]) + "\n")


def chosen(words: Sequence[str]) -> list[Item]:
    """Return the items that the command line names: all, a part such as 1/10, or some by name."""
    known = items()
    if not words:
        return list(known.values())
    if len(words) == 1 and "/" in words[0]:
        first, step = map(int, words[0].split("/"))
        return list(known.values())[first - 1 :: step]
    if odd := [word for word in words if word not in known]:
        sys.exit(f"error: there is no {odd[0]}\n  try: targen reproduce --list")
    return [known[word] for word in words]


def failed(item: Item, folder: Path) -> str:
    """Run an item's commands, and return what the one that failed printed, or "".

    An output that lacks rows or columns of the paper is a failure as well.
    """
    printed = ""
    binaries = Path(sys.executable).parent
    environment = {**os.environ, "TARGEN_CACHE_DIR": str(folder / "cache")}
    for command in item.small:
        program, *rest = shlex.split(command)
        done = subprocess.run(
            [binaries / program, *rest],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            return f"{command}\nexit code {done.returncode}\n{done.stdout[-2000:]}"
        printed += done.stdout
    if lacking := [words for words in item.shows if words not in printed]:
        return f"{item.small[-1]}\nthe output lacks {', '.join(lacking)}:\n{printed[-2000:]}"
    return ""


def main() -> None:
    """Run what was asked for; exit 1 if anything failed."""
    failures, passed = [], 0
    with tempfile.TemporaryDirectory(prefix="targen-papers-") as work:
        lay_out(Path(work))
        for item in chosen(sys.argv[1:]):
            lacking = item.lacking
            if not item.small or lacking:
                why = f"needs {', '.join(lacking)}" if lacking else item.differs
                print(f"{item.name}: not run: {why}", flush=True)
                continue
            start = time.monotonic()
            problem = failed(item, Path(work))
            said = "FAILED" if problem else "passed"
            print(f"{item.name}: {said} after {time.monotonic() - start:.0f} s", flush=True)
            if problem:
                print(problem, flush=True)
                failures.append(item.name)
            passed += not problem
    print(f"{passed} passed, {len(failures)} failed" + "".join(f"\n  {name}" for name in failures))
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
