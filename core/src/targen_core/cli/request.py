"""What `generate`, `preview` and `estimate` have in common: from options to a `RunSpec`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core import folders
from targen_core.cli.completion import completer
from targen_core.errors import UsageError
from targen_core.plugins.register import is_file

if TYPE_CHECKING:
    from targen_core.engine.quotas import Quotas
    from targen_core.plugins.registry import Registry
    from targen_core.runs.spec import RunSpec
    from targen_core.tasks.model import Task

__all__ = [
    "BackendArg",
    "BackendForArg",
    "BatchArg",
    "CacheArg",
    "CacheAsBegunArg",
    "ContextsArg",
    "ContextsFractionArg",
    "ContextsLimitArg",
    "CorrectArg",
    "CorrectorArg",
    "KeyFileArg",
    "MaxCostArg",
    "MaxOutageArg",
    "MaxTokensArg",
    "OptionsArg",
    "RoundsArg",
    "SeedArg",
    "SeedsArg",
    "SomeTaskArg",
    "SuiteArg",
    "TaskArg",
    "VariantArg",
    "cache_folder",
    "checked_limits",
    "complete_task",
    "options_of",
    "quotas_for",
    "spec_of",
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
    str,
    typer.Option(
        "--backend",
        "-b",
        metavar="NAME",
        help="The model to use; see list-backends. Or "
        "langchain:package.module.Class, or langchain:./file.py:Class.",
        autocompletion=completer("backend"),
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


def cache_folder(enabled: bool = True) -> Path | None:
    """The folder of the reply cache, or None where it is not wanted."""
    return folders.cache_folder() / "replies" if enabled else None


def pairs(items: Sequence[str], option: str, example: str) -> dict[str, str]:
    """`NAME=VALUE` items as a dict.

    Raises:
        UsageError: an item without `=`, or a name given twice.
    """
    found: dict[str, str] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals or not name or not value:
            raise UsageError(f"{option} {item!r} is not NAME=VALUE", hint=f"{option} {example}")
        if name in found:
            raise UsageError(f"{option} names {name} twice")
        found[name] = value
    return found


def quotas_for(
    task: Task[Any, Any], n: int | None, preset: str | None, label: Sequence[str]
) -> Quotas:
    """Rows by label, from exactly one of -n, --preset and --label.

    Labels that --label does not name are left out; the plan checks the rest.

    Raises:
        UsageError: none or several of them, or a value that cannot be.
    """
    from targen_core.engine.quotas import Quotas

    if (n is not None) + (preset is not None) + bool(label) != 1:
        raise UsageError(
            "say how many rows, in one way",
            hint=f"-n 100, or --preset paper, or --label {task.quota_names[0]}=40",
        )
    if n is not None:
        return Quotas.even(n, task)
    if preset is not None:
        return Quotas.preset(preset, task)
    quotas: dict[str, int] = {}
    for name, text in pairs(label, "--label", f"{task.quota_names[0]}=40").items():
        try:
            quotas[name] = int(text)
        except ValueError:
            raise UsageError(f"--label {name}={text}: {text!r} is no number of rows") from None
    return Quotas(quotas)


def spec_of(
    registry: Registry,
    task_name: str,
    *,
    quotas: Mapping[str, int],
    backend_for: Sequence[str] | None,
    correct: bool,
    corrector: str,
    **values: Any,
) -> RunSpec:
    """A `RunSpec` of what the options say."""
    from targen_core.runs.spec import RunSpec

    if not correct and corrector:
        raise UsageError("--no-correct and --corrector exclude each other")
    if corrector == "none" and all(c.name != "none" for c in registry.all("corrector")):
        raise UsageError("--corrector none: no corrector is called so", hint="--no-correct")
    return RunSpec(
        task=task_name if is_file(task_name) else registry.find("task", task_name).id,
        quotas=quotas,
        backend_for=pairs(backend_for or (), "--backend-for", "correct=llama"),
        corrector=corrector if correct else None,
        **values,
    )


def checked_limits(**limits: float | None) -> dict[str, Any]:
    """The limits that were given, each above 0.

    Raises:
        UsageError: naming the option.
    """
    given = {name: value for name, value in limits.items() if value is not None}
    for name, value in given.items():
        if not value > 0:  # "nan" is not either
            raise UsageError(f"--{name.replace('_', '-')} is {value}; it must be above 0")
    return given
