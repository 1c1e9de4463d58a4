"""Explain errors that end a job, and say what people should know before one."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from targen_core.engine.filters import USUAL
from targen_core.engine.quota_tracker import (
    ILLEGAL,
    RELABELLED,
    UNANSWERED,
    UNREADABLE,
    QuotaTracker,
)
from targen_core.engine.seeds import seeds_at_most
from targen_core.errors import BudgetExhausted, QuotaNotMet, RunConflict, TargenError, UsageError
from targen_core.hints import flags
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.engine.run import Engine
    from targen_core.runs.job import Job
    from targen_core.runs.manifest import Manifest
    from targen_core.runs.plan import Prepared


_log = logging.getLogger("targen.run")
_SOME = 8
"""After so many rows, targen can estimate what the lists for all of them need."""

_FEW = 10
"""Rows: fewer are a try, not a dataset."""

_CALLS = 4
"""Calls that a row takes at most in most tasks, until there are some."""

_MOST_OF_A_CALL = 10
"""The mean call uses at most so many times what the next one may use, if a service is honest."""


def explain(error: TargenError, job: Job) -> None:
    """Have an error that ended a job say more about its causes, and what to do about them."""
    match error:
        case QuotaNotMet():
            explain_shortfall(error, job)
        case BudgetExhausted():
            # The cap of a command is for all its parts, and only the command knows the others.
            if not error.shared and job.resuming is None and job.usage.total.answered:
                error.hint = _with_larger(error, job)
        case RunConflict():
            _name_versions(error, job)


def _with_larger(error: BudgetExhausted, job: Job) -> str:
    """Return how to resume a job with a cap that should be enough for all of its rows."""
    assert job.engine is not None
    have = sum(job.engine.quotas.have.values())
    requested = sum(job.engine.quotas.requested.values())
    lists = rows = 0.0  # used by the lists of contexts and seeds, and by rows
    for (_, label), counts in job.usage.by_place.items():
        used = counts.tokens if error.option == "max_tokens" else counts.dollars
        lists, rows = (lists + used, rows) if label is None else (lists, rows + used)
    a_call = (lists + rows) / job.usage.total.answered
    if a_call > _MOST_OF_A_CALL * error.needed:
        return error.hint  # without an amount: the service states more usage than there can be
    # The first lists are for more rows than there are yet.
    lists *= requested / have if have >= _SOME else 2
    if have:  # calls made ahead are for rows to come
        share = min(1.0, job.engine.used_calls / job.usage.total.answered)
        rows = max(rows, rows * share * requested / have)
    else:
        rows += _CALLS * a_call * requested
    enough = 1.1 * (lists + rows) + error.needed
    digit = 10.0 ** (math.floor(math.log10(enough)) - 1)  # two are kept
    cap = float(f"{math.ceil(enough / digit) * digit:.2g}")
    larger = {error.option: int(cap) if error.option == "max_tokens" else cap}
    return job.resuming_with(**larger)


def _name_versions(error: RunConflict, job: Job) -> None:
    """Name, in an error about different content, the other versions that may have caused it."""
    installed = job.prepared.lock.distributions
    apart = {
        name: (was, installed[name])
        for name, was in job.manifest.lock.distributions.items()
        if installed.get(name, was) != was
    }
    if not apart:
        return
    was = " and ".join(f"{name} {before}" for name, (before, _) in apart.items())
    now = " and ".join(version for _, version in apart.values())
    error.args = (f"{error}; it was started with {was}, but {now} is installed",)
    error.hint = (
        f"to continue it, {job.manifest.to_install_again(apart)}; or restore the file, if it "
        "was edited, or generate a new run"
    )


def notes_before(prepared: Prepared) -> Iterator[str]:
    """Yield what people should know before a run, such as that a model is very small."""
    given = [name for name, rows in prepared.config.quotas.items() if rows]
    counts_only = prepared.task.rows.label_named is not None  # models learn more than the label
    of_task = len(prepared.task.labels)
    is_try = of_task > 1 and sum(prepared.config.quotas.values()) < _FEW
    if len(given) == 1 and of_task and not (counts_only or is_try):
        of = "the only label that gets rows, so"
        if of_task == 1:
            of = (
                "the only label, so there are no shares to balance, step 4 can only reject rows, "
                "and"
            )
        yield f"{given[0]} is {of} no classifier can learn from such a dataset"
    yield from sorted(
        {
            step.backend.caveat(step.options, len(prepared.task.labels))
            for step in prepared.steps.values()
            if step.backend.caveat is not None
        }
        - {""}
    )


def require_given(prepared: Prepared) -> None:
    """Check that given rows, if all rows come from them, contain each requested label.

    Raises:
        UsageError: rows of a label are missing.
    """
    known = prepared.task.seeding.most
    most = {} if known is None else known()
    quotas = {label: rows for label, rows in prepared.config.quotas.items() if rows}
    others = {label: rows for label, rows in quotas.items() if most.get(label, rows)}
    for label in quotas:
        if label not in others:
            more = f", or {flags(labels=others)}" if others else ""
            raise UsageError(
                f"the given rows do not contain the label {label}",
                hint="give rows with this label" + more,
            )


def log_notes_before(prepared: Prepared) -> None:
    """Log the notes for people before a run starts, such as one about a very small model."""
    for note in (*prepared.notes, *notes_before(prepared)):
        _log.warning("%s", note)


def warn_of_missing_filters(manifest: Manifest) -> None:
    """Warn about usual filters that are not installed here, and show how to install them."""
    for name in USUAL:
        if f"filter {name}" not in manifest.lock.parts:
            _log.warning("the filter %s is not installed, so rows may repeat each other", name)


EMPTY_REPLIES: str = (
    "use a model that returns text; if the server puts it into tool_calls or reasoning_content, "
    "turn off its tool or reasoning parser"
)
_REFUSED = ("refusal", "content-filter")
_UNUSABLE = (UNREADABLE, *_REFUSED)
_EMPTY = "; the model's last reply was empty"
_STRONGER: str = "use a stronger model"
_ANOTHER: str = "use a different model, since this one does not follow the prompt"
_ANSWERED: str = "change what the service refuses"
_FILTERED: str = "relax the filter that rejects most candidates"
_WILLING: str = (
    "use a different model, or reword the task so that the current model does not refuse it"
)


@dataclass(frozen=True, slots=True)
class _LastReply:
    """The last reply that could not be used.

    Attributes:
        said: what it was, or the service's reason for giving none; or "".
        remedy: what to do about it, or about the commonest rejections.
        is_cut: whether it reached `max_tokens`.
        explains: whether it alone explains why labels were given up.
    """

    said: str
    remedy: str
    is_cut: bool
    explains: bool


def explain_shortfall(error: QuotaNotMet, job: Job) -> None:
    """Let a job's error name the labels that fell short, the commonest causes, and what to do."""
    engine = job.engine
    assert engine is not None
    quotas, corrector = engine.quotas, job.manifest.lock.corrector
    causes = {name: _commonest_reason(quotas, name, corrector) for name in quotas.short}
    first, *_ = causes
    last = _last_reply(job, engine, first, causes[first])
    drops = _commonest_drop(quotas)
    hint: str
    if quotas.given_up & causes.keys():
        after = job.manifest.targets[-1].give_up_after
        why = f"gave up after {after} consecutive candidates failed to yield a row"
        why += last.said if last.explains else ""
        larger = "--give-up-after"
        hint = (
            last.remedy if last.is_cut else "resume with a larger " + larger + ", or " + last.remedy
        )
    elif engine.order.unfit:
        why = f"no item from {engine.order.unfit} can be used as a seed for this task ({drops})"
        hint = "targen list-seeds lists other seeds"
    elif engine.order.fruitless and not quotas.dropped:
        why = f"the list of {engine.order.fruitless} is empty"
        hint = "check its source: its options, the file that it reads, or its model"
    elif seeds_at_most(engine.order.specs) is not None:
        why = "all given seeds were used"
        revise = "targen revise RUN --task FILE"
        more = "or raise samples_per_seed in the task's file and run " + revise
        hint = "a run keeps its seeds: generate a new one with more seeds, " + more
    else:
        why, error.used_up, hint = _of_lists(engine, last)
        why += f" ({drops}{last.said})" if drops else ""
    rejects = _of_rejects(quotas, is_cut=last.is_cut)
    error.args = (f"{_of_labels(quotas, causes)}: {why}",)
    error.hint = hint + "; " + rejects if hint else rejects
    error.reason = causes[first]


