"""Secrets: finding them in text and in options, and keeping them out of what is stored.

Text from a service becomes a value in the call layer. There `Secrets` removes the keys of the
run from every reply and every error, whatever escapes hide them. Options become part of a run
in `targen_core.runs.records.options`, which refuses those in which `secret_in` finds a key.
"""

from __future__ import annotations

import base64
import functools
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from targen_core.calls.model import ChatReply
    from targen_core.calls.scores import TokenScore

E = TypeVar("E", bound=Exception)

_HIDDEN = "***"

_SHORTEST = 16
"""Characters from which on a key is removed from good replies. Servers without keys are given
shorter ones ("EMPTY", "not-needed"), which may be words of a reply."""

_ROUNDS = 8
"""Rounds of decoding a text: an answer, a tool's arguments in it and a reply in those take three.
Without a limit, a text of escaped backslashes would take time quadratic in its length.
"""

_PIECE = 8
"""Letters and digits in a row that an error and a key must share to give part of the key away."""

_KEY_LIKE = re.compile(
    r"\b(?:sk[-_]|gsk_|xai-|pplx-|nvapi-|csk-|glpat-|gh[pousr]_|github_pat_)[\w*-]{6,}"
    r"|\b(?:hf|r8)_[A-Za-z0-9]{20,}|\bAIza[\w-]{20,}|\bAKIA[A-Z0-9]{12,}"
    r"|(?<=Bearer)(?:\s|%20|\+)+\S+|(?<=Basic )[\w+/=-]{8,}"
    r"|(?<=api-key: )\S+|(?<=api_key=)[^\s&]+",
    re.IGNORECASE,
)
_ESCAPE = re.compile(
    r"\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|([\\\"/]))"  # JSON, and Python
    r"|%(?:25)*([0-9a-f]{2})"  # an address
    r"|&#x0*([0-9a-f]{2,5});|&#0*(\d{2,6});",  # a web page
    re.IGNORECASE,
)
_CODED = re.compile(r"\\(?:u00|x)[2-7]|%[2-7]|&#")
"""An escape of a printable ASCII character."""

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")

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

    A secret is found in clear and in every escape of JSON, of addresses and of web pages, up to
    eight levels deep. Secrets of fewer than 16 characters are only looked for in errors.

    Args:
        *secrets: keys, passwords, tokens; empty ones are ignored.
    """

    __slots__ = ("_all", "_keys", "_wide")

    def __init__(self, *secrets: str) -> None:
        self._all = tuple(dict.fromkeys(filter(None, secrets)))
        long = [one for one in self._all if len(one) >= _SHORTEST]
        # A backslash before any character is ignored: `sk\-…` is a key in Markdown.
        forms = (form.replace("\\", "") for one in long for form in (one, *_rounds(one)))
        self._keys = tuple(dict.fromkeys(form for form in forms if len(form) >= _SHORTEST))
        self._wide = not all(map(str.isascii, self._keys))

    def __repr__(self) -> str:
        return f"Secrets({len(self._all)} hidden)"

    def within(self, text: str) -> bool:
        """Return whether `text` contains a secret, in clear or escaped."""
        keys = self._keys
        if not keys:
            return False
        if any(key in text for key in keys):
            return True
        if "\\" in text:
            bare = text.replace("\\", "")
            if any(key in bare for key in keys):
                return True
            coded = "\\u" in text if self._wide else "\\u00" in text or "\\x" in text
        else:
            coded = False
        # Programs escape quotes, controls and letters beyond ASCII; hardly one a plain letter.
        if not ((coded or "%" in text or "&#" in text) and (self._wide or _CODED.search(text))):
            return False
        decoded = (one.replace("\\", "") for one in _rounds(text))
        return any(key in one for one in decoded for key in keys)

    def text(self, text: str) -> str:
        """`text` without secrets."""
        return _without_spans(text, self._spans(text)) if self.within(text) else text

    def value(self, value: Any) -> Any:
        """A value of decoded JSON without secrets in its texts and names."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.value(name): self.value(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.value(part) for part in value]
        return value

    def reply(self, reply: ChatReply) -> ChatReply:
        """A reply without secrets in its text, its tokens and the name of its model."""
        if not self._keys:
            return reply
        text, model, unscored = map(self.text, (reply.text, reply.model, reply.unscored))
        tokens = self._tokens(reply.tokens)
        unchanged = (text, model, unscored) == (reply.text, reply.model, reply.unscored)
        if unchanged and tokens is reply.tokens:
            return reply
        return replace(reply, text=text, model=model, unscored=unscored, tokens=tokens)

    def error(self, error: E) -> E:
        """The error itself, without secrets in its message, hint, attributes and causes."""
        words = tuple(self._words(part) for part in error.args)
        if words != error.args:
            error.args = words
        for name, value in list(vars(error).items()):
            clean = self._words(value)
            if clean is not value:
                setattr(error, name, clean)
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
        """A service's words without secrets, as `scrub` finds them; unchanged if it finds none."""
        return scrub(text, *self._all)

    def _words(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return self.words(value)

    def _spans(self, text: str) -> list[tuple[int, int]]:
        """Where secrets begin and end in `text`."""
        found = []
        for decoded, starts, ends in _rounds_with_places(text):
            for key in self._keys:
                at = decoded.find(key)
                while at >= 0:
                    found.append((starts[at], ends[at + len(key) - 1]))
                    at = decoded.find(key, at + len(key))
        return found

    def _tokens(self, tokens: tuple[TokenScore, ...]) -> tuple[TokenScore, ...]:
        """Tokens that make up the text without secrets, which may go over several of them."""
        whole = "".join(token.text for token in tokens)
        others = "\n".join(other for token in tokens for other, _ in token.top)
        spans = self._spans(whole) if self.within(whole) else []
        if not spans and not self.within(others):
            return tokens
        clean, at = [], 0
        for token in tokens:
            start, at = at, at + len(token.text)
            text = _without_spans(whole, spans, start, at)
            top = tuple(
                (text if other == token.text else self.text(other), logprob)
                for other, logprob in token.top
            )
            clean.append(replace(token, text=text, top=top))
        return tuple(clean)


def scrub(text: str, *secrets: str) -> str:
    """`text`, the words of an error, without `secrets` and without what looks like an API key.

    A secret is found whole or in part, in any case, with signs between its letters,
    percent-encoded, escaped, in base64 or in hexadecimal. A part counts if it shares `_PIECE`
    letters and digits in a row with the secret.
    """
    for secret in filter(None, secrets):
        text = _without_pieces(text.replace(secret, _HIDDEN), secret)
    clean = _KEY_LIKE.sub(_hidden, text)
    for decoded, starts, ends in _rounds_with_places(clean):
        found = [(starts[m.start()], ends[m.end() - 1]) for m in _KEY_LIKE.finditer(decoded)]
        if any(_HIDDEN not in clean[start:end] for start, end in found):
            return _without_spans(clean, found)
    return clean


def _hidden(match: re.Match[str]) -> str:
    return f" {_HIDDEN}" if match[0][:1] in " \t\n+%" else _HIDDEN


def _without_spans(
    text: str, spans: Sequence[tuple[int, int]], start: int = 0, end: int | None = None
) -> str:
    """The part of `text` from `start` to `end`, with `***` for spans, which may overlap."""
    end = len(text) if end is None else end
    kept, at = [], start
    for first, last in sorted(spans):
        if last <= at or first >= end:
            continue
        if first >= at:
            kept += [text[at:first], _HIDDEN]
        at = min(last, end)
    return "".join([*kept, text[at:end]])


def _units(text: str) -> str:
    """`text` with two surrogates for each character that JSON escapes as two."""
    return text if text.isascii() else _ASTRAL.sub(_pair, text)


def _pair(match: re.Match[str]) -> str:
    raw = match[0].encode("utf-16-be")
    return chr(int.from_bytes(raw[:2], "big")) + chr(int.from_bytes(raw[2:], "big"))


def _rounds(text: str) -> Iterator[str]:
    """Yield `text` decoded once, twice and so on, until it does not change."""
    text = _units(text)
    yield text
    for _ in range(_ROUNDS):
        decoded = _ESCAPE.sub(_character, text)
        if decoded == text:
            return
        text = decoded
        yield text


def _rounds_with_places(text: str) -> Iterator[tuple[str, Sequence[int], Sequence[int]]]:
    """Return `text` itself and as `_rounds` decodes it, with the start and end of each character.

    Backslashes that are left are left out.
    """
    decoded = _units(text)
    starts: Sequence[int] = range(len(text))
    ends: Sequence[int] = range(1, len(text) + 1)
    if decoded != text:
        starts = [at for at, sign in enumerate(text) for _ in _units(sign)]
        ends = [at + 1 for at in starts]
    yield _bare(decoded, starts, ends)
    for _ in range(_ROUNDS):
        parts: list[str] = []
        new_starts: list[int] = []
        new_ends: list[int] = []
        done = 0
        for match in _ESCAPE.finditer(decoded):
            first, last = match.span()
            sign = _character(match)
            parts += [decoded[done:first], sign]
            new_starts += starts[done:first]
            new_ends += ends[done:first]
            new_starts += [starts[first]] * len(sign)
            new_ends += [ends[last - 1]] * len(sign)
            done = last
        if not done:
            return
        new_starts += starts[done:]
        new_ends += ends[done:]
        decoded = "".join([*parts, decoded[done:]])
        starts, ends = new_starts, new_ends
        yield _bare(decoded, starts, ends)


def _bare(
    text: str, starts: Sequence[int], ends: Sequence[int]
) -> tuple[str, Sequence[int], Sequence[int]]:
    """`text` and its places without backslashes."""
    if "\\" not in text:
        return text, starts, ends
    kept = [at for at, sign in enumerate(text) if sign != "\\"]
    return text.replace("\\", ""), [starts[at] for at in kept], [ends[at] for at in kept]


def _character(match: re.Match[str]) -> str:
    """Return the character that an escape represents."""
    unit, byte, itself, percent, in_hex, decimal = match.groups()
    if itself:
        return str(itself)
    number = int(decimal) if decimal else int(unit or byte or percent or in_hex, 16)
    return _units(chr(number)) if number < 0x110000 else ""


def _without_pieces(text: str, secret: str) -> str:
    """`text` without what it shares with `secret`."""
    pieces = _pieces(secret)
    if not pieces:
        return text
    spans: list[tuple[int, int]] = []
    for decoded, starts, ends in _rounds_with_places(text):
        signs = [(at, sign.lower()) for at, sign in enumerate(decoded) if sign.isalnum()]
        signs = [(at, sign) for at, sign in signs if len(sign) == 1]
        folded = "".join(sign for _, sign in signs)
        for at in range(len(folded) - _PIECE + 1):
            if folded[at : at + _PIECE] in pieces:
                spans.append((starts[signs[at][0]], ends[signs[at + _PIECE - 1][0]]))
    return _without_spans(text, spans)


@functools.lru_cache(maxsize=64)
def _pieces(secret: str) -> frozenset[str]:
    """All that is `_PIECE` letters and digits long in the forms that a secret may take."""
    pieces: set[str] = set()
    for form in _forms(secret):
        folded = "".join(sign for sign in form.lower() if sign.isalnum())
        pieces |= {folded[at : at + _PIECE] for at in range(len(folded) - _PIECE + 1)}
    return frozenset(pieces)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    raw = secret.encode("utf-8", "surrogatepass")
    yield raw.hex()
    for before in range(3):  # a user name may precede it
        # The first and last digits also encode parts of the surrounding text.
        yield base64.b64encode(b"\0" * before + raw).decode()[(0, 2, 3)[before] :].rstrip("=")[:-1]


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
        for decoded in _rounds(text):
            if _KEY_LIKE.search(decoded) or any(_in_query(decoded)):
                return path
            # If an option is an address with a login, only the login is removed.
            if _LOGIN.search(decoded) and not address:
                return path
    return ""


def secrets_in(value: Any, name: str = "") -> Iterator[str]:
    """The secrets in an option or a model's field: by its type, its name, or in an address."""
    hidden = getattr(value, "get_secret_value", None)
    for _, text, called in _texts(hidden() if hidden else value, name):
        sure = hidden or (called and names_secret(called) and len(text) >= _PIECE)
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
