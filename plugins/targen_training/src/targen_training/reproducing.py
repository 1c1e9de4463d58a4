"""`targen reproduce`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.findings import Estimate
from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import YesArg
from targen_core.errors import UsageError
from targen_core.hints import install
from targen_core.options import Limits
from targen_training.asked import chosen
from targen_training.comparing import (
    GeneratorOptions,
    announce_arms,
    carried_out,
    generator_options,
    model_choice,
    print_bill,
    resumable,
)
from targen_training.money import Money

if TYPE_CHECKING:
    from targen_core.cli.findings import Cell, Table
    from targen_core.plugins.registry import Registry
    from targen_training.experiments.results import Published, Results
    from targen_training.reproduction.items import Item
    from targen_training.reproduction.paper import Options, PaperTable


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
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers",
            metavar="FOLDER",
            help="For DataTune: few-shot answers for each task, from targen answer-bigbench.",
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
        bool,
        typer.Option(
            "--instructions",
            help="Include the arms trained on instructions; always with --models paper.",
        ),
    ] = False,
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
    Tables and figures that measure rows become one page over all tasks with rows, with -o
    METRIC.KEY=VALUE for the metric. Every other item is a targen command, which is printed and run
    for each task with rows. With --plan, it is only printed.

    Examples:
    - targen reproduce --list
    - targen reproduce figure2 --synthetic runs
    - targen reproduce table6 --original superglue --plan
    - targen reproduce table3 --original superglue --synthetic runs --tasks cb,rte
    - targen reproduce table5 --original superglue --generator llama -o model=llama3.1
    - targen reproduce table12 --original superglue --generator local
    - targen reproduce datatune-table2 --original bigbench --transformed runs --synthetic syn
    """
    from targen_core.plugins.loader import load_registry
    from targen_training.experiments.run import check_folder
    from targen_training.reproduction import datatune
    from targen_training.reproduction.items import items
    from targen_training.reproduction.paper import Options, paper_table, sizes, table_names

    table = f"table{table}" if table.isdigit() else table
    item = items().get(table)
    if item and table not in (datatune.NAME, *table_names()):
        examples = Path(paper_table("table3").examples)
        if synthetic is None and not table.startswith("datatune") and examples.is_dir():
            synthetic = examples
        folders = {"--original": original, "--synthetic": transformed or synthetic}
        if item.page:
            metric_options = generator_options(option or []).get("options", {})
            _show_page(item, folders, metric_options, tasks=tasks, out=out, plan=plan, json=json)
            return
        _run_command(ctx, item, folders, tasks=tasks, out=out, plan=plan, json=json)
        return
    paper = None if table == datatune.NAME else paper_table(table)
    if original is None:
        raise UsageError(
            "--original, the folder of the original data, is missing",
            hint=f"targen reproduce {table} --original FOLDER",
        )
    if (size := sizes().get(models)) is None:
        raise UsageError(f"unknown --models {models}", hint=f"use one of: {', '.join(sizes())}")
    if paper is not None and synthetic is None and not generator:
        synthetic = examples if (examples := Path(paper.examples)).is_dir() else None
    rows = size.rows_of(generator or []) if number is None else number
    options = Options(
        original=original,
        synthetic=synthetic,
        transformed=transformed,
        existing=existing,
        answers=answers,
        tasks=tasks,
        generators=generator or [],
        variants=variant or [],
        values={"n": rows, **generator_options(option or [])},
        models=[model_choice(each) for each in trainer or []],
        size=size,
        instructions=instructions or models == "paper",
        repeats=repeats,
        folder=out or Path("reproductions") / (paper.trainings if paper else datatune.NAME),
    )
    check_folder(options.folder)
    registry = load_registry()
    with resumable(), Money(said.of(Limits), yes=yes) as money:
        if paper is None:
            datatune.reproduce_datatune(registry, options, money, plan=plan, json=json)
        else:
            _reproduce(registry, paper, options, money, plan=plan, json=json)


