"""From a file to a `Declaration`: YAML, TOML or JSON, with errors that name the line.

YAML is read as version 1.2 has it: `yes`, `no`, `on` and `off` are words, and
so are dates. The text before a colon is always a text, so that labels may be called `true` or `1`.
A key that is given twice is refused.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from targen_core.errors import UnreadableFile, UsageError
from targen_core.hints import did_you_mean, flags, suggestions_for
from targen_core.plain import is_hidden
from targen_core.reading.files import read_text
from targen_core.reading.nodes import json_nodes, line_of, yaml_value
from targen_core.reading.typed import toml_of
from targen_core.reading.values import Malformed, json_of
from targen_core.task_files import Loc
from targen_core.text import composed, key_path, plain_fault, plural, printable
from targen_standard.datasets.bigbench import is_bigbench
from targen_standard.task_files.bigbench import declared
from targen_standard.task_files.model import IN_A_FILE, Declaration, LabelPart
from targen_standard.task_files.options import located, require_trusted
from targen_standard.task_files.outputs import OutputRefused
from targen_standard.task_files.validation import problems

Refuse = Callable[[Loc, str, str], UsageError]
"""Makes the error for a place: its message, and what to type."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The content of a file, before it is interpreted.

    Attributes:
        path: the file.
        value: its keys and values.
        refuse: makes an error that names the file and the line.
    """

    path: Path
    value: dict[str, Any]
    refuse: Refuse


COPY = "task.json"
"""The name of a run's copy of a task file."""

_MAX_TYPED = 1 << 20
"""Most bytes of a file that somebody wrote by hand."""

_MAX_LIST = 16 << 20
"""Most bytes of a list of contexts or seeds."""

_MAX_DATA = 36 << 20
"""Most bytes of a JSON file: a run's copy also includes the lists of other files."""

_HALF = re.compile("[\ud800-\udfff]")
_ODD_SPACE = re.compile("(?:^ *|:)([\u00a0\u2007\u202f\u3000])", re.MULTILINE)
_KEY = re.compile(r":(\s|$)|^\s*(#|$)")
_DEEPEST = 16  # levels; a declaration has five


def parsed_file(path: Path) -> Parsed:
    """Return the content of a file in YAML, TOML or JSON.

    Raises:
        UsageError: there is no such file, or it cannot be read; naming the line.
    """
    try:
        return _read(path)
    except UsageError as error:
        if is_copy(path):  # targen wrote it, so the hints on typing mislead
            error.hint = "restore it from a backup"
        raise


def _read(path: Path) -> Parsed:
    try:
        text = read_text(path, _MAX_DATA if path.suffix == ".json" else _MAX_TYPED)
    except UnreadableFile as error:
        if error.missing:
            error.hint = error.hint or "targen init-task --blank writes a template"
        if "larger" in error.reason:
            error.hint = "put contexts and seeds in separate files: contexts: {file: …}"
        raise
    value, tree = _parsed(text, path)
    if not is_copy(path) and any(name != composed(name) for name in _names(value)):
        value, tree = _parsed(unicodedata.normalize("NFC", text), path)

    def refuse(loc: Loc, message: str, hint: str) -> UsageError:
        line = line_of(tree(), loc)
        where = f"{path}, line {line}" if line else str(path)
        key = f": {key_path(loc)}" if loc else ""
        return UsageError(f"{where}{key}: {message}", hint=hint)

    if _HALF.search(json.dumps(value, ensure_ascii=False, default=str)):
        escape = re.search(r"\\u[dD][89a-fA-F]", text)
        where = f"{path}, line {text.count(chr(10), 0, escape.start()) + 1}" if escape else path
        raise UsageError(f"{where}: contains an unpaired surrogate, which is not a character")
    if is_bigbench(value):
        value = declared(value, str(path))
    if not isinstance(value, dict):
        raise refuse(
            (), "it has no keys", "write description: … and labels: …; see targen init-task"
        )
    return Parsed(path, value, refuse)


def is_copy(path: Path) -> bool:
    """Return whether a file is a run's copy, whose labels are as its rows have them."""
    return path.name == COPY and (path.parent / "manifest.json").is_file()


def _names(value: Any) -> Iterator[str]:
    """Yield the names of labels, columns and the like: keys, at any depth."""
    for key, each in value.items() if isinstance(value, dict) else ():
        yield str(key)
        yield from _names(each)


