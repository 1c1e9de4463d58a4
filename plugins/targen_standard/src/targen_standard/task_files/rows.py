"""The models of a declared task: its row, and the reply with the written texts."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model, model_validator

from targen_core.errors import Rejected
from targen_core.tasks.fields import as_lines
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.replies import line, list_of
from targen_core.tasks.steps import Llm
from targen_standard.checks.languages import script_of
from targen_standard.task_files.model import Declaration, FieldPart

UNSUITABLE = "unsuitable"
"""The reason where step 3 says that a seed cannot lead to a row of the label."""

_SHOWN = 20  # earlier rows of a seed that a prompt names; more would crowd out the request
_LETTERS = (3, 5)  # of a word with its space: fewest, and about how many, as hints
_ROOM = 20  # letters more, without which three long words would not fit


class _Written(BaseModel):
    """A row, unless it says first that the seed does not suit the label."""

    # Its other fields do not make it a refusal.
    unsuitable: Annotated[Any, WithJsonSchema({"type": "boolean"})] = False

    @model_validator(mode="before")
    @classmethod
    def _suits(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and value.get("unsuitable") is True:
            raise Rejected(UNSUITABLE, "step 3 says that its seed does not suit the label")
        return value


def line_of(min_words: int, max_words: int, languages: Sequence[str]) -> Any:
    """A line of so many words, as the type of a reply's field: a hint for small models.

    They read it as one that begins with a Latin letter.
    """
    if any(script_of(each) != "LATIN" for each in languages):
        return str
    return line(min_words * _LETTERS[0], _ROOM + max_words * _LETTERS[1])


def row_model(declaration: Declaration) -> type[BaseModel]:
    """The official row without `idx`: the fields, and the label by its official value."""
    columns = row_columns(declaration)
    values = [
        name if label.value is None else label.value for name, label in declaration.labels.items()
    ]
    label: Any = Literal[tuple(values)]
    columns["label"] = (label | None if None in declaration.aims.values() else label, ...)
    return model_of("Row", columns, __config__=ConfigDict(frozen=True, extra="forbid"))


def model_of(name: str, columns: Mapping[str, Any], **settings: Any) -> type[BaseModel]:
    """Return a model whose columns may bear any name that a task file allows.

    `settings` are pydantic's own: `__base__` or `__config__`.
    """
    with warnings.catch_warnings():
        # Pydantic warns about deprecated methods, such as `copy` and `json`. We never call these.
        warnings.filterwarnings("ignore", "Field name .* shadows an attribute", UserWarning)
        made: type[BaseModel] = create_model(name, **settings, **columns)
    return made


def row_columns(declaration: Declaration) -> dict[str, Any]:
    """The fields of a row, as pydantic takes them, with their descriptions."""
    return {
        name: (_column(part), Field(description=part.description or None))
        for name, part in declaration.fields.items()
    }


def reply_model(
    declaration: Declaration, more: Mapping[str, Any] = MappingProxyType({})
) -> type[BaseModel]:
    """Return the reply's model of step 3: one row without seed and label, or a list of such rows.

    `more` are further columns of a row: name → type.
    """
    columns: dict[str, Any] = {
        name: (_asked(p, declaration.languages), ...) for name, p in declaration.written.items()
    }
    columns |= {name: (kind, ...) for name, kind in more.items()}
    base = _Written if declaration.may_refuse else BaseModel
    one = model_of("Written", columns, __base__=base)
    return (
        one
        if declaration.instances_per_call == 1
        else list_of("rows", one, declaration.instances_per_call)
    )


def field_types(declaration: Declaration) -> dict[str, Any]:
    """Return the type of each field in a reply; checks decide on sizes."""
    return {name: _asked(part, declaration.languages) for name, part in declaration.fields.items()}


def render(instance: BaseModel, fields: Mapping[str, FieldPart]) -> str:
    """Some fields of a row as text."""
    return as_lines({name: getattr(instance, name) for name in fields})


def values_of(prompt: Prompt, llm: Llm, seed: str, declaration: Declaration) -> dict[str, Any]:
    """Return the values that a prompt of step 3 needs, except those of an output."""
    values: dict[str, Any] = {"seed": seed}
    if "count" in prompt.variables:
        values["count"] = declaration.instances_per_call
    if "earlier" in prompt.variables:
        texts = [render(instance, declaration.written) for instance in llm.earlier[-_SHOWN:]]
        values["earlier"] = "\n".join(texts) or "nothing yet"
    return values


def texts_in(written: BaseModel, seed: str, declaration: Declaration) -> dict[str, Any]:
    """Return the fields of a row: the seed if one holds it, and those of a reply, tidied."""
    given = {declaration.seed_field: seed} if declaration.seed_field else {}
    return given | {
        name: tidied(getattr(written, name), part) for name, part in declaration.written.items()
    }


def tidied(value: Any, part: FieldPart) -> Any:
    """Return the value of a field as in a row: without redundant spaces in its texts."""
    if isinstance(value, list):
        return [tidied(item, part) for item in value]
    if not isinstance(value, str):
        return value
    return value.strip() if part.form == "any" else tidy(value)


def tidy(text: str) -> str:
    """A text with one space between words."""
    return " ".join(text.split())


def _column(part: FieldPart) -> Any:
    """The type of a column: as strict as the official data."""
    if part.type == "enum":
        return Literal[tuple(part.values)]
    if part.type == "int":
        low, high = part.range or (None, None)
        return Annotated[int, Field(ge=low, le=high)]
    text = Annotated[str, Field(min_length=1)]
    if part.type == "str":
        return text
    return Annotated[list[text], Field(min_length=part.items[0], max_length=part.items[1])]


def _asked(part: FieldPart, languages: Sequence[str]) -> Any:
    """The type of a field in a reply: sizes are hints, the checks decide."""
    if part.type == "enum":
        return Literal[tuple(part.values)]
    if part.type == "int":
        if part.range is None:
            return int
        hint = {"type": "integer", "minimum": part.range[0], "maximum": part.range[1]}
        return Annotated[int, WithJsonSchema(hint)]
    text: Any = str if part.form == "any" else line_of(*(part.words or (3, 60)), languages)
    if part.type == "str":
        return text
    return Annotated[
        list[text],
        Field(json_schema_extra={"minItems": part.items[0], "maxItems": part.items[1]}),
    ]
