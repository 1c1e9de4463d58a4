"""`targen ablate`."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.choosing import choice
from targen_core.cli.completion import completer
from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import YesArg
from targen_core.errors import UsageError
from targen_core.options import Limits
from targen_core.origin import DECLARED
from targen_core.outputs import write_file
from targen_training.asked import chosen
from targen_training.comparing import (
    GeneratorOptions,
    carried_out,
    generator_options,
    model_choice,
    print_bill,
    show,
)
from targen_training.money import Money

if TYPE_CHECKING:
    from targen_core import Task
    from targen_core.plugins.registry import Registry

WHOLE = "whole"
KINDS = (
    *("correction", "contexts", "no-contexts", "no-seeds"),
    *("dimensions", "variants", "generators"),
)
_SEEDLESS = "no-seeds"  # what a task calls its variant without step 2
_NOTHING = "any subject"  # a context without information
_SAMPLES = 20  # draws of a context if there are no seeds below it
_SHARES = {"half of the contexts": 0.5, "a quarter of the contexts": 0.25}


@takes(Limits.declared("max_cost", "max_tokens"))
def ablate(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK",
            help="A task's name, or its file.",
            autocompletion=completer("task"),
        ),
    ],
    test: Annotated[
        list[str],
        typer.Option(
            "--test",
            metavar="DATA",
            help="Labelled test rows.",
        ),
    ],
    generator: Annotated[
        list[str] | None,
        typer.Option(
            "--generator",
            metavar="NAME[/MODEL]",
            help="The model that generates the rows. Each additional model adds an arm. [default: "
            "the backend of your defaults]",
        ),
    ] = None,
    arms: Annotated[
        str | None,
        typer.Option(
            "--arms",
            metavar="A,B",
            help=f"Which parts to vary: {', '.join(KINDS)}. [default: all that the task has]",
        ),
    ] = None,
    runs: Annotated[
        int,
        typer.Option(
            "--runs", min=1, help="Number of times to generate the full task and each variant."
        ),
    ] = 1,
    original: Annotated[
        list[str] | None,
        typer.Option("--original", metavar="DATA", help="Real rows, as an additional arm."),
    ] = None,
    number: Annotated[
        int, typer.Option("-n", "--number", help="Number of rows that each arm generates.")
    ] = 240,
    contexts: Annotated[
        int | None,
        typer.Option(
            "--contexts-limit",
            min=4,
            help="Number of contexts for the full task. [default: as many as the rows need, at "
            "most 40]",
        ),
    ] = None,
    option: GeneratorOptions = None,
    yes: YesArg = False,
    trainer: Annotated[
        list[str] | None,
        typer.Option(
            "--trainer", metavar="NAME[,KEY=VALUE]...", help="The trainer. [default: tfidf]"
        ),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", help="Number of training runs per arm.")] = 5,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The output folder. [default: comparisons/ablate-TASK]"),
    ] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show the plan, then stop.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    *,
    said: Said,
) -> None:
    """Measure what each part of generation contributes: generate without it, train, compare.

    Every arm is a run with one change. It leaves out self-correction, contexts, seeds, dimensions,
    or all but half or a quarter of the contexts. Other arms use each seed for all labels or for
    one, a variant of the task, or a different generator. Calls that arms share are made once, and
    --max-cost covers all arms. With --runs, the full task and every variant are generated with
    several random seeds, which shows how much of a difference is chance. The same command continues
    where it stopped.

    Examples:
    - targen ablate rte --test RTE/val.jsonl --generator llama -o model=llama3.1 --plan
    - targen ablate ./tickets.yaml --test labelled.csv --generator claude --arms correction,no-seeds
    - targen ablate cb --test CB/val.jsonl --generator local -n 60 --arms variants --runs 3
    """
    from targen_core.plugins.loader import load_registry
    from targen_training.experiments.making import contexts_of, to_generate
    from targen_training.experiments.model import declared
    from targen_training.experiments.run import check_folder

    registry = load_registry()
    loaded: Task[Any, Any] = registry.resolve(registry.find("task", task))
    folder = out or Path("comparisons") / f"ablate-{loaded.name}"
    check_folder(folder)
    names = chosen("--arms", arms, KINDS, of="there is no arm", what="the arms are")
    limit = contexts or contexts_of(loaded, number, 40)
    called: list[str | None] = [*generator] if generator else [None]
    first, *others = [_model(registry, name, option or []) for name in called]
    for other in others:  # the defaults of one service are not for another
        if other["options"] == first["options"]:
            del other["options"]
    base = {"n": number, **{key: value for key, value in first.items() if value}}
    made: dict[str, Any] = {}
    for name, values in _arms(loaded, task, others, names, runs, limit, folder):
        if isinstance(values, str):
            print(f"arm {name!r} is left out: {values}", file=sys.stderr)
        else:
            made[name] = values
    if original:
        made["original"] = {"data": list(original)}
    if len(made) < 2:
        raise UsageError(
            f"{loaded.name} has none of the parts to vary: {', '.join(names)}",
            hint=f"run targen describe {task} to see its steps and variants",
        )
    experiment = declared(
        {
            "name": f"Contribution of the parts of {loaded.name}",
            "tasks": {loaded.name: {"task": task, "test": list(test), "arms": made}},
            "models": [model_choice(item) for item in trainer or ["tfidf"]],
            "seeds": repeats,
            "sizes": ["matched"],
            "match": "rows",
            "generate": base,
        },
        "ablate",
    )
    with Money(said.of(Limits), yes=yes) as money:
        results = carried_out(registry, experiment, folder, money, plan=plan)
    if results is not None:
        show(results, folder, json=json)
        print_bill(money)
        ways = to_generate(registry, experiment, folder)
        paths = " ".join(shlex.quote(str(way.run)) for way in ways)
        print(f"to see how varied each arm's rows are: targen analyze {paths}", file=sys.stderr)


def _model(registry: Registry, name: str | None, typed: list[str]) -> dict[str, Any]:
    """Return what `generate` is called with for a model: what was typed, over the defaults.

    Defaults of single steps and of parts are left out: some arms lack these steps and parts.

    Raises:
        UsageError: an option or a default is invalid, or no backend is named.
    """
    values = generator_options(typed)
    try:
        said = Said({"options": typed}, frozenset())
        chosen = choice(registry, said, backend=name, otherwise="set up")
    except UsageError as error:
        if str(error).startswith("no backend was given"):
            error.hint = "--generator NAME, or targen config set backend NAME"
        raise
    by_default = {key: chosen.options[key] for key in sorted(chosen.untyped) if "." not in key}
    options = {**by_default, **values.get("options", {})}
    return {"model": name or chosen.model, "options": options}


def _arms(
    task: Task[Any, Any],
    said: str,
    generators: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    runs: int,
    contexts: int,
    folder: Path,
) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
    """Yield each arm as an experiment declares it, or the reason why it is missing."""
    listed = task.seeding.seed_branch is None  # otherwise its lists contain the rows
    has_lists = listed and (task.contexts is not None or task.seeds)
    limit = {"contexts_limit": contexts} if has_lists else {}

    def arm(**values: Any) -> Mapping[str, Any]:
        return {"generate": {**limit, **values}}

    def several(name: str, **values: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
        yield name, arm(**values)
        for seed in range(1, runs):
            yield f"{name}, run {seed + 1}", arm(seed=seed, **values)

    yield from several(WHOLE)
    if "correction" in names:
        none = task.judging.corrector is None
        yield "no correction", f"{task.name} has no correction step" if none else arm(correct=False)
    if "contexts" in names:
        for name, share in _SHARES.items():
            fewer = {"contexts_limit": math.ceil(share * contexts)}
            yield name, arm(**fewer) if limit else f"{task.name} has no contexts or seeds"
    if "no-contexts" in names:
        has = listed and task.contexts is not None and task.contexts.item is str
        why = f"the contexts of {task.name} are not texts"
        yield "no contexts", {"generate": {"contexts": [_NOTHING]}} if has else why
    if "no-seeds" in names:
        yield "no seeds", _seedless(task, said, arm, folder)
    if "dimensions" in names:
        drawn = any(dimension.in_prompt for _, dimension in task.dimensions_by_step)
        why = f"{task.name} has no dimensions in its prompts"
        yield "no dimensions", arm(task_dimensions=False) if drawn else why
    if "variants" in names:
        for variant in task.variants:
            if variant != _SEEDLESS and task.variants[variant].changes:
                yield from several(variant, variants=[variant])
    if "generators" in names:
        for values in generators:
            yield values["model"].replace("/", " "), arm(**values)


def _seedless(task: Task[Any, Any], said: str, arm: Any, folder: Path) -> Mapping[str, Any] | str:
    """The arm without step 2: the task's own variant, or its file with the seeds taken out."""
    if _SEEDLESS in task.variants:
        values: Mapping[str, Any] = arm(variants=[_SEEDLESS])
        return values
    if not task.seeds or task.seeding.seed_branch is not None:
        return f"{task.name} has no seeds"
    if task.contexts is None or not said.endswith(DECLARED):
        return f"{task.name} has no variant {_SEEDLESS}"
    from targen_standard.task_files.model import Declaration

    declaration = Declaration.from_file(Path(said)).model_copy(
        update={"name": task.name, "seeds": None, "samples_per_seed": _SAMPLES}
    )
    text = declaration.model_dump_json(indent=2, exclude_defaults=True)
    path = write_file(folder / "data" / f"{task.name}.json", text)
    return {**arm(), "task": str(path)}
