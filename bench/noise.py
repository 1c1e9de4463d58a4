"""What step 4 finds, fixes and spoils: precision and recall of corrections of flipped labels.

python noise.py                        the corrections in examples/noise
python noise.py runs/corrected …       yours: targen correct DATA --flip 0.4 --out runs/corrected

A judgement depends on its row and on the label that is shown. So the judgements of one run at 40%
are weighted to stand for any share and kind of noise. `uniform` draws each other label equally
often. `writer` draws wrong labels as a small model made them: by the label flow of its run of the
task in examples/small_writer.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

EXAMPLES = Path(__file__).parents[1] / "examples"
SHARES = (0.1, 0.2, 0.4)
Cell = tuple[str, str]
"""The right label, and the one that is shown."""


def rates(folder: Path) -> tuple[Counter[Cell], Counter[Cell], Counter[Cell]]:
    """Count rows by cell: all, those that step 4 changed or rejected, those right afterwards."""
    rows, suspected, right = Counter[Cell](), Counter[Cell](), Counter[Cell]()
    for line in (folder / "changes.jsonl").read_text(encoding="utf-8").splitlines():
        change = json.loads(line)
        gold = change.get("gold", change["claimed"])
        cell = (gold, change["claimed"])
        rows[cell] += 1
        suspected[cell] += change["verdict"] != "confirmed"
        right[cell] += change["label"] == gold
    return rows, suspected, right


def uniform(rows: Counter[Cell]) -> dict[Cell, float]:
    """Weigh wrong cells so that a wrong label is any other one equally often."""
    shares = Counter[str]()
    for (gold, _), count in rows.items():
        shares[gold] += count
    others = Counter(gold for gold, shown in rows if gold != shown)
    return {(gold, shown): shares[gold] / others[gold] for gold, shown in rows if gold != shown}


def like_a_writer(task: str) -> dict[Cell, float] | None:
    """Weigh wrong cells as a small model's labels were wrong; None if no run of it is there."""
    for file in (EXAMPLES / "small_writer").glob("*/report.json"):
        report = json.loads(file.read_text(encoding="utf-8"))
        if report["task"] == task:
            return {
                (found, claimed): float(count)
                for claimed, flow in report["flow"].items()
                for found, count in flow["accepted"].items()
                if found != claimed
            }
    return None


def weighted(cells: dict[Cell, float], of: Counter[Cell], rows: Counter[Cell]) -> float:
    """The share of rows in `of` by cells of these weights; cells without rows are left out."""
    known = {cell: weight for cell, weight in cells.items() if rows[cell]}
    return sum(w * of[cell] / rows[cell] for cell, w in known.items()) / sum(known.values())


def main(folders: list[Path]) -> None:
    """Print a line for each correction, kind and share of noise."""
    print(f"{'correction':14}{'noise':>16}{'recall':>8}{'fixed':>7}{'spoiled':>9}{'precision':>11}")
    for folder in folders:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        rows, suspected, right = rates(folder)
        kept = {cell: float(count) for cell, count in rows.items() if cell[0] == cell[1]}
        spoiled = weighted(kept, suspected, rows)
        for kind, cells in (("uniform", uniform(rows)), ("writer", like_a_writer(report["task"]))):
            if cells is None:
                continue
            recall, fixed = weighted(cells, suspected, rows), weighted(cells, right, rows)
            for share in SHARES:
                found, lost = share * recall, (1 - share) * spoiled
                precision = f"{found / (found + lost):.0%}" if found + lost else "-"
                print(
                    f"{folder.name:14}{kind + f' {share:.0%}':>16}{recall:8.0%}{fixed:7.0%}"
                    f"{spoiled:9.0%}{precision:>11}"
                )


if __name__ == "__main__":
    main(
        [*map(Path, sys.argv[1:])]
        or sorted(path.parent for path in EXAMPLES.glob("noise/*/changes.jsonl"))
    )
