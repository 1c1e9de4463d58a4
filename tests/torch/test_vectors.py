"""The trainer on frozen vectors of MiniLM."""

from __future__ import annotations

from targen_training.testing import TrainerSuite as Suite


class TestVectors(Suite):
    trainer = "vectors"
