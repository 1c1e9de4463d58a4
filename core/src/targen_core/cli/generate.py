"""`targen generate` and `targen resume`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from targen_core.cli.request import (
    BATCHES,
    PACE,
    ROWS,
    AddressArg,
    BackendArg,
    BackendForArg,
    BaseUrlArg,
    CacheArg,
    CacheAsBegunArg,
    ContextsArg,
    ContextsFractionArg,
    ContextsFromArg,
    ContextsLimitArg,
    CorrectArg,
    CorrectorArg,
    DimensionArg,
    ExcludeArg,
    ExecutorArg,
    KeyFileArg,
    LabelArg,
    LabelsPerSeedArg,
    MaxCostArg,
    MaxOutageArg,
    MaxTokensArg,
    ModelArg,
    OptionsArg,
    PriceInArg,
    PriceOutArg,
    ProfileArg,
    QuietArg,
    ReplicaArg,
    ReportJsonArg,
    ResourcesArg,
    RoundsArg,
    SeedArg,
    SeedsArg,
    SeedsFromArg,
    ShardArg,
    SomeTaskArg,
    SuiteArg,
    TaskDimensionsArg,
    VariantArg,
    WorkersArg,
    YesArg,
    executor_of,
    labels_of,
    options_of,
)
from targen_core.cli.streams import mute
from targen_core.errors import BudgetExhausted, QuotaNotMet, UsageError
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.plugins.registry import Registry
    from targen_core.runs.elsewhere import Elsewhere
    from targen_core.runs.job import Job
    from targen_core.runs.placing import Place
    from targen_core.runs.spec import RunSpec

_Number = Annotated[
    int | None, typer.Option("-n", "--number", help="Number of rows, split evenly over the labels.")
]
_Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        help="A named set of row counts, such as paper; see describe.",
        rich_help_panel=ROWS,
    ),
]
_Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency", help="Maximum concurrent calls. [default: 32]", rich_help_panel=PACE
    ),
]
_Rpm = Annotated[
    float | None, typer.Option("--rpm", help="Maximum requests per minute.", rich_help_panel=PACE)
]
_Tpm = Annotated[
    float | None, typer.Option("--tpm", help="Maximum tokens per minute.", rich_help_panel=PACE)
]
_DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Show what would run and what it would cost; send and write nothing."
    ),
]


def generate(
    task: SomeTaskArg = None,
    n: _Number = None,
    label: LabelArg = None,
    variant: VariantArg = None,
    backend: BackendArg = None,
    model: ModelArg = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The run directory. [default: runs/TASK-SEED, or -2 and so on behind it]"
        ),
    ] = None,
    seed: SeedArg = 0,
    max_cost: MaxCostArg = None,
    dry_run: _DryRun = False,
    yes: YesArg = False,
    suite: SuiteArg = None,
    shard: ShardArg = None,
    preset: _Preset = None,
    correct: CorrectArg = True,
    corrector: CorrectorArg = "",
    unsure: Annotated[
        Literal["drop", "keep"] | None,
        typer.Option(
            "--unsure",
            help="What becomes of a row whose judge is unsure. [default: what the task says: drop]",
            rich_help_panel=ROWS,
        ),
    ] = None,
    balance: Annotated[
        Literal["final", "intended"],
        typer.Option(
            "--balance",
            help="Count rows by their label before (intended) or after (final) correction.",
            rich_help_panel=ROWS,
        ),
    ] = "final",
    near_duplicates: Annotated[
        float,
        typer.Option(
            "--near-duplicates",
            help="Reject rows at least this similar to another one, 0 to 100; 0 is off.",
            rich_help_panel=ROWS,
        ),
    ] = 90.0,
    max_cosine: Annotated[
        float | None,
        typer.Option(
            "--max-cosine",
            help="Reject rows whose embedding is nearer than this to another one's, such as 0.8.",
            rich_help_panel=ROWS,
        ),
    ] = None,
    max_refused: Annotated[
        float | None,
        typer.Option(
            "--max-refused",
            help="The largest share of candidates that --max-cosine may reject. [default: 0.2]",
            rich_help_panel=ROWS,
        ),
    ] = None,
    embedder: Annotated[
        str,
        typer.Option(
            "--embedder",
            help="What embeds rows for --max-cosine: minilm, or words, which needs no model. "
            "[default: minilm]",
            show_default=False,
            rich_help_panel=ROWS,
        ),
    ] = "",
    exclude: ExcludeArg = None,
    give_up_after: Annotated[
        int,
        typer.Option(
            "--give-up-after",
            help="Give up on a label after this many candidates in a row fail.",
            rich_help_panel=ROWS,
        ),
    ] = 50,
    base_url: BaseUrlArg = None,
    option: OptionsArg = None,
    key_file: KeyFileArg = None,
    price_in: PriceInArg = None,
    price_out: PriceOutArg = None,
    backend_for: BackendForArg = None,
    profile: ProfileArg = None,
    contexts: ContextsArg = None,
    seeds: SeedsArg = None,
    contexts_from: ContextsFromArg = "",
    seeds_from: SeedsFromArg = "",
    labels_per_seed: LabelsPerSeedArg = None,
    dimension: DimensionArg = None,
    no_dimensions: TaskDimensionsArg = False,
    contexts_limit: ContextsLimitArg = None,
    contexts_fraction: ContextsFractionArg = 1.0,
    max_tokens: MaxTokensArg = None,
    concurrency: _Concurrency = None,
    rpm: _Rpm = None,
    tpm: _Tpm = None,
    max_outage: MaxOutageArg = None,
    cache: CacheArg = True,
    batch: Annotated[
        bool,
        typer.Option(
            "--batch",
            help="Run steps 3 and 4 in batches of the service: cheaper, within a day.",
            rich_help_panel=BATCHES,
        ),
    ] = False,
    batch_lists: Annotated[
        bool,
        typer.Option(
            "--batch-lists",
            help="Steps 1 and 2 too; their calls do not see each other's items.",
            rich_help_panel=BATCHES,
        ),
    ] = False,
    rounds: RoundsArg = None,
    batch_offline: Annotated[
        bool,
        typer.Option(
            "--batch-offline",
            help="Only create the run directory, for targen batch export.",
            rich_help_panel=BATCHES,
        ),
    ] = False,
    executor: ExecutorArg = None,
    address: AddressArg = None,
    workers: WorkersArg = None,
    resources: ResourcesArg = None,
    replica: ReplicaArg = None,
    quiet: QuietArg = False,
    json: ReportJsonArg = False,
) -> None:
    """Generate a labelled dataset.

    Writes a run directory with dataset.jsonl, provenance.jsonl, rejects.jsonl and report.json.
    A run that was stopped goes on with the same command, or with targen resume. With --suite,
    every task of a plugin gets a run directory of its own below --out; counts are for each task,
    the budget is for all.

    Examples:
    - targen generate rte -n 100
    - targen generate rte -n 500 -b llama --model llama3.1 --max-cost 2
    - targen generate rte --label entailment=40 --label not_entailment=20
    - targen generate rte -n 500 -b llama --model small -o correct.model=large
    - targen generate rte -n 500 --exclude RTE/val.jsonl --exclude hf:OWNER/NAME:CONFIG:test
    - targen generate rte -n 2000 -b openai --model gpt-6-luna --batch
    - targen generate --suite superglue --preset paper --dry-run
    - targen generate rte -n 100000 --shard $SLURM_ARRAY_TASK_ID/8
    """
    from targen_core.api.request import asked, elsewhere
    from targen_core.cli.ahead import confirm, print_dry_run, tell_of_shortage
    from targen_core.cli.choosing import choice
    from targen_core.plugins.loader import load_registry
    from targen_core.runs.batches import require_codecs
    from targen_core.runs.dimensions import parse_dimensions
    from targen_core.runs.plan import prepare
    from targen_core.runs.suite import suite_tasks

    if (task is None) == (suite is None):
        raise UsageError(
            "say what to generate: one task, or all tasks of a plugin",
            hint="targen generate rte -n 10, or targen generate --suite superglue --preset paper",
        )
    if batch_offline and (batch or suite is not None):
        raise UsageError("--batch-offline goes without --batch, and is for one task")
    if batch_lists and not (batch or batch_offline):
        raise UsageError(
            "--batch-lists says how --batch asks for lists",
            hint="--batch --batch-lists, or --batch-offline --batch-lists",
        )
    registry = load_registry()
    where = elsewhere(
        registry,
        executor_of(executor, address, workers, resources, replica),
        batch=batch or batch_offline,
    )
    chosen = choice(
        registry,
        backend=backend,
        model=model,
        base_url=base_url,
        price_in=price_in,
        price_out=price_out,
        option=option,
        key_file=key_file,
        backend_for=backend_for,
        profile=profile,
        max_cost=max_cost,
        max_tokens=max_tokens,
        concurrency=concurrency,
        rpm=rpm,
        tpm=tpm,
        max_outage=max_outage,
    )
    keywords: dict[str, Any] = dict(
        n=n,
        preset=preset,
        labels=labels_of(label),
        variants=variant,
        seed=seed,
        correct=correct,
        corrector=corrector,
        contexts=contexts,
        seeds=seeds,
        contexts_from=contexts_from,
        seeds_from=seeds_from,
        labels_per_seed=labels_per_seed,
        dimensions=parse_dimensions(dimension),
        task_dimensions=not no_dimensions,
        contexts_limit=contexts_limit,
        contexts_fraction=contexts_fraction,
        unsure=unsure,
        balance=balance,
        near_duplicates=near_duplicates,
        max_cosine=max_cosine,
        max_refused=max_refused,
        embedder=embedder,
        exclude=exclude,
        give_up_after=give_up_after,
        batch=batch,
        batch_lists=batch_lists,
        rounds=rounds,
        cache=cache,
        shard=shard,
        **chosen.keywords,
    )
    if shard is not None and max_cost is not None and not quiet:
        print("--max-cost is for this shard alone: each has its own", file=sys.stderr)
    if suite is not None:
        below = out or Path("runs") / f"{suite}-{seed}{_folder(shard)}"
        runs = []
        for one in suite_tasks(registry, suite):
            with chosen.explained(), asked(registry, one.id, **keywords) as request:
                runs.append((below / one.name, request))
        if dry_run:
            print_dry_run(runs, suite=True, json=json)
            return
        confirm(runs, chosen, yes=yes)
        specs = [(out, request.spec) for out, request in runs]
        place: Place = "exact" if out else "replace"
        _run_suite(suite, registry, specs, place, where, quiet=quiet, json=json)
        return
    assert task is not None
    with chosen.explained(), asked(registry, task, **keywords) as request:
        if batch_offline:
            require_codecs(prepare(request.registry, request.spec).steps)
        tell_of_shortage(request)
        if dry_run:
            print_dry_run([(request.folder(out), request)], suite=False, json=json)
            return
        confirm([(out or Path(), request)], chosen, yes=yes)
        job = request.job(out)
    with job:
        if batch_offline:
            print(_next_export(job.path))
        else:
            _run(job, where, quiet=quiet, json=json)


def _next_export(run: Path) -> str:
    return f"{run} is ready; next: targen batch export {run}"


def _folder(shard: str | None) -> str:
    """What the folder of a suite's shard ends with."""
    from targen_core.engine.shards import Shard, read_shard

    numbers = read_shard(shard)
    return "" if numbers is None else Shard(*numbers, {}).folder


