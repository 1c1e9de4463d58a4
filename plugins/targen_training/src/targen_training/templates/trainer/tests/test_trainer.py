"""(2) The conformance kit, and a decision that is known beforehand."""

from __future__ import annotations

from pathlib import Path

from targen_training.testing.suite import TrainerSuite as Suite
from targen_training.trainers import Decision, TrainingSet

from my_demo.trainer import TRAINER


class TestTrainer(Suite):
    """It learns, the same each time, looks at no label, and writes no pickle."""

    trainer = "my-demo"


def test_the_word_that_tells_decides(tmp_path: Path) -> None:
    rows = [("a kind word", "praise"), ("a rude word", "blame")]
    data = TrainingSet(
        [Decision({"text": text}, label, row) for row, (text, label) in enumerate(rows)],
        ("praise", "blame"),
    )
    TRAINER.train(data, TRAINER.options(), tmp_path)
    ((praise, blame),) = TRAINER.load(tmp_path)([Decision({"text": "how kind"}, "", 0)])
    assert praise > blame
