"""What commands that ask models have in common: their options, and keywords of these."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from targen_core.cli.completion import completer
from targen_core.errors import UsageError

__all__ = [
    "BackendArg",
    "BackendForArg",
    "BaseUrlArg",
    "BatchArg",
    "CacheArg",
    "CacheAsBegunArg",
    "ContextsArg",
    "ContextsFractionArg",
    "ContextsFromArg",
    "ContextsLimitArg",
    "CorrectArg",
    "CorrectorArg",
    "KeyFileArg",
    "MaxCostArg",
    "MaxOutageArg",
    "MaxTokensArg",
    "ModelArg",
    "OptionsArg",
    "PriceInArg",
    "PriceOutArg",
    "ProfileArg",
    "RoundsArg",
    "SeedArg",
    "SeedsArg",
    "SeedsFromArg",
    "SomeTaskArg",
    "SuiteArg",
    "TaskArg",
    "VariantArg",
    "backends_of",
    "complete_task",
    "labels_of",
    "options_of",
]

complete_task = completer("task")
_task = typer.Argument(
    help="A task: NAME, DISTRIBUTION:NAME or FILE.",
    show_default=False,
    autocompletion=complete_task,
)
TaskArg = Annotated[str, _task]
SomeTaskArg = Annotated[str | None, _task]
SuiteArg = Annotated[
    str | None,
    typer.Option("--suite", metavar="PLUGIN", help="All tasks of a plugin, such as superglue."),
]
VariantArg = Annotated[
    list[str] | None,
    typer.Option("--variant", metavar="NAME", help="Another way to make the rows; see describe."),
]
BackendArg = Annotated[
    str | None,
    typer.Option(
        "--backend",
        "-b",
        metavar="NAME",
        help="Where the model is: NAME or NAME/MODEL; see list-backends. Or "
        "langchain:package.module.Class, or langchain:./file.py:Class. [default: targen config]",
        autocompletion=completer("backend"),
    ),
]
ModelArg = Annotated[
    str | None, typer.Option("--model", metavar="MODEL", help="The model, as the backend calls it.")
]
BaseUrlArg = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="The address of its service.")
]
PriceInArg = Annotated[
    float | None,
    typer.Option("--price-in", metavar="DOLLARS", help="Price of a million input tokens."),
]
PriceOutArg = Annotated[
    float | None,
    typer.Option("--price-out", metavar="DOLLARS", help="Price of a million output tokens."),
]
ProfileArg = Annotated[
    str | None,
    typer.Option(
        "--profile", metavar="NAME", help="A profile of your defaults; see targen config."
    ),
]
BackendForArg = Annotated[
    list[str] | None,
    typer.Option(
        "--backend-for",
        metavar="STEP=NAME",
        help="Another backend for one step of the task; see describe.",
    ),
]
OptionsArg = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--option",
        metavar="[STEP.]KEY=VALUE",
        help="A backend's option, a sampling parameter, a list's `batch` (`seeds.batch=10`), or "
        "`price_in`/`price_out`.",
    ),
]
KeyFileArg = Annotated[
    Path | None,
    typer.Option(
        "--key-file", metavar="FILE", help="The backend's key is the first line of this file."
    ),
]
MaxCostArg = Annotated[float | None, typer.Option("--max-cost", help="Never pay more dollars.")]
MaxTokensArg = Annotated[
    int | None, typer.Option("--max-tokens", help="Never use more tokens, in and out.")
]
MaxOutageArg = Annotated[
    float | None,
    typer.Option(
        "--max-outage",
        help="Seconds without any answer that stop the run. [default: 600; where the service "
        "never answered 1 to 120, by what fails]",
    ),
]
SeedArg = Annotated[int, typer.Option("--seed", help="The run's seed: other seed, other data.")]
BatchArg = Annotated[
    bool, typer.Option("--batch", help="Ask in the service's batches: cheaper, within a day.")
]
RoundsArg = Annotated[
    int | None,
    typer.Option("--rounds", help="With --batch: refills after the first round. [default: 4]"),
]
CorrectArg = Annotated[
    bool, typer.Option("--correct/--no-correct", help="Do step 4, or leave it out.")
]
CorrectorArg = Annotated[
    str,
    typer.Option(
        "--corrector",
        metavar="NAME",
        help="Another corrector than the task's own.",
        autocompletion=completer("corrector"),
    ),
]
ContextsArg = Annotated[
    Path | None,
    typer.Option("--contexts", metavar="FILE", help="Your own contexts, in place of step 1."),
]
SeedsArg = Annotated[
    Path | None,
    typer.Option("--seeds", metavar="FILE", help="Your own seeds, in place of steps 1 and 2."),
]
ContextsFromArg = Annotated[
    str,
    typer.Option(
        "--contexts-from",
        metavar="NAME",
        help="Contexts of a plugin in place of step 1; see list-contexts.",
        autocompletion=completer("contexts"),
    ),
]
SeedsFromArg = Annotated[
    str,
    typer.Option(
        "--seeds-from",
        metavar="NAME",
        help="Seeds of a plugin in place of step 2; see list-seeds.",
        autocompletion=completer("seeds"),
    ),
]
ContextsLimitArg = Annotated[
    int | None, typer.Option("--contexts-limit", help="Use at most so many contexts.")
]
ContextsFractionArg = Annotated[
    float,
    typer.Option(
        "--contexts-fraction",
        help="Use the first part of --contexts or --contexts-limit: 0.5 is half (an ablation).",
    ),
]
_CACHE = ("--cache/--no-cache", "Share replies with earlier runs, or do not.")
CacheArg = Annotated[bool, typer.Option(_CACHE[0], help=_CACHE[1])]
CacheAsBegunArg = Annotated[
    bool | None, typer.Option(_CACHE[0], help=f"{_CACHE[1]} [default: as it was begun]")
]


def options_of(items: Sequence[str] | None, key_file: Path | None = None) -> dict[str, Any]:
    """What -o says, with the file that the backend's key is in.

    Raises:
        UsageError: an item that is no KEY=VALUE.
    """
    from targen_core.runs.options import parse_options

    said = {} if key_file is None else {"api_key_file": str(key_file)}
    return {**parse_options(items or ()), **said}


def pairs(items: Sequence[str], option: str, example: str) -> dict[str, str]:
    """`NAME=VALUE` items as a dict.

    Raises:
        UsageError: an item without `=`, or a name given twice.
    """
    values: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name or not value:
            raise UsageError(f"{option} {item!r} is not NAME=VALUE", hint=f"{option} {example}")
        if name in values:
            raise UsageError(f"{option} names {name} twice")
        values[name] = value
    return values


def labels_of(items: Sequence[str] | None) -> dict[str, int]:
    """Rows by label, as --label says.

    Raises:
        UsageError: an item that is no LABEL=ROWS.
    """
    labels: dict[str, int] = {}
    for name, text in pairs(items or (), "--label", "LABEL=40").items():
        try:
            labels[name] = int(text)
        except ValueError:
            raise UsageError(f"--label {name}={text}: {text!r} is no number of rows") from None
    return labels


def backends_of(items: Sequence[str] | None) -> dict[str, str]:
    """Backends by step, as --backend-for says.

    Raises:
        UsageError: an item that is no STEP=NAME.
    """
    return pairs(items or (), "--backend-for", "correct=llama")
