"""`targen compare-methods`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import YesArg
from targen_core.errors import Interrupted, MissingDependency, UsageError
from targen_core.hints import install
from targen_core.options import Limits
from targen_core.runs.config import ONE_MODEL

if TYPE_CHECKING:
    from targen_core.cli.ahead import Expected

_MAKE = "Generating rows"
_MEASURE = "Measuring rows"
_LIKE = "--set attrprompt.values=20"


@takes(ONE_MODEL, Limits.declared("max_cost", "max_tokens"))
def compare_methods(
    task: Annotated[str, typer.Argument(help="The task: a name, or a file.", show_default=False)],
    methods: Annotated[
        str,
        typer.Option(
            "--methods",
            metavar="NAME,...",
            help="Methods to compare; see list-methods. `targen` means the task's own steps.",
            show_default=False,
        ),
    ] = "",
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            metavar="NAME=DATA",
            help="Existing rows to include: a run, a file, imported rows. Repeatable.",
            show_default=False,
        ),
    ] = None,
    rows: Annotated[
        int | None,
        typer.Option(
            "-n", "--number", min=2, help="Rows per method, split evenly over the labels."
        ),
    ] = None,
    cost_each: Annotated[
        float | None,
        typer.Option(
            "--cost-each",
            min=0,
            metavar="DOLLARS",
            help="Budget in dollars per method. Without -n, each method generates as "
            "many rows as this pays for.",
        ),
    ] = None,
    yes: YesArg = False,
    test: Annotated[
        list[str] | None,
        typer.Option(
            "--test",
            metavar="DATA",
            help="Labelled test rows; without them, targen does not train any models.",
            rich_help_panel=_MEASURE,
        ),
    ] = None,
    original: Annotated[
        str,
        typer.Option(
            "--original",
            metavar="DATA",
            help="Real rows, to include in analysis and training.",
            rich_help_panel=_MEASURE,
        ),
    ] = "",
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--given",
            metavar="DATA",
            help="Rows for the methods that start from existing rows.",
            rich_help_panel=_MAKE,
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="METHOD.KEY=VALUE",
            help="An option of a method. Repeatable.",
            rich_help_panel=_MAKE,
        ),
    ] = None,
    settings: Annotated[
        str,
        typer.Option(
            "--settings",
            metavar="NAME",
            help="A named set of options, such as paper, for the methods that define one.",
            rich_help_panel=_MAKE,
        ),
    ] = "",
    seed: Annotated[int, typer.Option("--seed", help="Random seed.", rich_help_panel=_MAKE)] = 0,
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency", min=1, help="Maximum concurrent calls.", rich_help_panel=_MAKE
        ),
    ] = None,
    trainer: Annotated[
        list[str] | None,
        typer.Option(
            "--trainer",
            metavar="NAME[,KEY=VALUE]...",
            help="The trainer. Repeatable. [default: tfidf]",
            rich_help_panel=_MEASURE,
        ),
    ] = None,
    repeats: Annotated[
        int,
        typer.Option(
            "--repeats", min=1, help="Number of training runs per method.", rich_help_panel=_MEASURE
        ),
    ] = 5,
    judge: Annotated[
        bool,
        typer.Option(
            "--judge/--no-judge",
            help="Measure the share of correct labels with a blind judge.",
            rich_help_panel=_MEASURE,
        ),
    ] = True,
    out: Annotated[
        Path | None, typer.Option("--out", help="The output folder. [default: methods/TASK]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    *,
    said: Said,
) -> None:
    """Compare methods on one task, with the same number of rows or the same cost.

    Each method generates its rows in its own run. targen then analyses all of them together and has
    a blind judge check the labels. It also trains the same models on the same number of rows from
    each method. The results are on one page. Run the same command again to continue. --max-cost
    covers the runs and the judge, including earlier starts.

    Examples:
    - targen compare-methods rte --methods loop,targen,attrprompt -n 100 --test RTE/val.jsonl
    - targen compare-methods cb --methods targen,attrprompt --cost-each 2 -b chatgpt --no-judge
    - targen compare-methods rte --data zerogen=imported/rte --data targen=runs/rte-0 --no-judge
    """
    try:
        import targen_analysis  # noqa: F401
        import targen_training  # noqa: F401
    except ModuleNotFoundError as error:
        lacking = str(error.name).partition(".")[0].replace("_", "-")
        raise MissingDependency(
            f"compare-methods needs {lacking}, which is not installed",
            distribution=lacking,
            hint=install("targen-methods[compare]"),
        ) from error
    from targen_core.cli.ahead import ask_first
    from targen_core.cli.choosing import choice
    from targen_core.cli.tables import print_json, print_table
    from targen_core.plugins.loader import load_registry
    from targen_methods.comparing.carrying import carry_out
    from targen_methods.comparing.page import columns, remarks
    from targen_methods.comparing.page import rows as lines
    from targen_methods.comparing.request import ComparisonRequest, ways_of

    names = [name.strip() for name in methods.split(",") if name.strip()]
    if not names and not data:
        raise UsageError(
            "no methods or data to compare",
            hint="use --methods NAME,... to generate rows (see targen list-methods), or --data "
            "NAME=DATA for existing rows",
        )
    if names and rows is None and cost_each is None:
        raise UsageError(
            "give the number of rows or the cost per method", hint="-n 100, or --cost-each 2"
        )
    registry = load_registry()
    asks = names or judge
    chosen = choice(registry, said, backend=None if asks else "local")  # not looked for in vain
    generate: dict[str, Any] = {"model": chosen.model, "seed": seed, "progress": False}
    if chosen.options:
        generate["options"] = dict(chosen.options)
    if concurrency is not None:
        generate["concurrency"] = concurrency
    ways = ways_of(
        registry,
        task,
        names,
        data=_named(data or []),
        given=given or (),
        options=_by_method(set_ or []),
        settings=settings,
    )
    request = ComparisonRequest(
        task,
        tuple(ways),
        generate,
        rows,
        cost_each,
        tuple(test or ()),
        original,
        judge,
        tuple(trainer or ("tfidf",)),
        repeats,
        tuple(given or ()),
    )
    limits = said.part(Limits)
    folder = out or Path("methods") / Path(task).stem.replace(":", "-")

    def ask(parts: Iterable[Expected]) -> None:
        ask_first(
            "This comparison",
            lambda: parts,
            cap=limits.get("max_cost"),
            ask_above=chosen.ask_above,
            yes=yes,
        )
        chosen.tell()

    try:
        with chosen.explained():
            compared = carry_out(
                registry,
                request,
                folder,
                lambda words: print(words, file=sys.stderr),
                **limits,
                ask=ask,
            )
    except KeyboardInterrupt as stopped:  # of a run, a judgement, the analysis or a figure
        raise Interrupted(
            str(stopped) or "stopped", hint="run the same command again to continue"
        ) from None
    if as_json:
        print_json(compared.as_json())
        return
    print_table(columns(compared), lines(compared))
    print()
    for remark in remarks(compared):
        print(remark)
    print(compared.said)
    print(folder / "results.html")


def _named(items: list[str]) -> dict[str, str]:
    """NAME=DATA by name.

    Raises:
        UsageError: one is not written so, or there twice.
    """
    named: dict[str, str] = {}
    for item in items:
        name, equals, data = item.partition("=")
        if not equals or not name:
            raise UsageError(
                f"--data {item} is not NAME=DATA", hint="for example --data ours=runs/rte-0"
            )
        if name in named:
            raise UsageError(f"--data contains {name} twice")
        named[name] = data
    return named


def _by_method(items: list[str]) -> dict[str, dict[str, Any]]:
    """METHOD.KEY=VALUE by method.

    Raises:
        UsageError: one is not written so.
    """
    from targen_core.runs.parsing import parse_options

    found: dict[str, dict[str, Any]] = {}
    for name, value in parse_options(items, _LIKE).items():
        method, dot, key = name.partition(".")
        if not dot or not key:
            raise UsageError(f"--set {name} does not name a method", hint=f"for example {_LIKE}")
        found.setdefault(method, {})[key] = value
    return found
