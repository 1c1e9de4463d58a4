"""The options of the `llama` backend, and how it is made from them."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from targen_backends.llama.client import LlamaModel, Structured
from targen_backends.llama.outcomes import KEY_VARIABLE
from targen_core.calls.backend import Backend, BackendOptions
from targen_core.errors import UsageError

__all__ = ["BACKEND", "LlamaOptions", "create"]

ADDRESS_VARIABLE = "TARGEN_LLAMA_BASE_URL"
OLLAMA = "http://127.0.0.1:11434/v1"


class LlamaOptions(BackendOptions):
    """What `-o KEY=VALUE` takes for `--backend llama`."""

    # An address may be typed with a password in it: no error may repeat it.
    model_config = ConfigDict(hide_input_in_errors=True)

    base_url: str = Field(
        OLLAMA,
        description="Server address, e.g. http://127.0.0.1:8000/v1; default: "
        f"${ADDRESS_VARIABLE}, else Ollama's {OLLAMA}",
    )
    model: str = Field("", description="Name of the model on the server (required)")
    api_key: SecretStr | None = Field(None, description=f"Bearer token; default: ${KEY_VARIABLE}")
    timeout: float = Field(120.0, gt=0, description="Seconds for one call")
    structured: Structured = Field(
        "json_schema", description="How JSON is asked for: json_schema, json_object or none"
    )
    max_concurrency: int | None = Field(None, ge=1, description="Most calls at once")
    extra: dict[str, Any] = Field(
        default_factory=dict, description="JSON object merged into every request body"
    )

    @model_validator(mode="before")
    @classmethod
    def _address_from_environment(cls, given: Any) -> Any:
        """Take the address as if it had been given, so that a run keeps it."""
        if isinstance(given, dict) and "base_url" not in given:
            return {**given, "base_url": os.environ.get(ADDRESS_VARIABLE) or OLLAMA}
        return given

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an address begins with http:// or https:// and a host")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "an address holds no user, password, query or fragment; "
                f"a key goes to {KEY_VARIABLE}"
            )
        return value.rstrip("/").removesuffix("/chat/completions")

    @field_validator("extra", mode="before")
    @classmethod
    def _object(cls, value: Any) -> Any:
        if isinstance(value, str):
            return json.loads(value)  # its ValueError is what pydantic expects
        return value


def create(options: LlamaOptions) -> LlamaModel:
    """The client for `options`.

    Raises:
        UsageError: without the name of a model.
    """
    if not options.model:
        raise UsageError(
            "the llama backend needs the name of a model",
            hint=f"-o model=NAME; GET {options.base_url}/models lists what the server has",
        )
    return LlamaModel(
        options.base_url,
        options.model,
        api_key=_key(options),
        timeout=options.timeout,
        structured=options.structured,
        max_concurrency=options.max_concurrency,
        extra=options.extra,
    )


def _key(options: LlamaOptions) -> str:
    """The API key, or "". OpenAI's own variable is for OpenAI's own host only."""
    if options.api_key is not None:
        return options.api_key.get_secret_value()
    key = os.environ.get(KEY_VARIABLE, "")
    if not key and urlsplit(options.base_url).hostname == "api.openai.com":
        key = os.environ.get("OPENAI_API_KEY", "")
    return key.strip()


BACKEND = Backend(
    summary="Any OpenAI-compatible server: Ollama, vLLM, llama.cpp, hosted ones",
    options=LlamaOptions,
    create=create,
)