def _of_labels(quotas: QuotaTracker, causes: Mapping[str, str]) -> str:
    """Return how many rows the labels that fell short have, and why; those alike together."""
    alike: dict[tuple[str, str], list[str]] = {}
    for name, cause in causes.items():
        have, requested = quotas.progress(name)
        most = f" (most common cause: {cause})" if cause else ""
        alike.setdefault((f"{have} of {requested} rows", most), []).append(name)
    return "; ".join(
        f"label {names[0]} has {lacks}{most}"
        if len(names) == 1
        else f"labels {', '.join(names)} have {lacks} each{most}"
        for (lacks, most), names in alike.items()
    )


def _of_lists(engine: Engine, last: _LastReply) -> tuple[str, bool, str]:
    """Return that lists ran out, whether all that they had was used, and what to do."""
    order, dropped = engine.order, engine.quotas.dropped
    steps = [*dict.fromkeys(spec.step for spec in order.specs)]
    others = not {"contexts", "seeds"}.issuperset(steps)
    lists = "list" if len(steps) == 1 else "lists"
    why = f"the {lists} of {(', ' if others else ' and ').join(steps)} ran out of new items"
    remedy = last.remedy
    if order.fruitless:  # none ever came
        why = f"no reply for the list of {order.fruitless} could be used"
        remedy = _ANOTHER if remedy is _STRONGER else remedy
    leaves = [each.specs[-1] for each in order.orders]
    written = any(leaf.fixed is not None or leaf.source.asks for leaf in leaves)
    cut_short = any(reason == "too-many-rejected" for _, reason in dropped)  # by a trial
    used_up = not (written or cut_short or order.fruitless)
    if used_up:
        used = sum(1 for _ in engine.known_seeds())
        why = (
            f"all {used:,} items of the list of {', '.join(leaf.step for leaf in leaves)} were used"
        )
    if last.is_cut or others:
        return why, used_up, remedy if last.is_cut or order.fruitless else ""
    own_lists: str = "--seeds"
    if engine.task.contexts is not None:
        own_lists = f"--contexts or {own_lists}"
    return why, used_up, remedy + ", or give your own " + own_lists


