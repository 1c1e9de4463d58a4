"""The options of the `llama` backend, and how it is made from them."""

from __future__ import annotations

import os
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from targen_backends.http.completions import Structured
from targen_backends.http.options import HttpOptions, find_key
from targen_backends.llama.client import KEY_VARIABLE, LlamaModel
from targen_backends.llama.ollama import OllamaModel
from targen_backends.scores import MOST
from targen_core import Backend

ADDRESS_VARIABLE = "TARGEN_LLAMA_BASE_URL"
OLLAMA = "http://127.0.0.1:11434/v1"


class LlamaOptions(HttpOptions):
    """Options for `-o KEY=VALUE` with `--backend llama`."""

    key_variable: ClassVar[str] = KEY_VARIABLE
    address_variable: ClassVar[str] = ADDRESS_VARIABLE
    default_address: ClassVar[str] = OLLAMA
    path: ClassVar[str] = "/chat/completions"

    base_url: str = Field(
        OLLAMA,
        description="Server URL, e.g. http://127.0.0.1:8000/v1; default: "
        f"${ADDRESS_VARIABLE}, else Ollama's {OLLAMA}",
    )
    model: str = Field("", description="Name of the model on the server (required)")
    api_key: SecretStr | None = Field(None, description=f"Bearer token; default: ${KEY_VARIABLE}")
    structured: Structured = Field(
        "json_schema", description="How to request JSON: json_schema, json_object or none"
    )
    api: Literal["openai", "ollama"] = Field(
        "openai", description="openai: /chat/completions; ollama: Ollama's own /api/chat"
    )
    seeded: bool = Field(True, description="Send a separate sampling seed with each call")
    top_logprobs: int = Field(
        MOST,
        ge=-1,
        le=1000,
        description="Number of likeliest tokens that the server lists at each position, if a task "
        "requests token probabilities; -1 if it does not list any",
    )

    @model_validator(mode="after")
    def _ollamas_address(self) -> LlamaOptions:
        """Return the address of Ollama's own API, which is not under its OpenAI-compatible one."""
        if self.api == "ollama":
            root = self.base_url.removesuffix("/api/chat").removesuffix("/v1")
            object.__setattr__(self, "base_url", root)
        return self


def create(options: LlamaOptions) -> LlamaModel | OllamaModel:
    """The client for `options`.

    Raises:
        UsageError: the name of a model is missing, or the key is invalid.
    """
    where = "/api/tags" if options.api == "ollama" else "/models"
    options.require_model(
        "llama",
        f"--model NAME; GET {options.base_url}{where} lists the server's models",
    )
    made = OllamaModel if options.api == "ollama" else LlamaModel
    model = made(options.base_url, options.model, **options.arguments(_key(options)))
    model.seeded = options.seeded
    model.top_logprobs = None if options.top_logprobs < 0 else options.top_logprobs
    return model


def _key(options: LlamaOptions) -> str:
    """The API key, or "". OpenAI's own variable is for OpenAI's own host only."""
    variable = KEY_VARIABLE
    if not os.environ.get(variable) and urlsplit(options.base_url).hostname == "api.openai.com":
        variable = "OPENAI_API_KEY"
    # Most servers here want no key: no keyring is opened for them.
    return find_key(options.api_key, options.api_key_file, variable, in_keyring=False)


BACKEND = Backend(
    summary="Any OpenAI-compatible server, such as Ollama, vLLM, llama.cpp or a hosted one, with "
    "an optional key in TARGEN_LLAMA_API_KEY; token probabilities",
    options=LlamaOptions,
    create=create,
    ready=lambda said: LlamaOptions.has_address(said) or LlamaOptions.has_key(said),
    top_logprobs=MOST,
)
