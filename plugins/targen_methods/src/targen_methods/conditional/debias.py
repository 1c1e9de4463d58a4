"""Self-debiasing: a text for one label, of tokens that the other labels' prompts do not favour.

Schick et al., Self-Diagnosis and Self-Debiasing (arXiv:2103.00453), as ZeroGen (arXiv:2202.07922)
uses it, with the constants of its code. The model's next tokens are compared with those after the
prompts of the other labels. The more one of these favours a token, the rarer it becomes. It takes a
call for each token and prompt.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal

from pydantic import Field

from targen_core import Prompt, Rejected
from targen_core.tasks.steps import Llm
from targen_methods.conditional.steps import ConditionalOptions, ended

_PART = "\ufffd"  # replaces an incomplete character at the end of a token


class DebiasOptions(ConditionalOptions):
    """Options of methods that can debias."""

    debias: bool | Literal["pairs"] = Field(
        False,
        description="make tokens less likely if they fit another label's prompt better: true, "
        "false, or pairs (only for rows with several texts)",
    )
    debias_decay: float = Field(
        200.0,
        ge=0,
        le=1e6,
        description="how much less likely those tokens become; 0: no change",
    )
    debias_floor: float = Field(
        0.01, gt=0, le=1, description="minimum share of its probability that a token keeps"
    )
    debias_tokens: int = Field(
        100,
        ge=1,
        le=100_000,
        description="number of most likely tokens to compare at each position",
    )


async def debiased(
    llm: Llm,
    prompt: Prompt,
    own: Mapping[str, Any],
    others: Sequence[Mapping[str, Any]],
    options: DebiasOptions,
) -> str:
    """Return a model's text, token by token, up to its end; see `cut.kept`.

    It is drawn here, by the step's `temperature`, `top_k`, `top_p` and `min_p`, and has at most its
    `max_tokens`.

    Args:
        llm: the step's.
        prompt: the prompt, and
        own: what it says for the label;
        others: what it says for each other label.
        options: how much rarer, and among how many tokens.

    Raises:
        Rejected: `refusal`, or `no-token`, if the model gives no token to continue with.
    """
    rng = llm.rng("debias")
    sampling = llm.sampling
    text = ""
    for _ in range(sampling["max_tokens"]):
        asked = await asyncio.gather(
            *(
                llm.next_tokens(prompt, text, top_logprobs=options.debias_tokens, **values)
                for values in (own, *others)
            ),
            return_exceptions=True,
        )
        told = []
        for likely in asked:
            if isinstance(likely, BaseException):
                raise likely
            told.append(_chances(likely))
        fair = rescaled(told[0], told[1:], options.debias_decay, options.debias_floor)
        token = chosen(fair, sampling, rng)
        text += token
        if not token or ended(text):
            break
    return text


def rescaled(
    own: Mapping[str, float],
    others: Sequence[Mapping[str, float]],
    decay: float,
    floor: float,
) -> dict[str, float]:
    """Return the weights of tokens; those that another prompt favours count less.

    A token that no other prompt finds likelier keeps its probability p. If another finds it
    likelier, with p', its weight is p max(exp(-decay (p' - p)), floor).

    Args:
        own: the probabilities after the label's prompt; those missing from the others' mappings
            count as 0.
        others: those after the prompts of the other labels.
        decay: see there, 0 or more.
        floor: see there, above 0.

    Returns:
        The weight of each token of `own`; they do not sum up to 1.
    """
    return {
        token: p * max(math.exp(-decay * (_most(token, p, others) - p)), floor)
        for token, p in own.items()
    }


def _most(token: str, own: float, others: Sequence[Mapping[str, float]]) -> float:
    """The greatest probability that any prompt gives a token."""
    return max([own, *(other.get(token, 0.0) for other in others)])


def chosen(weights: Mapping[str, float], sampling: Mapping[str, Any], rng: random.Random) -> str:
    """Draw a token by weight, after temperature, top-k, top-p and min-p, in this order.

    Raises:
        Rejected: `no-token`, if no token is left.
    """
    ranked = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    ranked = [item for item in ranked if item[1] > 0]
    if not ranked:
        raise Rejected("no-token", "the model gives no token to go on with")
    temperature = _given(sampling, "temperature", 1.0)
    if temperature == 0:
        return ranked[0][0]
    most = ranked[0][1]
    tempered = [(weight / most) ** (1 / temperature) for _, weight in ranked]
    count = int(_given(sampling, "top_k", 0)) or len(ranked)
    tempered = tempered[:count]
    total = math.fsum(tempered)
    sums = [*accumulate(tempered)]
    enough = _given(sampling, "top_p", 1.0) * total
    least = _given(sampling, "min_p", 0.0)
    kept = [
        at
        for at, weight in enumerate(tempered)
        if weight >= least and (at == 0 or sums[at - 1] < enough)
    ]
    return ranked[rng.choices(kept, [tempered[at] for at in kept])[0]][0]


def _given(sampling: Mapping[str, Any], name: str, otherwise: float) -> float:
    """Return a parameter's value; the service decides about None or an absent one."""
    value = sampling.get(name)
    return otherwise if value is None else float(value)


def _chances(likely: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return the probabilities of tokens by their text, only whole characters; "" is the end."""
    chances: dict[str, float] = {}
    for token, logprob in likely:
        if _PART not in token:
            chances[token] = chances.get(token, 0.0) + math.exp(logprob)
    return chances