def resume(
    run: Annotated[Path, typer.Argument(help="A run directory.", show_default=False)],
    n: _Number = None,
    label: LabelArg = None,
    give_up_after: Annotated[
        int | None,
        typer.Option(
            "--give-up-after",
            help="Give up on a label after this many candidates in a row fail.",
            rich_help_panel=ROWS,
        ),
    ] = None,
    base_url: BaseUrlArg = None,
    price_in: PriceInArg = None,
    price_out: PriceOutArg = None,
    option: OptionsArg = None,
    key_file: KeyFileArg = None,
    max_cost: MaxCostArg = None,
    max_tokens: MaxTokensArg = None,
    concurrency: _Concurrency = None,
    rpm: _Rpm = None,
    tpm: _Tpm = None,
    max_outage: MaxOutageArg = None,
    batch: Annotated[
        bool | None,
        typer.Option(
            "--batch/--no-batch",
            help="Continue in batches, or online. [default: unchanged]",
            rich_help_panel=BATCHES,
        ),
    ] = None,
    rounds: RoundsArg = None,
    batch_offline: Annotated[
        bool,
        typer.Option(
            "--batch-offline",
            help="Only set the larger target, for targen batch export; needs no key.",
            rich_help_panel=BATCHES,
        ),
    ] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Judge everything that is there again and compare; slower by minutes."
        ),
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="SOURCE",
            help="Where the datasets are that the run excludes. [default: where they were]",
            show_default=False,
            rich_help_panel=ROWS,
        ),
    ] = None,
    cache: CacheAsBegunArg = None,
    executor: ExecutorArg = None,
    address: AddressArg = None,
    workers: WorkersArg = None,
    resources: ResourcesArg = None,
    replica: ReplicaArg = None,
    quiet: QuietArg = False,
    json: ReportJsonArg = False,
) -> None:
    """Finish a run that was stopped, or extend one.

    No answered call is asked again, and the rows are those of an uninterrupted run. With -n or
    --label the run grows to that many rows in all; rows that are there stay.

    Examples:
    - targen resume runs/rte-0
    - targen resume runs/rte-0 -n 200 --max-cost 5
    - targen resume runs/rte-0 -n 200 --batch-offline
    """
    from targen_core.api.request import elsewhere, reopened
    from targen_core.plugins.loader import load_registry

    if batch_offline and batch:
        raise UsageError("--batch-offline goes without --batch")
    registry = load_registry()
    asked = executor_of(executor, address, workers, resources, replica)
    where = elsewhere(registry, asked, batch=bool(batch) or batch_offline)
    job, _ = reopened(
        run,
        registry,
        n=n,
        labels=labels_of(label),
        give_up_after=give_up_after,
        options=options_of(
            option,
            base_url=base_url,
            price_in=price_in,
            price_out=price_out,
            key_file=key_file,
        ),
        max_cost=max_cost,
        max_tokens=max_tokens,
        concurrency=concurrency,
        rpm=rpm,
        tpm=tpm,
        max_outage=max_outage,
        batch=batch,
        rounds=rounds,
        cache=cache,
        exclude=exclude,
        verify=verify,
    )
    with job:
        if batch_offline:
            job.leave_to_files()
            print(_next_export(job.path))
            return
        _run(job, where, quiet=quiet, json=json)


