"""The options that every backend over HTTP takes: its address, and where its key comes from."""

from __future__ import annotations

import contextlib
import importlib
import ipaddress
import json
import os
import re
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from targen_core import BackendOptions
from targen_core.errors import ServiceError, UnreadableFile, UsageError
from targen_core.hints import quoted
from targen_core.reading.files import read_text

KEYRING = "targen"
"""The service name of our entries in a keyring; the user name is the variable."""


_OF_KEYS = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)
_HEADER = re.compile(r"[\w-]+: [\x20-\x7e]*")


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
    headers: dict[str, str] = Field(
        default_factory=dict,
        description='JSON object of further HTTP headers; {key} is the key, e.g. {"api-key": '
        '"{key}"}',
    )

    def arguments(self, key: str) -> dict[str, Any]:
        """Return the arguments of an `HttpModel` except its address and name.

        Raises:
            UsageError: the key would go through the network in plain.
        """
        if key:
            _refuse_key_in_plain(self.base_url)
        return {
            "api_key": key,
            "timeout": self.timeout,
            "structured": self.structured,
            "max_concurrency": self.max_concurrency,
            "extra": self.extra,
            "more_headers": {
                name: value.replace("{key}", key) for name, value in self.headers.items()
            },
            "key_in_headers": any("{key}" in value for value in self.headers.values()),
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
        address, mark, query = _checked_address(value, cls.key_variable).partition("?")
        return address.rstrip("/").removesuffix(cls.path) + mark + query

    @field_validator("headers")
    @classmethod
    def _no_key(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if _OF_KEYS.search(name) and "{key}" not in text:
                raise ValueError(f"write {{key}} in the header {name}, in place of the key")
            if not _HEADER.fullmatch(f"{name}: {text}"):
                raise ValueError("a header has a name and a line of ASCII text")
        return value

    @field_validator("extra", "headers", mode="before")
    @classmethod
    def _object(cls, value: Any) -> Any:
        if isinstance(value, str):
            return json.loads(value)  # its ValueError is what pydantic expects
        return value


# --- keys ---


def find_key(option: SecretStr | None, file: str, variable: str, *, in_keyring: bool = True) -> str:
    """The first of `option`, the first line of `file`, `$variable` and the keyring; or "".

    The keyring is only read if the package `keyring` is installed.

    Raises:
        UsageError: a file that cannot be read or is empty, or a key that no
            HTTP header can hold.
    """
    if option is not None:
        return _checked(option.get_secret_value(), "-o api_key=...")
    if file:
        return _checked(_first_line(file), f"the file {file}")
    key = os.environ.get(variable, "").strip()
    if key:
        return _checked(key, variable)
    return _checked(_from_keyring(variable), "the keyring") if in_keyring else ""


def missing_key(backend: str, variable: str) -> ServiceError:
    """The error for a call without a key."""
    error = ServiceError(
        f"the {backend} backend has no API key: {variable} is not set",
        hint=f"export the key as {variable}, or pass -o api_key_file=FILE, or run: keyring set "
        f"{KEYRING} {variable}",
        cause="key",
    )
    error.exit_code = UsageError.exit_code  # like a missing model: no service was asked
    return error


def _first_line(file: str) -> str:
    path = Path(file).expanduser()
    try:
        lines = read_text(path, 1 << 20).split("\n", 1)
    except UnreadableFile as error:
        why = error.reason
        raise UsageError(
            f"cannot read the key file {file}: {why}",
            hint="put the key on the first line of the file",
        ) from None
    if not lines[0].strip():
        raise UsageError(f"the key file {file} has an empty first line")
    return lines[0]


def _from_keyring(variable: str) -> str:
    try:
        keyring: Any = importlib.import_module("keyring")
        return str(keyring.get_password(KEYRING, variable) or "")
    except Exception:  # not installed, locked, or without a store: no key there
        return ""


def _checked(key: str, where: str) -> str:
    """The key without white space around it; what no header can hold is refused, unrepeated."""
    key = key.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise UsageError(
            f"the key from {where} contains a space, a line break or another character that keys "
            "cannot contain",
            hint="give only the key, without quotes, a name or a comment",
        )
    return key


# --- addresses ---


def _checked_address(address: str, key_variable: str) -> str:
    """`address` without a slash at its end.

    Raises:
        ValueError: it cannot be called, or holds a login or a query, which a run directory would
            keep.
    """
    address = address.strip()
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", address):
        raise ValueError("an address must start with http:// or https://, then a host")
    is_query = parts.query and not re.fullmatch(r"api-version=[\w.-]+", parts.query)  # Azure's
    if "@" in parts.netloc or is_query or parts.fragment:
        raise ValueError(
            "an address must not contain a user, password, query or fragment; put a key in "
            f"{key_variable}"
        )
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("the port of an address must be a number from 0 to 65535") from None
    return address.rstrip("/")


def proxy_for(address: str) -> str | None:
    """Return the URL of the proxy that the environment names for an address, or None.

    Raises:
        UsageError: it is a SOCKS proxy.
    """
    parts = urlsplit(address)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if urlsplit(proxy).scheme.startswith("socks"):
        raise UsageError(
            f"the proxy for {parts.scheme} addresses is a SOCKS proxy, which targen cannot use",
            hint="set HTTPS_PROXY or HTTP_PROXY to an HTTP proxy, or NO_PROXY to the host",
        )
    return proxy


def _refuse_key_in_plain(address: str) -> None:
    """Check that a key may go to an address: by https, or to this machine or a private network.

    Raises:
        UsageError: anybody on the way to it could read the key.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    with contextlib.suppress(ValueError):
        if parts.scheme == "https" or is_loopback(host) or ipaddress.ip_address(host).is_private:
            return
    secure = address.replace("http://", "https://", 1)
    raise UsageError(
        f"targen does not send a key to {address}: plain http does not encrypt it",
        hint=f"--base-url {quoted(secure)}; for a server in your own network, use its IP address",
    )


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
