"""Options of a run, each once: its type, range, default and description.

Specs of runs consist of these models, and a command's flags of their fields. `cli.flags.takes`
turns a field into a flag by its type and its `Flag`. The range belongs to the model, so it is the
same, with the same message, for a value from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from types import UnionType
from typing import Annotated, Any, ClassVar, Literal, Self, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)

from targen_core.errors import UsageError
from targen_core.hints import did_you_mean, flag_of
from targen_core.text import plain_fault

MAX_COUNT = 10**9
"""Most rows, items or tokens at a time: whatever a run counts one by one."""

BATCHES = "Batches"
"""A panel of the help."""

_Amount = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
_Rate = Annotated[float, Field(ge=0.001, le=1e12, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]


@dataclass(frozen=True, slots=True)
class Flag:
    """A command's flag for an option, as far as its field does not define it.

    Attributes:
        help: what it does, in a sentence.
        names: how it is typed, as typer takes it; by default as its field is called.
        metavar: the placeholder for the value in the help.
        panel: of the help; None for its model's.
        default: the default in words, if the field itself does not show it.
        completes: the kind of part whose names a shell completes.
        repeats: whether it may be given several times; what the field takes is made of a list then.
    """

    help: str
    names: tuple[str, ...] = ()
    metavar: str | None = None
    panel: str | None = None
    default: str = ""
    completes: str = ""
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Datasets:
    """Marks an option whose values are datasets that a person names, as `read_dataset` takes them.

    A run knows them by the digests that the part has in `sources`, after its `check_task`. It
    continues only with the same datasets, wherever they are, and reads none that only a manifest
    names.

    Attributes:
        verb: what a run does with them, such as "excludes".
        done: what becomes of them, such as "excluded".
    """

    verb: str = "uses"
    done: str = "used"

    @staticmethod
    def among(model: type[BaseModel]) -> dict[str, Datasets]:
        """The options of a model that are marked so."""
        return {
            name: each
            for name, field in model.model_fields.items()
            for each in field.metadata
            if isinstance(each, Datasets)
        }


def require_recordable(model: type[BaseModel], *, copies: bool = False) -> None:
    """Check that a run can record the options of a plugin's model, and read them back.

    With `copies`, the run keeps copies of the files that the options name.

    Raises:
        ValueError: the type of an option does not allow that.
    """
    for name, field in model.model_fields.items():
        members = [each for each in _members(field.annotation) if each is not type(None)]
        parts = [*_parts(field.annotation)]
        if any(issubclass(part, Set) for part in parts):
            raise ValueError(
                f"the option {name} contains a set, whose order changes from process to process: "
                "annotate it as a tuple or a list"
            )
        if copies and members != [Path] and any(issubclass(part, PurePath) for part in parts):
            raise ValueError(
                f"the option {name} contains a path inside another type: annotate it as Path or "
                "Path | None, and use one option per file"
            )


def _members(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union, without what is said of them, or the type itself."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _members(args[0])
    elif origin in (Union, UnionType):
        for each in args:
            yield from _members(each)
    else:
        yield annotation


def _parts(annotation: Any, above: tuple[type, ...] = ()) -> Iterator[type]:
    """Yield the classes that a type consists of, and those of the fields of models among them."""
    origin = get_origin(annotation)
    if origin is Literal:
        return
    for each in get_args(annotation):
        yield from _parts(each, above)
    kind = annotation if origin is None else origin
    if isinstance(kind, type):
        yield kind
        if issubclass(kind, BaseModel) and kind not in above:
            for field in kind.model_fields.values():
                yield from _parts(field.annotation, (*above, kind))


@dataclass(frozen=True, slots=True)
class Multiplies:
    """Marks an option, a number, that multiplies the calls of a run.

    Attributes:
        free: the most that a task file may set without the user's trust.
    """

    free: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Marks an option, a `Path`, that is a file of rows which a run keeps a copy of.

    Rows of a program, a folder or a hub are also allowed: they are written into such a file.
    """


@dataclass(frozen=True, slots=True)
class Option:
    """An option as its model declares it.

    Attributes:
        kind: the type of its field.
        default: of its field.
        flag: how a command takes it.
        datasets: set if its values are datasets.
        rows: whether it is a file of rows.
    """

    kind: Any
    default: Any
    flag: Flag
    datasets: Datasets | None = None
    rows: bool = False