def _reproduce(
    registry: Registry,
    table: PaperTable,
    options: Options,
    money: Money,
    *,
    plan: bool,
    json: bool,
) -> None:
    """Do a table of TarGEN again with what is at hand, and print it.

    Raises:
        UsageError: no part of the table can be reproduced.
    """
    from targen_core.cli.tables import print_json
    from targen_training.experiments.model import declared
    from targen_training.reproduction.paper import (
        declaration,
        differences,
        pretrain,
        pretraining,
    )

    size = options.size
    wanted = size.before if table.pretrains else (table.together and size.together) or size.models
    models, notes = size.available(wanted) if not options.models else ([*options.models], [])
    if table.pretrains and not wanted and not options.models:
        raise UsageError(
            f"{table.name} with the paper's models is done by targen train and targen evaluate",
            hint="train a decoder on each arm's rows with --style instructions, then "
            "targen evaluate MODEL --harness arc_challenge --shots 25",
        )
    if not models:
        raise UsageError(
            f"{table.name} pre-finetunes a pretrained model, but none is installed",
            hint=f"{install('targen-training[minilm]')}, or --trainer encoder,model=./FOLDER",
        )
    if table.pretrains:
        first = pretraining(registry, table, options)
        values, left = {"tasks": first.tasks, "sizes": ["matched"]}, [*first.notes]
        announce_arms(registry, first.arms, money)
    else:
        values, left = declaration(registry, table, options)
    notes = [*left, *notes]
    for line in notes:
        print(f"note: {line}", file=sys.stderr)
    if table.pretrains and not plan:
        money.ask()
        models = pretrain(registry, first, options, models[0])
    common = {"name": table.name, "models": models, "seeds": options.repeats, "match": "rows"}
    experiment = declared({**values, **common}, table.name)
    print(f"{table.name}: {table.title}, on {', '.join(experiment.tasks)}", file=sys.stderr)
    for each in experiment.models:
        settings = ", ".join(f"{key}={value}" for key, value in each.options.items())
        print(f"model {each.called}: {each.trainer} {settings}".rstrip(), file=sys.stderr)
    arms = [arm for part in experiment.tasks.values() for arm in part.arms.values()]
    sources = [Path(source) for arm in arms for source in arm.data]
    sources = [each for each in sources if not each.is_relative_to(options.original)]

    def publish(results: Results) -> Published:
        from targen_training.experiments.making import to_generate
        from targen_training.experiments.results import Published

        runs = [made.run for made in to_generate(registry, experiment, options.folder)]
        more = differences(registry, table, options, experiment, results, [*sources, *runs])
        title = f"{table.name} of the paper: {table.title}"
        means = table.columns == "arms" and not table.pretrains
        similar = _similarities(registry, table)
        return Published(title, table.rows, [*notes, *more], similar, means)

    # Tables may share trainings, but each has results of its own.
    shares = options.folder == Path("reproductions") / table.trainings
    place = Path("reproductions") / table.name if shares else options.folder
    results = carried_out(
        registry,
        experiment,
        options.folder,
        money,
        plan=plan,
        publish=publish,
        results_in=place,
    )
    if results is None:
        return
    print_bill(money)
    if json:
        print_json(results.as_json())
    else:
        _print(results)
        print(place / "results.html")


def _similarities(registry: Registry, table: PaperTable) -> list[Table]:
    """The mean cosine of each wording to the others, if the arms are wordings (table 9)."""
    import numpy as np

    from targen_core.cli.findings import Table
    from targen_training.features import embedder_of

    arms = [arm for arm in table.arms if "wording" in arm]
    if not arms:
        return []
    (name,) = table.tasks
    task = registry.get("task", name)
    try:
        encode = embedder_of("minilm", registry)[1]
    except UsageError:  # its package is not installed
        return []
    texts = [task.varied(arm["wording"]).judging.instructions for arm in arms]
    vectors = np.array([encode(text) for text in texts], dtype=float)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    means = ((vectors @ vectors.T).sum(axis=1) - 1) / (len(arms) - 1)
    return [
        Table(
            "Mean cosine similarity of a wording to the others, with MiniLM embeddings",
            ("", "paper", "here"),
            [
                (arm["name"], f"{arm['similarity']:.2f}", f"{mean:.2f}")
                for arm, mean in zip(arms, means, strict=True)
            ],
        )
    ]


