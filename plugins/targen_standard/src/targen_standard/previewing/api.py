"""`preview`: a few rows to look at, with what was asked for them and replied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

from targen_core.api.kinds import exported
from targen_core.api.models import ModelLike
from targen_core.api.report import UsageReport
from targen_core.api.request import ItemsLike, SourcesLike, StepLike, TaskLike, asked, keywords_of
from targen_core.cli.commands.show import text_of
from targen_core.cli.trial import RecordedCall, Trial, run_trial, unseen
from targen_core.display.shown import job_shown
from targen_core.engine.events import Committed
from targen_core.engine.quotas import Quotas
from targen_core.errors import Interrupted, TargenError
from targen_core.folders import replies_folder
from targen_core.pages import table
from targen_core.plugins.blame import blaming
from targen_core.plugins.registry import Registry
from targen_core.text import plural


@dataclass(frozen=True, slots=True)
class Preview(Sequence[Mapping[str, str]]):
    """A few rows that were generated to be looked at; it is the sequence of these rows.

    Attributes:
        task: the task's name.
        rows: the accepted ones, each with its texts by field and its label.
        rejected: what became no row, each with `intended`, `reason` and its texts.
        calls: what was asked and replied, call by call.
        usage: calls, tokens and cost.
        problem: what ended it early, or None.
    """

    task: str
    rows: Sequence[Mapping[str, str]]
    rejected: Sequence[Mapping[str, str]]
    calls: Sequence[RecordedCall] = field(repr=False)
    usage: UsageReport
    problem: TargenError | None

    @classmethod
    def of(cls, trial: Trial, task: str, branches: Mapping[str, str | None]) -> Preview:
        """From what a trial showed."""
        made = [each for each in trial.verdicts if each.verdict == "accepted"]
        others = [each for each in trial.verdicts if each.verdict != "accepted"]
        return cls(
            task=task,
            rows=[
                {
                    **texts_of(each),
                    "label": each.corrected or branches[each.intended] or each.intended,
                }
                for each in made
            ],
            rejected=[
                {"intended": each.intended, "reason": reason_of(each), **texts_of(each)}
                for each in others
            ],
            calls=tuple(trial.calls),
            usage=UsageReport.of(trial.report["usage"]),
            problem=trial.problem,
        )

    @property
    def _title(self) -> str:
        ended = f", {self.problem}" if self.problem else ""
        lost = f", {len(self.rejected):,} rejected" if self.rejected else ""
        rows = plural(len(self.rows), "row")
        return f"Preview of {self.task}: {rows}{lost}, {self.usage.summary}{ended}"

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> Mapping[str, str]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Mapping[str, str]]: ...
    def __getitem__(self, index: int | slice) -> Mapping[str, str] | Sequence[Mapping[str, str]]:
        return self.rows[index]

    def __bool__(self) -> bool:
        return True  # a preview without a row is a preview

    def __repr__(self) -> str:
        return f"<{self._title}>"

    def _repr_html_(self) -> str:
        tables = [(self._title, self.rows)]
        if self.rejected:
            tables.append(("Rejected", self.rejected))
        if self.problem:
            replies = [{"step": call.step, "reply": call.reply.text} for call in self.calls]
            tables.append(("Replies", replies))
        return "\n".join(_table(title, rows) for title, rows in tables)


@exported
def preview(
    task: TaskLike,
    *,
    n: int | None = None,
    variants: str | Iterable[str] | None = None,
    model: ModelLike | None = None,
    options: Mapping[str, Any] | None = None,
    steps: Mapping[str, StepLike] | None = None,
    seed: int | None = None,
    correct: bool = True,
    corrector: str | None = None,
    contexts: ItemsLike | None = None,
    seeds: ItemsLike | None = None,
    dimensions: Mapping[str, Any] | None = None,
    shares: Mapping[str, Mapping[str, int]] | None = None,
    examples: SourcesLike | None = None,
    max_cost: float | None = None,
    max_tokens: int | None = None,
    progress: bool = True,
    registry: Registry | None = None,
    **model_options: Any,
) -> Preview:
    """Generate a few rows to look at them, as `targen preview`; no run is left behind.

    `generate` with the same seed and options takes the replies from the cache, and does not pay
    for them again.

    The other keywords are the options of `targen preview`, with the same ranges and defaults.

    Args:
        task: as of `generate`, like all that is not named below.
        n: rows; by default one for each label.
        model: the model to use.
        options: backend options and sampling parameters whose names clash with a keyword here.
        steps: another model for one step, by the step's name.
        contexts: your own contexts, instead of step 1.
        seeds: your own seeds, instead of steps 1 and 2.
        dimensions: in what items and rows are made to differ, by name.
        shares: exact shares of properties of rows, as of `generate`.
        examples: real rows or texts that rows read like, which prompts contain.
        progress: whether to show a line of progress in a notebook or on a terminal.
        registry: resolves names; by default among all that is installed.
        **model_options: backend options and sampling parameters, and options of filters.

    Returns:
        The rows, what was rejected and why, and each prompt with its reply.

    Raises:
        UsageError: the request is invalid.
        JobFailed: it ended before any reply. With replies, the result's `problem` is the error.
    """
    passed = locals()
    keywords = keywords_of(passed, "n", "progress")
    keywords |= {"rows": False, "give_up_after": 10, "concurrency": 2}
    with blaming(registry), asked(**keywords) as request:
        of = request.task
        rows = n if n is not None else len(of.quota_names) * of.rows_per_instance
        config = request.config.replace(quotas=Quotas.even(rows, of))
        show = job_shown if progress else unseen
        trial = run_trial(request.registry, config, cache=replies_folder(), show=show)
    if isinstance(trial.problem, Interrupted):  # ends the program too, as in `generate`
        raise KeyboardInterrupt(str(trial.problem)) from trial.problem
    if trial.problem is not None and not trial.calls:
        raise trial.problem
    return Preview.of(trial, of.name, of.branches)


def _table(title: str, rows: Sequence[Mapping[str, str]]) -> str:
    heads = list(dict.fromkeys(name for row in rows for name in row))
    return table(title, heads, [[row.get(name, "") for name in heads] for row in rows])


def reason_of(verdict: Committed) -> str:
    """Why a candidate became no row."""
    return ": ".join(filter(None, (verdict.reason or verdict.verdict, verdict.detail)))


def texts_of(verdict: Committed) -> dict[str, str]:
    """The texts of a candidate by field, without its label."""
    if verdict.instance is None:
        return {}
    content = verdict.instance.model_dump(mode="json").items()
    given = (verdict.corrected, verdict.intended)
    return {name: text_of(value) for name, value in content if value not in given}
