"""Likeness of the wordings of table 9: the mean cosine of each to the others."""

from __future__ import annotations

import numpy as np

from targen_core.errors import UsageError
from targen_core.hints import install
from targen_core.plugins.registry import Registry
from targen_training.features import embedder_of
from targen_training.reproduction.paper import PaperTable


def similarities(
    registry: Registry, paper: PaperTable, embedder: str = "minilm"
) -> tuple[dict[str, float], str]:
    """Return each arm's mean cosine, or the reason for its absence.

    Args:
        registry: finds the task and the embedder.
        paper: a table whose arms have `wording`: variants whose instructions are that wording.
        embedder: what turns a wording into a vector; the paper does not name its own.
    """
    (name,) = paper.tasks
    task = registry.get("task", name)
    try:
        encode = embedder_of(embedder, registry)[1]
        texts = [task.varied(arm["wording"]).judging.instructions for arm in paper.arms]
        vectors = np.array([encode(text) for text in texts], dtype=float)
    except UsageError as error:
        return {}, f"{error}; {install('targen-training[vectors]')}"
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    others = (cosines.sum(axis=1) - 1) / (len(texts) - 1)
    return {arm["name"]: float(one) for arm, one in zip(paper.arms, others, strict=True)}, ""
