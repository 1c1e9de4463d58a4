"""Answers as people write them: a text or a JSON value, made into the reply that a call asks for.

A service's line says that it is a reply, and its run judges what it holds. A person learns at once
what is wrong with an answer, and what would be right. An answer that is not corrected then counts
as a reply, so that the run asks for another one and says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from targen_core.calls.model import ChatReply, ChatRequest
from targen_core.cli.tokens import estimate
from targen_core.reading.values import Malformed, json_of
from targen_core.tasks.words import normalized
from targen_core.text import printable

_FENCED = re.compile(r"(`{3,})\w*[ \t]*\r?\n(.*)\n\1`*", re.DOTALL)
_BULLET = re.compile(r"(?:[-*•]|\d+[.)])[ \t]+")
_TYPES: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "object": (dict, "an object"),
    "array": (list, "a list"),
    "string": (str, "text"),
    "integer": (int, "a whole number"),
    "number": ((int, float), "a number"),
    "boolean": (bool, "true or false"),
    "null": (type(None), "null"),
}
_DEEPEST_SHAPE, _MOST_OPTIONS = 6, 10
_REASON, _VERDICT, _VALID = "explanation", "verdict", "valid"
# Required fields in replies of our correctors, and the field that decides the others.
_JUDGED = {
    frozenset((_REASON, "actual", _VERDICT)): "actual",
    frozenset((_REASON, "answer")): "answer",
}
_REFUSES = "unsuitable"  # of a task file, if a seed cannot lead to a row of the label
_BARE_REFUSAL = re.compile(rf"\W*{_REFUSES}\W*(?:true\W*)?", re.IGNORECASE)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPED = {ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"}
_STRAIGHT = dict.fromkeys(map(ord, "“”„«»"), '"')  # of an editor, where JSON was meant
_NO_TEXT = frozenset(
    (
        "n a",
        "na",
        "none",
        "ditto",
        "same",
        "same as above",
        "see above",
        "skip",
        "no answer possible",
    )
)


def reply_of(content: Any, request: ChatRequest) -> ChatReply:
    """Make the reply to a call of what a person wrote.

    Args:
        content: a text, or the JSON value that the call's schema asks for. If one field decides
            all, its value may be given alone: the only one that must be there, or a judge's label.
        request: the call.

    Raises:
        Malformed: it does not have the requested form; the message describes that.
    """
    if _needs_scores(request):
        raise Malformed("the call requests token probabilities, so answer in the service's format")
    if isinstance(content, str):
        content = content.strip()
    if content in ("", None):
        raise Malformed("the answer is empty")
    if request.schema is None:
        if not isinstance(content, str):
            raise Malformed("the answer must be text")
        return _reply(content, request)
    forms = [shape_of(request.schema), *shorter(request.schema)]
    if isinstance(content, str) and _choices(request.schema) and not content.startswith("{"):
        del forms[0]  # a label was meant, which is far shorter
    right = f"; expected {', or '.join(forms)}"
    try:
        value = _value(content, request)
    except Malformed as error:
        raise Malformed(f"{error.reason}{right}", error.line) from None
    if fault := _fault(value, request.schema, request.schema, ""):
        raise Malformed(fault + right)
    return _reply(json.dumps(value, ensure_ascii=False), request)


def uncorrected(content: Any, request: ChatRequest) -> ChatReply | None:
    """Make the reply of an answer that was refused; None if it cannot be one in any form."""
    if _needs_scores(request):
        return None
    try:
        return reply_of(content, request)
    except Malformed:
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        return _reply(text, request)


def _needs_scores(request: ChatRequest) -> bool:
    return request.top_logprobs is not None or request.given is not None or request.next_token


def shape_of(schema: Mapping[str, Any]) -> str:
    """Return in short what a reply looks like, such as `{"label": "yes" or "no"}`."""
    return _shape(schema, schema, _DEEPEST_SHAPE)


def shorter(schema: Mapping[str, Any]) -> Iterator[str]:
    """Yield what people may write in place of a whole reply, in words."""
    if name := _decisive(schema, schema):
        lines = ", one per line" if _are_texts(schema["properties"][name], schema) else ""
        such = "".join(f", such as {option}" for option in _choices(schema)[:1])
        yield f"only the {'items' if lines else 'value'} of {name}{lines}{such}"
    if _may_refuse(schema):
        yield f"the word `{_REFUSES}`"


def _reply(text: str, request: ChatRequest) -> ChatReply:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Malformed("the answer contains an incomplete character") from None
    prompt = estimate(message.content for message in request.messages)
    return ChatReply(text, input_tokens=prompt, output_tokens=estimate([text]))


def _decisive(schema: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """The name of the field that decides all, or "": the only one that a reply must have.

    A judge's reply also has reasons, and whether the answer is the one that was claimed.
    """
    schema = _resolved(schema, root)
    needed = _needed(schema)
    if _labels_a_row(schema):
        needed -= {_REASON}
    return next(iter(needed)) if len(needed) == 1 else _JUDGED.get(needed, "")


def _labels_a_row(schema: Mapping[str, Any]) -> bool:
    """Return whether a judge of a task file's output replies so: with a reason, and `valid`."""
    return _REASON in _needed(schema) and _VALID in schema.get("properties", {})