def read_declaration(path: Path, *, packaged: bool = False) -> Declaration:
    """The declaration of a file; files that it names are read in.

    They lie in its folder or below, so that a declaration from a stranger brings no file of yours
    into a prompt. One that is `packaged` is installed code's, which is trusted.

    Raises:
        UsageError: naming the file, the line, the key, and what to type.
    """
    declaration = declaration_of(parsed_file(path), packaged=packaged)
    # It leaves its file behind, and with it the folder that paths are relative to.
    return declaration.model_copy(update={"options": located(declaration, path.parent)})


def declaration_of(parsed: Parsed, *, packaged: bool = False) -> Declaration:
    """The declaration that a file holds; see `read_declaration`.

    Raises:
        UsageError: naming the file, the line, the key, and what to type.
    """
    refuse = parsed.refuse
    _require_labels(parsed)
    try:
        declaration = Declaration.model_validate(parsed.value, context=IN_A_FILE)
    except OutputRefused as error:
        raise refuse(error.loc, error.message, error.words) from None
    except UsageError as error:
        if not isinstance(error.__context__, ValidationError):
            raise
        loc, message, hint = refusal(error.__context__)
        raise refuse(_as_written(parsed.value, loc), message, hint) from None
    declaration = _with_files(declaration, parsed.path.parent, refuse, packaged=packaged)
    for loc, message, hint in problems(declaration):
        raise refuse(loc, message, hint)
    if not packaged:
        require_trusted(declaration, parsed.path)
    return declaration


def _as_written(value: Any, loc: Loc) -> Loc:
    """Return a place as the file has it, where a list stands for a part's `items`."""
    written: list[str | int] = []
    for key in loc:
        if isinstance(value, list) and key == "items":
            continue
        written.append(key)
        value = entries(value).get(key)
    return written


def entries(value: Any) -> Mapping[Any, Any]:
    """Return the values of a mapping by key, or of a list by number; other values have none."""
    if isinstance(value, list):
        return dict(enumerate(value))
    return value if isinstance(value, Mapping) else {}


def _require_labels(parsed: Parsed) -> None:
    """Refuse a key that is indented below `labels`, where it would silently become a label.

    Raises:
        UsageError: a label has the name of a key, and no `definition` of its own.
    """
    labels = parsed.value.get("labels")
    for name, value in labels.items() if isinstance(labels, dict) else ():
        if isinstance(value, dict) and "definition" in value:
            continue
        if place := _place_of(name, value):
            if isinstance(value, str):
                place += "; if it is a label: " + _key_and_value(
                    "labels", {name: {"definition": "…"}}
                )
            raise parsed.refuse(("labels", name), "it is a key, not a label", place)


def values_of(text: str, path: Path) -> tuple[Any, Callable[[], Any]]:
    """Return the values of a text, and a function that finds their places as far as possible.

    Raises:
        Malformed: it is not in the format of files with the suffix of `path`, by default YAML.
    """
    if path.suffix == ".toml":
        return toml_of(text, deepest=_DEEPEST), lambda: None
    if path.suffix == ".json":
        # One that is larger was written by no person: to find its lines would take long.
        value = json_of(text, deepest=_DEEPEST, once=True)
        return value, lambda: json_nodes(text) if len(text) <= _MAX_TYPED else None
    value, node = yaml_value(text, deepest=_DEEPEST)
    return value, lambda: node


def _parsed(text: str, path: Path) -> tuple[Any, Callable[[], Any]]:
    try:
        return values_of(text, path)
    except Malformed as error:
        where = f"{path}, line {error.line}" if error.line else str(path)
        hint = _hint(error.reason, _line(text, error.line or 1))
        if path.suffix not in (".toml", ".json") and (odd := _ODD_SPACE.search(text)):
            line = text.count("\n", 0, odd.start(1)) + 1
            hint = f"line {line} contains a non-breaking space; replace it with an ordinary one"
        elif "mapping values" in error.reason and not _KEY.search(_line(text, error.line - 1)):
            hint = (
                f"on line {error.line - 1}, put a colon and a space after the key, as in KEY: text"
            )
        raise UsageError(f"{where}: {error.reason}", hint=hint) from error


