"""`TaskSuite`: the conformance kit that authors of tasks subclass.

    from targen_core.testing import TaskSuite

    class TestTickets(TaskSuite):
        task = "tickets"

Every test runs the task for real, on the scripted backend: first with the
replies of its rehearsal, then with faults. Needs pytest.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest

from targen_core.errors import QuotaNotMet, Rejected
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_core.runs.correction import correct_dataset
from targen_core.runs.files import read_jsonl
from targen_core.runs.job import Job
from targen_core.runs.manifest import Limits
from targen_core.runs.official import Labelled
from targen_core.runs.spec import JobSpec
from targen_core.tasks.model import Task

__all__ = ["TaskSuite"]


class TaskSuite:
    """Tests that every task must pass; set `task` to its registered name.

    `rows` is how many rows a label get; raise it where labels are rare.
    """

    task: ClassVar[str]
    rows: ClassVar[int] = 6

    # --- how the tests run it ---

    def registry(self) -> Registry:
        """The plugins that are installed."""
        return load_registry()

    def target(self) -> Task[Any, Any]:
        """The task."""
        task: Task[Any, Any] = self.registry().get("task", self.task)
        return task

    def spec(self, *options: str, concurrency: int = 8, **values: Any) -> JobSpec:
        """A job of `rows` rows a label on the scripted backend."""
        task = self.target()
        return JobSpec(
            task=self.registry().find("task", self.task).id,
            quotas=dict.fromkeys(task.quota_names, self.rows * task.unit),
            backend="targen-core:scripted",
            options=options,
            limits=Limits(concurrency=concurrency),
            **values,
        )

    def generate(self, out: Path, spec: JobSpec) -> dict[str, Any]:
        """Run a job in `out` and return its report."""
        with Job.create(self.registry(), spec, out) as job:
            return job.run()

    # --- what must hold ---

    def test_prompts_fill(self) -> None:
        """Every prompt reads, has turns, and ends with the user's."""
        for prompt in self.target().prompts:
            values: dict[str, object] = dict.fromkeys(prompt.variables, "x")
            inserted = {
                line.split()[2]
                for line in prompt.text.splitlines()
                if line.startswith("--- insert")
            }
            values.update(dict.fromkeys(inserted, ()))
            messages = prompt.fill(values)
            assert messages, f"prompt {prompt.name} is empty"
            assert messages[-1].role == "user", f"prompt {prompt.name} ends with no question"

    def test_samples_cover_right_and_wrong(self) -> None:
        """The meta-prompt's samples show right and wrong outputs, for each label."""
        task = self.target()
        if task.corrector != "meta" or not task.labels:
            return
        names = {label.name for label in task.labels}
        assert {s.actual for s in task.samples if s.actual == s.output} == names
        assert names <= {s.actual for s in task.samples if s.actual != s.output} | {
            "no_valid_instance"
        }
        assert all(s.explanation for s in task.samples)

    def test_presets_fit_the_labels(self) -> None:
        """Presets name labels of the task, in whole units."""
        task = self.target()
        for name, counts in task.presets.items():
            assert set(counts) <= set(task.quota_names), f"preset {name} names another label"
            assert all(count % task.unit == 0 for count in counts.values()), f"preset {name}"

    def test_generates_exact_quotas(self, tmp_path: Path) -> None:
        """A rehearsal ends complete, with rows that the instance schema reads back."""
        task = self.target()
        report = self.generate(tmp_path / "run", self.spec())
        assert report["status"] == "complete"
        rows = list(read_jsonl(tmp_path / "run" / "dataset.jsonl"))
        assert len(rows) == self.rows * task.unit * len(task.quota_names)
        provenance = list(read_jsonl(tmp_path / "run" / "provenance.jsonl"))
        assert sum(entry["rows"] for entry in provenance) == len(rows)
        assert all(entry["calls"] for entry in provenance)

    def test_rows_are_official_and_read_back(self, tmp_path: Path) -> None:
        """Every row satisfies the official schema; its instance makes the same row again."""
        task = self.target()
        self.generate(tmp_path / "run", self.spec())
        rows = list(read_jsonl(tmp_path / "run" / "dataset.jsonl"))
        for start in range(0, len(rows), task.unit):
            group = rows[start : start + task.unit]
            for row in group:
                task.schema.model_validate_json(json.dumps(row), strict=True)
            (instance,) = task.instances_of(group)
            assert list(task.official_rows(instance, group[0]["idx"])) == group

    @pytest.mark.parametrize("corrector", ["meta", "meta-paper", "blind", "vote"])
    def test_every_corrector_judges_it(self, tmp_path: Path, corrector: str) -> None:
        """Correctors find the exercises, and what they find is a label or a reason."""
        task = self.target()
        self.generate(tmp_path / "run", self.spec(corrector=None))
        rows = list(read_jsonl(tmp_path / "run" / "dataset.jsonl"))
        groups = [rows[at : at + task.unit] for at in range(0, len(rows), task.unit)]
        instances = [Labelled(g[0]["idx"], task.instances_of(g)[0], g) for g in groups]
        report = correct_dataset(
            self.registry(), self.spec(corrector=corrector), instances, tmp_path / "corrected"
        )
        judged = [flow["judged"] for flow in report["flow"].values()]
        assert sum(judged) == len(instances)
        for flow in report["flow"].values():
            assert set(flow["accepted"]) <= {*task.quota_names, "relabelled"}
            assert all(flow["reasons"])

    def test_variants_generate(self, tmp_path: Path) -> None:
        """Each variant ends complete."""
        for name, variant in self.target().variants.items():
            report = self.generate(tmp_path / name, self.spec(variants=(name,)))
            assert report["status"] == "complete", f"variant {name}"
            assert variant.summary, f"variant {name} does not say what differs"

    def test_same_bytes_whatever_the_concurrency(self, tmp_path: Path) -> None:
        """The rows depend on the replies, not on what comes back first."""
        for concurrency in (1, 16):
            self.generate(tmp_path / str(concurrency), self.spec(concurrency=concurrency))
        one, many = ((tmp_path / folder / "dataset.jsonl").read_bytes() for folder in ("1", "16"))
        assert one == many

    def test_bad_replies_make_no_rows(self, tmp_path: Path) -> None:
        """With a third of all replies bad, the rows are still good and counted."""
        options = ("garbage_rate=0.12", "cut_rate=0.08", "empty_rate=0.06", "refusal_rate=0.06")
        task = self.target()
        try:
            report = self.generate(tmp_path / "run", self.spec(*options))
        except QuotaNotMet:
            report = json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
        rejected = sum(sum(flow["rejected"].values()) for flow in report["flow"].values())
        assert rejected + len(report["dropped_list_items"]) > 0
        for row in read_jsonl(tmp_path / "run" / "dataset.jsonl"):
            text = json.dumps(row)
            assert "Sure! As for that" not in text
            assert "I cannot help" not in text
        assert set(report["flow"]) == set(task.quota_names)

    def test_has_checks(self) -> None:
        """A task without checks accepts anything that parses."""
        assert self.target().checks

    def test_label_set_is_closed(self, tmp_path: Path) -> None:
        """A label that the task lacks is refused, never written."""
        task = self.target()
        if not task.labels:
            return
        self.generate(tmp_path / "run", self.spec())
        (row, *_) = read_jsonl(tmp_path / "run" / "dataset.jsonl")
        if task.unit > 1:
            return
        instance = task.instance.model_validate({k: v for k, v in row.items() if k != "idx"})
        with pytest.raises(Rejected) as caught:
            task.write_label(instance, "no-such-label")
        assert caught.value.reason == "illegal-label"