def _choices(schema: Mapping[str, Any]) -> list[Any]:
    """Return what the field that decides all may be, where that is one of a few labels."""
    name = _decisive(schema, schema)
    return _options(_resolved(schema["properties"][name], schema)) if name else []


def _needed(schema: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(schema.get("required", ()))


def _value(content: Any, request: ChatRequest) -> Any:
    """The value that is meant."""
    schema = request.schema
    assert schema is not None
    name = _decisive(schema, schema)
    if isinstance(content, str):
        fenced = _FENCED.fullmatch(content)
        text = fenced[2].strip() if fenced else content
        if _refuses(text, schema):
            return {_REFUSES: True}
        if not _starts_whole(text, schema) and _starts_whole(text.translate(_STRAIGHT), schema):
            text = text.translate(_STRAIGHT)
        kind = _resolved(schema["properties"][name], schema) if name else {}
        whole = text.startswith("{") if _options(kind) else _starts_whole(text, schema)
        if kind.get("type") == "string" and not whole:
            field = re.compile(rf"\A{re.escape(name)}[ \t]*:\s*", re.IGNORECASE)
            content = {name: text if _options(kind) else _written(field.sub("", text, count=1))}
        elif _are_texts(kind, schema) and not text.lstrip().startswith(("{", "[")):
            item = _resolved(kind["items"], schema)
            lines = [_BULLET.sub("", line.strip(), count=1) for line in _items(text, name)]
            content = {
                name: [
                    {_REFUSES: True} if _refuses(line, item) else _written(line)
                    for line in lines
                    if _has_words(line)
                ]
            }
        else:
            # Line breaks within a text, as `read_reply` accepts them.
            text = _QUOTED.sub(lambda quoted: quoted[0].translate(_ESCAPED), text)
            content = json_of(text, once=True)
    if name and not isinstance(content, Mapping):
        content = {name: content}
    content = _meant(content, schema, schema)
    if name and _labels_a_row(schema):
        return {_REASON: "", **content}
    if name and name in content and _needed(schema) in _JUDGED:
        claimed = "" if request.origin is None else str(request.origin.values.get("output", ""))
        return _judged(content, content[name], claimed, schema)
    return content


def _refuses(text: str, schema: Mapping[str, Any]) -> bool:
    return _may_refuse(schema) and _BARE_REFUSAL.fullmatch(text) is not None


def _written(text: str) -> str:
    """A text as somebody wrote it.

    Raises:
        Malformed: it is clearly none.
    """
    if normalized(text) in _NO_TEXT or not _has_words(text):
        raise Malformed(f"{json.dumps(text, ensure_ascii=False)} is not a valid answer")
    return text


def _items(text: str, name: str) -> list[str]:
    """The lines of a list, without one above it that only introduces it.

    Raises:
        Malformed: several items are in one line.
    """
    first, *others = text.strip().splitlines() or [""]
    if not others and first.count(";") > 1:
        whole = json.dumps({name: [first]}, ensure_ascii=False)
        raise Malformed(f"write each item on its own line; if this is a single item, write {whole}")
    return others if others and first.rstrip().endswith(":") else [first, *others]


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))


def _are_texts(schema: Mapping[str, Any], root: Mapping[str, Any]) -> bool:
    """Return whether a list has texts or options, or rows that a text each may replace."""
    schema = _resolved(schema, root)
    if schema.get("type") != "array" or "items" not in schema:
        return False
    items = _resolved(schema["items"], root)
    name = _decisive(items, root)
    text = _resolved(items["properties"][name], root) if name else items
    return text.get("type") == "string"


def _may_refuse(schema: Mapping[str, Any]) -> bool:
    """Return whether a reply may refuse to write a row, without other content."""
    return _REFUSES in schema.get("properties", {}) and _REFUSES not in _needed(schema)


def _starts_whole(text: str, schema: Mapping[str, Any]) -> bool:
    """Return whether a text starts as the JSON object of a reply does."""
    spelt = (
        json.dumps(name, ensure_ascii=is_ascii)
        for name in schema.get("properties", ())
        for is_ascii in (False, True)
    )
    names = "|".join(map(re.escape, spelt))
    return re.match(rf"\s*\{{\s*({names})\s*:", text) is not None


