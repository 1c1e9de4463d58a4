"""`TrainerSuite`: the checks that every trainer must pass.

from targen_training.testing.suite import TrainerSuite as Suite

class TestBayes(Suite):
    trainer = "bayes"
"""

from __future__ import annotations

import json
import math
import pickletools
import random
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, ClassVar

import pytest

from targen_core.runs.parsing import parse_options
from targen_testing.suite import Suite, fail
from targen_training.trainers import (
    Decision,
    Predictor,
    Trainer,
    TrainerOptions,
    TrainingSet,
)

_WORDS = {
    "good": ("lovely", "bright", "kind", "splendid"),
    "bad": ("awful", "broken", "dull", "horrid"),
    "odd": ("purple", "sideways", "square", "upstairs"),
}
_THINGS = ("lamp", "boat", "garden", "letter", "bridge", "coat", "song", "kitchen")
_ODD = ("", "🙂 日本語", "a" * 5000, "two\nlines\tand a tab", "\u2028\u00a0")
_BINARY = tuple(b"\x80" + bytes([protocol]) for protocol in (2, 3, 4, 5))
_CLOSE = 1e-5


class TrainerSuite(Suite):
    """Checks of a trainer; set `trainer` to its registered name.

    Attributes:
        trainer: the registered name.
        options: what a user gives as `-o`, "KEY=VALUE".
        min_accuracy: the accuracy that it must reach if one word reveals the label; of an output,
            its main figure.
    """

    trainer: ClassVar[str]
    options: ClassVar[tuple[str, ...]] = ()
    min_accuracy: ClassVar[float] = 0.9
    kind = "trainer"

    # --- how the tests run it ---

    def target(self) -> Trainer:
        """The trainer."""
        trainer: Trainer = self.registry().get("trainer", self.trainer)
        return trainer

    def trained(self, data: TrainingSet, folder: Path) -> Predictor:
        """Return the predictor trained on `data`, loaded from a copy of its folder."""
        trainer = self.target()
        options = options_of(trainer, self.options)
        made, moved = folder / "made", folder / "moved"
        made.mkdir(parents=True)
        try:
            if trainer.check is not None:
                trainer.check(options)
            trainer.train(data, options, made)
            shutil.move(made, moved)
            return trainer.load(moved)
        except Exception as error:
            fail(
                f"training on {len(data.decisions)} decisions raised {type(error).__name__}: "
                f"{error}"
            )

    def telling(self, *, rows: int = 40, seed: int = 0) -> TrainingSet:
        """Return training data: two labels that a word tells, or made-up rows of its output."""
        return learnable(self.target(), rows=rows, seed=seed)

    @pytest.fixture
    def model(self, tmp_path_factory: pytest.TempPathFactory) -> tuple[Predictor, Path]:
        """A model of two labels, trained once for all checks, and its folder."""

        def make() -> tuple[Predictor, Path]:
            folder = tmp_path_factory.mktemp("model")
            return self.trained(self.telling(), folder), folder / "moved"

        return self.kept("model", make)

    @pytest.fixture
    def predictor(self, model: tuple[Predictor, Path]) -> Predictor:
        """The predictor of that model."""
        return model[0]

    # --- what must hold ---

    def test_described(self) -> None:
        """It is registered with a summary, which the listings show, and has a version."""
        item = self.registry().find("trainer", self.trainer)
        assert item.summary.strip() or self.target().summary.strip(), "register it with a summary"
        assert self.target().version, "give it a version"

    def test_learns(self, predictor: Predictor) -> None:
        """It predicts the labels or outputs of unseen rows if a single word reveals them."""
        if (output := self.target().output) is not None:
            decisions = self.telling(seed=1).decisions
            found = output.measured([each.value for each in decisions], predictor(decisions))
            value = found.measures[found.main].value
            assert value >= self.min_accuracy, (
                f"{found.main} is {value:.3f}, less than the suite's min_accuracy, "
                f"{self.min_accuracy}"
            )
            return
        self._require_accuracy(predictor, "good", "bad")

    def test_three_labels(self, tmp_path: Path) -> None:
        """It returns a score for each label, in order, whatever the order of the rows.

        One that writes its answers returns one more score, for illegal answers.
        """
        self._require_labels()
        data = telling("odd", "good", "bad")
        shuffled = replace(data, decisions=data.decisions[::-1])
        predictor = self.trained(shuffled, tmp_path)
        (scores,) = predictor(data.decisions[:1])
        assert len(scores) == (4 if self.target().writes else 3)
        self._require_accuracy(predictor, *data.labels)

    def test_same_seed_same_scores(self, predictor: Predictor, tmp_path: Path) -> None:
        """The same data, options and seed give the same scores."""
        again = self.trained(self.telling(), tmp_path)
        held_out = self.telling(rows=4, seed=1).decisions
        assert _alike(predictor(held_out), again(held_out)), "a second run gives different scores"

    def test_decides_each_alone(self, predictor: Predictor) -> None:
        """The prediction for a decision does not depend on the others in the call."""
        held_out = self.telling(rows=4, seed=1).decisions
        alone = [predictor([decision])[0] for decision in held_out]
        assert _alike(predictor(held_out), alone), "a row's scores depend on the rows around it"

    def test_never_looks_at_the_label(self, predictor: Predictor) -> None:
        """Predictions do not depend on a decision's own label, which may be wrong or unknown."""
        held_out = self.telling(rows=4, seed=1).decisions
        hidden = [replace(decision, label="", value=None) for decision in held_out]
        assert _alike(predictor(held_out), predictor(hidden)), "the label changes the scores"

    def test_a_row_of_weight_0_is_absent(self, predictor: Predictor, tmp_path: Path) -> None:
        """If it uses weights, a decision with weight 0 has no effect."""
        self._require_weighing()
        data, other = self.telling(), self.telling(rows=10, seed=2).decisions
        turned = other if self.target().output is not None else _turned(data.decisions)
        wrong = [replace(each, weight=0.0) for each in turned]
        again = self.trained(replace(data, decisions=[*wrong, *data.decisions]), tmp_path)
        held_out = self.telling(rows=4, seed=1).decisions
        assert _alike(predictor(held_out), again(held_out)), "rows of weight 0 change the scores"

    def test_heavy_rows_decide(self, tmp_path: Path) -> None:
        """If rows contradict each other, it learns those with the greater weight."""
        self._require_weighing()
        self._require_labels()
        data = telling("good", "bad")
        light = [replace(each, weight=0.02) for each in _turned(data.decisions)]
        both = [each for pair in zip(light, data.decisions, strict=True) for each in pair]
        predictor = self.trained(replace(data, decisions=both), tmp_path)
        self._require_accuracy(predictor, *data.labels, hint=": does it use weights?")

    def _require_accuracy(self, predictor: Predictor, *labels: str, hint: str = "") -> None:
        held_out = telling(*labels, seed=1).decisions
        right = sum(
            list(scores).index(max(scores)) == labels.index(decision.label)
            for decision, scores in zip(held_out, predictor(held_out), strict=True)
        )
        assert right >= self.min_accuracy * len(held_out), (
            f"{right} of {len(held_out)} are correct, a share below the suite's min_accuracy, "
            f"{self.min_accuracy}{hint}"
        )

    def _require_labels(self) -> None:
        if self.target().output is not None:
            pytest.skip("it learns an output, not labels")

    def _require_weighing(self) -> None:
        if not self.target().weighs:
            pytest.skip("it declares that it ignores weights")

    def test_takes_any_text(self, predictor: Predictor) -> None:
        """Empty, long and foreign texts get finite scores; an empty list gets no scores."""
        odd = [Decision({"text": text, "about": text}, "", at) for at, text in enumerate(_ODD)]
        for each in map(as_plain, predictor(odd)):
            said = json.dumps(each)
            assert "NaN" not in said and "Infinity" not in said, (
                f"it returns scores that are not finite: {said[:80]}"
            )
        assert len(predictor([])) == 0

    def test_writes_no_pickle(self, model: tuple[Predictor, Path]) -> None:
        """It writes no pickle, which can run code: a model may come from a stranger."""
        for path in sorted(model[1].rglob("*")):
            if path.is_file():
                assert not _is_pickled(path), f"{path.name} is a pickle"

    def test_refuses_what_is_no_model(self, model: tuple[Predictor, Path], tmp_path: Path) -> None:
        """A folder without a model, or with a damaged one, raises a ValueError."""
        (tmp_path / "empty").mkdir()
        damaged = tmp_path / "damaged"
        shutil.copytree(model[1], damaged)
        for path in sorted(damaged.rglob("*")):
            if path.is_file():
                path.write_bytes(b"nothing of the kind")
        for kind, folder in (("an empty", tmp_path / "empty"), ("a damaged", damaged)):
            try:
                self.target().load(folder)
            except ValueError:
                continue
            except Exception as error:
                fail(f"load() of {kind} folder raises {type(error).__name__}: {error}")
            fail(f"load() accepts {kind} folder")


