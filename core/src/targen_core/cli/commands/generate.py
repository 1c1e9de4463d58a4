"""`targen generate` and `targen resume`."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from targen_core.cli.flags import Said, takes
from targen_core.cli.options.arguments import (
    QuietArg,
    ReportJsonArg,
    RunArg,
    SomeTaskArg,
    StrictRunArg,
    SuiteArg,
    TotalArg,
    YesArg,
)
from targen_core.display.streams import mute
from targen_core.errors import BudgetExhausted, JobFailed, QuotaNotMet, UsageError
from targen_core.options import Limits, ListOptions, RowOptions
from targen_core.runs.config import CountOptions, ModelFlags, WorkerOptions
from targen_core.runs.shortcuts import rows
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.plugins.registry import Registry
    from targen_core.runs.config import RunConfig
    from targen_core.runs.job import Job
    from targen_core.runs.models import Elsewhere
    from targen_core.runs.place import Place


@takes(CountOptions, rows(), ListOptions, Limits, ModelFlags, WorkerOptions)
def generate(
    task: SomeTaskArg = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="The run directory. [default: runs/TASK-SEED; if that contains a different run, "
            "runs/TASK-SEED-2, and so on]",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show what would run and what it would cost, without sending or writing anything.",
        ),
    ] = False,
    yes: YesArg = False,
    suite: SuiteArg = None,
    quiet: QuietArg = False,
    json: ReportJsonArg = False,
    strict: StrictRunArg = False,
    *,
    said: Said,
) -> None:
    """Generate a labelled dataset.

    Writes a run directory with dataset.jsonl, provenance.jsonl, rejects.jsonl and report.json. To
    continue a stopped run, run the same command again, or targen resume.

    Examples:
    - targen generate mail.yaml -n 40 -b scripted
    - targen generate mail.yaml -n 40 -b claude --model claude-haiku-5-5 --max-cost 2
    - targen generate mail.yaml --label refund=40,order=20 --examples mine.csv
    - targen generate rte -n 500 --exclude RTE/val.jsonl
    """
    from targen_core.api.request import asked, elsewhere
    from targen_core.cli.ahead import (
        confirm,
        print_dry_run,
        tell_of_examples,
        tell_of_few_seeds,
        tell_of_presets,
        tell_of_shortage,
    )
    from targen_core.cli.choosing import choice
    from targen_core.plugins.loader import load_registry

    if (task is None) == (suite is None):
        raise UsageError(
            "give a task to generate, or --suite PLUGIN for all tasks of a plugin",
            hint="targen generate rte -n 10, or targen generate --suite superglue --preset paper",
        )
    batch = said.of(Limits).delivered_by
    registry = load_registry()
    chosen = choice(registry, said)
    where = elsewhere(
        registry,
        said.of(WorkerOptions),
        options=chosen.options,
        delivery=batch,
    )
    keywords: dict[str, Any] = dict(
        **said.part(CountOptions, rows(), ListOptions),
        **chosen.keywords,
    )
    n, shard = said.values.get("n"), said.values.get("shard")
    if shard is not None and "max_cost" in said.values and not quiet:
        print(
            "--max-cost applies only to this shard: each shard has its own limit", file=sys.stderr
        )
    if suite is not None:
        seed = said.of(RowOptions).seed
        below = out or Path("runs") / f"{suite}-{seed}{_folder(shard)}"
        runs = []
        from targen_core.cli.suite import suite_tasks

        for one in suite_tasks(registry, suite):
            with chosen.explained(), asked(registry, one.id, **keywords) as request:
                runs.append((below / one.name, request))
        if dry_run:
            print_dry_run(runs, price_from=chosen.price_from, suite=True, json=json)
            return
        confirm(runs, chosen, yes=yes)
        configs = [(out, request.config) for out, request in runs]
        place: Place = "exact" if out else "replace"
        with chosen.explained():
            _run_suite(
                suite, registry, configs, place, where, quiet=quiet, json=json, strict=strict
            )
        return
    assert task is not None
    with chosen.explained(), asked(registry, task, **keywords) as request:
        if n is not None and "preset" not in said.values:
            tell_of_presets(request)
        tell_of_shortage(request, n)
        if dry_run:
            print_dry_run(
                [(request.folder(out), request)],
                price_from=chosen.price_from,
                suite=False,
                json=json,
            )
            return
        tell_of_few_seeds(request)
        tell_of_examples(request)
        if out is not None:
            request.found(out)  # report an occupied folder before any question
        confirm([(out or Path(), request)], chosen, yes=yes)
        job = request.job(out)
    with chosen.explained(), job:
        if not job.sends:
            say_next_prompts(job, quiet=quiet, json=json)
        else:
            run_job(job, where, quiet=quiet, json=json, strict=strict)


def say_next_prompts(job: Job, *, quiet: bool, json: bool) -> None:
    """Print what to type for a run that does not send by itself, or what `run_job` prints."""
    from targen_core.cli.commands.report import with_concerns
    from targen_core.cli.tables import print_json
    from targen_core.runs.report import read_report, unfinished_report

    if json:
        if job.is_complete:
            report = read_report(job.path)
        else:  # the report of an extended run does not have its new target yet
            report = unfinished_report(job.path, job.manifest)
        print_json(with_concerns(report, job.path))
        return
    if quiet:
        print(job.path / "dataset.jsonl")
        return
    if job.is_complete:
        print(f"{job.path} is complete and not waiting for any answers: {job.path}/dataset.jsonl")
        return
    print(f"{job.path} is ready; next, type: targen next {shlex.quote(str(job.path))}")


def _folder(shard: str | None) -> str:
    """Return the suffix of the folder of a suite's shard."""
    from targen_core.engine.quotas import Shard, read_shard

    numbers = read_shard(shard)
    return "" if numbers is None else Shard(*numbers, {}).folder


