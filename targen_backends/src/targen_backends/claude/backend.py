"""The options of the `claude` backend, and how it is made from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field, SecretStr

from targen_backends.claude.batch import ClaudeBatches
from targen_backends.claude.client import (
    ADDRESS,
    KEY_VARIABLE,
    ClaudeModel,
    Structured,
    Thinking,
)
from targen_backends.claude.messages import SAMPLING
from targen_backends.http.options import HttpOptions, find_key
from targen_core import Backend

_TAKES_SAMPLING = re.compile(r"claude-(3|opus-4-[0-6]|sonnet-4-[0-6]|haiku-4|\w+-4-2025)")
"""Names of models that take a temperature. Later ones answer any but the default with
HTTP 400 (platform.claude.com/docs/en/models/sonnet-5/overview, read 2026-11-20)."""

_ROOM = 8192
"""`max_tokens` for models that think by themselves. Reasoning counts towards it, and a reply that
is cut off is a failed call; unused tokens are free."""

_UNKNOWN = ("seed", "min_p", "frequency_penalty", "presence_penalty", "repeat_penalty")
"""Sampling parameters that Anthropic does not have."""


class ClaudeOptions(HttpOptions):
    """Options for `-o KEY=VALUE` with `--backend claude`."""

    key_variable: ClassVar[str] = KEY_VARIABLE
    address_variable: ClassVar[str] = "ANTHROPIC_BASE_URL"
    default_address: ClassVar[str] = ADDRESS
    path: ClassVar[str] = "/v1/messages"

    base_url: str = Field(
        ADDRESS, description=f"URL of a proxy; default: $ANTHROPIC_BASE_URL, else {ADDRESS}"
    )
    model: str = Field("", description="Name of the model, e.g. claude-haiku-5-5 (required)")
    api_key: SecretStr | None = Field(None, description=f"The key; default: ${KEY_VARIABLE}")
    timeout: float = Field(300.0, gt=0, description="Maximum time for one call, in seconds")
    structured: Structured = Field(
        "json_schema", description="How to request JSON: json_schema, tool or none"
    )
    thinking: Thinking = Field(
        "default",
        description="How the model thinks: default, adaptive, disabled or between_tools; not every "
        "model supports each",
    )
    prompt_cache: bool = Field(
        True, description="Mark the long fixed part of prompts for the service's prompt cache"
    )


def create(options: ClaudeOptions) -> ClaudeModel:
    """The client for `options`.

    Raises:
        UsageError: the name of a model is missing, or the key is invalid.
    """
    options.require_model("claude", "--model claude-haiku-5-5, for example")
    return ClaudeModel(
        options.base_url.removesuffix("/v1"),
        options.model,
        thinking=options.thinking,
        mark=options.prompt_cache,
        **options.arguments(find_key(options.api_key, options.api_key_file, KEY_VARIABLE)),
    )


def batches(options: ClaudeOptions) -> ClaudeBatches:
    """Return the provider of batches for `options`; see `create`."""
    return ClaudeBatches(create(options))


def thinks(options: ClaudeOptions) -> bool:
    """Return whether the model thinks by itself, by its name."""
    return _TAKES_SAMPLING.match(options.model) is None


def defaults(options: ClaudeOptions) -> Mapping[str, Any]:
    """Return parameters that the model's kind needs; one that is None is omitted."""
    params: dict[str, Any] = dict.fromkeys(_UNKNOWN)
    if not thinks(options):
        return params
    params |= dict.fromkeys(SAMPLING)
    params["max_tokens"] = _ROOM
    return params


BACKEND = Backend(
    summary="Anthropic's models, with a key in ANTHROPIC_API_KEY",
    options=ClaudeOptions,
    create=create,
    defaults=defaults,
    batch=batches,
    thinks=lambda options: thinks(options) and options.thinking != "disabled",
    ready=ClaudeOptions.has_key,
)
