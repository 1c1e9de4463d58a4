"""What commands that ask models have in common: their options, and keywords of these."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from targen_core.cli.completion import completer
from targen_core.errors import UsageError

__all__ = [
    "BATCHES",
    "LISTS",
    "MODEL",
    "OUTPUT",
    "PACE",
    "ROWS",
    "WORKERS",
    "AddressArg",
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
    "DimensionArg",
    "ExcludeArg",
    "ExecutorArg",
    "KeyFileArg",
    "LabelsPerSeedArg",
    "MaxCostArg",
    "MaxOutageArg",
    "MaxTokensArg",
    "ModelArg",
    "OptionsArg",
    "PriceInArg",
    "PriceOutArg",
    "ProfileArg",
    "ReplicaArg",
    "ResourcesArg",
    "RoundsArg",
    "SeedArg",
    "SeedsArg",
    "SeedsFromArg",
    "ShardArg",
    "SomeTaskArg",
    "SuiteArg",
    "TaskArg",
    "TaskDimensionsArg",
    "VariantArg",
    "WorkersArg",
    "YesArg",
    "backends_of",
    "complete_task",
    "executor_of",
    "labels_of",
    "options_of",
]

# Panels of the help; what matters first is in none.
ROWS = "Rows"
MODEL = "Model"
LISTS = "Contexts and seeds"
PACE = "Cost and speed"
BATCHES = "Batches"
WORKERS = "Workers"
OUTPUT = "Output"

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
    typer.Option(
        "--suite",
        metavar="PLUGIN",
        help="All tasks of a plugin, such as superglue.",
        rich_help_panel=ROWS,
    ),
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
        help="Where the model runs, NAME or NAME/MODEL; see list-backends, and targen config.",
        autocompletion=completer("backend"),
    ),
]
ModelArg = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="MODEL", help="The name of the model, as the backend knows it."
    ),
]
BaseUrlArg = Annotated[
    str | None,
    typer.Option(
        "--base-url", metavar="URL", help="The address of the service.", rich_help_panel=MODEL
    ),
]
PriceInArg = Annotated[
    float | None,
    typer.Option(
        "--price-in",
        metavar="DOLLARS",
        help="Dollars per million input tokens.",
        rich_help_panel=MODEL,
    ),
]
PriceOutArg = Annotated[
    float | None,
    typer.Option(
        "--price-out",
        metavar="DOLLARS",
        help="Dollars per million output tokens.",
        rich_help_panel=MODEL,
    ),
]
ProfileArg = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="Use this profile of your defaults; see targen config.",
        rich_help_panel=MODEL,
    ),
]
BackendForArg = Annotated[
    list[str] | None,
    typer.Option(
        "--backend-for",
        metavar="STEP=NAME",
        help="Use another backend for one step; see describe.",
        rich_help_panel=MODEL,
    ),
]
OptionsArg = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--option",
        metavar="[STEP.]KEY=VALUE",
        help="Option of the backend, sampling parameter, or batch size (`seeds.batch=10`).",
        rich_help_panel=MODEL,
    ),
]
KeyFileArg = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        metavar="FILE",
        help="A file whose first line is the API key.",
        rich_help_panel=MODEL,
    ),
]
MaxCostArg = Annotated[
    float | None,
    typer.Option("--max-cost", help="Stop before spending more than this many dollars."),
]
YesArg = Annotated[
    bool,
    typer.Option("--yes", "-y", help="Start without asking, whatever the estimated cost."),
]
MaxTokensArg = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        help="Stop before using more tokens than this, input and output together.",
        rich_help_panel=PACE,
    ),
]
MaxOutageArg = Annotated[
    float | None,
    typer.Option(
        "--max-outage",
        help="Stop after this many seconds without any answer. [default: 600; 1 to 120, by what "
        "fails, where the service never answered]",
        rich_help_panel=PACE,
    ),
]
SeedArg = Annotated[int, typer.Option("--seed", help="Random seed: another seed gives other data.")]
ShardArg = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/K",
        help="Do part I of K of the work, on one of K machines; I is 1 to K, or 0 to K-1.",
        rich_help_panel=ROWS,
    ),
]
BatchArg = Annotated[
    bool,
    typer.Option(
        "--batch",
        help="Use batches of the service: cheaper, within a day.",
        rich_help_panel=BATCHES,
    ),
]
RoundsArg = Annotated[
    int | None,
    typer.Option(
        "--rounds",
        help="With --batch: maximum refills after the first round. [default: 4]",
        rich_help_panel=BATCHES,
    ),
]
CorrectArg = Annotated[
    bool,
    typer.Option(
        "--correct/--no-correct", help="Self-correct the labels (step 4).", rich_help_panel=ROWS
    ),
]
CorrectorArg = Annotated[
    str,
    typer.Option(
        "--corrector",
        metavar="NAME",
        help="Use another corrector than the task's own; see list-correctors.",
        autocompletion=completer("corrector"),
        rich_help_panel=ROWS,
    ),
]
ContextsArg = Annotated[
    Path | None,
    typer.Option(
        "--contexts",
        metavar="FILE",
        help="Your own contexts instead of step 1.",
        rich_help_panel=LISTS,
    ),
]
SeedsArg = Annotated[
    Path | None,
    typer.Option(
        "--seeds",
        metavar="FILE",
        help="Your own seeds instead of steps 1 and 2.",
        rich_help_panel=LISTS,
    ),
]
ContextsFromArg = Annotated[
    str,
    typer.Option(
        "--contexts-from",
        metavar="NAME",
        help="Contexts of a plugin instead of step 1; see list-contexts.",
        autocompletion=completer("contexts"),
        rich_help_panel=LISTS,
    ),
]
SeedsFromArg = Annotated[
    str,
    typer.Option(
        "--seeds-from",
        metavar="NAME",
        help="Seeds of a plugin instead of step 2; see list-seeds.",
        autocompletion=completer("seeds"),
        rich_help_panel=LISTS,
    ),
]
ContextsLimitArg = Annotated[
    int | None,
    typer.Option("--contexts-limit", help="Use at most this many contexts.", rich_help_panel=LISTS),
]
LabelsPerSeedArg = Annotated[
    Literal["1", "all"] | None,
    typer.Option(
        "--labels-per-seed",
        help="Use a seed for one label, so that no two rows share it, or for all. [default: what "
        "the task says; all for --seeds]",
        rich_help_panel=LISTS,
    ),
]
ContextsFractionArg = Annotated[
    float,
    typer.Option(
        "--contexts-fraction",
        help="Use this part of --contexts or --contexts-limit: 0.5 is half (an ablation).",
        rich_help_panel=LISTS,
    ),
]
DimensionArg = Annotated[
    list[str] | None,
    typer.Option(
        "--dimension",
        metavar="[STEP.]NAME=VALUES",
        help="Make rows differ in this: `length=short,long`, `tone=dry:3,warm:1` or "
        "`word=@words`; none take it away.",
        rich_help_panel=LISTS,
    ),
]
TaskDimensionsArg = Annotated[
    bool,
    typer.Option(
        "--no-dimensions",
        help="Leave out the task's own dimensions; see describe.",
        rich_help_panel=LISTS,
    ),
]
ExcludeArg = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="SOURCE",
        help="Make no row that equals or nearly equals one there: a run, a file, a folder, or "
        "hf:OWNER/NAME of a hub. May be given several times.",
        rich_help_panel=ROWS,
    ),
]
_CACHE = ("--cache/--no-cache", "Share replies with earlier runs.")
CacheArg = Annotated[bool, typer.Option(_CACHE[0], help=_CACHE[1], rich_help_panel=PACE)]
CacheAsBegunArg = Annotated[
    bool | None,
    typer.Option(_CACHE[0], help=f"{_CACHE[1]} [default: unchanged]", rich_help_panel=PACE),
]
ExecutorArg = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="NAME",
        help="Where the models work, if not in this process; see list-executors.",
        autocompletion=completer("executor"),
        rich_help_panel=WORKERS,
    ),
]
AddressArg = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="ADDRESS",
        help="With --executor: the cluster's address. [default: workers on this machine]",
        rich_help_panel=WORKERS,
    ),
]
WorkersArg = Annotated[
    str | None,
    typer.Option(
        "--workers",
        metavar="N|MIN-MAX",
        help="With --executor: how many workers, such as 4, or 2-8 where a cluster grows.",
        rich_help_panel=WORKERS,
    ),
]
ResourcesArg = Annotated[
    str | None,
    typer.Option(
        "--resources",
        metavar="NAME=AMOUNT",
        help="With --executor: what each worker holds, such as `gpu=1`. [default: cpu=1]",
        rich_help_panel=WORKERS,
    ),
]
ReplicaArg = Annotated[
    list[str] | None,
    typer.Option(
        "--replica",
        metavar="URL",
        help="With --executor: a server with the same model, for a worker of its own; repeat it.",
        rich_help_panel=WORKERS,
    ),
]


LabelArg = Annotated[
    list[str] | None,
    typer.Option("--label", metavar="LABEL=ROWS", help="Number of rows of one label."),
]
QuietArg = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print only where the dataset is.", rich_help_panel=OUTPUT),
]
ReportJsonArg = Annotated[
    bool, typer.Option("--json", help="Print the report as JSON.", rich_help_panel=OUTPUT)
]


def executor_of(
    executor: str | None,
    address: str | None,
    workers: str | None,
    resources: str | None,
    replica: Sequence[str] | None,
) -> dict[str, Any] | None:
    """Where the models work, as `api.request.elsewhere` takes it.

    Raises:
        UsageError: workers are described, and no executor is named.
    """
    said = {
        "--address": address,
        "--workers": workers,
        "--resources": resources,
        "--replica": replica or None,
    }
    if executor is None:
        for option, value in said.items():
            if value is not None:
                raise UsageError(f"{option} is for --executor", hint="--executor ray")
        return None
    named = {option.strip("-"): value for option, value in said.items() if value is not None}
    if "replica" in named:
        named["replicas"] = named.pop("replica")
    return {"name": executor, **named}


def options_of(
    items: Sequence[str] | None,
    *,
    model: str | None = None,
    base_url: str | None = None,
    price_in: float | None = None,
    price_out: float | None = None,
    key_file: Path | None = None,
) -> dict[str, Any]:
    """What -o says, with what has an option of its own.

    Raises:
        UsageError: an item that is no KEY=VALUE; something is said twice.
    """
    from targen_core.runs.options import parse_options

    said = parse_options(items or ())
    own: dict[str, tuple[str, Any]] = {
        "model": ("--model", model),
        "base_url": ("--base-url", base_url),
        "price_in": ("--price-in", price_in),
        "price_out": ("--price-out", price_out),
        "api_key_file": ("--key-file", None if key_file is None else str(key_file)),
    }
    for name, (typed_as, value) in own.items():
        if value is None:
            continue
        if name in said:
            raise UsageError(f"{typed_as} and -o {name}=... say the same: give one of them")
        said[name] = value
    return said


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
            raise UsageError(f"--label {name}={text}: {text!r} is not a number of rows") from None
    return labels


def backends_of(items: Sequence[str] | None) -> dict[str, str]:
    """Backends by step, as --backend-for says.

    Raises:
        UsageError: an item that is no STEP=NAME.
    """
    return pairs(items or (), "--backend-for", "correct=llama")
