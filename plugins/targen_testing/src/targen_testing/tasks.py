"""`TaskSuite`: the checks that every task must pass.

    from targen_testing.tasks import TaskSuite as Suite

    class TestTickets(Suite):
        task = "tickets"

Every check runs the task for real, on the scripted backend: with the replies
of its dry-run replies, with bad ones, and with hostile ones.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar

import pytest

from targen_core.dataset.model import Dataset
from targen_core.errors import QuotaNotMet, Rejected
from targen_core.plugins import loader
from targen_core.plugins.loader import load_registry
from targen_core.runs.job import Job
from targen_core.runs.manifest import Manifest
from targen_core.tasks.fields import named
from targen_core.tasks.model import Task
from targen_core.tasks.parts import Case
from targen_testing import trials
from targen_testing.chance import homes_of
from targen_testing.folder import sources_with
from targen_testing.forks import elsewhere
from targen_testing.runs import RunSuite, Watched
from targen_testing.suite import Suite, fail
from targen_testing.trials import HOSTILE, Trial, job_of

_HOSTILE_ROWS = 320  # of all labels together, at most
_SHOWN = 12  # labels whose samples still fit a prompt
_BAD = {"garbage_rate": 0.12, "cut_rate": 0.08, "empty_rate": 0.06, "refusal_rate": 0.06}


class TaskSuite(RunSuite):
    """Checks of a task; set `task` to its registered name.

    Attributes:
        task: the registered name.
        rows: the rows per label; raise it if labels are rare.
    """

    task: ClassVar[str]
    kind = "task"

    # --- how the tests run it ---

    def target(self) -> Task[Any, Any]:
        """The task."""
        task: Task[Any, Any] = self.registry().get("task", self.task)
        return task

    def trial(self, folder: Path, *, order: int | None = None, **values: Any) -> Trial:
        """Run a job of `rows` rows per label; see `RunSuite.trial`."""
        job = job_of(self.target(), self.task, self.rows, **values)
        return trials.generate(self.registry(), job, folder, order)

    def homes(self) -> tuple[str, ...]:
        """Return where the task's code is."""
        task = self.target()
        lists = [part for s in task.chain for part in (s.propose, s.check, s.key, s.item)]
        groups = [
            getattr(group, part.name)
            for group in (task.judging, task.rows, task.texts)
            for part in fields(group)
        ]
        parts: Sequence[Any] = [*task.generators.values(), *task.checks, *lists, *groups]
        return homes_of(*(p for p in (*parts, task.instance, task.calls.dry_run) if callable(p)))

    @pytest.fixture
    def hostile(self, tmp_path_factory: pytest.TempPathFactory) -> Trial:
        """A run with hostile replies and many rows, which may fall short."""
        task = self.target()
        rows = max(self.rows, min(40, _HOSTILE_ROWS // len(task.quota_names)))
        config = job_of(task, self.task, rows, options=HOSTILE, give_up_after=40)
        folder = tmp_path_factory.mktemp("hostile") / "run"
        return self.kept("hostile", lambda: trials.generate(self.registry(), config, folder))

    # --- what is written down ---

    def test_described(self) -> None:
        """It has a summary, a version, a description, and the name under which it is registered."""
        item, task = self.registry().find("task", self.task), self.target()
        assert item.summary.strip(), "register it with a summary: the listings show it"
        for name in ("summary", "version", "description"):
            assert getattr(task, name).strip(), f"Task.{name} is empty"
        assert task.name == item.name, f"it is registered as {item.name}, but named {task.name}"

    def test_prompts_fill(self) -> None:
        """Every prompt can be read and ends with a user turn."""
        every = self.target().every_prompt
        for prompt in every:
            try:
                values: dict[str, object] = dict.fromkeys(prompt.variables, "x")
                inserted = {
                    line.split()[2]
                    for line in prompt.text.splitlines()
                    if line.startswith("--- insert")
                }
                values.update(dict.fromkeys(inserted, ()))
                messages = prompt.fill(values)
            except (OSError, ValueError) as error:
                fail(f"prompt {prompt.name} cannot be read: {error}")
            assert messages, f"prompt {prompt.name} is empty"
            assert messages[-1].role == "user", (
                f"prompt {prompt.name} does not end with a user turn"
            )

    def test_prompts_are_listed(self, good: Trial) -> None:
        """All prompts are in `Task.prompts` or a part's `prompts`, for the manifest."""
        listed = {prompt.name for prompt in self.target().every_prompt}
        parts = Manifest.load(good.folder / "manifest.json").lock.parts.values()
        missing = good.asked.difference(listed, *(part.prompts for part in parts))
        assert not missing, f"Task.prompts lacks {', '.join(sorted(missing))}"

    def test_samples_cover_right_and_wrong(self) -> None:
        """The samples for step 4 show correct and incorrect outputs for each label.

        If a prompt cannot show all labels, this holds for some of them.
        """
        task = self.target()
        if task.judging.corrector != "meta" or not task.labels:
            return
        names = {label.name for label in task.labels}
        right = {s.actual for s in task.judging.samples if s.actual == s.output}
        if len(names) > _SHOWN:
            assert right, "no sample shows a right output"
            assert len(right) < len(task.judging.samples), "no sample shows a wrong output"
            return
        assert right == names, (
            f"the samples show right outputs for {right}, but the labels are {names}"
        )
        wrong = {s.actual for s in task.judging.samples if s.actual != s.output}
        missing = names - wrong - {"no_valid_instance"}
        assert not missing, f"no sample shows a wrong output whose actual label is {missing}"
        assert all(s.explanation for s in task.judging.samples), "a sample has no explanation"

    def test_has_checks(self) -> None:
        """It has checks; otherwise it would accept anything that parses."""
        assert self.target().checks, "Task.checks is empty"

    # --- with good replies ---

    def test_makes_rows(self, watched: Watched) -> None:
        """With good replies, a run gets all its rows, each official and with its provenance."""
        trial, seen = watched
        if isinstance(trial.error, OSError) or isinstance(
            getattr(trial.error, "__cause__", None), OSError
        ):
            pytest.skip("a prompt cannot be read: see prompts-fill")
        if isinstance(trial.error, QuotaNotMet) and not seen:
            fail(
                f"{trial.error}; vary the replies of its dry_run or, if it cannot make more rows, "
                "set `rows` in its suite"
            )
        super().test_makes_rows(watched)
        if trial.error is None:
            task = self.target()
            assert len(trial.rows) == self.rows * task.rows_per_instance * len(task.quota_names)
            assert sum(entry["rows"] for entry in trial.provenance) == len(trial.rows)
            if problem := trials.unofficial(task, trial):
                fail(problem)

    def test_labels_come_from_the_set(self, good: Trial, hostile: Trial) -> None:
        """Every row has a label from the set; any other label is rejected."""
        task = self.target()
        if not task.labels:
            return
        values = [label.official for label in task.labels]
        for row in (*good.rows, *hostile.rows):
            if "label" in row:
                assert row["label"] in values, f"{row['label']!r} is not a label of {task.name}"
        instance, *_ = task.from_rows(good.rows[: task.rows_per_instance])
        with pytest.raises(Rejected) as caught:
            task.with_label(instance, "no-such-label")
        assert caught.value.reason == "illegal-label"

    def test_calls_give_several(self, good: Trial) -> None:
        """A call returns `instances_per_call` instances, and its prompt requests that number."""
        several = self.target().seeding.instances_per_call
        last = several - 1
        places = [record["id"].rpartition("/")[2] for record in (*good.provenance, *good.made)]
        if places and all(int(place) % several != last for place in places):
            fail(
                f"instances_per_call is {several}, but no call returned that many: return a list "
                "of them, and state the number in the prompt"
            )

    def test_rows_read_back(self, good: Trial) -> None:
        """An instance read back from a row produces the same row again."""
        problem = trials.misread(self.target(), good)
        if problem:
            fail(problem)

    def test_texts_are_there(self, good: Trial) -> None:
        """The paths in `Task.fields` lead to texts in its rows, which the analysis reads."""
        task = self.target()
        for path in task.fields:
            values = [value for row in good.rows for value in named(row, path)]
            if not any(isinstance(part, str) for value in values for part in _parts(value)):
                fail(f"the rows do not have a text at {path!r}: see Task.fields")

    def test_cases_are_read(self, good: Trial) -> None:
        """`Rows.cases` finds labelled cases in each row, with the same text and cue names."""
        task = self.target()
        if task.rows.cases is None:
            return
        labels: set[str] = set()
        forms: set[tuple[Any, ...]] = set()
        for row in good.rows:
            cases = _cases(task, row)
            if not cases:
                fail(f"Rows.cases returns no cases for {json.dumps(row)[:200]}")
            labels |= {case.label or str(row.get("label", "")) for case in cases}
            forms |= {_form(case) for case in cases}
            if "label" in row:
                _cases(task, {name: value for name, value in row.items() if name != "label"})
        if "" in labels or len(labels) < (1 if len(task.labels) == 1 else 2):
            fail(f"the labels of the cases are {sorted(labels)}: two different labels are needed")
        if len(forms) > 1:
            fail("its cases differ in the names of texts or cues, or in how many numbers a cue has")

    @pytest.mark.parametrize("corrector", ["meta", "meta-paper", "blind", "vote"])
    def test_every_corrector_judges_it(self, good: Trial, tmp_path: Path, corrector: str) -> None:
        """Every corrector can judge its instances, and returns a label or a reason for each."""
        task = self.target()
        dataset = Dataset("made", task, good.rows)
        config = job_of(task, self.task, self.rows, corrector=corrector)
        judged = trials.correct(self.registry(), config, dataset, tmp_path / "corrected")
        if judged.error is not None:
            fail(f"judging by the corrector {corrector} fails: {judged.error}")
        flows = judged.report["flow"].values()
        assert sum(flow["judged"] for flow in flows) == len(list(dataset.instances))
        for flow in flows:
            assert set(flow["accepted"]) <= {*task.quota_names, "relabelled"}
            assert all(flow["reasons"])

    def test_variants_generate(self, good: Trial, tmp_path: Path) -> None:
        """A run of each variant meets its quotas."""
        for name, variant in self.target().variants.items():
            trial = self.trial(tmp_path / name, variants=(name,))
            if trial.error is not None:
                fail(f"a run of the variant {name} fails: {trial.error}")
            assert variant.summary, f"variant {name} has no summary, which says what differs"

    def test_same_bytes_in_another_process(self, good: Trial, tmp_path: Path) -> None:
        """Another process makes the same rows, whatever the order of sets or value of `id()`."""
        if type(self).registry is not Suite.registry or type(self).target is not TaskSuite.target:
            pytest.skip("its plugins are created in the test")
        require_same_elsewhere(good, self.task, self.rows, self.folder, tmp_path)

    # --- with bad and hostile replies ---

    def test_bad_replies_make_no_rows(self, good: Trial, tmp_path: Path) -> None:
        """Even if a third of all replies are bad, all rows are valid."""
        bad = self.trial(tmp_path / "bad", options=_BAD)
        if not bad.has_ended:
            fail(f"a run with bad replies fails: {bad.error}")
        for row in bad.rows:
            text = json.dumps(row)
            assert "Sure! As for that" not in text
            assert "I cannot help" not in text
        assert set(bad.report["flow"]) == set(self.target().branches)

    def test_hostile_replies_make_no_bad_rows(self, good: Trial, hostile: Trial) -> None:
        """Rows from hostile replies match the schema and can be read back."""
        task = self.target()
        if trials.misread(task, good):
            pytest.skip("good replies make bad rows: see rows-read-back")
        problem = trials.unofficial(task, hostile) or trials.misread(task, hostile)
        if problem:
            fail(f"hostile replies make a bad row: {problem}")


def _parts(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _cases(task: Task[Any, Any], row: Mapping[str, Any]) -> Sequence[Case]:
    """The cases of a row, which is an official one or would be with its label."""
    assert task.rows.cases is not None
    try:
        return task.rows.cases(row)
    except Exception as error:
        fail(f"Rows.cases raises {type(error).__name__}: {error}, for {json.dumps(row)[:200]}")


def _form(case: Case) -> tuple[Any, ...]:
    """Return the common form of a task's cases: names, and the form of each cue."""
    cues = []
    for name, cue in case.cues.items():
        if not isinstance(cue, str):
            numbers = isinstance(cue, tuple) and all(isinstance(n, int | float) for n in cue)
            if not numbers or not all(math.isfinite(n) for n in cue):
                fail(f"cue {name!r} is {cue!r}: it must be a word, or a tuple of finite numbers")
        cues.append((name, None if isinstance(cue, str) else len(cue)))
    return tuple(case.texts), tuple(cues)


def require_same_elsewhere(
    good: Trial, task: str, rows: int, folder: str | Path, tmp_path: Path
) -> None:
    """Fail unless a process that hashes texts differently makes the rows of this run."""
    there = tmp_path / "elsewhere"
    elsewhere(__name__, task, str(rows), str(there), *filter(None, [str(folder)]))
    assert (there / "dataset.jsonl").read_bytes() == good.dataset, (
        "a different process makes different rows: does a step depend on the order of a set, or on "
        "hash()?"
    )


def main(task: str, rows: str, out: str, folder: str = "") -> None:
    """Make `rows` rows per label of a task in the folder `out`, in a process of its own."""
    if folder:
        sources = sources_with(Path(folder))
        loader.installed_sources = lambda: sources  # a task file's output is looked up there
    registry = load_registry()
    config = job_of(registry.get("task", task), task, int(rows))
    with Job.create(registry, config, Path(out)) as job:
        job.run()
