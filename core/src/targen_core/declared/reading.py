"""From a file to a `Declaration`: YAML, TOML or JSON, with errors that name the line.

YAML is read as version 1.2 has it: `yes`, `no`, `on` and `off` are words, and
so are dates. What stands before a colon is always a text, so that labels may
be called `true` or `1`. A key that is given twice is refused.
"""

from __future__ import annotations

import contextlib
import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from targen_core.declared.model import Declaration
from targen_core.declared.validation import problems
from targen_core.errors import UsageError
from targen_core.plain import is_within, read_plain, refuse_waiting
from targen_core.suggestions import did_you_mean

__all__ = ["Loc", "Parsed", "declaration_of", "parsed_file", "read_declaration", "refusal"]

Loc = Sequence[str | int]
"""The keys that lead to a value, from the outermost."""

Refuse = Callable[[Loc, str, str], UsageError]
"""Makes the error for what stands at a place: its message, and what to type."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file says, before anybody has looked at what it means.

    Attributes:
        path: the file.
        value: its keys and values.
        refuse: makes an error that names the file and the line.
    """

    path: Path
    value: dict[str, Any]
    refuse: Refuse


_MAX_TYPED = 4 << 20
"""Most bytes of a file that somebody wrote by hand."""

_MAX_DATA = 64 << 20
"""Most bytes of a JSON file: a run's copy holds the lists of other files too."""

_HALF = re.compile("[\ud800-\udfff]")
_DEEPEST = 16  # levels; a declaration has five
_MOST_SAID = 8 << 20  # letters, with 16 for each value, once aliases are followed


