"""Compute the figures of a dataset, by itself and compared with a reference, with intervals."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from targen_analysis.metrics import Study
from targen_analysis.semantic.coverage import FIGURES, coverage
from targen_analysis.semantic.diversity import mean_cosine, remote_clique, vendi
from targen_analysis.semantic.similarity import nearest
from targen_analysis.semantic.views import Sample
from targen_analysis.statistics import (
    Rows,
    generator,
    half_samples_together,
    rate,
    subsample,
)
from targen_core.cli.findings import Estimate

Figures = dict[str, Estimate]

REPEATED = 0.95
"""The cosine from which two rows say the same."""

_DRAWS = 10
"""Subsamples whose mean is the figure of a larger dataset."""

_REPLICATES = 40
"""Subsamples for an interval."""

_MAX_ROWS = 500
"""Rows of such a subsample, at most."""


def alone(study: Study, sample: Sample, size: int) -> Figures:
    """Measure how varied one dataset is, at `size` rows."""
    rng = generator(study.rng(f"semantic/alone/{sample.name}"))
    vectors, of = sample.vectors, len(sample)

    def measured(rows: Rows) -> NDArray[np.float64]:
        best, _ = nearest(vectors[rows])
        # A score's error grows with it: the interval is that of its logarithm.
        return np.array(
            [1 - best.mean(), math.log(vendi(vectors[rows])), (best >= REPEATED).mean()]
        )

    draws = [subsample(size, of, rng) for _ in range(_DRAWS if size < of else 1)]
    at = np.mean([measured(rows) for rows in draws], axis=0)
    chamfer, score = half_samples_together(
        lambda rows: measured(rows)[:2],
        at[:2],
        size=size,
        of=of,
        max_size=_MAX_ROWS,
        replicates=_REPLICATES,
        rng=rng,
    )
    cosine = mean_cosine(vectors)
    clique = [
        None if value is None else remote_clique(value, size)
        for value in (cosine.value, cosine.high, cosine.low)
    ]
    return {
        "mean cosine": cosine,
        "remote-clique": Estimate(*clique),
        "Chamfer distance": _within(chamfer, 0, 2),
        "Vendi score": _within(score.mapped(math.exp), 1, size),
        "near repeats": rate(round(float(at[2]) * size), size),
    }


def _within(estimate: Estimate, low: float, high: float) -> Estimate:
    """A figure and its interval without what rounding or the normal law put outside."""
    return estimate.mapped(lambda value: min(max(value, low), high))


def beside(study: Study, sample: Sample, reference: Sample, size: int, k: int) -> Figures:
    """Return precision, recall, density and coverage of `size` rows in as many of the reference.

    For the reference itself, they compare its two halves.
    """
    rng = generator(study.rng(f"semantic/beside/{sample.name}"))
    own = sample is reference

    def measured(size: int) -> NDArray[np.float64]:
        order = rng.permutation(len(reference))
        rows = order[size : 2 * size] if own else subsample(size, len(sample), rng)
        return coverage(reference.vectors[order[:size]], sample.vectors[rows], k)

    at = np.mean([measured(size) for _ in range(_DRAWS)], axis=0)
    estimates = half_samples_together(
        lambda rows: measured(len(rows)),
        at,
        size=size,
        of=min(len(sample), len(reference)),
        max_size=_MAX_ROWS,
        replicates=_REPLICATES if min(size // 2, _MAX_ROWS) > k else 0,
        rng=rng,
    )
    highest = {"density": math.inf}
    return {
        name: _within(estimate, 0, highest.get(name, 1))
        for name, estimate in zip(FIGURES, estimates, strict=True)
    }
