"""The options of the `llama` backend, and how it is made from them."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator

from targen_backends.llama.client import LlamaModel, Structured
from targen_backends.llama.outcomes import KEY_VARIABLE
from targen_core.calls.backend import Backend, BackendOptions
from targen_core.calls.model import Price
from targen_core.errors import UsageError

__all__ = ["BACKEND", "LlamaOptions", "create"]

ADDRESS_VARIABLE = "TARGEN_LLAMA_BASE_URL"
OLLAMA = "http://127.0.0.1:11434/v1"


def _address_from_environment() -> str:
    return os.environ.get(ADDRESS_VARIABLE) or OLLAMA


class LlamaOptions(BackendOptions):
    """What `-o KEY=VALUE` takes for `--backend llama`."""

    # An address may be typed with a password in it: no error may repeat it.
    model_config = ConfigDict(hide_input_in_errors=True, validate_default=True)

    base_url: str = Field(
        default_factory=_address_from_environment,
        description="Server address, e.g. http://127.0.0.1:8000/v1; default: "
        f"${ADDRESS_VARIABLE}, else Ollama's {OLLAMA}",
    )
    model: str = Field("", description="Name of the model on the server (required)")
    api_key: SecretStr | None = Field(None, description=f"Bearer token; default: ${KEY_VARIABLE}")
    timeout: float = Field(120.0, gt=0, description="Seconds for one call")
    structured: Structured = Field(
        "json_schema", description="How JSON is asked for: json_schema, json_object or none"
    )
    price_in: float | None = Field(None, ge=0, description="Dollars per million input tokens")
    price_out: float | None = Field(None, ge=0, description="Dollars per million output tokens")
    max_concurrency: int | None = Field(None, ge=1, description="Most calls at once")
    extra: dict[str, Any] = Field(
        default_factory=dict, description="JSON object merged into every request body"
    )

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
        UsageError: without a model, or with one price of two.
    """
    if not options.model:
        raise UsageError(
            "the llama backend needs the name of a model",
            hint=f"-o model=NAME; GET {options.base_url}/models lists what the server has",
        )
    price = None
    if options.price_in is not None and options.price_out is not None:
        price = Price(options.price_in, options.price_out)
    elif options.price_in is not None or options.price_out is not None:
        raise UsageError(
            "price_in and price_out go together",
            hint="-o price_in=DOLLARS -o price_out=DOLLARS, both per million tokens",
        )
    return LlamaModel(
        options.base_url,
        options.model,
        api_key=_key(options),
        timeout=options.timeout,
        structured=options.structured,
        price=price,
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
