"""A declaration: a task as data.

TarGEN (arXiv:2310.17876) needs a task's description and its label set, but no instances. A
`Declaration` has these two, and whatever else its author adds; `Declaration.task` makes the `Task`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from targen_core.errors import UsageError
from targen_core.origin import Typed
from targen_core.outputs import write_file
from targen_core.task_files import note_own_copy
from targen_core.text import key_path, with_article
from targen_standard.checks.languages import named_language, named_languages, with_name
from targen_standard.task_files.dimensions import exact_shares, read_values

if TYPE_CHECKING:
    from targen_core.task_files import Loc
    from targen_core.tasks.model import Task


def _short_for(key: str, *, items: bool = False) -> Any:
    """Accept a text in place of a part with only that key, or a list in place of its items."""

    def spelled_out(value: Any) -> Any:
        if items and isinstance(value, list) and value:
            return {"items": value}
        return {key: value} if isinstance(value, str) else value

    return BeforeValidator(spelled_out)


def _absent(value: Any) -> Any:
    """`none`, as a person says it."""
    return None if value is False or value in ("none", "no", "off") else value


def _as_keys(value: Any) -> Any:
    """Return a model's values in the form that a file has."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return value


def _as_name(value: Any) -> Any:
    """Return a label as typed: YAML reads `true` and `1` as other types."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


_EXAMPLES = "examples"  # the filter that a key of that name means
_MAX = 1_000_000  # words, sentences or texts of a row, and items at once
_ROWS = 10**9
_NAMED = 6  # labels that a declaration shows of itself


def _pair(value: Any) -> Any:
    """Return minimum and maximum; a single number means exactly that many."""
    pair = (value, value) if isinstance(value, int) else value
    whole = isinstance(pair, list | tuple) and all(type(n) is int and n >= 1 for n in pair)
    if not whole or len(pair) != 2:
        raise ValueError(
            f"{repr(value)[:80]} is neither a whole number above 0 nor [min, max], such as [5, 60]"
        )
    if max(pair) > _MAX:
        raise ValueError(f"numbers above {_MAX:,} are not allowed")
    return tuple(pair)


def _counts(value: Any) -> Any:
    """Rows for each label, or by label."""
    if isinstance(value, dict):
        if all(type(rows) is int and rows <= _ROWS for rows in value.values()):
            return value
    elif type(value) is int and value <= _ROWS:
        return value
    raise ValueError(f"{repr(value)[:80]} is neither a number of rows nor a mapping LABEL: ROWS")


Text = Annotated[str, Field(min_length=1)]
LabelName = Annotated[str, BeforeValidator(_as_name), Field(pattern=r"^\S(.*\S)?$", max_length=80)]
PartName = Annotated[str, Field(pattern=r"^[^:\s]+(:[^:\s]+)?$", max_length=200)]
UsedName = Annotated[str, Field(pattern=r"^([^:\s]+(:[^:\s]+)?)?$", max_length=200)]
Count = Annotated[int, Field(ge=1, le=_MAX)]
PerCall = Annotated[int, Field(ge=1, le=1000)]  # more fit into no reply, and a dry run writes them
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]
Range = Annotated[tuple[int, int], BeforeValidator(_pair)]
Dimensions = dict[
    str, Annotated[str | tuple[Text, ...] | dict[Text, int], BeforeValidator(read_values)]
]
Counts = Annotated[int | dict[LabelName, int], BeforeValidator(_counts)]


def _for_all(value: Any, info: ValidationInfo) -> Any:
    """Apply one generator, or `{use: NAME}` as in lists, to all branches."""
    one = isinstance(value, dict) and [*value] == ["use"]
    if one and "use" not in info.data.get("labels", ()):
        return {"": value["use"]}
    return {"": value} if isinstance(value, str) else value


def _apart(value: Any) -> Any:
    """Options that are grouped by their part, `NAME: {KEY: value}`, as `NAME.KEY: value` each."""
    if not isinstance(value, dict):
        return value
    apart: dict[Any, Any] = {}
    for name, each in value.items():
        is_group = isinstance(each, dict) and "." not in str(name)
        apart |= {f"{name}.{key}": one for key, one in each.items()} if is_group else {name: each}
    return apart


AS_LIST = BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
"""Reads one name as a list with that name."""


class _Part(BaseModel):
    """A part of a declaration: frozen, and with no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelPart(_Part):
    """A label. A plain string is its definition."""

    definition: Text = Field(description="what makes a row belong to this label")
    value: str | bool | int | None = Field(
        default=None, description="the value in the official rows [default: the label itself]"
    )
    guidance: str = Field(default="", description="further guidance for the generator")
    prompt: str = Field(
        default="", description="your own prompt for this label, with `$seed`; see below"
    )