def parsed_file(path: Path) -> Parsed:
    """What a file in YAML, TOML or JSON says.

    Raises:
        UsageError: there is no such file, or it cannot be read; naming the line.
    """
    try:
        refuse_waiting(path)
        limit = _MAX_DATA if path.suffix == ".json" else _MAX_TYPED
        if path.stat().st_size > limit:
            raise UsageError(
                f"{path} is larger than {limit >> 20} MiB",
                hint="put contexts and seeds in their own files: contexts: {file: …}",
            )
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(
            f"there is no file {path}", hint="targen init-task --blank writes a template"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot read {path}: {reason}") from error
    value, tree = _parsed(text, path)

    def refuse(loc: Loc, message: str, hint: str) -> UsageError:
        line = _line_of(tree(), loc)
        where = f"{path}, line {line}" if line else str(path)
        key = f": {'.'.join(map(str, loc))}" if loc else ""
        return UsageError(f"{where}{key}: {message}", hint=hint)

    if _HALF.search(json.dumps(value, ensure_ascii=False, default=str)):
        escape = re.search(r"\\u[dD][89a-fA-F]", text)
        where = f"{path}, line {text.count(chr(10), 0, escape.start()) + 1}" if escape else path
        raise UsageError(f"{where}: half of a surrogate pair is not a character")
    if not isinstance(value, dict):
        raise refuse((), "it has no keys", "description: …, and labels: …; see targen init-task")
    return Parsed(path, value, refuse)


def read_declaration(path: Path, *, packaged: bool = False) -> Declaration:
    """The declaration of a file; files that it names are read in.

    They lie in its folder or below, so that a declaration from a stranger
    brings no file of yours into a prompt; one that is `packaged` is installed
    code's, which is trusted.

    Raises:
        UsageError: naming the file, the line, the key, and what to type.
    """
    return declaration_of(parsed_file(path), packaged=packaged)


def declaration_of(parsed: Parsed, *, packaged: bool = False) -> Declaration:
    """The declaration that a file holds; see `read_declaration`.

    Raises:
        UsageError: naming the file, the line, the key, and what to type.
    """
    refuse = parsed.refuse
    try:
        declaration = Declaration.model_validate(parsed.value)
    except UsageError as error:
        if not isinstance(error.__cause__, ValidationError):
            raise
        raise refuse(*refusal(error.__cause__)) from None
    declaration = _with_files(declaration, parsed.path.parent, refuse, packaged=packaged)
    for loc, message, hint in problems(declaration):
        raise refuse(loc, message, hint)
    return declaration


def _parsed(text: str, path: Path) -> tuple[Any, Callable[[], yaml.Node | None]]:
    """What a text says, and what finds out where it says it, as far as that can be known."""
    try:
        if path.suffix == ".toml":
            return _shallow(tomllib.loads(text)), lambda: None
        if path.suffix == ".json":
            value = _shallow(json.loads(text, object_pairs_hook=_each_key_once))
            return value, lambda: _composed(text)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            return loader.construct_document(node) if node is not None else None, lambda: node
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise UsageError(f"{path}{line}: {error.problem}", hint=_yaml_hint(error)) from error
    except RecursionError:
        deep = _deep_line(text)
        where = f"{path}, line {deep}" if deep else str(path)
        raise UsageError(f"{where}: {_TOO_DEEP}", hint=_FLAT) from None
    except (ValueError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: {error}") from error


_TOO_DEEP = f"nested more than {_DEEPEST} levels deep"
_FLAT = "a declaration needs only a few levels; see the declaration reference"


def _composed(text: str) -> yaml.Node | None:
    """The nodes of a JSON text, nearly all of which is YAML, with their lines."""
    if len(text) > _MAX_TYPED:
        return None  # nobody has written it: it would take long
    with contextlib.suppress(yaml.YAMLError):
        return yaml.compose(text, Loader=_Loader)
    return None


def _shallow(value: Any) -> Any:
    """The value, where it is not nested too deeply.

    Raises:
        RecursionError: it is.
    """
    if not is_within(value, _DEEPEST):
        raise RecursionError
    return value


def _deep_line(text: str) -> int | None:
    """The line in which TOML or JSON is nested too deeply, as brackets and dots tell it."""
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        for sign in line:
            depth += (sign in "[{") - (sign in "]}")
            if depth > _DEEPEST:
                return number
        if line.partition("=")[0].count(".") >= _DEEPEST:
            return number
    return None


# --- what is wrong with a key -----------------------------------------------


def refusal(error: ValidationError, model: type[BaseModel] = Declaration) -> tuple[Loc, str, str]:
    """What pydantic refuses of a `model`: where, what is wrong, and what to type."""
    # A key that is not known is often one that is missing, misspelt.
    problems = sorted(
        error.errors(include_url=False), key=lambda problem: problem["type"] != "extra_forbidden"
    )
    message, hint = _said(problems[0], model)
    others = f" ({len(problems) - 1} more like it)" if len(problems) > 1 else ""
    return [part for part in problems[0]["loc"] if part != "[key]"], f"{message}{others}", hint


def _said(problem: Any, model: type[BaseModel]) -> tuple[str, str]:
    """What pydantic says of a key, in our words, and what to type."""
    loc: Loc = problem["loc"]
    known = _keys_at(model, loc[:-1])
    if problem["type"] == "extra_forbidden":
        return "unknown key", did_you_mean(str(loc[-1]), known, "keys")
    if problem["type"] == "missing":
        return "it is needed", f"{loc[-1]}: …; see the declaration reference"
    if problem["type"] in ("model_type", "dict_type", "model_attributes_type"):
        return (
            f"{_short(problem['input'])} is not a mapping",
            "KEY: VALUE, one per line, indented; {KEY: VALUE} in Python",
        )
    if problem["type"] == "string_pattern_mismatch":
        label = loc[0] == "labels"
        hint = "no space around it" if label else "lower-case letters, digits, ., _ and -"
        return f"{_short(problem['input'])} is not a valid name", hint
    if problem["type"] in ("bool_parsing", "bool_type"):
        return f"{_short(problem['input'])} is neither true nor false", ""
    if problem["type"] == "string_type":
        return f"{_short(problem['input'])} is not text", "put it in quotes"
    if problem["type"] == "literal_error":
        value = str(problem["input"])
        options = re.findall(r"'([^']+)'", problem["ctx"]["expected"])
        return f"there is no {_short(value)}", did_you_mean(value, options, "one of")
    if problem["type"] in ("string_too_short", "too_short"):
        return "it is empty", "fill it in, or remove the key"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return message[0].lower() + message[1:], ""


def _short(value: Any) -> str:
    """A value as it stands there, cut where it is long."""
    shown = repr(value)
    return shown if len(shown) <= 100 else f"{shown[:100]}..."


def _keys_at(model: type[BaseModel], loc: Loc) -> list[str]:
    """The keys that may stand at a place."""
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


def _line_of(node: Any, loc: Loc) -> int | None:
    """The line of a key, or of the nearest one above it that is there; None where unknown."""
    if node is None:
        return None
    line: int = node.start_mark.line + 1
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, node = key.start_mark.line + 1, value
                    break
            else:
                break
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line


# --- files that a declaration names ------------------------------------------


def _with_files(
    declaration: Declaration, folder: Path, refuse: Refuse, *, packaged: bool
) -> Declaration:
    """The declaration with the lists that stand in other files."""
    for step in ("contexts", "seeds"):
        part = getattr(declaration, step)
        if part is None or not part.file:
            continue
        if part.items:
            raise refuse((step, "file"), "items are given too", "keep one of the two")
        try:
            where = (folder / part.file).resolve()
            if not packaged and not where.is_relative_to(folder.resolve()):
                raise refuse(
                    (step, "file"),
                    f"{part.file} is not in the folder of the declaration",
                    f"move it there, or pass it with --{step} FILE",
                )
            lines = read_plain(where, _MAX_DATA).decode("utf-8-sig").splitlines()
        except (OSError, ValueError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise refuse((step, "file"), f"cannot read {part.file}: {reason}", "") from error
        items = tuple(line.strip() for line in lines if line.strip())
        if not items:
            raise refuse((step, "file"), f"{part.file} is empty", "one item per line")
        declaration = declaration.model_copy(
            update={step: part.model_copy(update={"items": items, "file": ""})}
        )
    return declaration


# --- YAML and JSON ---------------------------------------------------------------


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML 1.2's plain values, keys that are texts, no key twice, and a bounded size."""

    yaml_implicit_resolvers: dict[str | None, list[Any]] = {}  # noqa: RUF012 - as in PyYAML

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._said: dict[int, int] = {}  # of each whole node: its size, aliases followed

    def compose_node(self, parent: Any, index: Any) -> Any:
        """A node, not too deep, and not too large once its aliases are followed."""
        event = self.peek_event()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise yaml.composer.ComposerError(None, None, _TOO_DEEP, event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        size = self._said.get(id(node))
        if size is None:
            if isinstance(event, yaml.AliasEvent):
                problem = f"the alias *{event.anchor} contains itself"
                raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
            size = 16
            if isinstance(node, yaml.ScalarNode):
                size += len(node.value)
            elif isinstance(node, yaml.MappingNode):
                size += sum(self._said[id(part)] for pair in node.value for part in pair)
            else:
                size += sum(self._said[id(part)] for part in node.value)
            self._said[id(node)] = size
        if size > _MOST_SAID:
            problem = "too large once its aliases are expanded"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
        """A mapping whose keys are the texts that stand there."""
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a string", key.start_mark
                )
            if key.value in mapping:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is given twice", key.start_mark
                )
            mapping[key.value] = self.construct_object(value, deep=True)
        return mapping


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def _yaml_hint(error: yaml.MarkedYAMLError) -> str:
    """What to type, where YAML is misread most."""
    problem = str(error.problem)
    if "mapping values are not allowed" in problem:
        return "text with a colon needs quotes, or | and the text on the following lines"
    if "unexpected end of stream" in problem:
        return "is a quote left open?"
    if "\\t" in problem:
        return "indent with spaces"
    if "twice" in problem:
        return "keep one of them"
    if problem == _TOO_DEEP:
        return _FLAT
    if "too much" in problem or "an alias of" in problem:
        return "write it out; long lists can go in their own files"
    if "alias" in problem or "anchor" in problem or "character" in problem:
        return "text that starts with *, &, !, %, @ or ` needs quotes"
    return ""


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key, value in pairs:
        if key in mapping:
            raise ValueError(f"the key {key!r} is given twice")
        mapping[key] = value
    return mapping
