"""The trainer that is always there, by the kit."""

from __future__ import annotations

from targen_training.testing import TrainerSuite as Suite


class TestTfidf(Suite):
    """As it is."""

    trainer = "tfidf"


class TestUnbalancedTfidf(Suite):
    """With options."""

    trainer = "tfidf"
    options = ("class_weight=false", "regularization=5", "max_features=200")
    test_same_scores_in_another_process = None  # what texts hash to is no matter of options
