"""The conformance suite of trainers; it needs targen-testing."""

from targen_training.testing.suite import TrainerSuite

__all__ = ["TrainerSuite"]
