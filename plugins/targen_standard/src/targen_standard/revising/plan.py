"""The plan of a revision: changes, kept rows, new calls, and their cost."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from targen_core.calls.usage import Usage, answered
from targen_core.plugins.register import MEMORY
from targen_core.runs.folder.report import read_report
from targen_core.runs.records.manifest import Manifest, as_words, flat
from targen_core.text import percent, plural, printable
from targen_standard.revising.revision import Judged, Revision
from targen_standard.task_files.files import keys_of

_DECIDE_NO_ROW = ("draft", "name", "summary", "source", "presets")  # keys of a task's file


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
class LabelPlan:
    """The plan for the rows of a label.

    Attributes:
        requested: rows that the revised run is to have.
        kept: rows that remain unchanged, with their judgement.
        judged: rows whose text stays, and which step 4 judges again.
        written: new rows, whose texts are written or were never judged.
    """

    requested: int
    kept: int
    judged: int
    written: int


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls by what they are for.

    Attributes:
        lists: for contexts and seeds.
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
        judged: which rows step 4 judges again, "all" or "changed".
        rewrites: whether the texts of changed labels are written again.
        carried: replies that are taken over although their prompts have changed.
        calls: the expected calls of the revision. They are exact if the run refused no text.
            Otherwise, the revision is expected to refuse as many of a label's texts per row.
        cached: those that replies of other runs answer, for free.
        before: those that the run took, its cache's replies among them.
        saved: how many judgements less `judged` "changed" would take.
        dollars: what `calls` are expected to cost; None if a price is unknown.
        ahead: more calls that may be made ahead of time, though not needed, if their share is that
            of the run.
        renamed: labels with a new name and the old definition: old name → new name.
    """

    run: str
    changes: tuple[Change, ...]
    labels: Mapping[str, LabelPlan]
    judged: Judged
    rewrites: bool
    carried: int
    calls: Calls
    cached: Calls
    before: Calls
    saved: int
    dollars: float | None
    ahead: int
    renamed: Mapping[str, str]

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
    def said(self) -> str:
        """Return the message that no revision is needed."""
        return f"nothing differs from {self.run}, so no revision is needed"

    @property
    def is_least(self) -> bool:
        """Return whether more calls are likely, as another corrector may reject more rows."""
        changed = {change.name.partition(".")[0] for change in self.changes}
        return "corrector" in changed and self.calls.judgements > 0

    @property
    def raw(self) -> dict[str, Any]:
        """Return the whole plan as JSON, as `--json` prints it."""
        return {**asdict(self), "share": round(self.share, 4)}


def plan_of(job: Revision) -> RevisionPlan:
    """The plan of a revision that has run, so that what it lacks is known.

    It was rehearsed: what it lacks was made up.
    """
    assert job.report is not None and job.rehearsal is not None
    before, report, made = read_report(job.of), job.report, job.rehearsal
    rows: dict[str, Counter[str]] = {label: Counter() for label in report["requested"]}
    with (job.path / "provenance.jsonl").open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            is_new = row["id"] in made.written or row["id"] in made.unjudged
            is_judged = row["id"] in made.judged
            what = "written" if is_new else "judged" if is_judged else "kept"
            rows[row["label"] if row["label"] in rows else "any"][what] += row["rows"]
    labels = {
        label: LabelPlan(requested, *(rows[label][name] for name in ("kept", "judged", "written")))
        for label, requested in report["requested"].items()
    }
    fresh = _calls_of(before)
    if job.before.replay_of:  # whose journal holds what its own run asked, too
        judged = sum(flow["judged"] for flow in before["flow"].values())
        fresh = Calls(fresh.lists, judged, judged if job.before.lock.corrector is not None else 0)
    calls, cached = (_by_kind(each) for each in (made.sent, made.cached))
    # Made-up replies are never refused. So add as many as were refused in the run.
    texts = round(calls.texts * _refused(before, made.written))
    each = calls.judgements / max(1, len(made.written) + len(made.judged))
    calls = replace(
        calls, texts=calls.texts + texts, judgements=calls.judgements + round(texts * each)
    )
    changes = _deciding(tuple(_changes(job)))
    other = any(counts["judged"] + counts["written"] for counts in rows.values())
    if not changes and before["status"] == "complete" and other:
        # A run keeps only the version of a task in code, not its prompts.
        version = job.manifest.task.version
        changes = (
            Change("task", f"version {version}", f"version {version}, which asks otherwise"),
        )
    unused = before["unused_calls"] or 0
    return RevisionPlan(
        str(job.of),
        changes,
        labels,
        job.judged,
        job.rewrites,
        job.carried,
        calls,
        cached,
        fresh,
        0 if job.judged == "changed" else job.spared,
        _dollars(calls, job.usage, before["prices"]),
        round(calls.total * unused / max(1, fresh.total - unused)),
        job.renamed,
    )


