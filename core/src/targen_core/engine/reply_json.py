"""Read replies as JSON objects, as models write them where no service holds them to a schema."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from targen_core.errors import BadReply

R = TypeVar("R", bound=BaseModel)

_DECODER = json.JSONDecoder(strict=False)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_KNOWN = frozenset('"\\/bfnrtu')


def read_reply(text: str, model: type[R]) -> R:
    """Read a reply as `model`: the whole text, or the one JSON object in it that fits.

    Accepts what models wrap around JSON (prose, code fences, a second encoding), raw line breaks,
    needless escapes and objects in single quotes. Changes no word of a value.

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
        try:
            read = model.model_validate(value)
        except ValidationError as error:
            problem = error
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


def _repaired(text: str) -> Iterator[str]:
    """Yield what a text may be meant as: decoded once more, without odd escapes, Python's form."""
    try:
        decoded = json.loads(text)
    except (ValueError, RecursionError):
        decoded = None
    if isinstance(decoded, str):
        yield decoded
    yield _ESCAPE.sub(lambda found: found[0] if found[1][0] in _KNOWN else found[1], text)
    try:
        value = ast.literal_eval(text[text.index("{") : text.rindex("}") + 1])
        yield json.dumps(value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return