class BranchPart(_Part):
    """A branch, which step 3 writes in place of a label. A plain string is its definition."""

    definition: Text = Field(description="what makes a row belong to this branch")
    label: LabelName | None = Field(
        default=None,
        description="the label of the branch's rows [default: the label with the same name]",
    )
    judged: bool = Field(
        default=False,
        description="whether step 4 determines the label, so that the branch does not set one",
    )
    guidance: str = Field(default="", description="further guidance for the generator")
    prompt: str = Field(
        default="", description="your own prompt for this branch, with `$seed`; see below"
    )


class FieldPart(_Part):
    """A column of a row. A plain string is its description."""

    description: str = Field(default="", description="what the field contains, for the generator")
    type: Literal["str", "list[str]", "int", "enum"] = Field(
        default="str", description="the field's type: `str`, `list[str]`, `int` or `enum`"
    )
    form: Literal["prose", "question", "phrase", "any", "code"] = Field(
        default="any",
        description="for texts: `any`, `prose` (whole sentences), `question` (sentences, the last "
        "a question), `phrase` (a few words) or `code` (also escapes and tokens)",
    )
    words: Range | None = Field(
        default=None,
        description="minimum and maximum number of words; a single number means exactly that many",
    )
    sentences: Range | None = Field(
        default=None, description="minimum and maximum number of sentences"
    )
    items: Range = Field(default=(1, 8), description="minimum and maximum length of a `list[str]`")
    range: tuple[Whole, Whole] | None = Field(
        default=None, description="minimum and maximum of an `int`"
    )
    values: tuple[Text, ...] = Field(default=(), description="the values of an `enum`")
    must_contain: tuple[Text, ...] = Field(
        default=(), description="strings; at least one must occur (case-insensitive)"
    )
    must_not_contain: tuple[Text, ...] = Field(
        default=(), description="words or phrases that must not occur (case-insensitive)"
    )
    pattern: str = Field(
        default="",
        max_length=1000,
        description="a regular expression that the whole text must match, such as `'LX-\\d{6}'`",
    )
    check_language: bool = Field(
        default=True, description="whether a text must be in the declaration's language"
    )
    may_copy_seed: bool = Field(
        default=False,
        description="whether a text may equal the seed, apart from case and punctuation",
    )

    @property
    def is_text(self) -> bool:
        """True if it is a text, or a list of texts, for which `form` counts."""
        return self.type in ("str", "list[str]")

    @property
    def has_language(self) -> bool:
        """True if it is a text in the declaration's language, not one such as an order number."""
        return self.is_text and self.check_language and not self.pattern


class ContextsPart(_Part):
    """Step 1. A plain string is the description; a list contains the items."""

    description: Text = Field(
        default="settings, fields or occasions that such rows come from",
        description="what the contexts are, in the plural",
    )
    use: UsedName = Field(
        default="", description="the name of registered contexts, instead of the other keys"
    )
    batch: PerCall = Field(default=10, description="contexts to request per call")
    items: tuple[Text, ...] = Field(
        default=(), description="fixed contexts; the model is not asked for any"
    )
    file: str = Field(
        default="", description="a file of fixed contexts, one per line, in the task file's folder"
    )
    dimensions: Dimensions = Field(
        default={},
        description="how contexts vary: name → values; one value is drawn for each context",
    )


