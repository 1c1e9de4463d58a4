"""Revisions: a run made again for a changed task, which begins with the rows that stay.

Rows whose labels have not changed are kept as they are, with their provenance and the replies that
they rest on. The revision then asks for what is lacking, as an extension does.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from targen_core.calls.journal import Journal
from targen_core.calls.usage import check_record
from targen_core.cli.outputs import new_folder, put_folder
from targen_core.engine.kept import FILE
from targen_core.errors import Rejected, RunConflict, TargenError
from targen_core.plugins.registry import Registry
from targen_core.reading.lines import read_jsonl
from targen_core.runs.directory import RunDirectory
from targen_core.runs.files import write_atomically
from targen_core.runs.job import note_begun
from targen_core.runs.manifest import Manifest
from targen_core.runs.permissions import sign_run
from targen_core.runs.place import is_fresh
from targen_core.runs.plan import prepare
from targen_core.runs.report import read_report
from targen_core.tasks.model import Task
from targen_standard.batches.ledger import BatchLedgerFile
from targen_standard.recorded import stand_ins
from targen_standard.replaying.again import Again, known_sources
from targen_standard.replaying.replay import COPIED, reply_of
from targen_standard.revising.plan import (
    Concerned,
    Judged,
    LabelPlan,
    RevisionPlan,
    changes_between,
    concerned,
    expected,
    renamed,
)

Line = Mapping[str, Any]
"""A line of the file of kept rows; see `targen_core.engine.kept.Kept`."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision before its first file.

    Attributes:
        again: the run, and what it would be now.
        plan: what it changes, keeps and asks.
        kept: the rows that it begins with.
        lists: whether the replies of lists stay.
    """

    again: Again
    plan: RevisionPlan
    kept: list[Line]
    lists: bool

    def begin(self, out: Path) -> tuple[Path, Registry]:
        """Make it, without calls; return its path and the registry of its parts.

        Raises:
            RunConflict: something else appeared there since it was planned.
        """
        # Resolved, since a folder such as "." has no name from which to derive a sibling's.
        out = out if out.name.strip(".") else out.resolve()
        with new_folder(out.with_name(f".{out.name}.part")) as folder:
            made = folder / token_hex(8)  # another process that starts here only claims its own
            manifest = self._make(made)
            if out.exists() and not is_fresh(out):
                if is_same(out, manifest):  # another process began it
                    return out, self.again.registry
                raise taken(out)
            # Complete at once: the remains of a killed process never count as a revision.
            put_folder(made, out)
            sign_run(manifest, out, {self.again.run: self.again.there})
            note_begun(out)
        return out, self.again.registry

    @property
    def manifest(self) -> Manifest:
        """Return its manifest."""
        digest = hashlib.sha256(self._text.encode("utf-8", "backslashreplace")).hexdigest()
        return self.again.manifest(kept=digest, revision=self.again.there.revision + 1)

    @property
    def _text(self) -> str:
        """The file of kept rows."""
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.kept)

    def _make(self, made: Path) -> Manifest:
        directory = RunDirectory(made)
        with contextlib.closing(directory):
            manifest = self.manifest
            write_atomically(made / FILE, self._text)
            self.again.prepared.keep_in(made)
            self._copy_replies(directory)
            manifest.save(directory.manifest)
        return manifest

    def _copy_replies(self, directory: RunDirectory) -> None:
        """Begin the journal with the replies that kept rows rest on, and with those of lists."""
        keys = {key for line in self.kept for key in line["provenance"]["calls"]}
        lists = {step.name for step in self.again.prepared.task.steps if step.lists is not None}
        lists = lists if self.lists else set()
        records = Journal(directory.journal, on_record=lambda record: None)

        def copy(record: dict[str, Any]) -> None:
            if "key" in record and (record["key"] in keys or record.get("step") in lists):
                check_record(record)
                records.append({**reply_of(record), **COPIED})

        source = self.again.run / "journal"
        with contextlib.closing(records):
            if source.exists():
                Journal(source, on_record=copy, read_only=True).close()
        if BatchLedgerFile(self.again.run).imported:
            BatchLedgerFile(directory.path).bring(0)  # the card says who answered


def revision_of(again: Again, *, judge: Judged = "changed", rewrites: bool = True) -> Revision:
    """Return the revision of a run: which rows it keeps, and what it takes.

    Raises:
        TargenError: the task as it was cannot be read any more.
    """
    there, run, now = again.there, again.run, again.prepared
    was = prepare(
        again.registry,
        there.asked(run),
        admit=known_sources(there, run),
        recorded=there.lock,
        making=stand_ins(there.lock.steps),
    ).task
    manifest = again.manifest()
    with TemporaryDirectory(prefix="targen-") as folder:
        now.keep_in(Path(folder))
        changes = changes_between(there, manifest, (run, Path(folder)))
    found = concerned(changes, was, now)
    quotas = manifest.targets[-1].quotas.over(now.task.quota_names)
    kept, rows = list[Line](), {label: Counter[str]() for label in quotas}
    for line in _kept(again, was, found, rewrites=rewrites, judge=judge):
        label, count = line["provenance"]["label"], len(line["rows"])
        label = label if label in rows else next(iter(rows))  # open labels have one quota
        if rows[label].total() + count <= quotas[label]:
            rows[label]["kept" if line["judged"] else "judged"] += count
            kept.append(line)
    if not all(line["judged"] for line in kept):
        verdicts = _verdicts(run)
        kept = [line if line["judged"] else _without(line, verdicts) for line in kept]
    labels = {
        label: LabelPlan(count, of["kept"], of["judged"], count - of.total())
        for label, count in quotas.items()
        for of in (rows[label],)
    }
    grows = any(step.told_rows for step in now.task.chain)
    calls, before, dollars = expected(read_report(run), labels, lists=found.texts or grows)
    plan = RevisionPlan(str(run), changes, labels, calls, before, dollars, renamed(was, now.task))
    return Revision(again, plan, kept, not found.texts)


def _kept(
    again: Again, was: Task[Any, Any], found: Concerned, *, rewrites: bool, judge: Judged
) -> Iterator[Line]:
    """Yield the rows that stay, in their order."""
    run, task = again.run, again.prepared.task
    if found.texts:
        return
    judges = again.prepared.corrector is not None
    all_again = judge == "all" or found.judgements
    dataset = read_jsonl(run / "dataset.jsonl")
    changed = found.labels | ({*was.branches} ^ {*task.branches})
    for provenance in read_jsonl(run / "provenance.jsonl"):
        rows = [*islice(dataset, provenance["rows"])]
        of = {provenance["intended"], provenance["label"]}
        gone = provenance["intended"] not in task.branches
        relabelled = not judges and again.there.lock.corrector is not None and len(of) > 1
        if gone or relabelled or (rewrites and of & changed) or _is_removed(task, provenance):
            continue
        judged = not (judges and (all_again or of & (changed | found.mistaken)))
        rows = _official(rows, provenance["label"], was, task)
        if _reads(task, rows):
            yield {"rows": rows, "provenance": provenance, "judged": judged}


def _reads(task: Task[Any, Any], rows: list[dict[str, Any]]) -> bool:
    """Return whether the task, as it is now, can have rows."""
    try:
        return len(task.from_rows(rows)) == 1
    except (ValidationError, Rejected):
        return False


def _is_removed(task: Task[Any, Any], provenance: Mapping[str, Any]) -> bool:
    return bool(task.labels) and provenance["label"] not in task.quota_names


def _official(
    rows: list[dict[str, Any]], label: str, was: Task[Any, Any], now: Task[Any, Any]
) -> list[dict[str, Any]]:
    """Return rows with the value that their label has now."""
    sides = [{one.name: one.official for one in task.labels}.get(label) for task in (was, now)]
    if sides[0] == sides[1]:
        return rows
    return [{**row, "label": sides[1]} if row.get("label") == sides[0] else row for row in rows]


def _verdicts(run: Path) -> Set[str]:
    """Return the keys of the calls of step 4."""
    keys = set[str]()

    def note(record: Mapping[str, Any]) -> None:
        if record.get("step") == "correct" and "key" in record:
            keys.add(record["key"])

    Journal(run / "journal", on_record=note, read_only=True).close()
    return keys


def _without(line: Line, verdicts: Set[str]) -> Line:
    """Return a row that is judged again without the calls that judged it."""
    calls = [key for key in line["provenance"]["calls"] if key not in verdicts]
    return {**line, "provenance": {**line["provenance"], "calls": calls}}


def taken(out: Path) -> RunConflict:
    """Return the error for a place that holds something."""
    return RunConflict(
        f"{out} exists", hint="choose a different --out: a revision creates a new run"
    )


def is_same(place: Path, manifest: Manifest) -> bool:
    """Return whether a place holds this very revision, started by a process that was stopped."""
    try:
        there = Manifest.load(place / "manifest.json")
    except TargenError:
        return False
    return not there.differences(manifest) and (there.replay_of, there.kept) == (
        manifest.replay_of,
        manifest.kept,
    )
