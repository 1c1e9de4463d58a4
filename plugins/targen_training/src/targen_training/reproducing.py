"""`targen reproduce`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import YesArg
from targen_core.errors import UsageError
from targen_core.hints import install
from targen_core.options import Limits
from targen_core.text import plural
from targen_training.asked import chosen
from targen_training.comparing import (
    GeneratorOptions,
    carried_out,
    generator_options,
    going_on,
    model_choice,
    say_billed,
)
from targen_training.money import Money

if TYPE_CHECKING:
    from targen_core.plugins.registry import Registry
    from targen_training.experiments.model import Experiment
    from targen_training.experiments.results import Published, Results
    from targen_training.reproduction.items import Item
    from targen_training.reproduction.paper import Asked, PaperTable, Size


def _list(wanted: bool) -> None:
    """Print what `--list` shows, and end."""
    if not wanted:
        return
    from targen_core.cli.tables import print_table
    from targen_training.reproduction.items import items

    rows = [(each.name, each.what, each.command or each.ran) for each in items().values()]
    print_table(("item", "what", "command"), rows, spaced=True)
    raise typer.Exit


@takes(Limits.declared("max_cost", "max_tokens"))
def reproduce(
    ctx: typer.Context,
    table: Annotated[
        str,
        typer.Argument(
            metavar="ITEM",
            help="For example table3, figure2, appendixF or datatune-table2; --list shows all.",
        ),
    ],
    original: Annotated[
        Path | None,
        typer.Option(
            "--original",
            metavar="FOLDER",
            help="SuperGLUE: one folder per task, with train.jsonl and val.jsonl. For DataTune, "
            "BIG-bench: one TASK.json per task.",
        ),
    ] = None,
    synthetic: Annotated[
        Path | None,
        typer.Option(
            "--synthetic",
            metavar="FOLDER",
            help="Synthetic rows: one run or file per task. [default without "
            "--generator: the repository's examples, if present]",
        ),
    ] = None,
    transformed: Annotated[
        Path | None,
        typer.Option(
            "--transformed",
            metavar="FOLDER",
            help="For DataTune: one run of targen transform or one file per task.",
        ),
    ] = None,
    existing: Annotated[
        Path | None,
        typer.Option(
            "--existing",
            metavar="FOLDER",
            help="For DataTune: unchanged rows of existing datasets, one file per task.",
        ),
    ] = None,
    self_instruct: Annotated[
        Path | None,
        typer.Option(
            "--self-instruct",
            metavar="DATA",
            help="For table8 with --models paper: rows of the task free-instructions, such as "
            "those that targen import-rows creates from Self-Instruct.",
        ),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FOLDER",
            help="For DataTune: few-shot answers for each task; otherwise --generator writes them.",
        ),
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option("--tasks", metavar="A,B", help="Use only these tasks of the item."),
    ] = None,
    models: Annotated[
        str,
        typer.Option("--models", help="small takes minutes on two cores; paper needs large GPUs."),
    ] = "small",
    trainer: Annotated[
        list[str] | None,
        typer.Option(
            "--trainer", metavar="NAME[,KEY=VALUE]...", help="Trainers to use instead of --models."
        ),
    ] = None,
    instructions: Annotated[
        bool | None,
        typer.Option(
            "--instructions/--plain",
            help="Include or omit the arms trained on instructions. [default: --plain "
            "with --models small]",
        ),
    ] = None,
    repeats: Annotated[int, typer.Option("--repeats", help="Number of training runs per arm.")] = 5,
    number: Annotated[
        int | None,
        typer.Option(
            "-n",
            "--number",
            help="Number of rows that each arm generates. [default: 240; 40 with the "
            "built-in model]",
        ),
    ] = None,
    generator: Annotated[
        list[str] | None,
        typer.Option(
            "--generator",
            metavar="NAME[/MODEL]",
            help="The model that generates missing arms; table11 accepts several.",
        ),
    ] = None,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            metavar="NAME",
            help="Generate rows with this variant of each task, such as paper. Repeatable.",
        ),
    ] = None,
    option: GeneratorOptions = None,
    yes: YesArg = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The output folder. [default: reproductions/ITEM]"),
    ] = None,
    show_list: Annotated[
        bool,
        typer.Option(
            "--list",
            callback=_list,
            is_eager=True,
            help="List all tables, figures and appendices of both papers, with their commands.",
        ),
    ] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Show the plan, then stop.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    *,
    said: Said,
) -> None:
    """Repeat one of the papers' experiments, and show the published figures next to yours.

    First shows what will be generated and trained. Missing arms are generated by the ordinary
    commands, one run each, and share replies. --max-cost covers all of them. Differences from the
    paper are printed with the figures. The same command continues where it stopped.

    Tables 3 to 6 and 8 to 12 and datatune-table2 are experiments, and have all of these options.
    Every other item is a targen command, which is printed and run for each task with rows. With
    --plan, it is only printed.

    Examples:
    - targen reproduce --list
    - targen reproduce figure2 --synthetic runs
    - targen reproduce table6 --original superglue --plan
    - targen reproduce table3 --original superglue --synthetic runs --tasks cb,rte
    - targen reproduce table5 --original superglue --generator llama -o model=llama3.1
    - targen reproduce table12 --original superglue --generator local
    - targen reproduce datatune-table2 --original bigbench --transformed runs --synthetic syn
    """
    from targen_core.cli.tables import print_json
    from targen_core.plugins.loader import load_registry
    from targen_training.experiments.run import check_folder
    from targen_training.reproduction import datatune
    from targen_training.reproduction.differences import differences
    from targen_training.reproduction.items import items
    from targen_training.reproduction.needs import needed
    from targen_training.reproduction.paper import ROWS, Asked, paper_table, sizes, table_names

    table = f"table{table}" if table.isdigit() else table
    item = items().get(table)
    if item and table not in (datatune.NAME, *table_names()):
        examples = Path(paper_table("table3").examples)
        if synthetic is None and not table.startswith("datatune") and examples.is_dir():
            synthetic = examples
        folders = {"--original": original, "--synthetic": transformed or synthetic}
        _other_command(ctx, item, folders, tasks=tasks, out=out, plan=plan, json=json)
        return
    money = Money(said.of(Limits), yes=yes)
    if plan and original is None and table in table_names():
        _outline(paper_table(table))
        return
    paper = None if table == datatune.NAME else paper_table(table)
    if original is None:
        raise UsageError(
            "--original, the folder of the original data, is missing",
            hint=f"targen reproduce {table} --original FOLDER",
        )
    if (size := sizes().get(models)) is None:
        raise UsageError(f"unknown --models {models}", hint=f"use one of: {', '.join(sizes())}")
    registry = load_registry()
    open_llm = paper is not None and bool(paper.harness) and models == "paper"
    if self_instruct is not None and not open_llm:
        raise UsageError("--self-instruct requires table8 with --models paper")
    called, rows = datatune.NAME, ROWS
    if paper is not None:
        called = f"{paper.name}-openllm" if open_llm else paper.trainings
        rows = size.rows_of(generator or [])
        if synthetic is None and not generator and (examples := Path(paper.examples)).is_dir():
            synthetic = examples
    asked = Asked(
        original=original,
        synthetic=synthetic,
        transformed=transformed,
        existing=existing,
        answers=answers,
        self_instruct=self_instruct,
        tasks=tasks,
        generators=generator or [],
        variants=variant or [],
        options={"n": rows if number is None else number, **generator_options(option or [])},
        models=[model_choice(item) for item in trainer or []],
        size=size,
        instructions=models == "paper" if instructions is None else instructions,
        repeats=repeats,
        folder=out or Path("reproductions") / called,
    )
    folder = asked.folder
    if not open_llm:
        check_folder(folder)
    if paper is None:
        with going_on(), money:
            datatune.reproduce_datatune(registry, asked, money, plan=plan, json=json)
        return
    if open_llm:
        _open_llm(registry, paper, asked, money, plan=plan, json=json)
        return
    declare = _other_tasks if paper.harness else _declaration
    values, left = declare(registry, paper, asked)
    from targen_training.experiments.model import declared

    own, lacking = size.here(together=paper.together, before=bool(paper.harness))
    if paper.harness and not own and not trainer:
        raise UsageError(
            f"{paper.name} pre-finetunes a pretrained model, but none is installed",
            hint=f"{install('targen-training[minilm]')}, or --trainer encoder,model=./FOLDER",
        )
    values["models"] = asked.models or own
    if not trainer and not paper.together:  # one model for all tasks is trained on all of them
        left += _left(values["tasks"], own, size)
    values["seeds"] = repeats
    values["match"] = "rows"  # as the paper compares
    experiment = declared(values, paper.name)
    print(f"{paper.name}: {paper.title}, on {', '.join(experiment.tasks)}", file=sys.stderr)
    if not trainer:
        left += left_out(lacking)
    print(trainings_said(experiment, size.seconds), file=sys.stderr)
    for line in needed(registry, experiment, size, folder):
        print(line, file=sys.stderr)

    def publish(results: Results) -> Published:
        more = differences(registry, paper, asked, experiment, results)
        return _published(registry, paper, [*left, *more])

    with money:
        results = carried_out(registry, experiment, folder, money, plan=plan, publish=publish)
    if results is None:
        return
    say_billed(money)
    if json:
        print_json(results.as_json())
    else:
        _print(results)
        print(folder / "results.html")


def _published(registry: Registry, paper: PaperTable, differs: Sequence[str]) -> Published:
    """The paper's figures, with the similarities of wordings if its arms are wordings."""
    from targen_core.cli.findings import Table
    from targen_training.experiments.results import Published
    from targen_training.reproduction.wordings import similarities

    tables = []
    if any("wording" in arm for arm in paper.arms):
        alike, why = similarities(registry, paper)
        if why:
            differs = [*differs, f"The similarity of wordings is missing: {why}."]
        else:
            tables.append(
                Table(
                    "Mean cosine similarity of a wording to the others, with MiniLM embeddings",
                    ("", "paper", "here"),
                    [
                        (arm["name"], f"{arm['similarity']:.2f}", f"{alike[arm['name']]:.2f}")
                        for arm in paper.arms
                    ],
                )
            )
    title = f"{paper.name} of the paper: {paper.title}"
    means = paper.columns == "arms" and not paper.harness
    return Published(title, paper.rows, differs, tables, means)


