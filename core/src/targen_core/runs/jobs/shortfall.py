"""Why a run fell short of its quotas, and what to do about it, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from targen_core.engine.quota_tracker import (
    ILLEGAL,
    RELABELLED,
    UNANSWERED,
    UNREADABLE,
    QuotaTracker,
)
from targen_core.engine.seeds import seeds_at_most
from targen_core.text import plural

if TYPE_CHECKING:
    from targen_core.engine.run import Engine
    from targen_core.errors import QuotaNotMet
    from targen_core.runs.jobs.job import Job

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


def explain(error: QuotaNotMet, job: Job) -> None:
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
