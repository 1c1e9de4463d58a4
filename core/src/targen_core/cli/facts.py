"""Facts of a registered object for `targen describe`, and helpers to write a kind's.

```python
def metric_facts(part: Described) -> dict[str, Any]:
    return {"serves": part.target.serves, "options": fields(part.target.options)}
```
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, partial
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

if TYPE_CHECKING:
    from pydantic import BaseModel

    from targen_core.plugins.kinds import Kind
    from targen_core.plugins.register import Registration
    from targen_core.plugins.registry import Registry


@dataclass(frozen=True)
class Described:
    """A registered object that is to be described, and how.

    Attributes:
        registry: finds it and everything else.
        kind: its kind.
        name: its name, as the user typed it.
        options: what the user passed as -o, each `KEY=VALUE`; for backends.
        variants: what the user passed as --variant; for tasks.
        prompts: whether to include the texts of prompts.
    """

    registry: Registry
    kind: Kind
    name: str
    options: Sequence[str] = ()
    variants: Sequence[str] = ()
    prompts: bool = False

    @cached_property
    def item(self) -> Registration[Any]:
        """Its registration."""
        return self.registry.find(self.kind.name, self.name)

    @cached_property
    def target(self) -> Any:
        """The object itself, imported; one with options has their defaults.

        Raises:
            UsageError: it needs an option.
            PluginError: it cannot be imported.
        """
        return self.registry.resolve(self.item)

    @cached_property
    def configurable(self) -> type[BaseModel] | None:
        """The options by which it is made, if it is a `Configurable`."""
        return self.registry.options_of(self.item)


def facts_of(part: Described) -> dict[str, Any]:
    """Return what to show of an object: its identity, its options and the facts of its kind.

    Raises:
        MissingDependency, PluginError: it cannot be imported.
        UsageError: an option that the user passed is wrong.
    """
    from targen_core.errors import UsageError

    make = part.kind.view(f"{part.kind.name}_facts".replace("-", "_")) or _plain_facts
    try:
        own = dict(make(part))
    except UsageError:
        if part.configurable is None:
            raise
        own = {"summary": part.item.summary}  # it needs an option, which the table marks
    if "id" in own:
        return own
    item = part.item
    versions = {plugin.distribution: plugin.version for plugin in part.registry.plugins}
    facts: dict[str, Any] = {
        "kind": item.kind,
        "id": item.id,
        "version": versions.get(item.distribution, ""),
        "summary": item.summary or str(own.pop("summary", "")),
        "install": _requirement(part),
    }
    if part.configurable is not None:
        facts["options"] = fields(part.configurable)
    return facts | own


def _plain_facts(part: Described) -> dict[str, Any]:
    """Return facts of an object whose kind has no function for them."""
    from pydantic import BaseModel

    options = getattr(part.target, "options", None)
    described = part.target
    if type(described) is part.kind.resolve("type"):  # its words are the same for all of the kind
        values = (getattr(described, name) for name in inspect.get_annotations(type(described)))
        described = next(filter(callable, values), None)  # its first function is what it does
    facts: dict[str, Any] = {"about": "" if described is None else about(described)}
    if isinstance(options, type) and issubclass(options, BaseModel):
        facts["options"] = fields(options)
    return facts


def _requirement(part: Described) -> str:
    """Return what to install for an object, with its `extra` if it has one."""
    from targen_core.errors import UsageError

    try:
        extra = getattr(part.target, "extra", "")
    except UsageError:  # it needs an option
        extra = ""
    return part.item.requirement(extra if isinstance(extra, str) else "")


def fields(model: Any) -> list[dict[str, Any]]:
    """Return the fields of a pydantic model with their types and defaults; of a text, one."""
    from pydantic import BaseModel

    if model is str:
        return [{"name": "", "type": "str", "description": "a text"}]
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    found = []
    for name, field in model.model_fields.items():
        one: dict[str, Any] = {
            "name": field.alias or name,  # as users pass it
            "type": _type(field.annotation),
            "description": field.description or _flag_help(field.metadata),
        }
        if field.is_required():
            one["required"] = True
        elif field.default_factory is None:
            one["default"] = plain(field.default)
        found.append(one | _bounds(field.metadata))
    return found


BOUNDS = {
    "ge": "at least",
    "gt": "above",
    "le": "at most",
    "lt": "below",
    "min_length": "length at least",
    "max_length": "length at most",
    "pattern": "like",
}
"""Pydantic's names for a field's bounds, with readable ones."""


def _bounds(metadata: Sequence[Any]) -> dict[str, Any]:
    """Return the bounds of a field's values."""
    bounds = {
        name: value
        for name in BOUNDS
        for each in metadata
        if (value := getattr(each, name, None)) is not None
    }
    return {"bounds": {name: plain(value) for name, value in bounds.items()}} if bounds else {}


def prompts_of(part: Any, *, texts: bool) -> list[dict[str, str]]:
    """Return a part's own prompts by name and version, with their texts on request."""
    from targen_core.tasks.prompt import Prompt

    asked = [one for one in getattr(part, "prompts", ()) if isinstance(one, Prompt)]
    return [
        {"name": prompt.name, "version": prompt.version} | ({"text": prompt.text} if texts else {})
        for prompt in asked
    ]


def _flag_help(metadata: Sequence[Any]) -> str:
    """The help of an option that a command takes as a flag as well."""
    from targen_core.options import Flag

    return next((each.help for each in metadata if isinstance(each, Flag)), "")


def about(thing: object) -> str:
    """Return the first paragraph of a docstring, in one line; "" if only its type has one."""
    while isinstance(thing, partial):
        thing = thing.func
    if not (inspect.isclass(thing) or inspect.isroutine(thing)):
        thing = type(thing)
    text = (thing.__doc__ and inspect.getdoc(thing)) or ""
    return " ".join(text.partition("\n\n")[0].split())


def plain(value: Any) -> Any:
    """Return a value as JSON has it; of what JSON lacks, its text."""
    from pydantic import BaseModel

    if isinstance(value, Enum):
        return plain(value.value)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else str(value)


def _type(annotation: Any) -> str:
    """A type as people write it."""
    if get_origin(annotation) is Annotated:
        return _type(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    if get_origin(annotation) in (Union, UnionType):
        parts = [part for part in get_args(annotation) if part is not NoneType]
        return " | ".join(map(_type, parts))
    if get_origin(annotation) in (list, tuple, set, frozenset, dict):
        parts = ["..." if part is Ellipsis else _type(part) for part in get_args(annotation)]
        return f"{get_origin(annotation).__name__}[{', '.join(parts)}]"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(str(member.value) for member in annotation)
    if own := getattr(annotation, "model_fields", None):  # an object in JSON
        return f"{{{', '.join(each.alias or name for name, each in own.items())}}}"
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return {"SecretStr": "secret"}.get(text, text.replace("typing.", ""))
