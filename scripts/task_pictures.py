"""Draw each task's pipeline, from the task itself, into docs/reference/tasks/NAME.svg.

python scripts/task_pictures.py            # write them
python scripts/task_pictures.py --check    # exit 1 where one is not up to date
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from html import escape
from pathlib import Path
from typing import Any

from targen_core import Task
from targen_core.plugins.loader import load_registry
from targen_core.tasks.steps import ListStep

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference" / "tasks"
OURS = ("targen-tasks-superglue", "targen-tasks-multirc")
WIDTH, GAP, LINE, PAD = 186, 32, 17, 12
STYLE = """
  text { font-size: 13px; font-family: system-ui, sans-serif; fill: #222 }
  .step { font-weight: 600; fill: #4051b5 }
  rect { fill: #f4f5fb; stroke: #9aa3d0 }
  path { stroke: #666; fill: none }
  marker path { fill: #666; stroke: none }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd } .step { fill: #a9b4f0 } rect { fill: #23263a; stroke: #5b659f }
    path { stroke: #aaa } marker path { fill: #aaa }
  }
"""


def boxes(task: Task[Any, Any]) -> list[tuple[str, list[str]]]:
    """A heading and lines for each box, from left to right."""
    parts = []
    if task.contexts is not None:
        parts.append(("step 1: contexts", about(task.contexts)))
    for number, step in enumerate(task.seeds, 1):
        several = f" ({number} of {len(task.seeds)})" if len(task.seeds) > 1 else ""
        parts.append((f"step 2: seeds{several}", about(step)))
    labels = [f"{label.name}: {label.summary}" for label in task.labels]
    each = (
        "an instance"
        if task.seeding.instances_per_call == 1
        else f"{task.seeding.instances_per_call} instances"
    )
    parts.append(("step 3: G(label, seed)", [f"{each} a call", *(labels or ["the label is open"])]))
    checks = ["each with its reason", "again after a new label"]
    parts.append(("checks, no model", checks))
    rejecting = [f"rejects: {reason}" for reason in task.judging.rejecting.values()]
    corrector = (
        task.judging.corrector if isinstance(task.judging.corrector, str) else "the task's own"
    )
    parts.append(("step 4: correction", [f"{corrector}: confirm, relabel or reject", *rejecting]))
    rows = (
        "a row"
        if task.rows_per_instance == 1
        else f"{task.rows_per_instance} rows that stay together"
    )
    parts.append(("commit, in order", ["no near-duplicate", "label not full", rows]))
    return parts


def about(step: ListStep[Any]) -> list[str]:
    """What a list holds, and how much of it a call gives."""
    size = "the whole list" if step.once else f"{step.batch} a call"
    return [step.summary, size]


def draw(task: Task[Any, Any]) -> str:
    """The pipeline as SVG."""
    columns = [
        (head, [part for line in lines for part in textwrap.wrap(line, 24)])
        for head, lines in boxes(task)
    ]
    height = 2 * PAD + LINE * (1 + max(len(lines) for _, lines in columns)) + 8
    width = len(columns) * (WIDTH + GAP) - GAP + 2
    size = f"{width} {height + 2}"
    marker = 'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" role="img">',
        f"<title>How {escape(task.name)} makes a row</title>",
        f"<style>{STYLE}</style>",
        f'<marker id="end" {marker}><path d="M0,0 8,4 0,8z"/></marker>',
    ]
    for number, (head, lines) in enumerate(columns):
        x = 1 + number * (WIDTH + GAP)
        parts.append(f'<rect x="{x}" y="1" width="{WIDTH}" height="{height}" rx="6"/>')
        y = 1 + PAD + LINE - 4
        parts.append(f'<text class="step" x="{x + PAD}" y="{y}">{escape(head)}</text>')
        for at, line in enumerate(lines, 1):
            parts.append(f'<text x="{x + PAD}" y="{y + 4 + at * LINE}">{escape(line)}</text>')
        if number:
            middle = 1 + height / 2
            parts.append(f'<path d="M{x - GAP + 2},{middle}H{x - 3}" marker-end="url(#end)"/>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> int:
    """Write or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    registry = load_registry()
    stale = []
    for item in registry.all("task"):
        if item.distribution not in OURS:
            continue
        path, text = FOLDER / f"{item.name}.svg", draw(registry.resolve(item))
        if check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            stale.append(path.name)
        elif not check:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"not up to date: {', '.join(stale)}; run: python scripts/task_pictures.py")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
