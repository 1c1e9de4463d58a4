"""Trials: a few candidates in a directory that is thrown away, each call recorded."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from targen_core.calls.call import Call
from targen_core.calls.model import ChatReply, Message
from targen_core.engine.events import Committed, Event, Listener
from targen_core.errors import JobFailed, TargenError, UsageError
from targen_core.hints import quoted
from targen_core.options import Limits
from targen_core.outputs import remove
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.files import OUTPUTS
from targen_core.runs.job import Job
from targen_core.runs.manifest import PartPlan
from targen_core.runs.plan import Prepared, prepare
from targen_core.runs.report import read_report

Show = Callable[[Job], AbstractContextManager[Listener]]
"""Displays a job while the context is open; the listener that it gives gets the job's events."""


def unseen(job: Job) -> AbstractContextManager[Listener]:
    """Display nothing."""
    return nullcontext(lambda event: None)


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One answered attempt: where, what was sent, what came back."""

    step: str
    place: str
    prompt: str
    messages: tuple[Message, ...]
    reply: ChatReply


@dataclass(slots=True)
class Trial:
    """The result of a trial: calls and verdicts, its report, and what stopped it.

    `lists` names the steps that grow lists.
    """

    calls: list[RecordedCall] = field(default_factory=list)
    verdicts: list[Committed] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)
    problem: TargenError | None = None
    instances_per_call: int = 1
    lists: tuple[str, ...] = ()


def dry_run_spec(
    config: RunConfig, quotas: Mapping[str, int], parts: Iterable[PartPlan] = ()
) -> RunConfig:
    """Return `config` with `parts`, on the scripted backend: offline, free, call by call."""
    names = {name for part in parts for name in part.names}
    kept = {
        name: value
        for name, value in config.options.items()
        if name.rpartition(".")[2] == "batch" or name.rpartition(".")[0] in names
    }
    return config.replace(
        quotas=quotas,
        backend="scripted",
        backend_for={},
        options=kept,
        shard=None,
        **dict(Limits()),
    )


def run_trial(
    registry: Registry,
    config: RunConfig,
    *,
    cache: Path | None = None,
    shared: dict[bytes, ChatReply] | None = None,
    show: Show = unseen,
    folder: Path | None = None,
    unfiltered: bool = False,
) -> Trial:
    """Run `config` and record it; a run that ends early also gives a result.

    With `cache`, replies are shared: a run of the same seed and options does not pay for a trial's
    calls again. With `shared`, trials share replies to list calls. `show` displays how the job
    goes, for as long as it does. `folder` keeps the trial's files, so that the same trial asks no
    answered call again; without it they are in a temporary folder. With `unfiltered`, registered
    checks and filters are left out: the texts of a dry run are not what they are for.
    """
    trial = Trial()

    def observe(call: Call, messages: tuple[Message, ...], reply: ChatReply, _: str) -> None:
        trial.calls.append(RecordedCall(call.step, call.place, call.prompt, messages, reply))

    def listen(event: Event) -> None:
        if isinstance(event, Committed):
            trial.verdicts.append(event)
        tell(event)

    with contextlib.ExitStack() as stack:
        stack.enter_context(_tidy_when_killed())
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="targen-")))
        prepared = prepared_trial(registry, config)
        prepared = prepared.unfiltered if unfiltered else prepared
        for name in (*OUTPUTS, "ledger", "report.json"):  # each verdict is reported again
            remove(folder / "trial" / name)
        job = stack.enter_context(
            Job.create(registry, config, folder / "trial", cache=cache, prepared=prepared)
        )
        job.shared = shared
        job.resuming = ""
        trial.instances_per_call = job.task.seeding.instances_per_call
        trial.lists = tuple(step.name for step in job.task.steps if step.lists)
        try:
            with show(job) as tell:
                trial.report = job.run(listen, observer=observe)
        except JobFailed as error:
            # A trial cannot be resumed or read later; the service's own advice still applies.
            error.hint = getattr(error.__cause__, "hint", "")
            trial.problem = error
            trial.report = read_report(job.path)
    return trial


def prepared_trial(registry: Registry, config: RunConfig) -> Prepared:
    """Return all that a trial of `config` needs, found and checked.

    Raises:
        UsageError: something is wrong with it, or an agent answers its calls.
    """
    prepared = prepare(registry, config)
    if prepared.by_people:
        begin = (
            f"targen generate {quoted(config.task)} -n {sum(config.quotas.values())} --backend "
            f"{quoted(config.backend)}"
        )
        raise UsageError(
            "an agent answers with targen answer, but a preview does not wait for answers",
            hint="use a small run, which waits for answers: " + begin,
        )
    return prepared


@contextlib.contextmanager
def _tidy_when_killed() -> Iterator[None]:
    """Let `kill` end the process as `sys.exit` does, so that temporary files are removed."""

    def leave(number: int, frame: object) -> None:
        sys.exit(128 + number)

    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:  # the program's own
        yield
        return
    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