def _outline(paper: PaperTable) -> None:
    """Print what a table compares, and which data it needs, before there is any."""
    arms = [arm["name"] for arm in paper.arms] or [f"one per --{paper.each}"]
    print(f"{paper.name}: {paper.title}, on {', '.join(paper.tasks)}", file=sys.stderr)
    print(f"arms: {', '.join(arms)}", file=sys.stderr)
    print(
        "to see rows, costs and training runs, pass --original FOLDER, with train.jsonl and "
        "val.jsonl per task",
        file=sys.stderr,
    )


_WITH_JSON = (["analyze"], ["report"], ["review", "report"])
"""Commands that accept --json."""


def _other_command(
    ctx: typer.Context,
    item: Item,
    folders: Mapping[str, Path | None],
    *,
    tasks: str | None,
    out: Path | None,
    plan: bool,
    json: bool,
) -> None:
    """Print and run the command of an item that is not an experiment, for each of its tasks.

    Raises:
        UsageError: the command lacks a folder, or an option is not for it.
    """
    from targen_training.reproduction.items import command_of, own_task

    words = shlex.split(item.command)[1:]
    known = {"table", "original", "synthetic", "transformed", "plan"}
    known |= {"tasks"} if item.tasks else set()
    known |= {"out"} if words[:1] == ["analyze"] else set()
    known |= {"json"} if any(words[: len(each)] == each for each in _WITH_JSON) else set()
    wanted = _tasks_of(item, folders, tasks)
    for param in ctx.command.params:
        source = ctx.get_parameter_source(param.name or "")
        if source is not None and source.name == "COMMANDLINE" and param.name not in known:
            raise UsageError(
                f"{param.opts[0]} does not apply to {item.name}",
                hint=shlex.join(command_of(item, folders, wanted[0])),
            )
    if len(wanted) > 1 and (json or words[:1] == ["review"]):
        said = "--json" if json else item.name
        raise UsageError(f"{said} needs one task", hint=f"--tasks {wanted[0]}")
    commands = {task: command_of(item, folders, task) for task in wanted}
    if lacking := item.lacking:
        steps = "; ".join(filter(None, (install(item.install), item.download)))
        said = f"{item.name} needs {', '.join(lacking)}, which this environment lacks"
        print(f"{said}; to install: {steps}", file=sys.stderr)
    for task, command in commands.items():
        if words[:1] == ["analyze"]:
            place = (out or Path("reproductions") / item.name) / (task or own_task(item))
            # An item's own folder has only its own results, which the same command makes again.
            command += ["--out", str(place), *(["--force"] if out is None else [])]
        command += ["--json"] if json else []
        print(shlex.join(command), file=sys.stderr)
        if not plan:
            root = ctx.find_root().command
            if code := root.main(command[1:], prog_name=command[0], standalone_mode=False):
                raise typer.Exit(code)