def _of_rejects(quotas: QuotaTracker, *, is_cut: bool) -> str:
    """Return where rejected candidates are listed, and how to get new replies for unusable ones."""
    kept: str = "rejects.jsonl lists what was rejected and why"
    has_rows = any(quotas.have.values())
    if has_rows:
        kept = "the rows generated so far are kept, and " + kept
    flows = (flow.reasons for flow in quotas.flows.values())
    unusable = any({*_UNUSABLE} & {*each} for each in (*flows, (why for _, why in quotas.dropped)))
    if not unusable or is_cut:
        return kept
    if not has_rows:
        return "the same command requests new replies in place of the unusable ones"
    other = "with a different --out, targen requests new replies only in place of the unusable ones"
    return kept + "; " + other


def _last_reply(job: Job, engine: Engine, label: str, cause: str) -> _LastReply:
    """Return the last unusable reply; `label` is the first that fell short, for this `cause`."""
    reasons = cause, _commonest_drop(engine.quotas).partition(": ")[2]
    # A single cut reply does not explain a hundred duplicates.
    explains = not any(reasons) or any(reason.startswith(_UNUSABLE) for reason in reasons)
    unread = job.journal.last_at(engine.unread) if engine.unread and explains else None
    unanswered = any(reason.startswith(UNANSWERED) for reason in reasons)
    said, cut_at = "", 0
    is_empty = unread is not None and not unread["text"].strip()
    if unread is not None:
        said = _EMPTY if is_empty else f"; the model replied {unread['text'][:100]!r}"
        if unread["finish"] == "length":
            cut_at, is_empty = _max_tokens(job, unread), False
            said = f"; the model's last reply was cut at max_tokens={cut_at}"
    if unanswered:
        said = f"; {engine.refusal}" if engine.refusal else ""
    remedy: str
    if cut_at:
        remedy = f"start a new run with -o max_tokens={2 * cut_at}"
    elif is_empty:
        remedy = EMPTY_REPLIES
    elif unanswered:
        remedy = (job.layer.refusal_hint if job.layer else "") or _ANSWERED
    elif any(reason.startswith(_REFUSED) for reason in reasons):
        remedy = _WILLING
    else:
        flows = [engine.quotas.flows[branch] for branch in engine.quotas.given_by[label]]
        filtered = sum(flow.rejected["filter"] for flow in flows)
        remedy = _FILTERED if filtered > sum(flow.judged for flow in flows) / 2 else _STRONGER
    return _LastReply(said, remedy, bool(cut_at), bool(cut_at) or is_empty or unanswered)


def _max_tokens(job: Job, record: Mapping[str, Any]) -> int:
    """Return the most tokens that the reply of a call in the journal could have."""
    bound = job.layer.models.get(record["step"]) if job.layer is not None else None
    return int(bound.params["max_tokens"] if bound else record["out"])


def _commonest_reason(quotas: QuotaTracker, name: str, corrector: str | None) -> str:
    """Return the commonest reason why candidates for a label were rejected, or ""."""
    reasons: Counter[str] = Counter()
    illegal = 0
    labels = quotas.have
    for branch in quotas.given_by[name]:
        flow = quotas.flows[branch]
        reasons.update(flow.reasons)
        reasons["duplicate"] += flow.duplicate
        claimed = quotas.aims[branch] is not None
        judged = "relabelled" if claimed else "labelled"
        # Without an aim, an accepted row of another label is not a loss.
        others = flow.accepted + flow.surplus if claimed else flow.surplus
        for label, count in others.items():
            # With open labels, the flow does not say which label it was.
            is_known = label != RELABELLED or label in labels
            if is_known and label != quotas.label_of(name):
                reasons[f"{judged} {label}"] += count
        illegal += flow.illegal
    (top,) = reasons.most_common(1) or [("", 0)]
    by = f" from corrector {corrector}" if top[0] == ILLEGAL and illegal else ""
    return f"{top[0]}{by}, {plural(top[1], 'time')}" if top[1] else ""


def _commonest_drop(quotas: QuotaTracker) -> str:
    """Return why most list items were left out, or ""."""
    (((step, reason), count),) = quotas.dropped.most_common(1) or [(("", ""), 0)]
    return f"{step}: {reason}, {plural(count, 'time')}" if count else ""