class Options(BaseModel):
    """Values that options and keywords give; one that cannot be is an error by its name.

    Raises:
        UsageError: an invalid value.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    panel: ClassVar[str] = ""
    """The panel of the help that its flags are in."""

    @classmethod
    def declared(cls, *names: str) -> dict[str, Option]:
        """The options that commands take, or those of these names, in the order of the model."""
        found, marked = {}, Datasets.among(cls)
        for name, field in cls.model_fields.items():
            flag = next((each for each in field.metadata if isinstance(each, Flag)), None)
            if flag is not None and (not names or name in names):
                panel = cls.panel if flag.panel is None else flag.panel
                flag = replace(flag, panel=panel)
                rows = any(isinstance(each, Rows) for each in field.metadata)
                found[name] = Option(field.annotation, field.default, flag, marked.get(name), rows)
        return found

    @model_validator(mode="wrap")
    @classmethod
    def _said(cls, asked: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return read(asked)
        except ValidationError as error:
            found = error.errors(include_url=False)
            # A slip in a required field's name comes before the field that is therefore missing.
            slips = (each for each in found if each["type"] == "extra_forbidden")
            first = next(slips, found[0])
            field = str(first["loc"][0]) if first["loc"] else ""
            if first["type"] == "extra_forbidden":
                raise UsageError(
                    f"{cls.__name__} has no field {field!r}",
                    hint=did_you_mean(field, [*cls.model_fields], "fields"),
                ) from None
            missing = first["type"] == "missing"
            why = "it is missing" if missing else plain_fault(first["msg"])
            # A text may be a key.
            value = f" is {first['input']};" if isinstance(first["input"], int | float) else ":"
            raise UsageError(f"{flag_of(field) if field else 'config'}{value} {why}") from None


def _by_branch(said: object) -> object:
    """Names by label, "" for all: of `NAME` and `LABEL=NAME`, which commas may separate."""
    if not said:
        return {}
    items = (said,) if isinstance(said, str) else said
    if not isinstance(items, Sequence):
        return said
    items = [each for item in items for each in _pairs_in(item)]
    names = {}
    for item in items:
        label, equals, name = item.rpartition("=")
        if label in names or (equals and not label):
            raise ValueError(f"the value for {label or 'all labels'} is given twice")
        names[label] = name
    return names


def _pairs_in(item: str) -> Sequence[str]:
    """Return the LABEL=NAME of one text; a label may contain a comma itself."""
    parts = item.split(",")
    return parts if all("=" in part for part in parts) else (item,)


def several(said: Any) -> Any:
    """Return names as a tuple, each once: of a text, a list, an iterator, an array or a column.

    For None and "" it is empty. Other values are unchanged, so that a validator refuses them: the
    names of a set have no order.
    """
    if hasattr(said, "tolist"):  # of numpy or pandas
        said = said.tolist()
    if said is None or isinstance(said, str):
        return (said,) if said else ()
    if not isinstance(said, Iterable) or isinstance(said, bytes | Mapping | Set):
        return said
    names = tuple(said)
    return tuple(dict.fromkeys(names)) if all(isinstance(name, str) for name in names) else names


class RowOptions(Options):
    """The rows that a run makes, and those that it refuses."""

    panel = "Rows"

    variants: Annotated[
        Sequence[str],
        AfterValidator(tuple),
        Flag(
            "Use one of the task's named variants; see targen describe.",
            (flag_of("variants"),),
            metavar="NAME",
            panel="",
            repeats=True,
        ),
    ] = ()
    seed: Annotated[int, Flag("Random seed: a different seed gives different data.", panel="")] = 0
    balance: Annotated[
        Literal["final", "intended"],
        Flag("Count rows by their label after (final) or before (intended) correction."),
    ] = "final"
    give_up_after: Annotated[
        _Count, Flag("Give up on a label after this many consecutive candidates fail.")
    ] = 50
    corrector: Annotated[
        str | None,
        Flag(
            "Use a corrector other than the task's own; see targen list-correctors.",
            metavar="NAME",
            completes="corrector",
        ),
    ] = ""
    checks: Annotated[
        Sequence[str],
        BeforeValidator(several),
        Flag(
            "Also apply a plugin's check to each row; see targen list-checks. May be given "
            "several times.",
            ("--check",),
            metavar="NAME",
            completes="check",
            repeats=True,
        ),
    ] = ()
    filters: Annotated[
        Sequence[str],
        BeforeValidator(several),
        Flag(
            "Also pass rows through a plugin's filter; see targen list-filters. May be given "
            "several times.",
            ("--filter",),
            metavar="NAME",
            completes="filter",
            repeats=True,
        ),
    ] = ()
    unsure: Annotated[
        Literal["drop", "keep"] | None,
        Flag(
            "Drop or keep rows that the judge is unsure about.",
            default="the task's setting, otherwise drop",
        ),
    ] = None


class ListOptions(Options):
    """Where contexts and seeds come from, and in what rows are made to differ."""

    panel = "Contexts and seeds"

    contexts: Annotated[
        Path | None, Flag("Read contexts from this file instead of running step 1.", metavar="FILE")
    ] = None
    seeds: Annotated[
        Path | None,
        Flag(
            "Read seeds from this file instead of running steps 1 and 2. By default, each "
            "is used for every label.",
            metavar="FILE",
        ),
    ] = None
    contexts_from: Annotated[
        str,
        Flag(
            "Use contexts from a plugin instead of the task's (step 1); see targen list-contexts.",
            metavar="NAME",
            completes="contexts",
        ),
    ] = ""
    seeds_from: Annotated[
        str,
        Flag(
            "Use seeds from a plugin instead of the task's (step 2); see targen list-seeds.",
            metavar="NAME",
            completes="seeds",
        ),
    ] = ""
    generators_from: Annotated[
        Mapping[str, str],
        BeforeValidator(_by_branch),
        Flag(
            "Use an inverse generator from a plugin instead of the task's (step 3); LABEL=NAME "
            "sets it for one label. See list-generators.",
            metavar="NAME",
            completes="generator",
            repeats=True,
        ),
    ] = {}
    dimensions: Annotated[
        Mapping[str, str | tuple[str, ...] | dict[str, int]],
        Flag(
            "Vary rows along a dimension: `length=short,long`, `tone=dry:3,warm:1` or "
            "`word=@words`; `none` removes a dimension.",
            (flag_of("dimensions"),),
            metavar="[STEP.]NAME=VALUES",
            repeats=True,
        ),
    ] = {}
    shares: Annotated[
        Mapping[str, Mapping[str, int]],
        Flag(
            "Give a property of rows exact shares, as numbers of rows or ratios: "
            "`language=German:15,English:15`. They are spread evenly over the labels, and become "
            "a column.",
            ("--share",),
            metavar="NAME=VALUE:ROWS,...",
            repeats=True,
        ),
    ] = {}
    task_dimensions: Annotated[
        bool,
        Flag("Leave out the task's own dimensions; see targen describe.", (" /--no-dimensions",)),
    ] = True
    contexts_limit: Annotated[_Count | None, Flag("Use at most this many contexts.")] = None


class Limits(Options):
    """Limits on what a run may use; they never change what it produces."""

    panel = "Cost and speed"

    max_cost: Annotated[
        _Amount | None,
        Flag(
            "Stop before spending more than this many dollars. Needs the model's price.", panel=""
        ),
    ] = None
    max_tokens: Annotated[
        Annotated[int, Field(gt=0, le=10**15)] | None,
        Flag("Stop before using more tokens than this, input and output together."),
    ] = None
    concurrency: Annotated[int, Field(gt=0, le=100_000), Flag("Maximum concurrent calls.")] = 32
    rpm: Annotated[_Rate | None, Flag("Maximum requests per minute.")] = None
    tpm: Annotated[_Rate | None, Flag("Maximum tokens per minute.")] = None
    max_outage: Annotated[
        _Amount | None,
        Flag(
            "Stop after this many seconds without any answer.",
            default="600, or 1 to 120 if the service has never answered",
        ),
    ] = None
    hedge: Annotated[
        bool, Flag("Send a second copy of a call that takes far longer than the others.")
    ] = True
    batch: Annotated[
        bool,
        Flag(
            "Use the service's batch API, which is cheaper and answers within a day.", panel=BATCHES
        ),
    ] = False
    delivery: Annotated[
        str,
        Flag(
            "Deliver calls by this method instead of one at a time; see targen list-deliveries.",
            metavar="NAME",
            panel=BATCHES,
            completes="delivery",
        ),
    ] = ""
    cache: Annotated[bool, Flag("Reuse replies from earlier runs.")] = True
    rounds: Annotated[
        int,
        Field(ge=0, le=10_000),
        Flag(
            "With --batch or --delivery: maximum number of refill rounds after the first.",
            panel=BATCHES,
        ),
    ] = 4

    @property
    def delivered_by(self) -> str:
        """Return the name of the requested delivery, such as `batch`, or ""."""
        return "batch" if self.batch else self.delivery

    @classmethod
    def redelivered(cls, typed: Mapping[str, Any]) -> dict[str, Any]:
        """Return the given limits, in which a delivery replaces any earlier one."""
        if "batch" in typed:
            return {"delivery": "", **typed}
        return {"batch": False, **typed} if "delivery" in typed else dict(typed)

    @property
    def reaching(self) -> dict[str, Any]:
        """Return the options that let a run spend more or faster than by default."""
        usual = type(self).model_fields
        asked = {name: getattr(self, name) for name in ("max_cost", "max_tokens")}
        faster = {
            name: value
            for name in ("concurrency", "rounds")
            if (value := getattr(self, name)) > usual[name].default
        }
        return {**{name: value for name, value in asked.items() if value is not None}, **faster}
