"""`targen rate`: how difficult the rows of a dataset are, by a model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.completion import completer
from targen_core.cli.generating import ROWS_DECIDE, Generate, goes_on_as_generate
from targen_core.errors import UsageError

if TYPE_CHECKING:
    from targen_analysis.judging.rating import Rate

_ROWS = 300


@goes_on_as_generate(without=ROWS_DECIDE)
def rate(
    data: Annotated[
        str,
        typer.Argument(help="A run, or any rows that `targen export` accepts.", show_default=False),
    ],
    about: Annotated[
        str,
        typer.Option(
            "--about",
            help="A description of the task. [default: the description of the run's task]",
        ),
    ] = "",
    task: Annotated[
        str,
        typer.Option(
            "--task",
            metavar="NAME",
            help="The task of the rows; not needed for a run, which records it.",
            autocompletion=completer("task"),
        ),
    ] = "",
    examples: Annotated[
        Path | None,
        typer.Option(
            "--examples",
            metavar="FILE",
            help="Rated rows to show the model as examples, with `input` and `difficulty`, "
            "in any supported format.",
        ),
    ] = None,
    *,
    generate: Generate,
) -> None:
    """Rate the difficulty of rows from 1 to 5, with a model.

    Draws 300 rows at random, or as many as -n says. The result is a run like any other, with a
    rating as the `output` of each row. `targen analyze DATA -o judged.ratings=RUN` reads it.

    Examples:
    - targen rate runs/rte-0 -n 100 -b llama --model llama3.1 --out runs/rte-0-rated
    - targen rate task.json --about "Is the reply a yes or a no?" -b chatgpt --batch --max-cost 1
    - targen analyze runs/rte-0 -o judged.ratings=runs/rte-0-rated
    """
    from targen_analysis.corpus import read_corpus
    from targen_analysis.judging.rating import FORM, RATE
    from targen_core.dataset.source import open_source
    from targen_core.plugins.loader import load_registry

    registry = load_registry()
    corpus = read_corpus(registry, data, task=task or None)
    about = about or (corpus.task.description if corpus.task is not None else "")
    if not about:
        raise UsageError(
            f"the task of the rows of {data} is unknown", hint='--about "what to do with a row"'
        )
    rated = open_source(examples).rows() if examples is not None else []
    values = [{key: row.get(key) for key in ("input", "difficulty")} for row in rated]
    spec = _spec(data=data, about=about, task=task, examples=values)
    name = f"{re.sub(r'[^a-z0-9._-]+', '-', corpus.name.lower()).strip('-._')[:50]}-difficulty"
    text = RATE.text(FORM, RATE.located(spec, Path.cwd()), name)
    number = generate.options["n"] or min(_ROWS, len(corpus))
    generate.each_row(text, name, number, "a rating")


def _spec(**values: Any) -> Rate:
    """Return the request.

    Raises:
        UsageError: it makes no sense.
    """
    from pydantic import ValidationError

    from targen_analysis.judging.rating import Rate

    try:
        return Rate.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = " ".join(str(each + 1 if isinstance(each, int) else each) for each in first["loc"])
        raise UsageError(f"--{place}: {first['msg'].removeprefix('Value error, ')}") from None