@takes(
    ModelFlags.declared("base_url", "price_in", "price_out", "options", "key_file"),
    CountOptions.declared("labels"),
    WorkerOptions,
    unchanged=(RowOptions.declared("give_up_after"), Limits),
)
def resume(
    run: RunArg,
    n: TotalArg = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="Check all existing candidates against the journal again, which takes a few extra "
            "minutes.",
        ),
    ] = False,
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="SOURCE",
            help="New paths of excluded datasets that were moved. [default: the recorded paths]",
            show_default=False,
            rich_help_panel=RowOptions.panel,
        ),
    ] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="As for targen generate. targen resume never asks."),
    ] = False,
    quiet: QuietArg = False,
    json: ReportJsonArg = False,
    strict: StrictRunArg = False,
    *,
    said: Said,
) -> None:
    """Continue a stopped run, or extend a finished one.

    Answered calls are not repeated, and the rows are those of an uninterrupted run. With -n or
    --label, extends the run to that many rows in total and keeps its rows.

    Examples:
    - targen resume runs/rte-0
    - targen resume runs/rte-0 -n 200 --max-cost 5
    """
    from targen_core.api.request import elsewhere, reopened
    from targen_core.plugins.loader import load_registry

    batch = said.of(Limits).delivered_by
    registry = load_registry()
    options = said.of(ModelFlags).values
    where = elsewhere(
        registry,
        said.of(WorkerOptions),
        options=options,
        delivery=batch,
    )
    limits = said.part(RowOptions, Limits)
    job, _ = reopened(
        run,
        registry,
        n=n,
        labels=said.values.get("labels"),
        options=options,
        datasets={"exclude": exclude},
        verify=verify,
        **limits,
    )
    extended = n is not None or "labels" in said.values
    with job:
        # Where others answer, a larger target cannot be reached before that.
        if extended and not job.sends:
            say_next_prompts(job, quiet=quiet, json=json)
            return
        run_job(job, where, quiet=quiet, json=json, strict=strict)


def run_job(job: Job, where: Elsewhere | None, *, quiet: bool, json: bool, strict: bool) -> None:
    """Run with a progress display; print the report, whole or not, or where the rows are."""
    from targen_core.cli.commands.report import (
        exit_on_concerns,
        say_what_is_next,
        with_concerns,
    )
    from targen_core.cli.summary import print_summary
    from targen_core.cli.tables import print_json
    from targen_core.display.progress import progress

    job.elsewhere = where
    before = job.usage.total.answered
    try:
        with progress(job, quiet=quiet) as listener:
            job.run(listener)
    finally:
        report = None if job.leaves_nothing else job.report
        if report is not None and json:
            print_json(with_concerns(report, job.path))
        # If no call was answered, only the error matters.
        elif report is not None and (report["status"] == "complete" or _answered(report)):
            with _shown():
                if quiet:
                    print(job.path / "dataset.jsonl")
                else:
                    print_summary(report, job.path)
                    if report["status"] != "stopped" and any(report["rows"].values()):
                        say_what_is_next(job.path)
    if before == job.usage.total.answered and before and not quiet:  # below the report, to be seen
        more = f"targen resume {shlex.quote(str(job.path))} -n N, with a larger total, adds rows"
        print(f"note: there were no calls left to make; {more}", file=sys.stderr)
    if report is not None:
        exit_on_concerns([(job.path, report)], strict=strict, untold=quiet and not json)


def _answered(report: dict[str, Any]) -> bool:
    """Return whether any call was answered."""
    from targen_core.calls.usage import answered

    return bool(answered(report["usage"]["total"]))


