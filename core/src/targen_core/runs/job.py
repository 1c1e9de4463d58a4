"""A job: a run directory, its plan, and what runs it."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from targen_core.calls.call import BoundModel, Observer
from targen_core.calls.calls import Calls
from targen_core.calls.delivery import Delivery
from targen_core.calls.journal import Journal
from targen_core.calls.model import ChatReply
from targen_core.calls.usage import Usage, answered
from targen_core.engine.events import Listener
from targen_core.engine.executor import Executor
from targen_core.engine.filters import Filter, RegisteredFilter
from targen_core.engine.guard import Guard
from targen_core.engine.kept import read_kept, require_kept
from targen_core.engine.ledger import Contradicted, Ledger, code_digest
from targen_core.engine.run import Engine
from targen_core.errors import (
    BudgetExhausted,
    Interrupted,
    JobFailed,
    QuotaNotMet,
    RunConflict,
    ServiceError,
    TargenError,
    UsageError,
)
from targen_core.options import Datasets, Limits
from targen_core.origin import is_trusted
from targen_core.plain import require_possible
from targen_core.plugins.blame import blamed
from targen_core.plugins.registry import Registry
from targen_core.reading.lines import read_jsonl
from targen_core.runs.config import RunConfig
from targen_core.runs.directory import RunDirectory
from targen_core.runs.event_loops import finish, stoppable
from targen_core.runs.failures import (
    explain,
    log_notes_before,
    require_given,
    warn_of_missing_filters,
)
from targen_core.runs.manifest import Manifest, require_unmerged
from targen_core.runs.models import Elsewhere, bind_models, delivered, require_deliverable
from targen_core.runs.permissions import (
    UnreadSource,
    kept_source,
    refuse_itself,
    refuse_sources,
    require_known,
    require_known_limits,
    require_known_paths,
    require_same_sources,
    sign_run,
)
from targen_core.runs.place import Place, claimed, is_unanswered, require_same
from targen_core.runs.plan import Prepared, named, prepare
from targen_core.runs.report import build_report, delivery_report, sources_of, stored_report
from targen_core.runs.reporters import Ended, files_of, notes_on
from targen_core.runs.session import ALLOWANCE, open_layer
from targen_core.runs.step_options import is_price
from targen_core.task_files import require_copy

_log = logging.getLogger("targen.run")

_begun: set[Path] = set()
"""Runs that this process made without a call, until it opens them."""

_MARGIN, _LIVE_MARGIN = 2.0, -1.0
"""Standard deviations of the rows that a number of candidates gives.