def _run(job: Job, where: Elsewhere | None, *, quiet: bool, json: bool) -> None:
    """Run with a progress display; print the report, whole or not, or where the rows are."""
    from targen_core.cli.finish import say_what_is_next
    from targen_core.cli.progress import progress
    from targen_core.cli.report import print_report
    from targen_core.cli.tables import print_json

    job.elsewhere = where
    if where is not None:
        job.resuming = f"{job.resuming} {where.words}"
    try:
        with progress(job, quiet=quiet) as listener:
            job.run(listener)
    finally:
        report = job.report
        if report is not None and json:
            print_json(report)
        # Where no call was answered there is nothing to tell but the error.
        elif report is not None and (report["status"] == "complete" or _answered(report)):
            with _shown():
                if quiet:
                    print(job.path / "dataset.jsonl")
                else:
                    print_report(report, job.path, problem=False)
                    if report["status"] != "stopped" and any(report["rows"].values()):
                        say_what_is_next(job.path)


def _answered(report: dict[str, Any]) -> bool:
    """Whether there was an answer to any call."""
    total = report["usage"]["total"]
    return bool(total["calls"] or total["cached"])


@contextmanager
def _shown() -> Iterator[None]:
    """Let what is printed for people fail alone: the run is what its directory holds."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:  # the reader went away, or the terminal
        mute(sys.stdout)


def _run_suite(
    name: str,
    registry: Registry,
    specs: Sequence[tuple[Path, RunSpec]],
    place: Place,
    where: Elsewhere | None,
    *,
    quiet: bool,
    json: bool,
) -> None:
    """Run the tasks of a suite with a progress display; print what there is of them."""
    from targen_core.folders import replies_folder
    from targen_core.runs.suite import run_suite

    suite = _Suite(name, where, quiet=quiet)
    try:
        run_suite(registry, specs, suite.run, cache=replies_folder(), place=place)
    finally:
        suite.show(json=json)
    suite.complain()


class _Suite:
    """Runs the jobs of a suite; a label that falls short stops its own task alone."""

    def __init__(self, name: str, where: Elsewhere | None, *, quiet: bool) -> None:
        self._name = name
        self._where = where
        self._quiet = quiet
        self._reports: list[dict[str, Any]] = []
        self._paths: list[Path] = []
        self._short: list[QuotaNotMet] = []

    def run(self, job: Job) -> None:
        from targen_core.cli.progress import progress

        if not self._quiet:
            rows = job.manifest.targets[-1].quotas.total
            print(f"{job.task.name}: {plural(rows, 'row')}", file=sys.stderr, flush=True)
        same = f"the same targen generate --suite {self._name}"
        job.resuming = f"{same} goes on with all of its tasks"
        job.elsewhere = self._where
        try:
            with progress(job, quiet=self._quiet) as listener:
                job.run(listener)
        except QuotaNotMet as error:
            self._short.append(error)
        except BudgetExhausted as error:
            raise BudgetExhausted(
                f"suite {self._name}, in {job.task.name}, which had what the tasks before it left: "
                f"{error}",
                hint=f"{same} with a larger --max-tokens or --max-cost, which is for all of its "
                "tasks; what was answered is not asked again",
            ) from error
        finally:
            if job.report is not None:
                self._reports.append(job.report)
                self._paths.append(job.path)

    def show(self, *, json: bool) -> None:
        """Print what there is."""
        from targen_core.cli.tables import print_json, print_table

        if json:
            print_json(self._reports)
        elif self._reports:
            heads = ["task", "status", "rows", "requested", "calls", "cached", "tokens", "dollars"]
            with _shown():
                if self._quiet:
                    print("\n".join(str(path / "dataset.jsonl") for path in self._paths))
                    return
                lines = [*map(_summary, self._reports), _whole(self._reports)]
                print_table(heads, lines, optional=("cached", "dollars"))

    def complain(self) -> None:
        """Raise where a task fell short."""
        if self._short:
            first = self._short[0]
            raise QuotaNotMet(
                f"{len(self._short)} of {len(self._reports)} tasks fell short: {first}",
                hint=first.hint,
            )


def _whole(reports: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """What all tasks of a suite took; their reports count what their journals hold."""
    totals = [report["usage"]["total"] for report in reports]

    def all_of(*names: str) -> str:
        return f"{sum(total[name] for total in totals for name in names):,}"

    dollars = sum(total["dollars"] for total in totals)
    tokens = all_of("input_tokens", "output_tokens")
    return "all", "", "", "", all_of("calls"), all_of("cached"), tokens, f"{dollars:.4f}"


def _summary(report: dict[str, Any]) -> tuple[str, ...]:
    total = report["usage"]["total"]
    return (
        report["task"].rpartition(":")[2],
        report["status"],
        ", ".join(f"{name} {rows:,}" for name, rows in report["rows"].items()),
        ", ".join(f"{name} {rows:,}" for name, rows in report["requested"].items()),
        f"{total['calls']:,}",
        f"{total['cached']:,}",
        f"{total['input_tokens'] + total['output_tokens']:,}",
        f"{total['dollars']:.4f}",
    )
