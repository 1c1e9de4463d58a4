"""`targen sample`: rows drawn for a person to judge."""

from __future__ import annotations

import csv
import io
import json
import random
import shlex
from pathlib import Path
from typing import Annotated

import typer

from targen_core.cli.completion import completer
from targen_core.cli.options.arguments import JsonArg
from targen_core.cli.outputs import write_new
from targen_core.cli.sources import EncodingArg
from targen_core.cli.tables import print_files
from targen_core.errors import UsageError

_COLUMNS = ("row", "text", "answer", "right", "note")


def sample(
    data: Annotated[
        str,
        typer.Argument(help="A run, or any rows that `targen export` accepts.", show_default=False),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="A .csv or .jsonl file.", show_default=False),
    ],
    number: Annotated[
        int, typer.Option("-n", "--number", min=1, help="Number of rows to draw.")
    ] = 300,
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            metavar="NAME",
            help="The task of the rows; not needed for a run, which records it.",
            autocompletion=completer("task"),
        ),
    ] = None,
    encoding: EncodingArg = "utf-8",
    seed: Annotated[int, typer.Option("--seed", help="Random seed for choosing rows.")] = 0,
    as_json: JsonArg = False,
) -> None:
    """Draw a random sample of rows for a person to judge.

    Writes a file with the text and the answer of each row. Fill in `right` with yes or no (y, n, 1,
    0). Leave it empty if you cannot tell, and explain why in `note`. `targen analyze` then shows
    the share of right answers, with its interval.

    In a .csv file, an apostrophe before texts such as `=1+1` keeps a spreadsheet from running them,
    and `targen analyze` ignores it. A .jsonl file contains the texts unchanged.

    Examples:
    - targen sample runs/rte-0 -n 100 --out rte-0.csv
    - targen analyze runs/rte-0 -o judged.sheet=rte-0.csv
    """
    from targen_analysis.corpus import read_corpus
    from targen_analysis.texts import answer_of, questions_of
    from targen_core.cli.markup import sheet_cell
    from targen_core.plugins.loader import load_registry
    from targen_core.text import plural

    if out.suffix not in (".csv", ".jsonl"):
        raise UsageError(f"--out {out}: the name must end in .csv or .jsonl", hint="FILE.csv")
    corpus = read_corpus(load_registry(), data, task=task, encoding=encoding)
    texts = questions_of(corpus)
    drawn = random.Random(f"{seed}/sample").sample(range(len(texts)), min(number, len(texts)))
    rows = [(at, texts[at], answer_of(corpus, at), "", "") for at in drawn]
    if not any(answer for _, _, answer, _, _ in rows):
        raise UsageError(
            f"none of the rows of {data} have an answer to judge",
            hint="add a column named `label` or `output`",
        )
    text = io.StringIO()
    if out.suffix == ".csv":
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for at, *texts_here in rows:
            writer.writerow((at, *map(sheet_cell, texts_here)))
    else:
        for row in rows:
            text.write(json.dumps(dict(zip(_COLUMNS, row, strict=True)), ensure_ascii=False) + "\n")
    write_new(out, text.getvalue())  # what somebody filled in is not replaced
    if as_json:
        print_files(out, rows=len(rows))
        return
    print(
        f"Wrote {len(rows):,} of {plural(len(texts), 'row')} to {out}. Fill in the column `right`, "
        f"then run: targen analyze {shlex.join([str(data), '-o', f'judged.sheet={out}'])}"
    )
