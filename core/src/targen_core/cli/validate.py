"""`targen validate`: does a file hold official rows of a task?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from targen_core.cli.request import complete_task
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import JobFailed, UsageError


def validate(
    file: Annotated[
        Path,
        typer.Argument(
            help="A .jsonl file of official rows, or a run directory.", show_default=False
        ),
    ],
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="NAME",
            help="Whose rows they are; a run directory knows.",
            autocompletion=complete_task,
        ),
    ] = None,
    most: Annotated[
        int, typer.Option("--most", help="Print at most so many problems; --json has them all.")
    ] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say which rows of a file break the task's official schema, and why.

    Checks each row's columns, types and spans, that `idx` is unique, and that rows which belong
    together do. Rows without labels, as in test files, are as good as others. Exits 1 where there
    is a problem.

    Examples:
    - targen validate runs/rte-0
    - targen validate WSC/train.jsonl --task wsc --json
    """
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.manifest import Manifest
    from targen_core.runs.official import scan

    if file.is_dir():
        task = task or Manifest.load(file / "manifest.json").task_name(file)
        file = file / "dataset.jsonl"
    if task is None:
        raise UsageError(
            f"whose rows are those of {file}?", hint="--task NAME; see: targen list-tasks"
        )
    found = scan(file, load_registry().get("task", task))
    good, bad = len(found.rows), len({problem.line for problem in found.problems})
    if json:
        print_json(
            {
                "file": str(file),
                "task": task,
                "rows": good,
                "instances": len(found.instances),
                "unlabelled": found.unlabelled,
                "problems": [
                    {"line": p.line, "idx": p.idx, "message": p.message} for p in found.problems
                ],
            }
        )
    else:
        labels = f", {found.unlabelled:,} of them without a label" if found.unlabelled else ""
        several = len(found.instances) not in (good, 0)
        instances = f", {len(found.instances):,} instances" if several else ""
        print(f"{file}: {good:,} rows of {task} read{instances}{labels}")
        if found.problems:
            print_table(
                ["line", "idx", "problem"],
                [(p.line, p.idx, p.message) for p in found.problems[:most]],
            )
            if len(found.problems) > most:
                print(f"... and {len(found.problems) - most:,} more; --most 1000 shows more")
    if found.problems:
        raise JobFailed(f"{bad:,} lines of {file} are no official rows of {task}")
