"""The options of the `chatgpt` backend, and how it is made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from targen_backends.chatgpt.batch import ChatGptBatches
from targen_backends.chatgpt.client import ADDRESS, KEY_VARIABLE, ChatGptModel
from targen_backends.http.completions import Structured
from targen_backends.http.failures import NOT_WITH_REASONING
from targen_backends.http.options import HttpOptions, find_key
from targen_backends.scores import MOST
from targen_core import Backend

_PLAIN = re.compile(r"(.*/)?(ft:)?(gpt-3|gpt-4|chatgpt-4)|.*-chat(-latest)?$")
"""Names of models that do not think: they take a temperature."""

_ROOM = 8192
"""`max_tokens` for models that think. Reasoning counts towards it, and a reply that is cut off is a
failed call; unused tokens are free."""

_UNKNOWN = ("top_k", "min_p", "repeat_penalty")
"""Sampling parameters that OpenAI does not have."""


class ChatGptOptions(HttpOptions):
    """Options for `-o KEY=VALUE` with `--backend chatgpt`."""

    key_variable: ClassVar[str] = KEY_VARIABLE
    address_variable: ClassVar[str] = "OPENAI_BASE_URL"
    default_address: ClassVar[str] = ADDRESS
    path: ClassVar[str] = "/chat/completions"

    base_url: str = Field(
        ADDRESS, description=f"URL of a proxy; default: $OPENAI_BASE_URL, else {ADDRESS}"
    )
    model: str = Field("", description="Name of the model, e.g. gpt-6-luna (required)")
    api_key: SecretStr | None = Field(None, description=f"The key; default: ${KEY_VARIABLE}")
    timeout: float = Field(300.0, gt=0, description="Maximum time for one call, in seconds")
    structured: Structured = Field(
        "json_schema", description="How to request JSON: json_schema, json_object or none"
    )
    thinks: bool | None = Field(
        None,
        description="true for a model that reasons before it answers: it does not accept a "
        "temperature and needs a larger max_tokens; default: inferred from its name",
    )
    prompt_cache: bool = Field(
        True, description="Mark the long fixed part of prompts for the service's prompt cache"
    )


def create(options: ChatGptOptions) -> ChatGptModel:
    """The client for `options`.

    Raises:
        UsageError: the name of a model is missing, or the key is invalid.
    """
    options.require_model("chatgpt", "--model gpt-6-luna, for example")
    key = find_key(options.api_key, options.api_key_file, KEY_VARIABLE)
    model = ChatGptModel(
        options.base_url, options.model, mark=options.prompt_cache, **options.arguments(key)
    )
    model.top_logprobs = None if reasons(options) else MOST
    return model


def batches(options: ChatGptOptions) -> ChatGptBatches:
    """Return the provider of batches for `options`; see `create`."""
    return ChatGptBatches(create(options))


def reasons(options: ChatGptOptions) -> bool:
    """Return whether the model thinks before it answers, by its name."""
    if options.thinks is not None:
        return options.thinks
    return _PLAIN.match(options.model) is None


def defaults(options: ChatGptOptions) -> Mapping[str, Any]:
    """Return parameters that the model's kind needs; one that is None is omitted."""
    params: dict[str, Any] = dict.fromkeys(_UNKNOWN)
    if reasons(options):
        params |= dict.fromkeys(NOT_WITH_REASONING)
        params["max_tokens"] = _ROOM
    return params


BACKEND = Backend(
    summary="OpenAI's models, with a key in OPENAI_API_KEY; token probabilities only when "
    "reasoning is off",
    options=ChatGptOptions,
    create=create,
    defaults=defaults,
    batch=batches,
    thinks=reasons,
    ready=ChatGptOptions.has_key,
    top_logprobs=MOST,
)
