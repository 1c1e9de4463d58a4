"""`CorrectorSuite`: the checks that every corrector must pass.

from targen_testing.correctors import CorrectorSuite as Suite

class TestStrict(Suite):
    corrector = "strict"
    task = "tickets"
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from targen_core.dataset.model import Dataset
from targen_core.engine.executor import CHANGED
from targen_core.plugins.register import Registration
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.tasks.model import Task
from targen_core.text import plural
from targen_testing import trials
from targen_testing.chance import Nondeterminism, homes_of, watching
from targen_testing.suite import Described, PartSuite, fail
from targen_testing.trials import GOOD, HOSTILE, Trial


class CorrectorSuite(Described[Any], PartSuite[Any]):
    """Checks of a corrector; set `corrector` to its registered name.

    Attributes:
        corrector: the registered name.
        options: its options, each `"KEY=VALUE"` as after `-o NAME.`.
        task: whose instances it judges; by default those of the kit's own
            small task, which has two labels.
        rows: how many instances of each label it judges.
    """

    corrector: ClassVar[str]
    task: ClassVar[str] = "sample"
    rows: ClassVar[int] = 4
    kind = "corrector"

    @classmethod
    def defaults(cls, registry: Registry, item: Registration[Any], task: str) -> dict[str, Any]:
        """Judge instances of the plugin's own task."""
        return {"task": task}

    # --- how the tests run it ---

    def whose(self) -> Task[Any, Any]:
        """The task whose instances are judged."""
        task: Task[Any, Any] = self.everything().get("task", self.task)
        return task

    def config(
        self, options: Mapping[str, str], corrector: str | None, concurrency: int = 8
    ) -> RunConfig:
        """A job on the scripted backend."""
        own = self.typed() if corrector == self.item().id else {}
        return trials.job_of(
            self.whose(),
            self.task,
            self.rows,
            concurrency=concurrency,
            options={**options, **own},
            corrector=corrector,
        )

    def claims_nothing(self) -> bool:
        """Return whether the task has a branch whose label step 4 is to find."""
        return None in self.whose().branches.values()

    @pytest.fixture
    def dataset(self, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
        """Instances to judge."""

        def make() -> Dataset:
            folder = tmp_path_factory.mktemp("instances") / "run"
            corrector = "meta" if self.claims_nothing() else None
            made = trials.generate(self.everything(), self.config(GOOD, corrector), folder)
            if made.error is not None:
                fail(f"task {self.task} generates no instances to judge: {made.error}")
            return Dataset("made", self.whose(), made.rows)

        return self.kept("dataset", make)

    def judge(
        self,
        dataset: Dataset,
        folder: Path,
        options: Mapping[str, str] = GOOD,
        concurrency: int = 8,
    ) -> Trial:
        """Run the corrector on instances."""
        config = self.config(options, self.item().id, concurrency)
        trial = trials.correct(self.everything(), config, dataset, folder)
        if CHANGED in str(trial.error):
            pytest.skip("it changes the instances that it judges: see changes-no-instance")
        return trial

    # --- what must hold ---

    def test_judges(self, dataset: Dataset, tmp_path: Path) -> None:
        """With good replies, each instance gets a label or a reason, and some get a label."""
        trial = self.judge(dataset, tmp_path / "out")
        if trial.error is not None:
            fail(f"judging fails with good replies: {trial.error}")
        judged = sum(flow["judged"] for flow in trial.report["flow"].values())
        count = len(list(dataset.instances))
        assert judged == count, f"it judged {judged} of {count} instances"
        if self.claims_nothing():
            made = trials.generate(
                self.everything(), self.config(GOOD, self.corrector), tmp_path / "run"
            )
            if made.error is not None:
                fail(f"judging fails without a claimed label: {made.error}")

    def test_looks_at_what_it_judges(
        self, dataset: Dataset, nondeterminism: Nondeterminism, tmp_path: Path
    ) -> None:
        """In a dry run, where all labels are correct, it keeps some instances of each label."""
        if nondeterminism:
            pytest.skip("it uses randomness or a clock: see uses-no-chance-and-no-clock")
        if self.claims_nothing():
            pytest.skip("the task's instances do not claim labels")
        flows = self.judge(dataset, tmp_path / "out").report.get("flow", {})
        kept = {label: flow["accepted"].get(label, 0) for label, flow in flows.items()}
        lost = [label for label, count in kept.items() if not count]
        assert not lost or not any(kept.values()), (
            f"in a dry run, every {self.task} instance labelled {' or '.join(lost)} loses its "
            "label. Judge the instance, and let dry_run return a matching answer, for example "
            "from call.label"
        )

    def test_labels_come_from_the_set(self, dataset: Dataset, tmp_path: Path) -> None:
        """It returns only labels of the task, for any replies."""
        for name, options in (("good", GOOD), ("hostile", HOSTILE)):
            trial = self.judge(dataset, tmp_path / name, options)
            foreign = trial.reasons.get("illegal-label", 0)
            assert not foreign, (
                f"with {name} replies, it returns {plural(foreign, 'label')} that {self.task} lacks"
            )

    def test_raises_only_rejections(self, dataset: Dataset, tmp_path: Path) -> None:
        """Hostile replies lead to a rejection, not to another exception."""
        trial = self.judge(dataset, tmp_path / "out", HOSTILE)
        if trial.error is not None:
            fail(f"judging fails with hostile replies: {trial.error}")

    def test_reasons_are_slugs(self, dataset: Dataset, tmp_path: Path) -> None:
        """Rejection reasons are short slugs, such as `too-long`."""
        for name, options in (("good", GOOD), ("hostile", HOSTILE)):
            trials.require_slugs(self.judge(dataset, tmp_path / name, options).reasons)

    @pytest.fixture
    def nondeterminism(
        self, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory
    ) -> Nondeterminism:
        """The chance and clocks that it uses."""

        def make() -> Nondeterminism:
            with watching(homes_of(self.target())) as seen:
                self.judge(dataset, tmp_path_factory.mktemp("watched") / "out")
            return seen

        return self.kept("found", make)

    def test_uses_no_chance_and_no_clock(self, nondeterminism: Nondeterminism) -> None:
        """Randomness comes only from `llm.rng`, and clocks are not used."""
        nondeterminism.require_none()

    def test_changes_no_instance(self, dataset: Dataset, tmp_path: Path) -> None:
        """It does not change the instances that it judges."""
        config = self.config(GOOD, self.item().id)
        error = trials.correct(self.everything(), config, dataset, tmp_path / "out").error
        if CHANGED in str(error):
            fail(str(error))

    def test_same_verdicts_again(
        self, dataset: Dataset, nondeterminism: Nondeterminism, tmp_path: Path
    ) -> None:
        """The verdicts depend only on the replies, not on concurrency or earlier runs."""
        if nondeterminism:
            pytest.skip("it uses randomness or a clock: see uses-no-chance-and-no-clock")
        files = []
        for name, concurrency in (("first", 1), ("again", 16)):
            self.judge(dataset, tmp_path / name, HOSTILE, concurrency)
            path = tmp_path / name / "changes.jsonl"
            files.append(path.read_bytes() if path.exists() else b"")
        assert files[0] == files[1], "the same replies gave different verdicts"
