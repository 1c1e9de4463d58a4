"""A round of new instructions: those in the prompt, and likeness of new ones to known ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from targen_core.tasks.steps import ListStep
from targen_methods.selfinstruct.filters import rouge_l, tokens
from targen_methods.selfinstruct.items import Pool
from targen_methods.selfinstruct.options import Options


def pool_list(propose: Callable[..., Any]) -> ListStep[Pool]:
    """Return the list of what is known before the first round: one pool, without a model call."""
    return ListStep(
        name="pool",
        item=Pool,
        propose=propose,
        batch=1,
        once=True,
        asks=False,
        summary="instructions to start from",
    )


def told_list(
    rng: random.Random, seeds: Sequence[str], written: Sequence[str], options: Options
) -> str:
    """Some instructions of the pool and some that the model wrote, numbered, in any order."""
    new = rng.sample(written, min(options.told_new, options.told, len(written)))
    old = rng.sample(seeds, min(options.told - len(new), len(seeds)))
    told = [*new, *old]
    rng.shuffle(told)
    return "\n".join(f"{number}. {text}" for number, text in enumerate(told, 1))


class Known:
    """The instructions that others are compared with."""

    def __init__(self, texts: Iterable[str], similar: float) -> None:
        """Those known before, and the ROUGE-L above which another is not one more."""
        self._tokens = [tokens(text) for text in texts]
        self._similar = similar

    def nearest(self, text: str) -> float:
        """ROUGE-L with the nearest, to four places; then it is known itself, unless too near."""
        of_text = tokens(text)
        nearest = max((rouge_l(of_text, one) for one in self._tokens), default=0.0)
        if nearest <= self._similar:
            self._tokens.append(of_text)
        return round(nearest, 4)
