"""Answers as people write them, in text or JSON, made into the replies that calls ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.cli.tokens import estimate
from targen_core.errors import BadReply
from targen_core.reading.values import Malformed, json_of
from targen_core.tasks.words import normalized

_FENCED = re.compile(r"(`{3,})\w*[ \t]*\r?\n(.*)\n\1`*", re.DOTALL)
_OBJECT = re.compile(r'\{\s*"')
_BULLET = re.compile(r"(?:[-*•]|\d+[.)])[ \t]+")
_SHAPES = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}
_DEEPEST_SHAPE, _MOST_OPTIONS, _ALIKE = 6, 10, 4
_REASON, _VERDICT, _VALID = "explanation", "verdict", "valid"
# Required fields in replies of our correctors, and the field that decides the others.
_JUDGED = {
    frozenset((_REASON, "actual", _VERDICT)): "actual",
    frozenset((_REASON, "answer")): "answer",
}
_REFUSES = "unsuitable"  # of a task file, if a seed cannot lead to a row of the label
_BARE_REFUSAL = re.compile(rf"\W*{_REFUSES}\W*(?:true\W*)?", re.IGNORECASE)

_Schema = Mapping[str, Any]


def reply_of(content: Any, request: ChatRequest) -> ChatReply:
    """Make the reply to a call of what a person wrote.

    Args:
        content: a text, or the JSON value that the call's schema asks for. If one field decides
            all, its value may be given alone: the only one that must be there, or a judge's label.
        request: the call.

    Raises:
        Malformed: it does not have the requested form.
    """
    if request.top_logprobs is not None or request.given is not None or request.next_token:
        raise Malformed("the call requests token probabilities, so answer in the service's format")
    if isinstance(content, str):
        content = content.strip()
    if content in ("", None):
        raise Malformed("the answer is empty")
    if request.schema is None:
        if not isinstance(content, str):
            raise Malformed("the answer must be text")
        text = content
    else:
        right = ", or ".join([shape_of(request.schema), *shorter(request.schema)])
        try:
            text = json.dumps(_value(content, request.schema, request), ensure_ascii=False)
        except Malformed as error:
            raise Malformed(f"{error.reason}; expected {right}", error.line) from None
        if fault := _fault(text, request):
            raise Malformed(f"{fault}; expected {right}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("the answer contains an incomplete character") from None
    prompt = estimate(message.content for message in request.messages)
    return ChatReply(text, input_tokens=prompt, output_tokens=estimate([text]))


def _fault(text: str, request: ChatRequest) -> str:
    """Return why the step could not use a reply, or ""."""
    try:
        if request.read is not None:
            request.read(text)
    except BadReply as error:
        return str(error) if error.reason == BadReply("").reason else f"{error.reason}: {error}"
    except Exception:  # a reply that refuses, or code of the task
        return ""
    return ""


def shape_of(schema: _Schema) -> str:
    """Return in short what a reply looks like, such as `{"label": "yes" or "no"}`."""
    return _shape(schema, schema, _DEEPEST_SHAPE)


def shorter(schema: _Schema) -> Iterator[str]:
    """Yield what people may write in place of a whole reply, in words."""
    if name := _decisive(schema, schema):
        field = _resolved(schema["properties"][name], schema)
        lines = ", one per line" if _are_texts(field, schema) else ""
        such = "".join(f", such as {option}" for option in _options(field)[:1])
        yield f"only the {'items' if lines else 'value'} of {name}{lines}{such}"
    if _may_refuse(schema):
        yield f"the word `{_REFUSES}`"


def _value(content: Any, schema: _Schema, request: ChatRequest) -> Any:
    """The value that is meant."""
    name = _decisive(schema, schema)
    if isinstance(content, str):
        fenced = _FENCED.fullmatch(content)
        text = fenced[2].strip() if fenced else content
        if _may_refuse(schema) and _BARE_REFUSAL.fullmatch(text):
            return {_REFUSES: True}
        field = _resolved(schema["properties"][name], schema) if name else {}
        if field.get("type") == "string" and not _OBJECT.match(text):
            content = {name: text}
        elif _are_texts(field, schema) and not text.startswith(("{", "[")):
            lines = (_BULLET.sub("", line.strip(), count=1) for line in text.splitlines())
            content = {name: [line for line in lines if any(map(str.isalnum, line))]}
        else:
            content = json_of(text, once=True)
    if name and (not isinstance(content, Mapping) or _is_value_of(name, content, schema)):
        content = {name: content}
    content = _completed(content, schema, schema)
    if name and _labels_a_row(schema):
        return {_REASON: "", **content}
    if name in content and (needed := _needed(schema)) in _JUDGED:
        answer = content[name]
        claimed = "" if request.origin is None else str(request.origin.values.get("output", ""))
        parts = answer if isinstance(answer, list) else [answer]
        names = claimed.split("; ") if isinstance(answer, list) else [claimed]
        right = {normalized(str(part)) for part in parts} == {*map(normalized, names)}
        follows = {_REASON: "", _VERDICT: "correct" if right else "incorrect"}
        return {field: follows[field] for field in follows.keys() & needed} | content
    return content


def _is_value_of(name: str, content: Mapping[str, Any], schema: _Schema) -> bool:
    """Return whether an object is the value of a field, and not the whole reply."""
    fields = {field.casefold() for field in schema["properties"]}
    is_whole = any(str(key).casefold() in fields for key in content)
    return not is_whole and _resolved(schema["properties"][name], schema).get("type") == "object"


def _completed(value: Any, schema: _Schema, root: _Schema) -> Any:
    """A value with its options as the schema spells them, and the rows of a list whole."""
    schema = _resolved(schema, root)
    if isinstance(value, str) and (options := _options(schema)) and value not in options:
        alike = [each for each in options if _words(str(each)) == _words(value)]
        return alike[0] if len(alike) == 1 else value
    if isinstance(value, list) and "items" in schema:
        item = _resolved(schema["items"], root)
        name = _decisive(item, root)
        rows = [_row(each, name, item) if isinstance(each, str) else each for each in value]
        return [_completed(row, item, root) for row in rows]
    if isinstance(value, Mapping):
        fields = schema.get("properties", {})
        return {
            name: _completed(part, fields[name], root) if name in fields else part
            for name, part in value.items()
        }
    return value


def _row(text: str, name: str, item: _Schema) -> Any:
    """An item of a list that is written as a text alone."""
    if _may_refuse(item) and _BARE_REFUSAL.fullmatch(text):
        return {_REFUSES: True}
    return {name: text} if name else text


def _decisive(schema: _Schema, root: _Schema) -> str:
    """The name of the field that decides all, or "": the only one that a reply must have.

    A judge's reply also has reasons, and whether the answer is the one that was claimed.
    """
    schema = _resolved(schema, root)
    needed = _needed(schema)
    if _labels_a_row(schema):
        needed -= {_REASON}
    return next(iter(needed)) if len(needed) == 1 else _JUDGED.get(needed, "")


def _labels_a_row(schema: _Schema) -> bool:
    """Return whether a judge of a task file's output replies so: with a reason, and `valid`."""
    return _REASON in _needed(schema) and _VALID in schema.get("properties", {})


