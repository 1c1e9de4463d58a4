"""Trainers on transformers, and metrics with a model, pass the kits that other people's pass."""

from __future__ import annotations

import pytest
from tiny import tiny

from targen_analysis.testing.suite import MetricSuite
from targen_training.testing.suite import TrainerSuite

RECIPE = ("warmup=0.1", "device=cpu")


class TestEncoder(TrainerSuite):
    trainer = "encoder"
    options = (f"model={tiny('encoder')}", "learning_rate=4e-3", "epochs=10", "batch=8", *RECIPE)


class TestEncoderDecoder(TrainerSuite):
    trainer = "encoder-decoder"
    small = f"model={tiny('encoder-decoder')}"
    options = (small, "learning_rate=5e-3", "epochs=12", "batch=8", *RECIPE)


class TestDecoder(TrainerSuite):
    trainer = "decoder"
    options = (f"model={tiny('decoder')}", "learning_rate=1e-2", "epochs=12", "batch=16", *RECIPE)


class TestVectors(TrainerSuite):
    """On the frozen vectors of MiniLM."""

    trainer = "vectors"


class TestSemantic(MetricSuite):
    metric = "semantic"


class TestDifficulty(MetricSuite):
    metric = "difficulty"

    @pytest.fixture(autouse=True)
    def _named(self, monkeypatch, tiny_bert):
        recipe = ("epochs=1", "folds=2", "device=cpu")
        monkeypatch.setattr(type(self), "options", (f"model={tiny_bert}", *recipe))
