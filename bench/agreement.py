"""How often the intervals of agreement hold the truth, in simulations of two raters.

Each row has a grade of A to D; each rater gives it, or, with the chance "noise", one beside it.
The truth is the figure of 100,000 rows. Of each setting 400 samples of 30 and of 200 rows are
drawn: how many of their 95% intervals hold the truth, and how many have none. Needs targen-review.

Exit 1 where intervals of 200 rows hold it less often than 92 in 100: chance alone keeps 400 samples
of a right interval above that in all but 1 of 200 cases.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence

from targen_review.agreement import Figure, cohen_kappa, krippendorff_alpha, spearman

SHARES = {"mixed": (0.6, 0.2, 0.12, 0.08), "mostly A": (0.85, 0.08, 0.04, 0.03)}
NOISE = (0.05, 0.2, 0.4)
SIZES = (30, 200)
SAMPLES = 400
ENOUGH = 0.92

Raters = tuple[list[int], list[int]]
FIGURES: dict[str, Callable[[Raters], Figure]] = {
    "kappa": lambda of: cohen_kappa([*zip(*of, strict=True)]),
    "spearman": lambda of: spearman([*zip(*of, strict=True)]),
    "alpha": lambda of: krippendorff_alpha([*zip(*of, strict=True)]),
}


def drawn(rng: random.Random, rows: int, noise: float, shares: Sequence[float]) -> Raters:
    """What two raters say of so many rows."""
    one: list[int] = []
    other: list[int] = []
    for true in rng.choices(range(4), shares, k=rows):
        for said in (one, other):
            off = rng.choice((-1, 1)) if rng.random() < noise else 0
            said.append(min(3, max(0, true + off)))
    return one, other


def main() -> int:
    rng = random.Random(1)
    missed = 0
    print(
        f"{'grades':>9} {'noise':>5} {'rows':>4} {'figure':>9} {'truth':>6} {'held':>6} {'none':>5}"
    )
    for name, shares in SHARES.items():
        for noise in NOISE:
            many = drawn(rng, 100_000, noise, shares)
            truths = {figure: of(many).value or 0.0 for figure, of in FIGURES.items()}
            for rows in SIZES:
                held = dict.fromkeys(FIGURES, 0)
                there = dict.fromkeys(FIGURES, 0)
                for _ in range(SAMPLES):
                    sample = drawn(rng, rows, noise, shares)
                    for figure, of in FIGURES.items():
                        got = of(sample)
                        if got.low is not None and got.high is not None:
                            there[figure] += 1
                            held[figure] += got.low <= truths[figure] <= got.high
                for figure, truth in truths.items():
                    share = held[figure] / max(1, there[figure])
                    missed += rows == SIZES[-1] and share < ENOUGH
                    print(
                        f"{name:>9} {noise:>5} {rows:>4} {figure:>9} {truth:>6.2f} {share:>6.3f} "
                        f"{SAMPLES - there[figure]:>5}"
                    )
    print(f"intervals of {SIZES[-1]} rows that hold it less than {ENOUGH:.0%}: {missed}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
