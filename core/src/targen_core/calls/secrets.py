"""Keep API keys out of what is stored: replies, errors, logs and options.

The call layer replaces each whole key of the run in every reply and error. Options that look like
keys are refused before they become part of a run (`targen_core.runs.step_options`).
"""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

if TYPE_CHECKING:
    from targen_core.calls.model import ChatReply

E = TypeVar("E", bound=Exception)

_HIDDEN = "***"

_SHORTEST = 16
"""Characters from which on a key is removed from good replies. Servers without keys are given
shorter ones ("EMPTY", "not-needed"), which may be words of a reply."""

_KEY_LIKE = re.compile(
    r"\b(?:sk[-_]|gsk_|xai-|pplx-|nvapi-|csk-|glpat-|gh[pousr]_|github_pat_)[\w*-]{6,}"
    r"|\b(?:hf|r8)_[A-Za-z0-9]{20,}|\bAIza[\w-]{20,}|\bAKIA[A-Z0-9]{12,}"
    r"|(?<=Bearer)(?:\s|%20|\+)+\S+|(?<=Basic )[\w+/=-]{8,}"
    r"|(?<=api-key: )\S+|(?<=api_key=)[^\s&]+",
    re.IGNORECASE,
)

_SURELY = 8
"""Characters of a value that is secret by its name alone."""

_SURE = frozenset(
    "password passwd passphrase secret secrets authorization credential credentials bearer "
    "apikey cookie".split()
)
"""Words of names that only secrets have."""

_SURE_KEY = frozenset(
    "access account admin api auth client license master private secret service signing "
    "subscription".split()
)
_SURE_TOKEN = frozenset(
    "access api auth bearer github hf hub huggingface personal refresh secret "
    "security session".split()
)
_RANDOM = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])\S{16,}")
"""A probable key, if its name leaves it open: long, of letters and digits."""

_LOGIN = re.compile(r"://[^/\s@]*:([^/\s@]+)@")
_ADDRESS = re.compile(r"\w+://\S+")


# --- text ---