def _judged(
    reply: Mapping[str, Any], answer: Any, claimed: str, schema: Mapping[str, Any]
) -> dict[str, Any]:
    """A judge's reply with what follows from its answer; what it has stays."""
    parts = answer if isinstance(answer, list) else [answer]
    given = {normalized(str(part)) for part in parts}
    names = claimed.split("; ") if isinstance(answer, list) else [claimed]
    right = given == {*map(normalized, names)}
    follows = {_REASON: "", _VERDICT: "correct" if right else "incorrect"}
    said = reply.get(_VERDICT, follows[_VERDICT])
    if claimed and said in ("correct", "incorrect") and said != follows[_VERDICT]:
        same = "equals" if right else "differs from"
        raise Malformed(
            f"{_VERDICT} is {json.dumps(said)}, but {_JUDGED[_needed(schema)]} {same} the given "
            f"label, {json.dumps(claimed, ensure_ascii=False)}: correct one of them, or omit "
            f"{_VERDICT}"
        )
    return {name: follows[name] for name in follows.keys() & _needed(schema)} | dict(reply)


def _meant(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """A value with its options as the schema spells them, and the rows of a list whole."""
    schema = _resolved(schema, root)
    if isinstance(value, str) and (options := _options(schema)) and value not in options:
        alike = [each for each in options if _words(str(each)) == _words(value)]
        return alike[0] if len(alike) == 1 else value
    if isinstance(value, list) and "items" in schema:
        name = _decisive(schema["items"], root)
        rows = [{name: row} if name and isinstance(row, str) else row for row in value]
        return [_meant(row, schema["items"], root) for row in rows]
    if isinstance(value, Mapping):
        fields = schema.get("properties", {})
        return {
            name: _meant(part, fields[name], root) if name in fields else part
            for name, part in value.items()
        }
    return value


def _words(option: str) -> str:
    return normalized(option.replace("_", " "))


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = root["$defs"][schema["$ref"].rpartition("/")[2]]
    return found


def _fault(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any], at: str) -> str:
    """Return the problem of a value, or "". Sizes of texts and lists are hints, and not checked."""
    schema = _resolved(schema, root)
    if parts := schema.get("anyOf") or schema.get("oneOf"):
        faults = [_fault(value, part, root, at) for part in parts]
        return "" if "" in faults else faults[0]
    if options := _options(schema):
        shown = printable(json.dumps(value, ensure_ascii=False), lines=False, max_length=60)
        return "" if value in options else f"{at or 'it'} must be {_listed(options)}, not {shown}"
    kind, words = _TYPES.get(schema.get("type", ""), (object, ""))
    if not isinstance(value, kind) or (isinstance(value, bool) and kind not in (bool, object)):
        return f"{at or 'it'} must be {words}"
    if isinstance(value, dict):
        return _object_fault(value, schema, root, at)
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            if fault := _fault(item, schema["items"], root, f"{at}[{number}]"):
                return fault
    if isinstance(value, int | float):
        if value < schema.get("minimum", value):
            return f"{at or 'it'} must be at least {schema['minimum']}"
        if value > schema.get("maximum", value):
            return f"{at or 'it'} must be at most {schema['maximum']}"
    return ""


def _object_fault(
    value: Mapping[str, Any], schema: Mapping[str, Any], root: Mapping[str, Any], at: str
) -> str:
    fields = schema.get("properties", {})
    refused = value.get(_REFUSES) is True and _may_refuse(schema)
    for name in () if refused else schema.get("required", ()):
        if name not in value:
            return f"{f'{at}.{name}' if at else name} is missing"
    others = schema.get("additionalProperties", True)
    for name, part in value.items():
        place = printable(f"{at}.{name}" if at else name, lines=False, max_length=60)
        if name not in fields and others is False:
            return f"unknown field {place}"
        inner = fields.get(name, others)
        if isinstance(inner, Mapping) and (fault := _fault(part, inner, root, place)):
            return fault
    return ""


def _options(schema: Mapping[str, Any]) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _listed(options: list[Any]) -> str:
    shown = [json.dumps(option, ensure_ascii=False) for option in options[:_MOST_OPTIONS]]
    return " or ".join([*shown, "…"] if len(options) > _MOST_OPTIONS else shown)


def _shape(schema: Mapping[str, Any], root: Mapping[str, Any], levels: int) -> str:
    schema = _resolved(schema, root)
    if not levels:
        return "…"
    if parts := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(_shape(part, root, levels - 1) for part in parts))
    if options := _options(schema):
        return _listed(options)
    kind = schema.get("type", "")
    if kind == "object":
        fields = schema.get("properties", {}).items()
        inner = (
            f"{json.dumps(name, ensure_ascii=False)}: {_shape(part, root, levels - 1)}"
            for name, part in fields
        )
        return f"{{{', '.join(inner)}}}"
    if kind == "array":
        return f"[{_shape(schema.get('items', {}), root, levels - 1)}, …]"
    return '"…"' if kind == "string" else _TYPES[kind][1] if kind in _TYPES else "…"