@contextmanager
def _shown() -> Iterator[None]:
    """Let output for people fail without failing the command: the run is in its directory."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:  # the reader went away, or the terminal
        mute(sys.stdout)


def _run_suite(
    name: str,
    registry: Registry,
    configs: Sequence[tuple[Path, RunConfig]],
    place: Place,
    where: Elsewhere | None,
    *,
    quiet: bool,
    json: bool,
    strict: bool,
) -> None:
    """Run the tasks of a suite with a progress display; print what there is of them."""
    from targen_core.cli.suite import run_suite
    from targen_core.folders import replies_folder

    suite = _Suite(name, where, quiet=quiet)
    try:
        run_suite(registry, configs, suite.run, cache=replies_folder(), place=place)
    finally:
        suite.show(json=json)
    suite.complain(strict=strict)


class _Suite:
    """Runs the jobs of a suite; a label that falls short only stops its own task."""

    def __init__(self, name: str, where: Elsewhere | None, *, quiet: bool) -> None:
        self._name = name
        self._where = where
        self._quiet = quiet
        self._made: list[tuple[Path, dict[str, Any]]] = []
        self._short: list[QuotaNotMet] = []
        self._waiting: list[JobFailed] = []

    def run(self, job: Job) -> None:
        from targen_core.display.progress import progress

        if not self._quiet:
            rows = job.manifest.targets[-1].quotas.total
            print(f"{job.task.name}: {plural(rows, 'row')}", file=sys.stderr, flush=True)
        same = f"repeat the command, targen generate --suite {self._name},"
        job.resuming = f"{same} to continue all of its tasks"
        job.elsewhere = self._where
        try:
            with progress(job, quiet=self._quiet) as listener:
                job.run(listener)
        except QuotaNotMet as error:
            self._short.append(error)
        except BudgetExhausted as error:
            raise BudgetExhausted(
                f"suite {self._name}, in {job.task.name}, with the budget left by earlier tasks: "
                f"{error}",
                hint=f"{same} with a larger --max-tokens or --max-cost, which covers all of "
                "its tasks; answered calls are not repeated",
            ) from error
        except JobFailed as error:
            if error.cause != "answers":
                raise
            self._waiting.append(error)  # people answer the tasks side by side
        finally:
            if job.report is not None and not job.leaves_nothing:
                self._made.append((job.path, job.report))

    def show(self, *, json: bool) -> None:
        """Print what there is."""
        from targen_core.cli.commands.report import print_concerns, with_concerns
        from targen_core.cli.tables import print_json, print_table

        if json:
            print_json([with_concerns(report, path) for path, report in self._made])
        elif self._made:
            heads = ["task", "status", "rows", "requested", "calls", "cached", "tokens", "dollars"]
            with _shown():
                if self._quiet:
                    print("\n".join(str(path / "dataset.jsonl") for path, _ in self._made))
                    return
                reports = [report for _, report in self._made]
                lines = [(*_outcome(report), *_usage(report)) for report in reports]
                lines.append(("all", "", "", "", *_usage(*reports)))
                print_table(heads, lines, optional=("cached", "dollars"))
                for path, report in self._made:
                    print_concerns(report, path, of=report["task"].rpartition(":")[2])

    def complain(self, *, strict: bool) -> None:
        """Raise if a task fell short, and with `strict` where something looks wrong."""
        from targen_core.cli.commands.report import exit_on_concerns

        if self._short:
            first = self._short[0]
            raise QuotaNotMet(
                f"{len(self._short)} of {len(self._made)} tasks fell short: {first}",
                hint=first.hint,
            )
        if self._waiting:
            awaited = self._waiting[0]
            raise JobFailed(
                f"{len(self._waiting)} of {len(self._made)} tasks are waiting for answers: "
                f"{awaited}",
                hint=awaited.hint + "; do the same for the other tasks"
                if len(self._waiting) > 1
                else awaited.hint,
                cause="answers",
            )
        exit_on_concerns(self._made, strict=strict, untold=self._quiet)


def _outcome(report: dict[str, Any]) -> tuple[str, ...]:
    """Return what a task of a suite came to."""
    rows, requested = (
        ", ".join(f"{name} {count:,}" for name, count in report[key].items())
        for key in ("rows", "requested")
    )
    return report["task"].rpartition(":")[2], report["status"], rows, requested


def _usage(*reports: dict[str, Any]) -> tuple[str, ...]:
    """Return the usage of tasks of a suite together; their reports count their journals."""
    totals = [report["usage"]["total"] for report in reports]

    def all_of(*names: str) -> str:
        return f"{sum(total[name] for total in totals for name in names):,}"

    dollars = sum(total["dollars"] for total in totals)
    tokens = all_of("input_tokens", "output_tokens")
    return all_of("calls"), all_of("cached"), tokens, f"{dollars:.4f}"
