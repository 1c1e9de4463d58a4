"""`targen validate`: are the rows of a dataset official rows of a task?"""

from __future__ import annotations

from typing import Annotated

import typer

from targen_cli.sources import EncodingArg, SourceArg, WhoseArg, task_name
from targen_cli.tables import print_json, print_table
from targen_core.errors import JobFailed
from targen_core.text import plural


def validate(
    source: SourceArg,
    task: WhoseArg = None,
    encoding: EncodingArg = "utf-8",
    limit: Annotated[
        int,
        typer.Option(
            "--limit", min=0, help="Print at most this many problems; 0 is all, as in --json."
        ),
    ] = 20,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Say whether a dataset is official: which rows break the task's schema, and why.

    Checks each row's columns, types and spans, that `idx` is unique, and that rows which belong
    together do. Rows without labels, as in test files, are as good as others. A few rows of the
    original data break their own schema: they are named and do not count. Exits 1 where there is
    any other problem.

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
    bad = {problem.line for problem in problems if not problem.known}
    odd = {problem.line for problem in problems} - bad
    if json:
        print_json(
            {
                "file": place,
                "task": name,
                "valid": not bad,
                "rows": len(dataset),
                "instances": instances,
                "unlabelled": unlabeled,
                "problems": [
                    {"line": p.line, "idx": p.idx, "message": p.message, "known": p.known}
                    for p in problems
                ],
            }
        )
    else:
        print(f"{place}: {_verdict(len(bad), len(odd))}")
        without = f", {unlabeled:,} without a label" if unlabeled else ""
        several = f", {instances:,} instances" if instances not in (len(dataset), 0) else ""
        print(f"{plural(len(dataset), 'row')} of {name}{several}{without}")
        if problems:
            limit = limit or len(problems)
            cells = [(p.line, p.idx, p.message, p.known) for p in problems[:limit]]
            names = [word, "idx", "problem", "in the original data"]
            print()
            print_table(*((names, cells) if odd else (names[:3], [each[:3] for each in cells])))
            if len(problems) > limit:
                print(f"... and {len(problems) - limit:,} more; --limit 0 shows all")
    if bad:
        some = (
            f"1 {word} of {place} is not an official row"
            if len(bad) == 1
            else f"{len(bad):,} {word}s of {place} are not official rows"
        )
        raise JobFailed(f"{some} of {name}")


def _verdict(bad: int, odd: int) -> str:
    if bad:
        return "not valid"
    if odd:
        known = "a known oddity" if odd == 1 else f"{odd:,} known oddities"
        return f"valid but for {known} of the original data"
    return "valid"