def _tasks_of(item: Item, folders: Mapping[str, Path | None], tasks: str | None) -> Sequence[str]:
    """Return the tasks to show: those of --tasks, or else all whose rows exist; [""] for no choice.

    Leaves out a task if several folders could have its rows, and reports it.

    Raises:
        UsageError: the item does not show a task, or no other task is left.
    """
    from targen_training.reproduction.items import needs_of, rows_in
    from targen_training.reproduction.material import SeveralFolders

    if not item.tasks:
        return [""]
    if tasks is not None:
        of = f"{item.name} has no task"
        return chosen("--tasks", tasks, item.tasks, of=of, what="its tasks are")
    places = [(option, folders.get(option)) for option in needs_of(item)]
    there: list[str] = []
    unclear: dict[str, SeveralFolders] = {}
    for task in item.tasks:
        try:
            if all(place is not None and rows_in(option, place, task) for option, place in places):
                there.append(task)
        except SeveralFolders as error:
            unclear[task] = error
    if unclear and not there:
        raise next(iter(unclear.values()))
    for task, several in unclear.items():
        why = f"{several}; {several.hint}, or select other tasks with --tasks"
        print(f"{task} is left out: {why}", file=sys.stderr)
    return there or [""]


def _decoder(asked: Asked) -> Mapping[str, Any]:
    """The options of the decoder that is pre-finetuned: what `--trainer` says, or Llama-2-7B's.

    Raises:
        UsageError: `--trainer` names several, or no decoder.
    """
    llamas = (each for each in asked.size.together if each["name"].startswith("Llama"))
    (model, *others) = asked.models or [next(llamas)]
    if others or model["trainer"] != "decoder":
        raise UsageError(
            "table8 with --models paper pre-finetunes one decoder", hint="--trainer decoder,model=…"
        )
    options: Mapping[str, Any] = model["options"]
    return options


