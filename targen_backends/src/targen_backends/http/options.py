"""The options that every backend over HTTP takes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from targen_backends.http.address import checked, refuse_key_in_plain
from targen_core import BackendOptions
from targen_core.errors import UsageError


class HttpOptions(BackendOptions):
    """Address, model, key, time-out and form of the replies."""

    # An address may be typed with a password in it: no error may repeat it.
    model_config = ConfigDict(hide_input_in_errors=True)

    key_variable: ClassVar[str]
    address_variable: ClassVar[str]
    default_address: ClassVar[str]
    path: ClassVar[str]
    """The path to post to, under the address."""

    base_url: str = Field("", description="Address of the service")
    model: str = Field("", description="Name of the model (required)")
    api_key: SecretStr | None = Field(
        None, description="The key; an environment variable or a file is safer"
    )
    api_key_file: str = Field("", description="A file whose first line is the key")
    timeout: float = Field(120.0, gt=0, description="Maximum time for one call, in seconds")
    structured: str = Field("json_schema", description="How to request JSON")
    max_concurrency: int | None = Field(
        None, ge=1, description="Maximum number of concurrent calls"
    )
    extra: dict[str, Any] = Field(
        default_factory=dict, description="JSON object merged into every request body"
    )

    def arguments(self, key: str) -> dict[str, Any]:
        """Return the arguments of an `HttpModel` except its address and name.

        Raises:
            UsageError: the key would go through the network in plain.
        """
        if key:
            refuse_key_in_plain(self.base_url)
        return {
            "api_key": key,
            "timeout": self.timeout,
            "structured": self.structured,
            "max_concurrency": self.max_concurrency,
            "extra": self.extra,
        }

    @classmethod
    def has_key(cls, said: Mapping[str, Any]) -> bool:
        """Return whether options or the environment have a key, without opening a keyring."""
        given = {"api_key", "api_key_file"} & said.keys()
        return bool(given or os.environ.get(cls.key_variable))

    @classmethod
    def has_address(cls, said: Mapping[str, Any]) -> bool:
        """Return whether options or the environment have an address."""
        return bool("base_url" in said or os.environ.get(cls.address_variable))

    def require_model(self, backend: str, hint: str) -> None:
        """Check that a model is named; `hint` is for the error.

        Raises:
            UsageError: the name is missing.
        """
        if not self.model:
            raise UsageError(f"the {backend} backend needs a model name", hint=hint)

    @model_validator(mode="before")
    @classmethod
    def _address_from_environment(cls, values: Any) -> Any:
        """Take the address as if it had been given, so that a run keeps it."""
        if isinstance(values, dict) and "base_url" not in values:
            address = os.environ.get(cls.address_variable) or cls.default_address
            return {**values, "base_url": address}
        return values

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        return checked(value, cls.key_variable).removesuffix(cls.path)

    @field_validator("extra", mode="before")
    @classmethod
    def _object(cls, value: Any) -> Any:
        if isinstance(value, str):
            return json.loads(value)  # its ValueError is what pydantic expects
        return value
