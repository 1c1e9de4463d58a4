"""Weights of rows by their effect on a model: SunGen's weights, ProGen's influence.

All of this is exact and deterministic on a linear head (`head`), whose gradients and Hessian are
sums that numpy adds up. `rows` turns rows of a dataset into its input. For other plugins:

- `weigh(dataset)` and `measure_influence(dataset)` give a
  `Weighed`: weights and values of all rows, its `best(n)` of each label, `write(folder)`;
- `bilevel_weights` and `influence_of` work on arrays.
"""

from __future__ import annotations