def _open_llm(
    registry: Registry, paper: PaperTable, asked: Asked, money: Money, *, plan: bool, json: bool
) -> None:
    """Do table 8 in the paper's form, and print it."""
    from targen_core.cli.tables import print_json, print_table
    from targen_training.experiments.pages import published_table
    from targen_training.reproduction.differences import applying
    from targen_training.reproduction.openllm import carry_out, show

    options = _decoder(asked)
    with going_on(), money:
        found = carry_out(registry, paper, asked, options, money, plan=plan)
    if found is None:
        return
    say_billed(money)
    differs = [*applying(paper.differs, paper.tasks, ())]
    if json:
        print_json({"results": found, "paper": list(paper.rows), "differs": list(differs)})
        return
    table = published_table(f"{paper.name} of the paper: {paper.title}", paper.rows)
    print(table.title)
    print_table(table.columns, table.rows)
    print()
    show(paper, found)
    print("\nDifferences from the paper")
    for line in differs:
        print(f"- {line}")


def _left(
    parts: Mapping[str, Any], models: Sequence[Mapping[str, Any]], size: Size
) -> Iterator[str]:
    """Leave out tasks that would take these models too long, and report which."""
    names = [each.get("name", each["trainer"]) for each in models]
    for name, tasks in size.leaves.items():
        for task in tasks:
            if task in parts and name in names and len(names) > 1:
                parts[task]["models"] = [each for each in names if each != name]
                yield (
                    f"{name} is not trained on {task}, because it would take too long; --trainer "
                    "includes it."
                )


def left_out(lacking: Mapping[str, str]) -> list[str]:
    """Tell how to include models that lack an extra, and return the difference that each makes."""
    for name, extra in lacking.items():
        hint = install(f"targen-training[{extra}]")
        print(f"{name} is left out; to include it: {hint}", file=sys.stderr)
    return [
        f"{name} was left out, because targen-training[{extra}] is not installed."
        for name, extra in lacking.items()
    ]


