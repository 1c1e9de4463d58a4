"""The plan of a revision: what has changed, which rows it concerns, and what they cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from targen_core.calls.usage import answered
from targen_core.plugins.register import MEMORY
from targen_core.runs.manifest import Manifest, as_words, flat
from targen_core.runs.plan import Prepared
from targen_core.tasks.model import Task
from targen_core.text import percent, plural, printable
from targen_standard.task_files.files import keys_of

Judged = Literal["changed", "all"]
"""The rows that step 4 judges again: those that a change concerns, or all."""

_NO_ROW = frozenset("draft name summary source presets".split())
"""Keys of a task's file that decide no row."""

_NO_TEXT = frozenset("balance checks filters give_up_after kept rows samples".split())
"""Keys that may differ while texts stay: all rows pass checks and filters again."""

_OF_JUDGE = frozenset("corrector instructions judge unsure".split())


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is otherwise than in the run.

    Attributes:
        name: what it is: a key of the task's file, or of the run's record, with dots.
        was: how it was, in words; None if it is new.
        now: its present value; None if it was removed.
    """

    name: str
    was: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class Concerned:
    """What changes concern.

    Attributes:
        texts: whether all texts are written again.
        judgements: whether all rows are judged again.
        labels: labels and branches whose texts are written again.
        mistaken: labels whose rows are judged again: those of changed samples.
    """

    texts: bool = False
    judgements: bool = False
    labels: frozenset[str] = frozenset()
    mistaken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """The plan for the rows of a label.

    Attributes:
        requested: rows that the revised run is to have.
        kept: rows that remain unchanged, with their judgement.
        judged: rows whose text stays, and which step 4 judges again.
        written: new rows.
    """

    requested: int
    kept: int
    judged: int
    written: int


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls by what they are for.

    Attributes:
        lists: for contexts, seeds, and rows that are written many at a time.
        texts: step 3.
        judgements: step 4.
    """

    lists: int
    texts: int
    judgements: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.lists + self.texts + self.judgements


@dataclass(frozen=True, slots=True, repr=False)
class RevisionPlan:
    """The plan that `targen revise` shows before it makes calls.

    Attributes:
        run: the run that is revised, which is not changed.
        changes: what differs, in the order of its names.
        labels: what becomes of each label's rows.
        calls: the expected calls, if as many are needed for each row as in the run. Replies that
            the cache has are among them, and are free.
        before: those that the run took, its cache's replies among them.
        dollars: what `calls` are expected to cost; None if a price is unknown.
        renamed: labels with a new name and the old definition: old name → new name.
    """

    run: str
    changes: tuple[Change, ...]
    labels: Mapping[str, LabelPlan]
    calls: Calls
    before: Calls
    dollars: float | None
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """The calls as a share of those that the run took; 0 if it took none."""
        return self.calls.total / self.before.total if self.before.total else 0.0

    def __repr__(self) -> str:
        """Return a line for each change and each label, and the calls, for notebooks."""
        changes = [f"  {each.name}: {each.was} -> {each.now}" for each in self.changes]
        rows = [
            f"  {name}: {of.kept} rows kept, {of.judged} judged again, {of.written} written"
            for name, of in self.labels.items()
        ]
        cost = "" if self.dollars is None else f", about ${self.dollars:,.2f}"
        calls = (
            f"  {plural(self.calls.total, 'call')}, {percent(self.share)} of the run's calls{cost}"
        )
        return printable("\n".join([f"<RevisionPlan of {self.run}", *changes, *rows, f"{calls}>"]))

    @property
    def asks(self) -> bool:
        """Return whether rows are to be written or judged."""
        return any(of.written or of.judged for of in self.labels.values())

    @property
    def said(self) -> str:
        """Return the message that no revision is needed."""
        return f"nothing differs from {self.run}, so no revision is needed"

    @property
    def raw(self) -> dict[str, Any]:
        """Return the whole plan as JSON, as `--json` prints it."""
        return {**asdict(self), "share": round(self.share, 4)}


# --- what has changed ----------------------------------------------------------


def changes_between(was: Manifest, now: Manifest, files: tuple[Path, Path]) -> tuple[Change, ...]:
    """Return the differences that decide rows, by the keys of the task's file if there is one.

    `files` are the folders with each run's copy of it.
    """
    found = list[Change]()
    if all(each.task_file.endswith(".json") for each in (was, now)):
        copies = [at / each.task_file for at, each in zip(files, (was, now), strict=True)]
        found += _between(*(flat(keys_of(file)) for file in copies))
    sides = [_recorded(was, now), _recorded(now, was)]
    # Options of a judge that was removed or replaced do not count as a change of their own.
    others = (
        ("steps.correct.", "parts.corrector.") if was.lock.corrector != now.lock.corrector else ()
    )
    left_out = (*others, *(("task.",) if was.task_file and now.task_file else ()))
    found += _between(
        *({k: v for k, v in side.items() if not k.startswith(left_out)} for side in sides)
    )
    deciding = [each for each in found if each.name.partition(".")[0] not in _NO_ROW]
    return tuple(deciding)


