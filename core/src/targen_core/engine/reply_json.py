"""Read replies as JSON objects, as models write them where no service holds them to a schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from targen_core.errors import BadReply

R = TypeVar("R", bound=BaseModel)

_DECODER = json.JSONDecoder(strict=False)
_QUOTES = {'"': '"', "'": "'", "`": "`", "“": "”", "‘": "’"}
_END = r"\s*(?:[}\]]|:|,\s*(?:[}\]]|[\"'“‘`]|[\w$]+\s*:)|,?\s*(?://|/\*)|\Z)"
_CLOSERS = {end: re.compile(rf"(?:[{end}\"]|{re.escape(end)}){_END}") for end in _QUOTES.values()}
"""A quote ends a text if what JSON allows after one follows; other quotes belong to the text."""
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_WORD = re.compile(r"[A-Za-z_]\w*")
_VALUES = {"True": "true", "False": "false", "None": "null", "NaN": "null", "undefined": "null"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)


def read_reply(text: str, model: type[R]) -> R:
    """Read a reply as `model`: the whole text, or the one JSON object in it that fits.

    Accepts what models wrap around JSON: prose, code fences, another object, a second encoding. It
    also accepts raw line breaks, needless escapes, other quotes, keys without any, comments,
    trailing commas and missing brackets at the end. It changes no word of a value.

    Raises:
        BadReply: with what is wrong, in words that the model can act on.
    """
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        problem = error
    found: R | None = None
    for value in _objects(text):
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise BadReply("an escape such as \\ud83d is half a character") from None
        read = None
        for each in (value, *_inner(value)):
            try:
                read = model.model_validate(_as_fields(each, model))
                break
            except ValidationError as error:
                # The object that was meant fails deeper than what it wraps.
                problem = max(error, problem, key=lambda each: len(each.errors()[0]["loc"]))
        if read is None:
            continue
        if found is not None and read != found:
            raise BadReply("it contains several different answers; write one JSON object only")
        found = read
    if found is not None:
        return found
    first = problem.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    raise BadReply(f"{where}: {first['msg']}" if where else str(first["msg"]))


def _objects(text: str) -> Iterator[Any]:
    """Yield the outermost JSON objects in a text, or else those of a repaired text."""
    is_any = False
    for value in _as_they_are(text):
        is_any = True
        yield value
    if not is_any:
        for repaired in _repaired(text):
            if values := [*_as_they_are(repaired)]:
                yield from values
                return


def _as_they_are(text: str) -> Iterator[Any]:
    start = text.find("{")
    while start >= 0:
        try:
            value, start = _DECODER.raw_decode(text, start)
            yield value
        except RecursionError:
            raise BadReply("it is nested too deeply") from None
        except ValueError:
            start += 1
        start = text.find("{", start)


def _inner(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the object that an object of one key wraps."""
    if len(value) == 1:
        (part,) = value.values()
        if isinstance(part, dict):
            yield part


def _as_fields(value: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Return an object with the keys that differ from the model's fields only in case as these."""
    names = {(field.alias or name) for name, field in model.model_fields.items()}
    if names <= value.keys():
        return value
    known = {name.casefold(): name for name in names - value.keys()}
    return {known.get(key.casefold(), key): part for key, part in value.items()}


def _repaired(text: str) -> Iterator[str]:
    """Yield what a text may be meant as: decoded once more, or with its lapses mended."""
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        decoded = None
    if isinstance(decoded, str):
        yield decoded
    yield "\n".join(_mended(text.replace('\\"', '"') if '{\\"' in text else text))


def _mended(text: str) -> Iterator[str]:
    """Yield each outermost object in a text as JSON, with the usual lapses mended."""
    out: list[str] = []
    closers: list[str] = []
    at = text.find("{")
    while 0 <= at < len(text):
        char = text[at]
        if char in _QUOTES:
            width = 3 if text.startswith(char * 3, at) else 1
            end = _CLOSERS[_QUOTES[char]].search(text, at + width)
            if end is None:
                return  # it was cut within a text
            inner = text[at + width : end.start()]
            out.append(json.dumps(_unescaped(inner.removesuffix(char * (width - 1)))))
            at = end.start() + 1
            continue
        word = _WORD.match(text, at) or _COMMENT.match(text, at)
        if word:
            if not char.startswith("/"):
                is_key = text[word.end() :].lstrip()[:1] == ":"
                out.append(f'"{word[0]}"' if is_key else _VALUES.get(word[0], word[0]))
            at = word.end()
            continue
        if char in "{[":
            closers.append("}" if char == "{" else "]")
        elif char in "}]":
            if out[-1:] == [","]:
                out.pop()
            closers.pop()
        if not char.isspace():
            out.append(char)
        at += 1
        if not closers:
            yield "".join(out)
            out, at = [], text.find("{", at)
    if out:
        yield "".join([*out, *closers[::-1]])


def _unescaped(text: str) -> str:
    """Return a text between quotes, decoded; escapes that JSON lacks lose the backslash."""

    def plain(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "ux" and len(code) > 1:
            return chr(int(code[1:], 16))
        return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(code, code)

    return _ESCAPE.sub(plain, text)