def trainings_said(experiment: Experiment, seconds: Mapping[str, float]) -> str:
    """Return the number of trainings, and their time if known."""
    parts = list(experiment.tasks.values())[: 1 if experiment.together else None]

    def arms(name: str) -> int:
        return sum(len(part.arms) for part in parts if not part.models or name in part.models)

    cells = {
        model.called: arms(model.called)
        * len(experiment.seeds)
        * len({*model.sizes} & {*experiment.sizes})
        for model in experiment.models
    }
    said = f"up to {plural(sum(cells.values()), 'training run')}"
    if not all(name in seconds for name in cells):
        return said
    # A set that is learned before takes as long as each of its tasks.
    first = sum(map(len, experiment.before.values())) * len(experiment.seeds)
    each = len(experiment.tasks) if experiment.together else 1  # as many rows, of every task
    minutes = sum((each * count + first) * seconds[name] for name, count in cells.items()) / 60
    return f"{said}, about {max(1, minutes):,.0f} min on two cores if none of them is done yet"


def _chosen(paper: PaperTable, asked: Asked) -> list[str]:
    known = [*paper.tasks, *paper.also]
    return chosen(
        "--tasks", asked.tasks, known, of=f"{paper.name} has no task", what="its tasks are"
    )


@dataclass(slots=True)
class _Lacking:
    """The gaps of a table, as its arms are gathered.

    Attributes:
        tasks: tasks that are left out, and why.
        unable: arms that the generator cannot make, and why.
        plain: arms that it cannot make with the settings of the size, and why.
        short: what replays lack.
        is_replayed: whether rows of a run are replayed in place of generated ones.
    """

    tasks: dict[str, str] = field(default_factory=dict)
    unable: dict[str, str] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    short: list[str] = field(default_factory=list)
    is_replayed: bool = False

    def told(self, paper: PaperTable, asked: Asked) -> list[str]:
        """Return the differences from the paper that follow."""
        told = [arm["differs"] for arm in paper.arms if self.is_replayed and "differs" in arm]
        told += self.short
        told += [f"{name} was left out: {why}." for name, why in self.unable.items()]
        size = asked.size.name
        told += [
            f"{name} does not use --settings {size}: {why}." for name, why in self.plain.items()
        ]
        if self.tasks:
            why = "; ".join(dict.fromkeys(self.tasks.values()))
            told.append(f"Tasks left out: {', '.join(self.tasks)}: {why}.")
        return told


def _declaration(
    registry: Registry, paper: PaperTable, asked: Asked
) -> tuple[dict[str, Any], list[str]]:
    """The experiment of a table with what is at hand, and what of the table is missing.

    Raises:
        UsageError: no part of the table can be done.
    """
    from targen_training.reproduction.material import (
        REPLAYED,
        layout,
        original_of,
        synthetic_of,
    )

    generators = asked.generators
    if paper.each == "generator" and not generators:
        raise UsageError(
            f"{paper.name} compares generators",
            hint="pass --generator NAME/MODEL once for each of them",
        )
    if paper.each != "generator" and len(generators) > 1:
        raise UsageError("only table11 accepts several --generator options")
    one_way = not paper.each and all(
        arm.get("generate", {}).keys() <= REPLAYED for arm in paper.arms
    )
    makes = not one_way or any("method" in arm for arm in paper.arms)
    parts: dict[str, Any] = {}
    lacking = _Lacking()
    found = False
    for task in _chosen(paper, asked):
        splits = original_of(asked.original, task, asked.data)
        found = found or splits is not None
        if splits is None:
            lacking.tasks[task] = f"{asked.original} has no train or val split for this task"
            continue
        given = synthetic_of(asked.synthetic, task) if one_way else None
        if given is not None and given.parent == asked.synthetic and given.stem != task:
            print(f"synthetic rows of {task}: {given}", file=sys.stderr)
        arms: dict[str, Any] = {}
        ungenerated: list[str] = []
        for arm in _arms(paper, generators):
            if "style" in arm and not asked.instructions:
                continue
            if not generators and _is_generated(arm, given):
                ungenerated.append(arm["name"])
                continue
            made = _arm(registry, asked, arm, task, splits[0], given, lacking)
            if made is not None:
                arms[arm["name"]] = made
        if ungenerated:
            lacking.tasks[task] = (
                f"it has no rows of {', '.join(ungenerated)}, which need --generator"
                if given is not None or not one_way
                else "it has no synthetic rows"
            )
        if task not in lacking.tasks:
            parts[task] = {"task": task, "test": [str(splits[1])], "arms": arms}
            parts[task] |= _metric(paper, task)
    for name, why in {**lacking.tasks, **lacking.unable}.items():
        print(f"{name} is left out: {why}", file=sys.stderr)
    for part in parts.values():  # of all tasks alike, so that one model can learn them
        part["arms"] = {
            name: arm for name, arm in part["arms"].items() if name not in lacking.unable
        }
    if not parts:
        raise UsageError(
            f"none of the tasks of {paper.name} can be run: "
            + "; ".join(dict.fromkeys(lacking.tasks.values())),
            hint=layout("--original", asked.original)
            if not found
            else "pass --generator NAME/MODEL to generate the rows"
            if makes
            else "pass --synthetic FOLDER for existing rows, or --generator NAME/MODEL",
        )
    left = lacking.told(paper, asked)
    if not asked.instructions and any("style" in arm for arm in paper.arms):
        left.append("Og-I and Syn-I were left out; --instructions includes them.")
    if paper.together and len(parts) < 2:
        left.append("Only one task was used; the paper trains one model on all tasks.")
    _limit(registry, parts, asked.options["n"])
    together = {"together": True} if paper.together and len(parts) > 1 else {}
    return {"name": paper.name, "tasks": parts, **together}, left