def _line(text: str, number: int) -> str:
    """Return a line of a text, counted from 1; a key if there is no such line, which is right."""
    lines = text.splitlines()
    return lines[number - 1] if 0 < number <= len(lines) else "KEY:"


# --- what is wrong with a key -----------------------------------------------


def refusal(error: ValidationError, model: type[BaseModel] = Declaration) -> tuple[Loc, str, str]:
    """Return pydantic's refusal of a `model`: where, what is wrong, and what to type."""
    # A key that is not known is often one that is missing, misspelt.
    problems = sorted(
        error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden"
    )
    first = problems[0]
    if first["type"] == "extra_forbidden" and model is not Declaration and len(first["loc"]) == 1:
        missing = {problem["loc"] for problem in problems if problem["type"] == "missing"}
        return first["loc"], "unknown key", _meant_in(model, str(first["loc"][0]), missing)
    if first["type"] == "missing" and isinstance(first["loc"][-1], int):  # half of a pair
        first = {**first, "type": "tuple_type", "loc": first["loc"][:-1]}
    message, hint = _said(first, model)
    loc = [part for part in first["loc"] if part != "[key]"]
    return loc, message, hint


def _meant_in(model: type[BaseModel], key: str, missing: Collection[Loc]) -> str:
    """Return what to type in place of a key that a model does not have."""
    there = {
        name
        for name, info in model.model_fields.items()
        if info.is_required() and (name,) not in missing
    }
    if near := suggestions_for(key, [name for name in model.model_fields if name not in there]):
        return f"did you mean {' or '.join(near)}?"
    keys = (
        f"{name} ({info.description})" if info.is_required() else name
        for name, info in model.model_fields.items()
    )
    return f"keys: {', '.join(keys)}"


def _said(problem: Any, model: type[BaseModel]) -> tuple[str, str]:
    """Return pydantic's problem with a key, in our words, and what to type."""
    loc: Loc = problem["loc"]
    value = problem["input"]
    if problem["type"] == "extra_forbidden":
        return "unknown key", _meant(loc, value, _keys_at(model, loc[:-1]))
    if problem["type"] == "missing":
        return "it is missing", _example(loc)
    if value is None and isinstance(loc[-1], int):
        return "it is empty", "write its text, or remove it"
    if value is None and problem["type"] in (*_NO_MAPPING, "string_type"):
        is_label = loc[0] == "labels" and len(loc) > 1
        return "it has no definition" if is_label else "it is empty", _example(loc)
    if loc == ("examples",) and isinstance(value, list | tuple):
        return "it is a list, not a file of real rows", _EXAMPLES["examples"]
    if problem["type"] in _NO_MAPPING:
        what = "a list" if isinstance(value, list | tuple) else _short(value)
        if len(loc) == 1 and loc[0] == "labels":
            return f"it is {what}, but each label needs a definition", _example(loc, value)
        wanted = "keys with values"
        if loc[0] == "labels" and len(loc) == 2:
            wanted = "a text definition"
        return f"expected {wanted}, not {what}", _example(loc, value)
    if problem["type"] in ("tuple_type", "too_long") and loc[-1] in _PAIRS:
        return f"{_short(value)} is not [min, max]", f"{loc[-1]}: [min, max]"
    if problem["type"] == "tuple_type":
        in_a_list = "write one item per line, each after a dash"
        whole = isinstance(value, dict)
        return f"{_short(value)} is not a list", (
            in_a_list if whole else _key_and_value(str(loc[-1]), [value])
        )
    if problem["type"] == "string_pattern_mismatch":
        hint = "use lower-case letters, digits, ., _ and -"
        if problem["ctx"]["pattern"].startswith(r"^\S"):  # of a label
            hint = "remove the spaces before and after it"
        return f"{_short(value)} is not a valid name", hint
    if problem["type"] in ("bool_parsing", "bool_type"):
        return f"{_short(value)} is neither true nor false", ""
    if problem["type"] == "string_type":
        scalar = not isinstance(value, list | tuple | dict)
        return (
            f"{_short(value)} is not text",
            "put it in quotes" if scalar else "write text, not a list or mapping",
        )
    if problem["type"] == "literal_error":
        options = re.findall(r"[^',\s]+(?='|,| or |$)", problem["ctx"]["expected"])
        return f"{_short(value)} is not a valid value", did_you_mean(str(value), options, "one of")
    if problem["type"] == "too_short" and problem["ctx"]["actual_length"]:
        fewest = problem["ctx"]["min_length"]
        has = plural(problem["ctx"]["actual_length"], "entry", "entries")
        return f"it has {has}, but needs at least {fewest}", "add one"
    if problem["type"] in ("string_too_short", "too_short"):
        return "it is empty", "fill it in, or remove the key"
    if problem["type"] == "float_parsing" and loc[-1] == "[key]":
        return "the key is not a number", "use a number as the key, such as 1"
    if problem["type"] == "value_error":  # one of ours, which may begin with a name
        return str(problem["ctx"]["error"]), ""
    message = plain_fault(str(problem["msg"]))
    return message[0].lower() + message[1:], ""