_KINDS = {"generate": "texts", "correct": "judgements"}


def _calls_of(report: Mapping[str, Any]) -> Calls:
    """The calls of a run, those among them that a cache answered."""
    counts: Counter[str] = Counter()
    for of in report["usage"]["by_step"]:
        counts[of["step"]] += answered(of)
    return _by_kind(counts)


def _by_kind(steps: Mapping[str, int]) -> Calls:
    """Calls that are counted by step."""
    counts: Counter[str] = Counter()
    for step, count in steps.items():
        counts[_KINDS.get(step, "lists")] += count
    return Calls(counts["lists"], counts["texts"], counts["judgements"])


def _refused(report: Mapping[str, Any], written: Mapping[str, str]) -> float:
    """Return how many candidates to expect in vain for each of those to write, as in the run.

    `written` has the branch of each. Duplicates may be far more frequent in one branch than in
    others. A branch that the run did not have counts as the run as a whole.
    """
    flows = report["flow"]
    wanted = Counter(written.values())
    every = _in_vain(flows.values())
    lost = sum(
        count * (_in_vain([flows[branch]], every) if branch in flows else every)
        for branch, count in wanted.items()
    )
    return lost / len(written) if written else 0.0


def _in_vain(flows: Collection[Mapping[str, Any]], unknown: float = 0.0) -> float:
    """Return the candidates that were not accepted, per accepted one; `unknown` if none was."""
    rows = sum(sum(flow["accepted"].values()) for flow in flows)
    return sum(flow["judged"] for flow in flows) / rows - 1 if rows else unknown


def _dollars(calls: Calls, usage: Usage, prices: Mapping[str, Any]) -> float | None:
    """Return the cost of calls with the mean tokens of those that `usage` counts as saved.

    In a rehearsal these are the replies of the run, without lost calls, which count with the most
    that they may have taken.
    """
    paid: dict[str, list[float]] = {}
    for (step, _), of in usage.by_place.items():
        price = prices.get(step)
        if price is None:
            return None
        tokens = {"in": of.saved_input_tokens, "out": of.saved_output_tokens}
        kind = paid.setdefault(_KINDS.get(step, "lists"), [0.0, 0.0])
        kind[0] += sum(tokens[way] * price[way] / 1e6 for way in tokens)
        kind[1] += of.answered
    return sum(
        float(getattr(calls, kind)) * dollars / count
        for kind, (dollars, count) in paid.items()
        if count
    )


def _changes(job: Revision) -> Iterator[Change]:
    """Yield the differences, by the keys of the task's file if there is one."""
    was, now = job.before, job.manifest
    if all(each.task_file.endswith(".json") for each in (was, now)):
        files = [run / each.task_file for run, each in ((job.of, was), (job.path, now))]
        yield from _between(*(flat(keys_of(file)) for file in files))
    sides = [_recorded(was, now), _recorded(now, was)]
    # A time-out decides no reply: what of its options does is in a model's identity.
    alike = tuple(
        f"steps.{name}.options"
        for name, step in was.steps.items()
        if name in now.steps and now.steps[name].identity == step.identity
    )
    # Options of a judge that was removed or replaced do not count as a change of their own.
    others = (
        ("steps.correct.", "parts.corrector.") if was.lock.corrector != now.lock.corrector else ()
    )
    left_out = (*alike, *others, *(("task.",) if was.task_file and now.task_file else ()))
    yield from _between(
        *({k: v for k, v in side.items() if not k.startswith(left_out)} for side in sides)
    )


def _deciding(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Return those that decide rows, such as not the name of a copy; all if none does."""
    found = (each for each in changes if each.name.partition(".")[0] not in _DECIDE_NO_ROW)
    return tuple(found) or changes


def _recorded(one: Manifest, beside: Manifest) -> dict[str, Any]:
    """Return what decides a run's rows, by dotted names; with the rows of its last target only."""
    said = flat(one.deciding()) | one.parts_beside(beside)
    del said["targets"]
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