def _is_generated(arm: Mapping[str, Any], given: Path | None) -> bool:
    """Return whether a generator writes an arm's rows; with `given` rows, only those of methods."""
    if arm.get("both") or arm.get("original"):
        return False
    return given is None or ("method" in arm and "generate" not in arm)


def _arm(
    registry: Registry,
    asked: Asked,
    arm: Mapping[str, Any],
    task: str,
    train: Path,
    given: Path | None,
    lacking: _Lacking,
) -> dict[str, Any] | None:
    """Return an arm of a task; None if the task is left out, since the arm cannot be replayed.

    Args:
        registry: finds methods.
        asked: what the command asks for.
        arm: the table's arm.
        task: the task.
        train: its original rows.
        given: its synthetic rows, if there are any.
        lacking: gets what the arm lacks.
    """
    from targen_training.reproduction.material import replayed_of

    name = arm["name"]
    style = {"style": arm["style"]} if "style" in arm else {}
    if arm.get("both"):
        made = str(given or asked.folder / "runs" / f"{task}-Syn")
        return {"data": [str(train), made]}
    if arm.get("original"):
        return {"data": [str(train)], **style}
    if given is None or _is_generated(arm, given):
        return _generated(registry, asked, arm, task, train, lacking)
    if "generate" not in arm:
        return {"data": [str(given)], **style}
    place = asked.data / f"{task}-{name.replace(' ', '-')}.jsonl"
    file, said = replayed_of(given, arm["generate"], place, registry)
    if file is None:
        lacking.tasks[task] = said
        return None
    lacking.is_replayed = True
    lacking.short += [f"{task}, {name}: {said}."] if said else []
    return {"data": [str(file)], **style}


def _generated(
    registry: Registry,
    asked: Asked,
    arm: Mapping[str, Any],
    task: str,
    train: Path,
    lacking: _Lacking,
) -> dict[str, Any]:
    """Return an arm whose rows the generator writes."""
    from targen_training.reproduction.methods import able_file

    style = {"style": arm["style"]} if "style" in arm else {}
    # A method of others has no variants of the task's.
    own = {"variants": [*asked.variants]} if asked.variants and "method" not in arm else {}
    values = {**asked.options, **asked.generator, **own, **arm.get("generate", {})}
    made: dict[str, Any] = {"generate": values, **style}
    if "method" in arm:
        path, why, without = able_file(
            registry, arm["method"], task, train, asked.size.name, values, asked.data
        )
        made["task"] = str(path)
        if why:
            lacking.unable[arm["name"]] = why
        elif without:
            lacking.plain[arm["name"]] = without
    return made


def _limit(registry: Registry, parts: Mapping[str, Any], number: int) -> None:
    """Have as many contexts be the whole as the rows need: shares of more were the same rows."""
    from targen_training.experiments.making import contexts_of

    for task, part in parts.items():
        for arm in part["arms"].values():
            if maximum := arm.get("generate", {}).get("contexts_limit"):
                loaded = registry.get("task", task).varied(arm["generate"].get("variants", ()))
                arm["generate"]["contexts_limit"] = contexts_of(loaded, number, maximum)


