"""Trainers on transformers pass the kit that other people's trainers pass."""

from __future__ import annotations

from tiny import tiny

from targen_training.testing import TrainerSuite as Suite

RECIPE = ("warmup=0.1", "device=cpu")


class TestEncoder(Suite):
    trainer = "encoder"
    options = (f"model={tiny('encoder')}", "learning_rate=4e-3", "epochs=10", "batch=8", *RECIPE)


class TestEncoderDecoder(Suite):
    trainer = "encoder-decoder"
    options = (
        f"model={tiny('encoder-decoder')}",
        "learning_rate=5e-3",
        "epochs=12",
        "batch=8",
        *RECIPE,
    )


class TestVectors(Suite):
    """On the frozen vectors of MiniLM."""

    trainer = "vectors"


class TestDecoder(Suite):
    trainer = "decoder"
    options = (f"model={tiny('decoder')}", "learning_rate=1e-2", "epochs=12", "batch=16", *RECIPE)
