"""`Service`: what distinguishes one provider's HTTP answers from another's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from targen_backends.http.limits import rate_headers
from targen_core.calls.model import RateHeaders

NOT_WITH_REASONING = ("temperature", "top_p", "frequency_penalty", "presence_penalty", "stop")
"""Parameters that OpenAI's thinking models refuse: "Unsupported value: 'temperature' does not
support 0.2 with this model" (developers.openai.com, guides/reasoning; issues of its users, read
2026-11-20).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A provider, as far as its errors and limits are concerned.

    Attributes:
        key_variable: the environment variable of its key, for the hints.
        limits: reads its rate-limit headers.
        credit_hint: what to do if the credit is used up.
        missing_hint: what to do if it answers 404.
        schema_hint: what to do if it refuses the form of the reply.
        long_hint: what to do where prompt and reply do not fit.
        scores_hint: what to do if it refuses to tell token probabilities.
        parameter_hints: what to do if it refuses a parameter, by the parameter's name.
    """

    key_variable: str
    limits: Callable[[Mapping[str, str]], RateHeaders | None] = rate_headers
    credit_hint: str = (
        "the account is out of credit; see its billing page, then run the same command again"
    )
    missing_hint: str = "is the model name right, and does this key have access to it?"
    schema_hint: str = (
        "-o structured=json_object, or -o structured=none, requests JSON in a different way"
    )
    long_hint: str = (
        "start a new run with a lower -o max_tokens=N, or with a model that has a longer context"
    )
    scores_hint: str = (
        "this model returns no token probabilities, or lists fewer tokens at each "
        "position; use a different model for this step, such as --backend-for STEP=local"
    )
    parameter_hints: Mapping[str, str] = field(default_factory=dict)