A round of refill in batches costs hours, an extra candidate one call: so request so many more. If
calls are answered at once, only request candidates that are very likely to be needed.
"""


class Job:
    """A prepared run; use it as a context manager.

    Attributes:
        manifest: the plan.
        prepared: what the plan names, as it is installed now.
        usage: the usage of its calls so far, including earlier processes.
        engine: set by `run`; its quotas show the run's progress.
        shared: replies to list calls, shared with other runs of a suite.
        delivery: handles the calls of all steps, even if a different one was requested; or None.
        elsewhere: where the models work, if not in this process.
        report: the result of `run`; None until then.
        sends_nothing: whether it uses only its journal and does not send calls.
        resuming: how to resume it, if not with `resume`; "" if it does not keep files.
    """

    sends_nothing = False

    def __init__(
        self,
        directory: RunDirectory,
        manifest: Manifest,
        prepared: Prepared,
        *,
        cache: Path | str | None,
        verify: bool = False,
    ) -> None:
        self.manifest = manifest
        self.path = directory.path
        self.usage = Usage()
        self.task = prepared.task
        self.engine: Engine | None = None
        self.layer: Calls | None = None
        self.shared: dict[bytes, ChatReply] | None = None
        self.delivery: Delivery | None = None
        self.elsewhere: Elsewhere | None = None
        self.report: dict[str, Any] | None = None
        self.resuming: str | None = None
        self._reported: dict[str, Any] | None = None  # by an earlier process
        self._manifest_before: Manifest | None = None  # where this process has changed it
        self._verifies = verify
        self._directory = directory
        self.prepared = prepared
        self._cache_folder = None if cache is None else Path(cache)
        self._closing = contextlib.ExitStack()
        self._running = threading.Lock()
        self._is_closed = False
        self._reporting: dict[str, Filter] = {}  # filters of the engine, by name
        self._is_new = False  # whether this process began the run
        self._failed_to_start = False  # whether it ended for a reason outside its rows
        self._closing.callback(self._leave_nothing)
        self._closing.callback(directory.close)
        for each in prepared.filters:
            self._closing.callback(each.part.close)
        try:
            if manifest.kept:
                require_kept(self.path, manifest.kept)
            if manifest.replay_of and not self.sends_nothing:
                directory.drop_provisional()
            code = code_digest([*prepared.lock.distributions, prepared.distribution])
            digest = None if code is None else f"{manifest.digest()} {code}"
            self._ledger = Ledger(directory.ledger, digest)
            self._closing.callback(self._ledger.close)
            if verify:
                self._ledger.forget()
            self.journal = self._open_journal()
        except TargenError:
            self._closing.close()
            raise
        self._closing.callback(self.journal.close)

    def _open_journal(self) -> Journal:
        journal = Journal(self._directory.journal, on_record=self.usage.recall)
        if journal.torn_bytes:
            _log.warning(
                "dropped the last journal record: it was incomplete, because the run was killed "
                "mid-write"
            )
        return journal

    def __repr__(self) -> str:
        rows = ", ".join(f"{name} {n:,}" for name, n in self.manifest.targets[-1].quotas.items())
        return f"<Job {self.path}: {self.manifest.task.id}, {rows}>"

    @property
    def again(self) -> str:
        """Return how to resume it; "" if it does not keep files."""
        return self.resuming_with() if self.resuming is None else self.resuming

    def resuming_with(self, **options: Any) -> str:
        """Return how to resume it with other options."""
        where = {} if self.elsewhere is None else self.elsewhere.options
        return self.manifest.resuming(self.path, **where, **options)

    def __enter__(self) -> Job:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its files and release its directory; calling it again does nothing."""
        self._is_closed = True
        self._closing.close()

    # --- making and opening ---

    @classmethod
    def create(
        cls,
        registry: Registry,
        config: RunConfig,
        out: Path | str,
        *,
        cache: Path | str | None = None,
        place: Place = "exact",
        prepared: Prepared | None = None,
    ) -> Job:
        """Create a run directory, or continue the very same run in it.

        `place` decides what happens if `out` holds another run; see `Place`. `prepared` is the
        result of `prepare` for the config, if there is one. The outcome is logged.

        Raises:
            UsageError: `config` is invalid.
            RunConflict: `out` holds another run, or something else.
        """
        out = require_possible(Path(out))
        allowed = ALLOWANCE.get().limits(out, config)
        if prepared is None or allowed != config:
            prepared = prepare(registry, allowed)
        require_given(prepared)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(
            config=prepared.config,
            lock=prepared.lock,
            created=now,
        )
        for field, why in manifest.odd():  # or it could not be opened again
            raise UsageError(f"{field}: {why}")
        directory, manifest = claimed(out, manifest, prepared, place)
        out = directory.path
        with contextlib.ExitStack() as failing:
            failing.callback(directory.close)
            is_new = not directory.manifest.exists()
            # Open an existing one first: if its journal is damaged, do not write.
            opened = partial(cls, directory, manifest, prepared, cache=cache)
            job = None if is_new else failing.enter_context(opened())
            prepared.keep_in(out)
            if is_new:
                warn_of_missing_filters(manifest)
                log_notes_before(prepared)
            sign_run(manifest, out, {})
            manifest.save(directory.manifest)
            job = job or failing.enter_context(opened())
            job._is_new = is_new
            if is_new and prepared.file is not None:
                job._failed_to_start = True  # unless the copy is read as the same task
                require_copy(config.task, prepared.file, out)
                job._failed_to_start = False
            failing.pop_all()
        return job

    @classmethod
    def resume(
        cls,
        registry: Registry,
        path: Path | str,
        *,
        cache: Path | str | None = None,
        quotas: Mapping[str, int] | None = None,
        give_up_after: int | None = None,
        options: Mapping[str, Any] | None = None,
        limits: Mapping[str, Any] | None = None,
        datasets: Mapping[str, Sequence[str]] = MappingProxyType({}),
        verify: bool = False,
    ) -> Job:
        """Open a run to finish it, or to extend it to larger quotas.

        `options` may only contain values that the manifest must not contain (a key) or that do not
        affect replies (a timeout). `limits` replaces the recorded limits. `datasets` contains the
        new paths of datasets in filters' options, by option. With `verify` the ledger is ignored:
        every candidate is judged again from the journal and compared with the files.

        Raises:
            RunDirectoryError: `path` is not a run directory.
            RunConflict: the installed task or its prompts have changed.
            UsageError: it asks for a service, a file or a limit, and targen did not start it here.
        """
        path = require_possible(Path(path))
        # Is it a run at all? Only then is it locked.
        require_unmerged(Manifest.load(path / "manifest.json"), path)
        directory = RunDirectory(path)
        with contextlib.ExitStack() as failing:
            failing.callback(directory.close)
            # Again, under the lock: another process may have extended it.
            there = manifest = Manifest.load(directory.manifest)
            manifest = manifest.extended(quotas or {}, give_up_after)
            merged = manifest.config.replace(**Limits.redelivered(limits or {}))
            own = there.is_own(path)
            permitted = own or is_trusted(path)
            if not permitted:
                require_known_limits(merged, limits or {})
                require_known_paths(manifest, path, options or {})
            merged = ALLOWANCE.get().limits(path, merged)
            manifest = manifest.model_copy(update={"config": merged})
            config, typed = named(registry, manifest.asked(path)), options or {}
            if not config.corrector and manifest.lock.corrector not in (None, "task"):
                # The manifest records the corrector that the task's default meant, whatever is
                # installed now.
                config = config.replace(corrector=manifest.lock.corrector)
            allow = partial(require_known, registry, config, typed=typed, permitted=permitted)
            config = config.replace(**datasets).also(typed)
            for option, sources in datasets.items():
                refuse_itself(option, sources, path)

            def admit(option: str, words: Datasets, sources: Sequence[str]) -> None:
                if option not in datasets and not permitted:
                    refuse_sources(option, words, sources, path)

            try:
                with manifest.telling_what_to_install():
                    prepared = prepare(
                        registry, config, allow=allow, admit=admit, begun=manifest.lock
                    )
            except UnreadSource as error:
                if not error.hint or error.option not in datasets:
                    error.ask_where(path)
                raise
            require_same_sources(manifest.lock, prepared.lock, path)
            for option, sources in datasets.items():
                kept = manifest.config.replace(**{option: [*map(kept_source, sources)]})
                manifest = manifest.model_copy(update={"config": kept})
            require_same(manifest, prepared.lock)
            new_prices = {name: value for name, value in typed.items() if is_price(name)}
            if new_prices:  # like a limit: the next resume counts with them
                manifest = manifest.model_copy(update={"config": manifest.config.also(new_prices)})
            job = cls(directory, manifest, prepared, cache=cache, verify=verify)
            failing.enter_context(job)
            if own:
                manifest.sign(path)
            manifest.save(directory.manifest)
            job._manifest_before = there
            if path.resolve() in _begun:
                _begun.remove(path.resolve())
                job._is_new, directory.made = True, [path]
            failing.pop_all()
        return job

    # --- running ---

    def leave_to(self, delivery: Delivery) -> None:
        """Leave the job to a later process, with its target, without running it.

        Raises:
            UsageError: the delivery cannot handle a step's calls; the run keeps its previous
                target.
        """
        try:
            require_deliverable(delivery, {n: self.prepared.steps[n] for n in self._handed})
        except UsageError:
            self._leave_as_it_was()
            raise

    def run(
        self, listener: Listener | None = None, *, observer: Observer | None = None
    ) -> dict[str, Any]:
        """Run to the target, write report and card, and return the report.

        `listener` receives events, `observer` every answer with its prompt.
        Ctrl-C lets the calls in flight finish and then stops; a second Ctrl-C
        stops at once. If an event loop is already running, as in a notebook,
        the job runs in its own thread.

        Raises:
            UsageError: it is running, has reached its target, or is closed; or a function is async.
            JobFailed: the run ended early; the report is still written.
            TargenError: a different problem stopped it; the report is still written.
        """
        return finish(self.arun(listener, observer=observer))

    async def arun(
        self, listener: Listener | None = None, *, observer: Observer | None = None
    ) -> dict[str, Any]:
        """The same in the running event loop, which keeps its signal handlers.

        Cancelling it lets the calls in flight finish and then stops; cancelling
        it again stops at once.

        Raises:
            UsageError: it is running, has reached its target, or is closed; or a function is async.
            JobFailed: the run ended early; the report is still written.
            TargenError: a different problem stopped it; the report is still written.
        """
        for name, each in (("listener", listener), ("observer", observer)):
            if inspect.iscoroutinefunction(each) or inspect.iscoroutinefunction(
                getattr(each, "__call__", None)  # noqa: B004
            ):
                raise UsageError(
                    f"the {name} is an async function, which a run does not await",
                    hint="pass an ordinary function; it may put events into an asyncio.Queue",
                )
        with self._alone():
            return await self._runs(listener, observer)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Check that it can run now, and keep other callers from running it meanwhile."""
        if not self._running.acquire(blocking=False):
            raise UsageError(
                f"the job of {self.path} is already running",
                hint="wait until it ends, or create another job with a different --out",
            )
        try:
            if self._is_closed:
                raise UsageError(
                    f"the job of {self.path} is closed",
                    hint="open the run again: Job.resume(registry, path)",
                )
            if self.report is not None and self.report["status"] == "complete":
                raise UsageError(
                    f"the job of {self.path} has finished, and job.report is its report",
                    hint="to extend the run: Job.resume(registry, path, quotas=...)",
                )
            yield
        finally:
            self._running.release()

    async def _runs(self, listener: Listener | None, observer: Observer | None) -> dict[str, Any]:
        """Run, and note whether a failure is one of the start."""
        try:
            return await self._run(listener, observer)
        except Interrupted as stopped:
            if isinstance(stopped.__cause__, asyncio.CancelledError):
                stopped.__cause__.add_note(f"to continue: {stopped.hint}")
                raise stopped.__cause__ from None
            raise
        except TargenError as error:
            # The request was wrong, or the service does not answer. If the folder does not contain
            # any answers, there is no reason to keep it.
            away = _is_away(error) or isinstance(error, BudgetExhausted)
            usage = error.exit_code == UsageError.exit_code
            self._failed_to_start = self.engine is None or away or usage
            if isinstance(error, RunConflict):
                self._explain(error)
            raise

    async def _run(self, listener: Listener | None, observer: Observer | None) -> dict[str, Any]:
        fresh, begun = not self.usage.by_place, time.monotonic()
        answered = self._answered
        self._reported = self._report_there()
        error = await self._judged(listener, observer)
        assert self.engine is not None
        error = self._lacking(self.engine) or error
        gone = _is_away(error)
        if error is not None and gone and self._is_only_asked_to_grow(answered):
            self._leave_as_it_was()
            raise error
        if isinstance(error, BudgetExhausted):
            self._explain(error)
        before = 0.0 if fresh else self._directory.seconds_before
        seconds = None if before is None else before + time.monotonic() - begun
        self.report = self._build_report(seconds, error)
        self._finish(self.report, error)
        if error is not None:
            raise error
        return self.report

    async def _judged(
        self, listener: Listener | None, observer: Observer | None
    ) -> Exception | None:
        """Make and judge rows up to the target; return what ended this early.

        Raises:
            RunConflict: its files contradict what is judged now; the run is left as it was.
        """
        manifest, limits = self.manifest, self.manifest.config
        async with self._open_layer() as layer:
            self.layer = layer
            layer.observer = observer
            layer.shared = self.shared
            layer.refusing = self._refuses_calls()
            if self._came_to_nothing():
                self._ledger.forget()
                layer.asks_again = True
            self._directory.open_outputs(empty=layer.asks_again is True)
            ceilings = {id(b.limiter): b.limiter.ceiling for b in layer.models.values()}
            concurrency = min(limits.concurrency, sum(ceilings.values()))
            deferred = any(bound.deferred for bound in layer.models.values())
            if deferred:
                # A round is to hold all that is needed.
                concurrency = max(concurrency, manifest.targets[-1].quotas.total)
            self._adopt_ledger()

            async def judge() -> None:
                self.engine = self._engine(layer, concurrency, deferred, listener)
                await stoppable(layer, self.engine.run(manifest.targets), self.again)
                if short := self.engine.quotas.shortfall():
                    self._explain(short)
                    raise short

            try:
                try:
                    await judge()
                except Contradicted:
                    self._judge_all()
                    await judge()
            except RunConflict:
                self._leave_as_it_was()
                raise
            except Exception as raised:
                error = blamed(raised) or raised
                if isinstance(error, QuotaNotMet):
                    layer.forget_unusable()
                return error
        return None

    def _build_report(self, seconds: float | None, error: Exception | None) -> dict[str, Any]:
        """Return the report of a run that took so long, in all its processes."""
        assert self.engine is not None and self.layer is not None
        report = build_report(
            self.manifest,
            self.engine.quotas,
            self.usage,
            seconds=seconds,
            used_calls=self.engine.used_calls,
            retries=self.layer.retries,
            hung=self.layer.hung,
            error=error,
            prices={step: bound.price for step, bound in self.layer.models.items()},
            deliveries=delivery_report(self.prepared.deliveries, self.path),
            sources=self._credited(),
            filters=self._reporting,
            folder=self.path,
            task=self.task,
        )
        report.update(self._also_reported())
        return report

    def _finish(self, report: dict[str, Any], error: Exception | None) -> None:
        """Add notes to the report, show them, and write it with the run's other last files.

        Raises:
            RunConflict: a file was edited meanwhile; the run is left as it was.
            TargenError: they cannot be written, and no `error` ended the run.
        """
        sample = None
        with contextlib.suppress(TargenError):  # an edited file: said when it is compared
            sample = next(read_jsonl(self.path / "dataset.jsonl"), None)
        ended = Ended(
            folder=self.path,
            task=self.task,
            manifest=self.manifest,
            report=report,
            sample=sample,
            file=self.prepared.file,
        )
        notes = notes_on(ended)
        if lost := self.usage.in_flight_note:
            notes.append(lost)
        for note in notes:
            self._tell(note)
        if notes := [*self.prepared.notes, *notes]:
            report["notes"] = notes
        complete = report["status"] in ("complete", "short")
        files = files_of(ended)
        # Where the run failed, that is what to say, not that its report could
        # not be written either (a full disk).
        quiet = contextlib.suppress(TargenError) if error else contextlib.nullcontext()
        try:
            with quiet:
                self._directory.finish(complete=complete, report=report, files=files)
        except RunConflict:
            self.report = None
            self._leave_as_it_was()
            raise

    def _explain(self, error: TargenError) -> None:
        """Have an error say more about its causes and what to do."""
        explain(error, self)

    def _credited(self) -> Sequence[Mapping[str, Any]]:
        """Return the data that rows were made from, if a list of the task gives credit."""
        if all(part.credit is None for part in self.task.chain):
            return ()
        return sources_of(self.task, self.path / "provenance.jsonl")

    @property
    def leaves_nothing(self) -> bool:
        """Return whether it failed before an answer, so that `close` removes its new folder.

        Replies of the cache, or of the run that it revises, are free, and remain there.
        """
        failed = self._is_new and self._failed_to_start
        return failed and not self.usage.total.sent and is_unanswered(self.path, free=True)

    def _leave_nothing(self) -> None:
        if self.leaves_nothing:
            self._directory.remove_made()

    def _refuses_calls(self) -> Callable[[], TargenError | None]:
        """Return what says why no call may be sent now.

        The journal has all calls of a complete run. If another run ended, it has those of the
        recorded part. Any other call is due to a later change. But if a power failure took records,
        the run makes those calls again.
        """
        complete, whole = self.is_complete, self._has_all_answers()

        def refuses() -> TargenError | None:
            if not complete and not (whole and self._directory.replaying):
                return None
            recorded = "is complete" if complete else "has recorded rows"
            return RunConflict(
                f"{self.path} {recorded}, but its task, a plugin or targen has changed since then, "
                "so it would make different calls now",
                hint="the run was left unchanged; start a new run with a different --out",
            )

        return refuses

    def _has_all_answers(self) -> bool:
        """Return whether the journal has all answers that an earlier process reported."""
        report = self._reported or self._report_there()
        return report is not None and answered(report["usage"]["total"]) <= self._answered

    @property
    def is_complete(self) -> bool:
        """Return whether an earlier process reached the current target, with its calls."""
        report = self._reported or self._report_there()
        if report is None:
            return False
        quotas = self.manifest.targets[-1].quotas.over(self.task.quota_names)
        if report["status"] != "complete" or report["requested"] != dict(quotas):
            return False
        return self._has_all_answers()

    def _came_to_nothing(self) -> bool:
        """Return whether an earlier process ended without a row."""
        if self._verifies or self.sends_nothing or not self._fell_short:
            return False  # existing files are only repeated, or no call is sent
        with contextlib.suppress(OSError):
            return not (self.path / "dataset.jsonl").stat().st_size
        return False

    @property
    def _fell_short(self) -> bool:
        """Return whether an earlier process ended with fewer rows than requested."""
        return self._reported is not None and self._reported["status"] == "short"

    def _report_there(self) -> dict[str, Any] | None:
        """Return the report that an earlier process wrote at its end."""
        if (self.path / "report.json").exists():  # else all the files of the run would be read
            with contextlib.suppress(TargenError, OSError):
                return stored_report(self.path)
        return None

    @property
    def _answered(self) -> int:
        return self.usage.total.answered

    def _is_only_asked_to_grow(self, answered: int) -> bool:
        """Return whether this process has only raised the target, without an answer so far."""
        before = self._manifest_before
        grows = before is not None and len(before.targets) < len(self.manifest.targets)
        return grows and self._answered == answered

    def _leave_as_it_was(self) -> None:
        """A file was edited, or code changed: report and target stay those of the run there."""
        self._directory.leave_as_it_was()
        if self._manifest_before is not None:
            self._manifest_before.save(self._directory.manifest)
        if self._verifies:
            self._ledger.forget()  # it contains lists in their present form, not their earlier one

    def _engine(
        self, layer: Calls, concurrency: int, deferred: bool, listener: Listener | None
    ) -> Engine:
        return Engine(
            self.task,
            distribution=self.prepared.distribution,
            specs=self.prepared.specs,
            executor=self._executor(layer),
            layer=layer,
            sink=self._directory,
            ledger=self._ledger,
            concurrency=concurrency,
            filters=self._filters(),
            margin=None if self.by_people else _MARGIN if deferred else _LIVE_MARGIN,
            shard=self.manifest.config.shard,
            listener=listener,
            kept=read_kept(self.path) if self.manifest.kept else (),
            revision=self.manifest.revision,
        )

    @property
    def by_people(self) -> bool:
        """Return whether people answer, so that no more answers are requested than are needed."""
        return self.prepared.by_people

    @property
    def sends(self) -> bool:
        """Return whether it makes calls itself, rather than leaving all of them to files."""
        own = self.prepared
        left = own.delivered if own.delivery is not None and own.delivery.leaves else ()
        return len(left) < len(own.steps)

    @property
    def _handed(self) -> Collection[str]:
        """Return the steps that `delivery` handles: all, or only those that somebody else does."""
        own = self.prepared
        return own.delivered if own.delivery is not None and own.delivery.leaves else own.steps

    def _executor(self, layer: Calls) -> Executor:
        """Return the executor of its candidates for steps 3 and 4."""
        own = self.prepared
        parts = {place: part.id for place, part in own.lock.parts.items()}
        return Executor(
            own.task,
            layer,
            own.corrector,
            distribution=own.distribution,
            parts={**parts, "corrector": own.lock.corrector},
        )

    def _filters(self) -> list[Filter]:
        """New filters, as the config says."""
        self._reporting = {}
        guard = Guard(self.task.name, self.prepared.distribution)
        sources = {plan.id: plan.sources for plan in self.manifest.lock.parts.values()}
        for each in self.prepared.filters:
            part = each.part if each.part.stateless else each.make()
            if sources.get(each.id):
                part.sources = sources[each.id]  # as the run's files call them, wherever they are
            own = RegisteredFilter(part, guard.of("filter", each.id))
            self._reporting[each.id.partition(":")[2]] = own
        return [*self._reporting.values()]

    def _adopt_ledger(self) -> None:
        """Go on behind the verdicts of earlier processes, if the files are still as they were."""
        outputs, journal, ledger = self._directory, self.journal, self._ledger
        ledger.start(lambda: (journal.mark, *outputs.marks))
        if ledger.marks is None:
            if ledger.is_blank and outputs.died:
                self._judge_all(anew=True)
            return
        mark, *others = ledger.marks
        if is_short := mark[0] > journal.mark[0]:
            _log.warning(
                "%s has lost records: the run makes those calls again, unless the cache has their "
                "replies",
                journal.path,
            )
        if outputs.died and (is_short or outputs.lost(others)):
            # A power failure: rows that rest on lost replies go, and the journal gives the others.
            self._judge_all(anew=True)
        elif not (journal.holds(mark) and outputs.skip(others)):
            self._judge_all()  # it finds what differs, and says where

    def _judge_all(self, *, anew: bool = False) -> None:
        """Judge everything from the start; compare it with the files, or write these `anew`."""
        self._ledger.forget()
        self._directory.open_outputs(empty=anew)

    @contextlib.asynccontextmanager
    async def _open_layer(self) -> AsyncIterator[Calls]:
        """Open the layer that answers the run's calls."""
        async with open_layer(
            await self._bind(),
            seed=self.manifest.config.seed,
            limits=self.manifest.config,
            journal=self.journal,
            usage=self.usage,
            cache=self._cache_folder,
            shares=self.manifest.is_own(self.path) and not self._fell_short,
        ) as layer:
            yield layer

    def _lacking(self, engine: Engine) -> Exception | None:
        """Return what keeps a run that sends no calls from its end."""
        return None

    def _tell(self, note: str) -> None:
        """Show a note of its report."""
        _log.warning("%s", note)

    def _also_reported(self) -> dict[str, Any]:
        """Return further content for its report."""
        return {}

    async def _bind(self) -> dict[str, BoundModel]:
        """Each step's model, or one whose calls are delivered or answered elsewhere."""
        limits = self.manifest.config
        steps, asked = self.prepared.steps, self.prepared.delivery
        if self.elsewhere is not None:
            if asked is not None:
                self.elsewhere.refuse(asked)
            steps = await self.elsewhere.place(steps, limits)
        elif self.delivery is not None:
            steps = delivered(steps, self.delivery, self.path, limits, names=self._handed)
        elif asked is not None:
            steps = delivered(
                steps,
                asked,
                self.path,
                limits,
                names=self.prepared.delivered,
                per_round=2,
            )
        return bind_models(steps, limits, task=self.prepared.lock.task.id)


def note_begun(path: Path) -> None:
    """Note that this process made a run, so that it removes it if the first call fails."""
    _begun.add(path.resolve())


def _is_away(error: BaseException | None) -> bool:
    """Return whether a run ended since its service did not answer."""
    is_given_up = isinstance(error, JobFailed) and error.cause == "service"
    return is_given_up or isinstance(error, ServiceError)