class Secrets:
    """The secrets of a run, and text, replies and errors without them.

    Args:
        *secrets: keys, passwords, tokens; empty ones are ignored. Those of fewer than 16 characters
            are only removed from errors.
    """

    __slots__ = ("_all", "_keys")

    def __init__(self, *secrets: str) -> None:
        self._all = tuple(dict.fromkeys(filter(None, secrets)))
        long = (one for one in self._all if len(one) >= _SHORTEST)
        self._keys = tuple(form for one in long for form in _forms(one))

    def __repr__(self) -> str:
        return f"Secrets({len(self._all)} hidden)"

    def within(self, text: str) -> bool:
        """Return whether `text` contains a whole key."""
        return bool(self._keys) and any(key in text for key in self._keys)

    def text(self, text: str) -> str:
        """`text` without whole keys."""
        for key in self._keys:
            text = text.replace(key, _HIDDEN)
        return text

    def value(self, value: Any) -> Any:
        """A value of decoded JSON without keys in its texts and names."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(name): self.value(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.value(part) for part in value]
        return value

    def reply(self, reply: ChatReply) -> ChatReply:
        """A reply without keys. Tokens that spell one are dropped: the reply is then unscored."""
        if not self._keys or not any(map(self.within, (reply.text, reply.model, reply.unscored))):
            return reply
        text, model, unscored = map(self.text, (reply.text, reply.model, reply.unscored))
        if reply.tokens and text != reply.text:
            return replace(reply, text=text, model=model, tokens=(), unscored="it contained a key")
        return replace(reply, text=text, model=model, unscored=unscored)

    def error(self, error: E) -> E:
        """The error itself, without secrets in its message, hint, attributes and causes."""
        error.args = tuple(self._words(part) for part in error.args)
        for name, value in list(vars(error).items()):
            setattr(error, name, self._words(value))
        if not self.spared_by(error):
            error.__cause__, error.__context__ = None, None
        return error

    def spared_by(self, error: BaseException) -> bool:
        """Return whether an error and its causes contain no secrets, so that a log may show it."""
        seen: set[int] = set()
        cause: BaseException | None = error
        while cause is not None and id(cause) not in seen:
            if self.words(str(cause)) != str(cause):
                return False
            seen.add(id(cause))
            cause = cause.__cause__ or cause.__context__
        return True

    def words(self, text: str) -> str:
        """A service's words without secrets, as `scrub` finds them."""
        return scrub(text, *self._all)

    def _words(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        clean = self.words(text := str(value))
        return value if clean == text else clean


def scrub(text: str, *secrets: str) -> str:
    """`text`, the words of an error, without `secrets` and without what looks like an API key."""
    for secret in filter(None, secrets):
        for form in _forms(secret):
            text = text.replace(form, _HIDDEN)
    return _KEY_LIKE.sub(_hidden, text)


def _hidden(match: re.Match[str]) -> str:
    return f" {_HIDDEN}" if match[0][:1] in " \t\n+%" else _HIDDEN


def _forms(secret: str) -> tuple[str, ...]:
    """A secret as it is, within JSON, and within an address."""
    escaped = (json.dumps(secret, ensure_ascii=plain)[1:-1] for plain in (False, True))
    return tuple(dict.fromkeys((secret, *escaped, quote(secret, safe=""))))


# --- names and values ---


def environment_secrets() -> tuple[str, ...]:
    """The values of environment variables whose names say that they are keys.

    Backends of others read their keys there without telling anybody.
    """
    return tuple(
        value.strip()
        for name, value in os.environ.items()
        if may_name_secret(name) and len(value.strip()) >= _SHORTEST and " " not in value.strip()
    )


def may_name_secret(name: str) -> bool:
    """Return whether an option, a field, a header or a variable of this name may hold a secret.

    `max_tokens` and `prompt_cache_key` may not, nor what names a file.
    """
    words = _name_words(name)
    if not words or words[0] == "max" or words[-1] in ("file", "path") or "cache" in words:
        return False
    return (
        not _SURE.isdisjoint(words)
        or not {"key", "keys", "header", "headers"}.isdisjoint(words)
        or words[-1] in ("token", "auth")
    )


def names_secret(name: str) -> bool:
    """Return whether such a name always means a secret, such as `Authorization`."""
    words = _name_words(name)
    if not may_name_secret(name):
        return False
    before = set(words[:-1])
    return (
        not _SURE.isdisjoint(words)
        or (words[-1] in ("key", "keys") and not before.isdisjoint(_SURE_KEY))
        or (words[-1] == "token" and not before.isdisjoint(_SURE_TOKEN))
    )


@functools.lru_cache(maxsize=1024)
def _name_words(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case: `x-api-key`, `apiKey`, `API_KEY`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return tuple(word for word in re.split(r"[\W_]+", spaced.lower()) if word)


def secret_in(value: Any, name: str, secrets: Secrets | None = None) -> str:
    """Return where in an option a secret is, as `extra.headers.x-api-key`; "" if it contains none.

    Secrets are the texts of `secrets`, texts like an API key, logins and keys in an address, and
    values whose names only secrets have. Text that is JSON is looked through as well.
    """
    for path, text, called in _texts(value, name):
        if called and (names_secret(called) or _RANDOM.fullmatch(text)):
            return path
        address = _ADDRESS.fullmatch(text)
        if secrets is not None and secrets.within(_LOGIN.sub("://", text) if address else text):
            return path
        if _KEY_LIKE.search(text) or any(_in_query(text)):
            return path
        # If an option is an address with a login, only the login is removed.
        if _LOGIN.search(text) and not address:
            return path
    return ""


def secrets_in(value: Any, name: str = "") -> Iterator[str]:
    """The secrets in an option or a model's field: by its type, its name, or in an address."""
    hidden = getattr(value, "get_secret_value", None)
    for _, text, called in _texts(hidden() if hidden else value, name):
        sure = hidden or (called and names_secret(called) and len(text) >= _SURELY)
        if sure or (called and _RANDOM.fullmatch(text)):
            yield text
            scheme, space, key = text.strip().partition(" ")
            if space and scheme.lower() in ("bearer", "basic", "token"):
                yield key.strip()
        yield from _LOGIN.findall(text)
        yield from _in_query(text)


def _texts(
    value: Any, path: str, called: str = "", depth: int = 0
) -> Iterator[tuple[str, str, str]]:
    """The texts in a value, each with its path and the name of a secret that it is under, or ""."""
    name = path.rpartition(".")[2]
    if not called and not name.isdecimal() and _may_hold(name):
        called = name
    hidden = getattr(value, "get_secret_value", None)
    if hidden is not None:
        return  # kept out by its type
    if depth > 64:
        return
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield path, str(key), ""  # a key may be put where a name belongs
            inner = f"{path}.{str(key).replace('.', '_')}"
            yield from _texts(part, inner, called, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in value:
            yield from _texts(part, path, called, depth + 1)
    elif isinstance(value, str) and value:
        if value.lstrip()[:1] in ("{", "[", '"'):
            try:
                inside = json.loads(value)
            except (ValueError, RecursionError):
                inside = None
            if inside is not None and inside != value:
                yield from _texts(inside, path, called, depth + 1)
        yield path, value, called


def _may_hold(name: str) -> bool:
    """Return whether a field of this name holds a secret; headers have names of their own."""
    return may_name_secret(name) and _name_words(name)[-1] not in ("header", "headers")


def _in_query(text: str) -> Iterator[str]:
    """The keys in the query of an address."""
    if not _ADDRESS.fullmatch(text):
        return
    try:
        query = parse_qsl(urlsplit(text).query)
    except ValueError:
        return
    for name, value in query:
        if _may_hold(name) or name in ("sig", "signature"):
            yield value