def learnable(trainer: Trainer, *, rows: int = 40, seed: int = 0) -> TrainingSet:
    """Return training data: `rows` of each of two labels, or as many rows of its output."""
    if trainer.output is not None:
        return TrainingSet(trainer.output.examples(2 * rows, seed), (), seed=0)
    return telling("good", "bad", rows=rows, seed=seed)


def telling(*labels: str, rows: int = 40, seed: int = 0) -> TrainingSet:
    """Decisions whose label one word tells: "good", "bad" or "odd"."""
    rng = random.Random(seed)
    decisions = [
        Decision({"text": _sentence(rng, label), "about": rng.choice(_THINGS)}, label, row)
        for row, label in enumerate(list(labels) * rows)
    ]
    return TrainingSet(decisions, labels)


def _turned(decisions: Sequence[Decision]) -> list[Decision]:
    """The same with the other of two labels."""
    other = {"good": "bad", "bad": "good"}
    return [replace(decision, label=other[decision.label]) for decision in decisions]


def options_of(trainer: Trainer, assignments: Sequence[str]) -> TrainerOptions:
    """A trainer's options, from `KEY=VALUE`."""
    return trainer.options.model_validate(parse_options(assignments))


def _sentence(rng: random.Random, label: str) -> str:
    return f"The {rng.choice(_THINGS)} by the {rng.choice(_THINGS)} is {rng.choice(_WORDS[label])}."


def _alike(one: Any, two: Any) -> bool:
    """Return whether scores or values are the same, numbers nearly so."""
    if isinstance(one, str | Mapping) or isinstance(two, str | Mapping):
        return bool(one == two)
    if isinstance(one, Iterable) and isinstance(two, Iterable):
        pairs = [*zip_longest(one, two)]
        return all(None not in (a, b) and _alike(a, b) for a, b in pairs)
    return math.isclose(one, two, rel_tol=_CLOSE, abs_tol=_CLOSE)


def as_plain(value: Any) -> Any:
    """A score or a value as JSON has it: libraries give numbers of their own."""
    if isinstance(value, str | Mapping):
        return value
    return [as_plain(each) for each in value] if isinstance(value, Iterable) else float(value)


def _is_pickled(path: Path) -> bool:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return any(_is_pickle(archive.read(name)) for name in archive.namelist())
    return _is_pickle(path.read_bytes())


def _is_pickle(content: bytes) -> bool:
    try:
        return bool(content) and len(list(pickletools.genops(content))) > 1
    except Exception:  # it raises what its parsers do
        return content.startswith(_BINARY)