def _other_tasks(
    registry: Registry, paper: PaperTable, asked: Asked
) -> tuple[dict[str, Any], list[str]]:
    """Table 8's experiment: models that learn some tasks first, then each of the others.

    The tested tasks are those asked for, or those without synthetic rows, preferably the usual ones
    of the size.

    Raises:
        UsageError: no part of the table can be done.
    """
    from targen_training.reproduction.material import original_of, synthetic_of
    from targen_training.reproduction.methods import method_file, unwritable

    there = {task: original_of(asked.original, task, asked.data) for task in paper.tasks}
    og = {task: splits for task, splits in there.items() if splits is not None}
    given = {task: synthetic_of(asked.synthetic, task) for task in og}
    made = {**asked.options, **asked.generator} if asked.generators else None
    if asked.tasks is not None:
        tested = _chosen(paper, asked)
    else:
        tested = [task for task in og if given[task] is None and not made] or list(og)[-1:]
        tested = [task for task in tested if task in asked.size.others] or tested
    if missing := [task for task in tested if task not in og]:
        raise UsageError(
            f"--tasks {asked.tasks}: {asked.original} has no train or val split for {missing[0]}"
        )
    syn: dict[str, Any] = {}
    for task in (task for task in og if task not in tested):
        if given[task] is not None:
            syn[task] = {"data": [str(given[task])]}
        elif made is not None:
            syn[task] = {"generate": made}
    if not tested or not syn:
        raise UsageError(
            f"{paper.name} needs tasks with synthetic rows for pre-finetuning, and other tasks for "
            "testing",
            hint="pass --synthetic FOLDER for existing rows, --generator NAME/MODEL to generate "
            "rows, or --tasks A,B to choose which tasks to test on",
        )
    before = {"Syn": syn, "Og": {task: {"data": [str(og[task][0])]} for task in syn}}
    left = []
    for arm in paper.arms:
        if "method" not in arm:
            continue
        if made is None:
            left.append(f"{arm['name']} was left out, because its rows need --generator.")
            continue
        why = {task: said for task in syn if (said := unwritable(registry, task))}
        if why:
            said = f"{arm['before']} lacks {', '.join(why)}, which the other arms learn"
            left.append(f"{said}: {'; '.join(why.values())}.")
            print(left[-1], file=sys.stderr)
        if len(why) == len(syn):
            continue
        before[arm["before"]] = {
            task: {
                "generate": made,
                "task": str(
                    method_file(
                        registry,
                        arm["method"],
                        task,
                        given=og[task][0],
                        settings="small",
                        folder=asked.data,
                    )
                ),
            }
            for task in syn
            if task not in why
        }
    parts = {
        task: {
            "test": [str(og[task][1])],
            **_metric(paper, task),
            "arms": {
                arm["name"]: {"data": [str(og[task][0])], "before": arm.get("before", "")}
                for arm in paper.arms
                if arm.get("before", "Og") in before
            },
        }
        for task in tested
    }
    values = {
        "name": paper.name,
        "tasks": parts,
        "before": before,
        "at_most": asked.options["n"],
        "sizes": ["matched"],
    }
    said = f"Pre-finetuned on {', '.join(syn)}, then fine-tuned and tested on {', '.join(tested)}: "
    return values, [f"{said}at most {asked.options['n']:,} rows per task.", *left]


def _metric(paper: PaperTable, task: str) -> Mapping[str, str]:
    """The figure of a task that the paper prints, if it is not the benchmark's first."""
    return {"metric": paper.metrics[task]} if task in paper.metrics else {}


def _arms(paper: PaperTable, generators: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    if paper.each == "generator":
        for name in generators:
            yield {"name": name.replace("/", " "), "generate": {"model": name}}
    else:
        yield from paper.arms


def _print(results: Results) -> None:
    """Print the paper's figures, the same figures here, and how they were obtained."""
    from targen_core.cli.tables import print_table
    from targen_training.experiments.pages import DIFFERENCES, findings_of, short_tables

    for table in short_tables(results):
        print(table.title)
        print_table(table.columns, table.rows)
        print(f"{table.note}\n" if table.note else "")
    for line in findings_of(results).headlines:
        print(line)
    if results.paper is not None:
        print(f"\n{DIFFERENCES}")
        for line in results.paper.differs:
            print(f"- {line}")