def _show_page(
    item: Item,
    folders: Mapping[str, Path | None],
    options: Mapping[str, Any],
    *,
    tasks: str | None,
    out: Path | None,
    plan: bool,
    json: bool,
) -> None:
    """Print the paper's figures beside those of the rows at hand, and write their page.

    A task without rows is left out, with a line that says so.

    Raises:
        UsageError: a folder is missing, or has no rows of any task of the item.
    """
    from targen_core.cli.tables import print_json, print_table
    from targen_core.plugins.loader import load_registry
    from targen_training.reproduction.material import layout, rows_in
    from targen_training.reproduction.overview import (
        Overview,
        TaskRows,
        findings_for,
        shown,
        tasks_of_pages,
        write_page,
    )

    known = item.tasks or tasks_of_pages()
    wanted = chosen("--tasks", tasks, known, of=f"{item.name} has no task", what="its tasks are")
    rows = []
    if item.options:
        if lacking := [each for each in item.options if folders[each] is None]:
            raise UsageError(
                f"{item.name} needs {' and '.join(lacking)}",
                hint=" ".join([f"targen reproduce {item.name}", *(f"{o} FOLDER" for o in lacking)]),
            )
        for task in wanted:
            found = {
                name: None if folder is None else rows_in(name, folder, task)
                for name, folder in folders.items()
            }
            if missing := [f"{each} {folders[each]}" for each in item.options if not found[each]]:
                print(f"{task}: left out: no rows in {' and '.join(missing)}", file=sys.stderr)
            elif synthetic := found["--synthetic"]:
                rows.append(TaskRows(task, synthetic, found["--original"]))
        if not rows:
            raise UsageError(
                f"{item.name}: the folders contain rows of none of its tasks",
                hint=layout(item.options[0]),
            )
    if lacking := item.lacking:
        steps = "; ".join(filter(None, (install(item.install), item.download)))
        print(f"{item.name} needs {', '.join(lacking)}: {steps}", file=sys.stderr)
    if plan:
        for each in rows:
            beside = f" beside {each.original}" if each.original else ""
            print(f"{each.task}: {each.synthetic}{beside}")
        return
    overview = Overview(load_registry(), rows, options)
    findings = findings_for(item, overview)
    page = write_page(item, findings, overview, out or Path("reproductions") / item.name)
    for line in findings.warnings:
        print(f"warning: {line}", file=sys.stderr)
    if json:
        tables = [
            {"title": table.title, "columns": table.columns, "rows": [*map(_values, table.rows)]}
            for table in findings.tables
        ]
        print_json({"item": item.name, "tables": tables, "page": str(page)})
        return
    for table in findings.tables:
        print(table.title)
        print_table(table.columns, [[shown(cell) for cell in row] for row in table.rows])
        print(f"{table.note}\n" if table.note else "")
    print(page)


def _values(row: Sequence[Cell]) -> list[Any]:
    return [asdict(cell) if isinstance(cell, Estimate) else cell for cell in row]


def _run_command(
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
        UsageError: the command lacks a folder, or needs one task.
    """
    from targen_training.reproduction.items import command_of

    words = shlex.split(item.command)[1:]
    wanted = _tasks_of(item, folders, tasks)
    if len(wanted) > 1 and (json or words[:1] == ["review"]):
        needs = "--json" if json else item.name
        raise UsageError(f"{needs} needs one task", hint=f"--tasks {wanted[0]}")
    commands = {task: command_of(item, folders, task) for task in wanted}
    if lacking := item.lacking:
        steps = "; ".join(filter(None, (install(item.install), item.download)))
        print(
            f"{item.name} needs {', '.join(lacking)}, which this environment lacks; "
            f"to install: {steps}",
            file=sys.stderr,
        )
    for task, command in commands.items():
        if words[:1] == ["analyze"]:
            place = (out or Path("reproductions") / item.name) / (task or item.own_task)
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

    Raises:
        UsageError: the item does not show a task.
    """
    from targen_training.reproduction.material import rows_in

    if not item.tasks:
        return [""]
    if tasks is not None:
        of = f"{item.name} has no task"
        return chosen("--tasks", tasks, item.tasks, of=of, what="its tasks are")
    places = [(option, folders.get(option)) for option in item.options]
    return [
        task
        for task in item.tasks
        if all(place is not None and rows_in(option, place, task) for option, place in places)
    ] or [""]


def _print(results: Results) -> None:
    """Print the paper's figures, the same figures here, and how they were obtained."""
    from targen_core.cli.tables import print_table
    from targen_training.experiments.pages import DIFFERENCES, findings_of, paper_tables

    assert results.paper is not None
    for table in paper_tables(results, results.paper):
        print(table.title)
        print_table(table.columns, table.rows)
        print(f"{table.note}\n" if table.note else "")
    for line in findings_of(results).headlines:
        print(line)
    print(f"\n{DIFFERENCES}")
    for line in results.paper.differs:
        print(f"- {line}")