class SeedsPart(_Part):
    """Step 2. A plain string is the description; a list contains the items."""

    description: Text = Field(
        default="a subject or an angle of such a text",
        description="what one seed is, in the singular",
    )
    field: str = Field(
        default="",
        description="the field that the seed is copied into; step 3 writes the others",
    )
    use: UsedName = Field(
        default="",
        description="the name of registered seeds, instead of the other keys except `field`",
    )
    batch: PerCall = Field(default=5, description="seeds to request per call, for each context")
    words: Range | None = Field(
        default=None,
        description="minimum and maximum number of words in a seed; by default 2 to 40, or 1 to "
        "40 without `description`",
    )
    items: tuple[Text, ...] = Field(
        default=(),
        description="fixed seeds, instead of steps 1 and 2; the model is not asked for any",
    )
    file: str = Field(
        default="", description="a file of fixed seeds, one per line, in the task file's folder"
    )
    dimensions: Dimensions = Field(
        default={}, description="how seeds vary: name → values; one value is drawn for each seed"
    )

    @property
    def size(self) -> tuple[int, int]:
        """Minimum and maximum words of a seed."""
        return self.words or ((1, 40) if self.is_short else (2, 40))

    @property
    def is_short(self) -> bool:
        """True if the field is for a few words."""
        default = type(self).model_fields["description"].default
        return self.words is None and self.description == default


class PromptsPart(_Part):
    """Prompts of your own, in place of the general ones."""

    contexts: str = Field(default="", description="the prompt of step 1, with `$count` and `$have`")
    seeds: str = Field(
        default="",
        description="the prompt of step 2, with `$count`, `$have` and, unless there are no "
        "contexts, `$context`",
    )


class SamplePart(_Part):
    """A worked sample for step 4: an output, right or wrong, and the actual label."""

    input: Any = Field(description="the fields of a row; if the task has one field, only its text")
    output: LabelName = Field(description="the label to judge")
    actual: LabelName = Field(description="the correct label, or `no_valid_instance`")
    explanation: Text = Field(description="why that label is correct, in a sentence or two")


class DataPart(_Part):
    """The layout of your own files of rows, as the options of these names."""

    map: dict[str, Text] = Field(default={}, description="field → its column, as with `--map`")
    label_map: dict[LabelName, Text] = Field(
        default={}, description="value → its label, as with `--label-map`"
    )
    header: bool = Field(default=True, description="whether the first line names the columns")
    delimiter: str = Field(default="", description="the sign between cells, or `tab`")
    quoting: Literal["", "none", "double"] = Field(
        default="", description="whether quotation marks enclose cells: `none` or `double`"
    )
    from_split: str = Field(default="", description="the split of a JSON file that has several")


class ParametersPart(_Part):
    """Sampling parameters by step."""

    contexts: dict[str, Any] = Field(default={}, description="parameters for step 1")
    seeds: dict[str, Any] = Field(default={}, description="parameters for step 2")
    generate: dict[str, Any] = Field(default={}, description="parameters for step 3")
    correct: dict[str, Any] = Field(default={}, description="parameters for step 4")


IN_A_FILE = "in a file"
"""The context of a validation whose caller checks `problems` itself, and names their lines."""


