"""Weights of rows by their effect on a model: SunGen's weights, ProGen's influence.

All of this is exact and deterministic on a linear head (`head`), whose gradients and Hessian are
sums that numpy adds up. `rows` turns rows of a dataset into its input. For other plugins:

- `weigh(dataset)` and `measure_influence(dataset)` give a
  `Weighed`: weights and values of all rows, its `best(n)` of each label, `write(folder)`;
- `bilevel_weights` and `influence_of` work on arrays.
"""

from __future__ import annotations

from targen_training.weighing.bilevel import SunGenOptions, bilevel_weights
from targen_training.weighing.influence import InfluenceOptions, NotLearned, influence_of
from targen_training.weighing.rows import Weighed, given_weights, measure_influence, weigh

__all__ = [
    "InfluenceOptions",
    "NotLearned",
    "SunGenOptions",
    "Weighed",
    "bilevel_weights",
    "given_weights",
    "influence_of",
    "measure_influence",
    "weigh",
]