def _recorded(one: Manifest, beside: Manifest) -> dict[str, Any]:
    """Return what decides a run's rows, by dotted names; with the rows of its last target only."""
    said = one.compared(beside)
    for name in ("targets", "kept"):
        said.pop(name, None)
    # A run does not know an object's options, so only its identity distinguishes it.
    objects = {
        f"steps.{name}.model": step.identity
        for name, step in one.steps.items()
        if step.backend.startswith(f"{MEMORY}:")
    }
    rows = {f"rows.{label}": rows for label, rows in one.targets[-1].quotas.items()}
    return {**said, **objects, **rows}


def _between(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*was, *now]):
        if was.get(name) != now.get(name):
            sides = [as_words(side[name]) if name in side else None for side in (was, now)]
            yield Change(name, *sides)


# --- what that concerns --------------------------------------------------------


def concerned(changes: tuple[Change, ...], was: Task[Any, Any], now: Prepared) -> Concerned:
    """Return what changes concern; one that is not known to concern less concerns all texts."""
    labels = _redefined(was, now.task)
    texts = judgements = False
    parts = now.lock.parts
    by_filters = {f"filter {each.id.partition(':')[2]}" for each in now.filters if each.part.shapes}
    options = {name for part in parts.values() for name in part.options}
    prompts = [f"task.prompts.{name}" for part in parts.values() for name in part.prompts]
    of_judge = ("steps.correct", "parts.corrector", "task.instructions", *prompts)
    of_task = {each.name for each in changes if each.name.startswith("task.")}
    for change in changes:
        name, (first, *rest) = change.name, change.name.split(".", 2)
        if first in ("labels", "branches") and rest:
            labels |= set() if name.endswith(".value") else {rest[0]}
        elif (
            first in _OF_JUDGE
            or name.startswith(("steps.correct", "parts.corrector"))
            or name in of_judge
        ):
            judgements = True
        elif name.startswith("task.definitions."):
            labels |= {rest[1]}
        elif name == "task.version" and (labels or len(of_task) > 1):
            pass  # the other changes say what is otherwise
        elif name.startswith(("task.labels", "task.branches")):
            pass  # as above
        elif first == "parts" and rest[0].startswith(("check ", "filter ")):
            texts |= rest[0] in by_filters
        elif first in _NO_TEXT or name in options:
            pass
        else:
            texts = True
    return Concerned(texts, judgements, frozenset(labels), _of_samples(was, now.task))


def _redefined(was: Task[Any, Any], now: Task[Any, Any]) -> set[str]:
    """Return the labels that are new, removed or have another definition."""
    sides = [{(label.name, label.summary) for label in task.labels} for task in (was, now)]
    return {name for name, _ in sides[0] ^ sides[1]}


def _of_samples(was: Task[Any, Any], now: Task[Any, Any]) -> frozenset[str]:
    """Return the labels of worked samples that have changed."""
    found = set[str]()
    for sample in {*was.judging.samples} ^ {*now.judging.samples}:
        for answer in (sample.output, sample.actual):
            found.update([answer] if isinstance(answer, str) else answer)
    return frozenset(found)


def renamed(was: Task[Any, Any], now: Task[Any, Any]) -> dict[str, str]:
    """Return labels with a new name and the old definition, if a `value` could do the same."""
    before, after = ({label.name: label.summary for label in task.labels} for task in (was, now))
    found = {
        old: [new for new in after if new not in before and after[new] == summary]
        for old, summary in before.items()
        if old not in after and summary
    }
    return {old: new[0] for old, new in found.items() if len(new) == 1}


# --- what it takes ---------------------------------------------------------------

_KINDS = {"generate": "texts", "correct": "judgements"}


def expected(
    report: Mapping[str, Any], labels: Mapping[str, LabelPlan], *, lists: bool
) -> tuple[Calls, Calls, float | None]:
    """Return the calls to expect, those of the run, and what the former are expected to cost.

    `lists` is whether lists are written again in proportion to the rows.
    """
    counts, tokens = Counter[str](), dict[str, list[float]]()
    of_lists = Counter[str]()
    priced = True
    for of in report["usage"]["by_step"]:
        kind, price = _KINDS.get(of["step"], "lists"), report["prices"].get(of["step"])
        counts[kind] += answered(of)
        if kind == "lists":
            of_lists[of["step"]] += answered(of)
        priced = priced and price is not None
        if price is not None:
            paid = tokens.setdefault(kind, [0.0, 0.0])
            for way, name in (("in", "input_tokens"), ("out", "output_tokens")):
                paid[0] += (of[name] + of[f"saved_{name}"]) * price[way] / 1e6
            paid[1] += answered(of)
    rows = sum(report["rows"].values()) or 1
    judged = sum(flow["judged"] for flow in report["flow"].values()) or 1
    written = sum(of.written for of in labels.values())
    again = sum(of.judged for of in labels.values())

    calls = Calls(
        sum(math.ceil(count * written / rows) for count in of_lists.values()) if lists else 0,
        math.ceil(counts["texts"] * written / rows),
        math.ceil(counts["judgements"] * (written / rows + again / judged)),
    )
    dollars = sum(
        float(getattr(calls, kind)) * paid / max(1, count) for kind, (paid, count) in tokens.items()
    )
    before = Calls(counts["lists"], counts["texts"], counts["judgements"])
    return calls, before, dollars if priced else None
