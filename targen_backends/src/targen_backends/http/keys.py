"""Where a key comes from: an option, a file, the environment, or the keyring."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from targen_core.errors import AuthenticationFailed, UnreadableFile, UsageError
from targen_core.reading.files import read_text

_VARIABLES = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "TARGEN_LLAMA_API_KEY")
"""Where keys of services are looked for."""

KEYRING = "targen"
"""The service name of our entries in a keyring; the user name is the variable."""


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


def missing_key(backend: str, variable: str) -> AuthenticationFailed:
    """The error for a call without a key."""
    error = AuthenticationFailed(
        f"the {backend} backend has no API key: {variable} is not set",
        hint=f"export the key as {variable}, or pass -o api_key_file=FILE, or run: keyring set "
        f"{KEYRING} {variable}{other_keys(variable)}",
    )
    error.exit_code = UsageError.exit_code  # like a missing model: no service was asked
    return error


def other_keys(variable: str) -> str:
    """Return a hint if a key is in another service's variable; or ""."""
    others = [name for name in _VARIABLES if name != variable and os.environ.get(name)]
    if not others or os.environ.get(variable):
        return ""
    does = "is" if len(others) == 1 else "are"
    return f" ({' and '.join(others)} {does} set, but {does} not used for this service)"


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