def _needed(schema: _Schema) -> frozenset[str]:
    return frozenset(schema.get("required", ()))


def _are_texts(schema: _Schema, root: _Schema) -> bool:
    """Return whether a list has texts or options, or rows that a text each may replace."""
    if schema.get("type") != "array" or "items" not in schema:
        return False
    item = _resolved(schema["items"], root)
    name = _decisive(item, root)
    return (_resolved(item["properties"][name], root) if name else item).get("type") == "string"


def _may_refuse(schema: _Schema) -> bool:
    """Return whether a reply may refuse to write a row, without other content."""
    return _REFUSES in schema.get("properties", {}) and _REFUSES not in _needed(schema)


def _words(option: str) -> str:
    return normalized(option.replace("_", " "))


def _resolved(schema: _Schema, root: _Schema) -> _Schema:
    if "$ref" not in schema:
        return schema
    found: _Schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return found


def _options(schema: _Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _shape(schema: _Schema, root: _Schema, levels: int) -> str:
    schema = _resolved(schema, root)
    if not levels:
        return "…"
    if parts := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_shape(part, root, levels - 1) for part in parts))
    if options := _options(schema):
        listed = [json.dumps(option, ensure_ascii=False) for option in options[:_MOST_OPTIONS]]
        return " or ".join([*listed, "…"] if len(options) > _MOST_OPTIONS else listed)
    kind = schema.get("type", "")
    if kind == "object":
        parts = {n: _shape(p, root, levels - 1) for n, p in schema.get("properties", {}).items()}
        inner = [f"{json.dumps(name, ensure_ascii=False)}: {form}" for name, form in parts.items()]
        if len(inner) > _ALIKE and len({*parts.values()}) == 1:  # such as a label for each number
            inner = [inner[0], "…", inner[-1]]
        return f"{{{', '.join(inner)}}}"
    if kind == "array":
        return f"[{_shape(schema.get('items', {}), root, levels - 1)}, …]"
    return '"…"' if kind == "string" else _SHAPES.get(kind, "null" if kind == "null" else "…")