_OF_A_RUN = ("backend", "base_url", "concurrency", "max_cost", "model", "n", "out", "seed")
_PAIRS = ("range", "per_row")
_NO_MAPPING = ("model_type", "dict_type", "model_attributes_type")
_DEFINITION = "what makes a row belong to this label"
_OF_A_SAMPLE = ("input", "output", "actual", "explanation")
_EXAMPLES = {
    "description": 'description: "what a row is, in a sentence"',
    "examples": "examples: FILE",
    "fields": 'fields: {"text": "the text of a row"}',
    "labels": f'labels: {{"order": "{_DEFINITION}", "refund": "…"}}',
    "samples": "samples: [{" + ", ".join(f'"{key}": "…"' for key in _OF_A_SAMPLE) + "}]",
    "contexts": 'contexts: "what they are", or a list of them',
    "presets": 'presets: {"small": 40}',
    "seeds": 'seeds: "what one is", or a list of them',
}


def _key_and_value(key: str, value: Any) -> str:
    """Return a key of a file with its value, as YAML takes it."""
    return f"{key}: {json.dumps(value, ensure_ascii=False, default=str)}"


def _example(loc: Loc, value: Any = None) -> str:
    """Return an example for a place; a list is written there as a mapping of its names."""
    key = str(loc[-1])
    if loc[0] == "labels" and len(loc) > 1:
        return _key_and_value("labels", {str(loc[1]): _DEFINITION})
    if loc[0] == "fields" and len(loc) > 1 and key in _keys_at(Declaration, ("fields", "")):
        return _key_and_value("fields", {"text": {key: value}})
    if isinstance(value, list | tuple) and value:
        names = [_named(each) for each in value[:2]]
        return _key_and_value(key, dict.fromkeys(names, _DEFINITION if key == "labels" else "…"))
    return _EXAMPLES.get(key) or _EXAMPLES.get(str(loc[0])) or f"{key}: …"


def _named(item: Any) -> str:
    """The name in an item of a list that should be a mapping."""
    if isinstance(item, dict) and item:
        item = item.get("name", item.get("label", next(iter(item))))
    text = str(item).lower() if isinstance(item, bool) else str(item)
    return printable(text, lines=False, max_length=40)


def _meant(loc: Loc, value: Any, known: list[str]) -> str:
    """Return the hint for an unknown key; its place may have the `known` ones."""
    key, top = str(loc[-1]), len(loc) == 1
    if top and key in _OF_A_RUN:
        return _of_a_run(key, value)
    if top and key in LabelPart.model_fields and key not in known:
        return "put it under a label"
    if top and key in _keys_at(Declaration, ("fields", "")):
        return _key_and_value("fields", {"text": {key: value}})
    if near := suggestions_for(key, known):
        return f"did you mean {' or '.join(near)}?"
    return f"keys: {', '.join(known)}"


def _of_a_run(key: str, value: Any) -> str:
    said = f"BACKEND/{value}" if key == "model" else value
    return f"it belongs to a run, not to a task: {flags(**{key: said})}"


def _place_of(key: str, value: Any) -> str:
    """Return where a key among the labels belongs; "" if it is not a key."""
    if key in Declaration.model_fields:
        return "put it at the same level as labels, not under it"
    if key in _keys_at(Declaration, ("labels", "")):
        return "put it under a label"
    if key in _keys_at(Declaration, ("fields", "")):
        return _key_and_value("fields", {"text": {key: value}})
    return _of_a_run(key, value) if key in _OF_A_RUN and isinstance(value, int | float) else ""


