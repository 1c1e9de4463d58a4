"""YAML as nodes and values: the loader that makes no objects and bounds what aliases expand to.

This module imports yaml; `targen_core.reading.typed.yaml_of` imports it when it is first used.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from targen_core.reading.values import Malformed, TooDeep, unreadable_number

_MOST_SAID = 8 << 20  # letters, with 16 for each value, once aliases and merges are followed
_MOST_NODES = 50_000  # values and keys: each takes 50 us
_PLAIN_TAGS = frozenset({"!", *(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))})
_MERGE = "<<"


def yaml_value(
    text: str, *, deepest: int = 16, texts: bool = False
) -> tuple[Any, yaml.Node | None]:
    """Return the value of a YAML text, and its nodes; see `targen_core.reading.typed.yaml_of`.

    Raises:
        Malformed: it is not YAML, is nested too deeply, expands too far, or gives a key twice.
    """
    try:
        loader = (_Texts if texts else _Loader)(text, deepest)
        try:
            node = loader.get_single_node()
            return loader.construct_document(node) if node is not None else None, node
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if "expected ':'" in str(error.problem):
            mark = error.context_mark or mark  # the key, not the line where it was missed
        raise Malformed(str(error.problem), mark.line + 1 if mark else 0) from None
    except RecursionError:
        raise TooDeep(f"nested more than {deepest} levels deep") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise Malformed(f"the character #x{error.character:04x} is not allowed", line) from None


def json_nodes(text: str, *, deepest: int = 16) -> yaml.Node | None:
    """Return the nodes of a JSON text, since nearly all JSON is YAML; None for other texts."""
    try:
        loader = _Loader(text, deepest)
        try:
            return loader.get_single_node()
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError):
        return None


def line_of(node: Any, loc: Any) -> int | None:
    """Return the line of a key, or of its nearest existing ancestor; None if unknown."""
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


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML 1.2's plain values, keys that are texts, no key twice, no tags, and a bounded size."""

    yaml_implicit_resolvers: dict[str | None, list[Any]] = {}  # noqa: RUF012 - as in PyYAML

    def __init__(self, text: str, deepest: int) -> None:
        super().__init__(text)
        self._deepest = deepest
        self._depth = 0
        self._said: dict[int, int] = {}  # of each whole node: its size, aliases followed

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Return a node, not too deep, and not too large once its aliases are followed."""
        event = self.peek_event()
        self._depth += 1
        if self._depth > self._deepest:
            problem = f"nested more than {self._deepest} levels deep"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        if (tag := getattr(event, "tag", None)) is not None and tag not in _PLAIN_TAGS:
            problem = f"the tag {_short(tag)} is not supported: write the value without it"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        if len(self._said) > _MOST_NODES:
            problem = f"more than {_MOST_NODES:,} keys and values"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
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

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """Return the value of a node."""
        try:
            return super().construct_object(node, deep=deep)
        except yaml.YAMLError:
            raise
        except (ValueError, LookupError, TypeError, AttributeError, OverflowError) as error:
            said = str(getattr(node, "value", ""))
            why = unreadable_number(error, said) if isinstance(error, ValueError) else error
            problem = f"{_short(said)} cannot be read: {why}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error

    def construct_yaml_int(self, node: Any) -> int:
        """Return a number in decimal digits, also after a 0: YAML 1.2 has no such octal ones."""
        return int(self.construct_scalar(node))

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[str, Any]:
        """Return a mapping whose keys are the texts in the file; merged keys come after its own."""
        mapping: dict[str, Any] = {}
        merged: list[Any] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a string", key.start_mark
                )
            if key.value == _MERGE and key.style is None and _is_merge(value):
                merged += [value] if isinstance(value, yaml.MappingNode) else value.value
                continue
            if key.value in mapping:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is given twice", key.start_mark
                )
            mapping[key.value] = self.construct_object(value, deep=True)
        for each in merged:  # each counts with its whole size, so there are not too many
            for name, inner in self.construct_mapping(each, deep=True).items():
                mapping.setdefault(name, inner)
        return mapping


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


class _Texts(_Loader):
    """Each scalar is a text: a grade may be called Y, N or 1."""

    yaml_implicit_resolvers: dict[str | None, list[Any]] = {}  # noqa: RUF012 - none of them


def _is_merge(value: Any) -> bool:
    """Return whether a value can be merged into a mapping: a mapping, or a list of mappings."""
    if isinstance(value, yaml.SequenceNode):
        return all(isinstance(each, yaml.MappingNode) for each in value.value)
    return isinstance(value, yaml.MappingNode)


def _short(text: str) -> str:
    shown = repr(text.replace("tag:yaml.org,2002:", "!!"))
    return shown if len(shown) <= 60 else f"{shown[:60]}..."
