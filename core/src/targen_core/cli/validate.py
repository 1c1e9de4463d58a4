"""`targen validate`: are the rows of a dataset official rows of a task?"""

from __future__ import annotations

from typing import Annotated

import typer

from targen_core.cli.sources import EncodingArg, SourceArg, WhoseArg, task_name
from targen_core.cli.tables import print_json, print_table
from targen_core.errors import JobFailed


def validate(
    source: SourceArg,
    task: WhoseArg = None,
    encoding: EncodingArg = "utf-8",
    limit: Annotated[
        int, typer.Option("--limit", help="Print at most so many problems; --json has them all.")
    ] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say which rows of a dataset break the task's official schema, and why.

    Checks each row's columns, types and spans, that `idx` is unique, and that rows which belong
    together do. Rows without labels, as in test files, are as good as others. Exits 1 where there
    is a problem.

    Examples:
    - targen validate runs/rte-0
    - targen validate WSC/train.jsonl --task wsc --json
    - targen validate rows.csv --task rte
    """
    from targen_core.dataset.read import read_dataset
    from targen_core.dataset.source import open_source
    from targen_core.plugins.loader import load_registry

    opened = open_source(source, encoding=encoding)
    dataset = read_dataset(opened, task, registry=load_registry(), strict=False)
    name, place, word = task_name(opened, task), opened.place, opened.form.place
    held = [len(unit.instances) for unit in dataset.units()]
    instances, unlabeled = sum(held), held.count(0) * dataset.task.rows_per_instance
    problems = dataset.problems
    if json:
        print_json(
            {
                "file": place,
                "task": name,
                "rows": len(dataset),
                "instances": instances,
                "unlabelled": unlabeled,
                "problems": [
                    {"line": p.line, "idx": p.idx, "message": p.message} for p in problems
                ],
            }
        )
    else:
        labels = f", {unlabeled:,} of them without a label" if unlabeled else ""
        several = f", {instances:,} instances" if instances not in (len(dataset), 0) else ""
        print(f"{place}: {len(dataset):,} rows of {name} read{several}{labels}")
        if problems:
            print_table(
                [word, "idx", "problem"], [(p.line, p.idx, p.message) for p in problems[:limit]]
            )
            if len(problems) > limit:
                print(f"... and {len(problems) - limit:,} more; --limit 1000 shows more")
    if problems:
        bad = len({problem.line for problem in problems})
        some = (
            f"1 {word} of {place} is no official row"
            if bad == 1
            else (f"{bad:,} {word}s of {place} are no official rows")
        )
        raise JobFailed(f"{some} of {name}")