class Declaration(_Part):
    """A task as data; only `description` and `labels` or `output` are needed.

    `Declaration(...)`, `Declaration.model_validate({...})` and
    `Declaration.from_file(path)` make one; the keys are the same.

    Raises:
        UsageError: naming the key, what is wrong, and what to write.
    """

    if TYPE_CHECKING:  # a text may replace a part, which the field's type does not say

        def __init__(
            self,
            *,
            description: str,
            labels: Mapping[str, str | LabelPart | Mapping[str, Any]] = ...,
            output: BaseModel | Mapping[str, Any] | None = ...,
            fields: Mapping[str, str | FieldPart | Mapping[str, Any]] = ...,
            contexts: str | Sequence[str] | ContextsPart | Mapping[str, Any] | None = ...,
            seeds: str | Sequence[str] | SeedsPart | Mapping[str, Any] | None = ...,
            **others: Any,
        ) -> None: ...

    else:

        def __new__(cls, *given: Any, **_: Any) -> Self:
            """Refuse a bare mapping, in our words."""
            if given:
                raise UsageError(
                    "declaration: pass its keys as keyword arguments, not as "
                    f"{with_article(type(given[0]).__name__)}",
                    hint="Declaration(**KEYS), or Declaration.from_file(PATH)",
                )
            return super().__new__(cls)

    draft: bool = Field(
        default=False,
        description="whether a person must still review the task; a draft only works with the "
        "backend `scripted`",
    )
    name: str = Field(
        default="",
        max_length=80,
        pattern=r"^([a-z0-9][a-z0-9._-]*)?$",
        description="lower-case letters, digits, `.`, `_`, `-` [default: the file's name]",
    )
    version: str = Field(
        default="",
        description="your own version of the task; targen appends a digest of the content",
    )
    summary: str = Field(
        default="", description="one line [default: the description's first sentence]"
    )
    description: Text = Field(description="what a row is, for the model and for people")
    source: str = Field(default="", description="where the task comes from, for people")
    language: str = Field(default="English", description="the English name of the rows' language")
    labels: dict[LabelName, Annotated[LabelPart, _short_for("definition")]] = Field(
        min_length=1,
        max_length=1000,
        description="label → its definition, or a mapping with a label's keys",
    )
    output: Annotated[dict[str, Any] | None, BeforeValidator(_as_keys)] = Field(
        default=None,
        description="what rows have instead of a single label, such as spans; replaces `labels`. "
        "`targen list-outputs` shows the choices",
    )
    branches: dict[LabelName, Annotated[BranchPart, _short_for("definition")]] = Field(
        default={},
        max_length=1000,
        description="branch → its definition, or a mapping with a branch's keys. Step 3 writes "
        "rows for branches; by default there is one per label",
    )
    fields: dict[str, Annotated[FieldPart, _short_for("description")]] = Field(
        default={"text": FieldPart()},
        min_length=1,
        max_length=100,
        description="field → its description, or a mapping with a field's keys, in column order",
    )
    contexts: Annotated[
        ContextsPart | None, _short_for("description", items=True), BeforeValidator(_absent)
    ] = Field(default=ContextsPart(), description="step 1, or `none`")
    seeds: Annotated[
        SeedsPart | None, _short_for("description", items=True), BeforeValidator(_absent)
    ] = Field(
        default=SeedsPart(),
        description="step 2, or `none`, in which case the contexts are the seeds",
    )
    dimensions: Dimensions = Field(
        default={},
        max_length=100,
        description="how rows vary: name → values; one value is drawn for each row, or, with "
        "`{values: …, exact: true}`, each has its exact share of the rows",
    )
    shares: dict[str, dict[Text, int]] = Field(
        default={},
        max_length=10,
        description="exact shares of properties: name → value → weight, as `exact: true` sets them",
    )
    prompts: PromptsPart = Field(default=PromptsPart(), description="your own prompts")
    instances_per_call: PerCall = Field(
        default=1, description="number of rows that each call of step 3 writes"
    )
    samples_per_seed: Count = Field(
        default=1, description="how many rows with a label may come from the same seed"
    )
    generators: Annotated[dict[str, PartName], BeforeValidator(_for_all)] = Field(
        default={},
        description="the name of a registered generator, instead of step 3's prompts; or label "
        "→ name, for some labels. It must accept texts as seeds",
    )
    corrector: Annotated[str | None, BeforeValidator(_absent)] = Field(
        default="meta", description="step 4: the name of a corrector, or `none`"
    )
    checks: Annotated[tuple[PartName, ...], AS_LIST] = Field(
        default=(),
        max_length=100,
        description="names of registered checks that a row must pass, in addition to its "
        "fields' checks",
    )
    filters: Annotated[tuple[PartName, ...], AS_LIST] = Field(
        default=(),
        max_length=100,
        description="names of registered filters that rows pass through, in this order",
    )
    options: Annotated[dict[str, Any], BeforeValidator(_apart)] = Field(
        default={},
        max_length=100,
        description="options of the registered parts that the task uses: `NAME.KEY` → value, or "
        "`NAME` → a mapping of its options; `targen describe NAME` lists them",
    )
    instructions: str = Field(
        default="",
        description="how to solve the task [default: built from the labels' definitions]",
    )
    samples: tuple[SamplePart, ...] = Field(
        default=(), max_length=1000, description="worked examples for step 4"
    )
    examples: str = Field(
        default="",
        description="a file of real rows, labelled or not, that generated rows read like: any "
        "dataset format, or one text per line",
    )
    presets: dict[str, Counts] = Field(
        default={},
        description="counts for `--preset NAME`: rows for each label, or label → rows",
    )
    data: DataPart = Field(
        default=DataPart(), description="how your own files of such rows are laid out"
    )
    parameters: ParametersPart = Field(
        default=ParametersPart(),
        description="sampling parameters by step; the backend's and the user's take precedence",
    )

    def __repr__(self) -> str:
        labels = list(self.labels)
        named = ", ".join(labels[:_NAMED]) + (", …" if len(labels) > _NAMED else "")
        return f"<Declaration {self.name or self.description[:40]!r}: labels {named}>"

    @model_validator(mode="wrap")
    @classmethod
    def _said(cls, value: Any, read: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        __tracebackhide__ = True  # of notebooks, as pydantic's own frames are
        try:
            made = read(exact_shares(_with_labels(value)))
        except ValidationError as error:
            from targen_standard.task_files.reading import refusal

            raise _refused(*refusal(error)) from None
        if info.context is not IN_A_FILE:
            from targen_standard.task_files.validation import problems

            for problem in problems(made):
                raise _refused(*problem)
        return made

    @classmethod
    def from_file(cls, path: str | Path) -> Declaration:
        """Read a `.yaml`, `.toml` or `.json` file, and the files that it names.

        Raises:
            UsageError: naming the file, the line, the key, and what to type.
        """
        from targen_standard.task_files.reading import read_declaration

        return read_declaration(Path(path))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some keys changed; a text may replace a part, as in a file.

        Raises:
            UsageError: a value cannot be one of its key.
        """
        if update and self.output is None:  # with one, labels and fields are not from the file
            keys = {name: getattr(self, name) for name in self.model_fields_set}
            parsed = type(self)(**{**keys, **update})
            update = {name: getattr(parsed, name) for name in update}
        return super().model_copy(update=update, deep=deep)

    def save_in(self, folder: Path) -> Typed:
        """Write a task file into a folder, with absolute paths, and return its path."""
        from targen_standard.task_files.options import located

        path = folder / f"{self.name or self._named_by_labels}.json"
        placed = self.model_copy(update={"options": located(self, Path())})
        write_file(path, placed.as_json())
        note_own_copy(path)
        return Typed(path)

    @property
    def _named_by_labels(self) -> str:
        """A name of what is labelled, so that the runs of two tasks without names lie apart."""
        words = "-".join([*self.labels][:3]).lower()
        return re.sub(r"[^a-z0-9]+", "-", words)[:40].strip("-") or "task"

    @property
    def digest(self) -> str:
        """Twelve hex digits over everything that decides what the task produces.

        Options of parts are excluded, and so are keys that abbreviate them: others may be typed,
            and a run records those that were used.
        """
        others = (
            *("draft", "name", "version", "summary", "source", "presets"),
            *("options", "examples", "data"),
        )
        text = json.dumps(self._dumped(others), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def as_json(self) -> str:
        """The declaration as JSON that `from_file` reads; defaults are omitted."""
        return json.dumps(self._dumped(), ensure_ascii=False, indent=2) + "\n"

    def _dumped(self, exclude: Collection[str] = ()) -> dict[str, Any]:
        """Return the keys that are not defaults."""
        of_output = {"labels"} if self.output is not None else set()  # they follow from it
        return self.model_dump(mode="json", exclude={*exclude, *of_output}, exclude_defaults=True)

    def task(self, *, name: str = "") -> Task[Any, Any]:
        """Return the task; `name` is used if the declaration has none.

        Raises:
            UsageError: parts that do not fit together, naming the key.
        """
        return _built(self.as_json(), name or self._named_by_labels)

    @property
    def used_filters(self) -> tuple[str, ...]:
        """The filters of rows, including the one that `examples` selects."""
        own = {*self.filters} & {_EXAMPLES, f"targen-standard:{_EXAMPLES}"}
        return (*self.filters, _EXAMPLES) if self.examples and not own else self.filters

    @property
    def used_options(self) -> dict[str, Any]:
        """The options of parts, including the one that `examples` sets."""
        own = {f"{_EXAMPLES}.{_EXAMPLES}": self.examples} if self.examples else {}
        return own | self.options

    @property
    def lists(self) -> Mapping[str, ContextsPart | SeedsPart]:
        """Steps 1 and 2 by name, except one that the task does not have."""
        parts = {"contexts": self.contexts, "seeds": self.seeds}
        return {step: part for step, part in parts.items() if part is not None}

    @property
    def rows_of_presets(self) -> Mapping[str, Mapping[str, int]]:
        """The rows of each label, by preset."""
        return {
            preset: dict.fromkeys(self.labels, counts) if isinstance(counts, int) else counts
            for preset, counts in self.presets.items()
        }

    @property
    def definitions(self) -> list[str]:
        """A line for each label: its name, and what it means."""
        return [f"{name}: {part.definition.strip()}" for name, part in self.labels.items()]

    @property
    def spoken(self) -> str:
        """The language as checks know it; "" if it is not exactly one that they know."""
        return named_language(self.language)

    @cached_property
    def passed(self) -> set[tuple[str, str]]:
        """Fields and texts that passed their checks lately."""
        return set()

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that a text may be in, as checks know them; ("",) if these are unclear."""
        return named_languages(self.language) or ("",)

    @property
    def language_said(self) -> str:
        """The language as prompts say it."""
        return with_name(self.language)

    @property
    def asked(self) -> Mapping[str, BranchPart]:
        """The targets of step 3: the branches, or one for each label."""
        return self.branches or {
            name: BranchPart(definition=part.definition, guidance=part.guidance, prompt=part.prompt)
            for name, part in self.labels.items()
        }

    @property
    def aims(self) -> Mapping[str, str | None]:
        """The label that each branch aims at, None where step 4 finds it."""
        return {
            name: None if part.judged else part.label or name for name, part in self.asked.items()
        }

    @property
    def one_label(self) -> bool:
        """True if a seed is used for one label."""
        lists = (self.contexts if self.seeds is None else self.seeds,)
        fixed = any(part is not None and part.items for part in lists)
        return not fixed  # a fixed list cannot grow

    @property
    def may_refuse(self) -> bool:
        """True if step 3 may say that a seed does not suit a label."""
        return "unsuitable" not in self.fields

    @cached_property
    def seed_field(self) -> str:
        """The field that holds the seed, or ""."""
        return self.seeds.field if self.seeds is not None else ""

    @cached_property
    def written(self) -> Mapping[str, FieldPart]:
        """The fields that the generator writes: all but the one that holds the seed."""
        return {name: part for name, part in self.fields.items() if name != self.seed_field}


def _refused(loc: Loc, message: str, hint: str) -> UsageError:
    """Return the error for a key of a declaration that a program makes."""
    where = f"{key_path(loc)}: " if loc else ""
    return UsageError(f"declaration: {where}{message}", hint=hint)


def _with_labels(value: Any) -> Any:
    """Return the values of a declaration, with labels to count rows by if it has an output."""
    if not isinstance(value, dict) or value.get("output") is None:
        return value
    from targen_standard.task_files.outputs import OutputRefused, counted_by

    labels, own = counted_by(_as_keys(value["output"]))
    if {**value.get("labels", labels)}.keys() != labels.keys():
        raise OutputRefused(
            (),
            "it cannot be combined with labels",
            "keep one of the two; to have both, generate rows with one file, and pass them to "
            "targen correct with another",
        )
    presets = value.get("presets", {})
    if isinstance(presets, dict):
        presets = _named_as_labels(presets, labels, value["output"])
        for name in own:
            if presets.get(name, own[name]) != own[name]:
                raise OutputRefused((name,), f"presets also contains {name}", "rename that preset")
        presets = {**presets, **own}
    return {**value, "labels": {**labels}, "presets": presets}


def _named_as_labels(
    presets: dict[str, Any], labels: Collection[str], output: Any
) -> dict[str, Any]:
    """Presets whose counts are under the names of the labels that are meant."""
    from targen_standard.task_files.outputs import label_named

    def label(name: Any) -> Any:
        return name if name in labels else label_named(_as_keys(output), name)

    return {
        preset: {label(name): rows for name, rows in counts.items()}
        if isinstance(counts, dict)
        else counts
        for preset, counts in presets.items()
    }


@lru_cache(maxsize=8)  # a command looks a task up several times, and may have a thousand labels
def _built(declaration: str, name: str) -> Task[Any, Any]:
    from targen_standard.task_files.build import build_task

    return build_task(Declaration.model_validate_json(declaration), name)