def _short(value: Any) -> str:
    """Return a value as written there, cut if it is long."""
    shown = repr(value)
    return shown if len(shown) <= 100 else f"{shown[:100]}..."


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """Return the keys that a place may have."""
    kind: Any = model
    for part in loc:
        if get_origin(kind) in (dict, tuple):
            kind = get_args(kind)[-1] if get_origin(kind) is dict else get_args(kind)[0]
        else:
            info = getattr(kind, "model_fields", {}).get(str(part))
            kind = info.annotation if info is not None else None
        if get_origin(kind) not in (dict, tuple):
            kind = next(_models_in(kind), None)
    return list(getattr(kind, "model_fields", ()))


def _models_in(kind: Any) -> Iterator[type[BaseModel]]:
    """The models that a type is made of."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from _models_in(part)


# --- files that a declaration names ------------------------------------------


def _with_files(
    declaration: Declaration, folder: Path, refuse: Refuse, *, packaged: bool
) -> Declaration:
    """Return the declaration with its lists from other files."""
    for step, part in declaration.lists.items():
        if not part.file:
            continue
        if part.items:
            raise refuse((step, "file"), "it cannot be combined with items", "keep one of the two")
        try:
            where = (folder / part.file).resolve()
            if not packaged and not where.is_relative_to(folder.resolve()):
                raise refuse(
                    (step, "file"),
                    f"{part.file} is not in the declaration's folder",
                    f"move it there, or pass it with --{step} FILE",
                )
            if not packaged and is_hidden(folder, where):
                raise refuse(
                    (step, "file"),
                    f"{part.file} is hidden: a name that begins with a dot often has keys or "
                    "settings behind it",
                    f"rename it, or pass it with --{step} FILE",
                )
            lines = read_text(where, _MAX_LIST, inside=where.parent).splitlines()
        except UnreadableFile as error:
            hint = "use a file in the task file's folder, with one item per line"
            raise refuse(
                (step, "file"), f"cannot read {part.file}: {error.reason}", hint
            ) from error
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise refuse((step, "file"), f"cannot read {part.file}: {reason}", "") from error
        items = tuple(line.strip() for line in lines if line.strip())
        if not items:
            raise refuse((step, "file"), f"{part.file} is empty", "write one item per line")
        update = {step: part.model_copy(update={"items": items, "file": ""})}
        declaration = BaseModel.model_copy(declaration, update=update)  # not checked as a whole yet
    return declaration


# --- what to type --------------------------------------------------------------


_HINTS = {
    "mapping values are not allowed": "put text that contains a colon in quotes, or after | on the "
    "following lines; indent keys at the same level equally",
    "',' or": "within { } and [ ], put text that contains a comma, colon, quote or ? in quotes",
    "expected the node content, but found ','": "an item is missing between two commas, or before "
    "the first comma",
    "expected the node content, but found ':'": "a key is missing before the colon",
    "another document": "keep one task per file; remove the line ---",
    "unexpected end of stream": "is a quotation mark missing?",
    "could not find expected ':'": "put a colon and a space after each key, as in KEY: text",
    "it is not JSON": "names and strings need double quotes; the last item must not have a comma "
    "after it",
    "it is not TOML": 'write KEY = "text"; keys with colons are YAML, which needs a file name that '
    "ends in .yaml",
    "\\t": "indent with spaces",
    "twice": "keep one of them",
    "levels deep": "a declaration needs only a few levels; see the declaration reference",
    "too large": "replace the aliases with their values; put long lists in separate files",
    **dict.fromkeys(
        ("alias", "anchor", "character", "the tag"),
        "text that starts with *, &, !, %, @ or ` needs quotes",
    ),
}
"""Hints for the most common mistakes, by a part of the problem; the first match counts."""


def _hint(problem: str, line: str) -> str:
    """Return what to type for a common mistake, given the line of the mistake."""
    if "expected <block end>" in problem and "scalar" in problem:
        if not {"'", '"'} & {*line}:
            return "to continue the text above, indent this line more than its key; or remove it"
        return (
            "put text that contains quotes in the other kind of quotes, or double a quote within "
            "'…'"
        )
    return next((hint for part, hint in _HINTS.items() if part in problem), "")
