"""Parts with options: what a plugin registers in place of a part that has some.

```python
class Options(BaseModel, extra="forbid", frozen=True):
    times: int = Field(default=3, ge=1, le=99, description="how often each question is asked")

MAJORITY = Configurable(Options, lambda options: Majority(options.times))
```

Users of the part set them by its name: `-o majority.times=5` on the command line,
`options={"majority.times": 5}` in Python.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from targen_core.calls.secrets import scrub
from targen_core.errors import PluginError, UsageError
from targen_core.hints import did_you_mean, quoted
from targen_core.options import require_recordable
from targen_core.text import plain_fault

ModelT = TypeVar("ModelT", bound=BaseModel)
PartT = TypeVar("PartT")

_OF_LISTS = ("list_type", "tuple_type", "set_type", "frozen_set_type", "sequence_str")
_LEGAL = 4  # values of an option that a hint spells out as they are typed


@dataclass(frozen=True, slots=True)
class Section:
    """A filter's section of a run's report, which has the filter's name, and of its card.

    Attributes:
        model: of the section; for people it may have a property `words`, a sentence, and one
            `table`, a `targen_core.cli.findings.Table`.
        counted: makes the section from the filter's part of the lock and the records of
            `rejects.jsonl`. Without it `Filter.report` does, only in a run's own process.
        card: makes the chapter of a card, in Markdown, of the filter's part of the lock and the
            run's manifest.
    """

    model: type[BaseModel] | None = None
    counted: Callable[[Any, Iterable[Mapping[str, Any]]], Any] | None = None
    card: Callable[[Any, Any], str] | None = None


@dataclass(frozen=True, slots=True)
class Configurable(Generic[PartT]):
    """A part that is created from options.

    A run records the options and compares them when it is resumed, so equal options must give equal
    parts.

    Attributes:
        options: a pydantic model with `extra="forbid"`; the descriptions of its fields are the help
            texts. A part is usable without options only if all of them have defaults.
        make: creates the part from such options; it raises `UsageError` if they do not go together.
        uses: options that select another registered part, with its kind, such as `{"embedder":
            "embedder"}`. `make` gets that part, created with its own options, as a keyword with the
            option's name. The option then contains its full id.
        section: for a filter, its section in reports and cards.
        shapes: for a filter, whether it changes the task; see `Filter.shaped`.
    """

    options: type[BaseModel]
    make: Callable[..., PartT]
    uses: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    section: Section | None = None
    shapes: bool = False

    def __post_init__(self) -> None:
        """Refuse options that could not be read."""
        is_model = isinstance(self.options, type) and issubclass(self.options, BaseModel)
        if not is_model or self.options.model_config.get("extra") != "forbid":
            raise ValueError(
                "Configurable: options must be a pydantic model with "
                'model_config = ConfigDict(extra="forbid")'
            )
        try:
            require_recordable(self.options, copies=True)
        except ValueError as error:
            raise ValueError(f"Configurable: {error}") from None
        if not callable(self.make):
            raise ValueError("Configurable: make must be a function that takes the options")
        if odd := self.uses.keys() - self.options.model_fields.keys():
            raise ValueError(f"Configurable: `uses` contains {min(odd)!r}, which is not an option")


def read_options(
    model: type[ModelT],
    values: Mapping[str, Any],
    *,
    of: str,
    prefix: str = "",
    others: Iterable[str] = (),
) -> ModelT:
    """Options as their model reads them.

    Args:
        model: what they are.
        values: by name, typed or from a file.
        of: whose they are, such as "corrector acme:majority".
        prefix: the prefix of a typed name, such as "majority.".
        others: names that are read elsewhere, for the hint.

    Raises:
        UsageError: naming the option, what is wrong, and the options there are.
    """
    try:
        made = model.model_validate(dict(values))
    except (ValidationError, UsageError) as refused:
        # Our own options report their problems in the words of their flags.
        error = refused if isinstance(refused, ValidationError) else refused.__context__
        if not isinstance(error, ValidationError):
            raise
        # An unknown option is often a misspelling of a missing one.
        first = min(
            error.errors(include_url=False, include_input=False),
            key=lambda problem: problem["type"] != "extra_forbidden",
        )
        key = ".".join(_place(first["loc"], values, first["type"])) or "(all)"
        if first["type"] == "extra_forbidden":
            known = [*(each.alias or name for name, each in model.model_fields.items()), *others]
            raise UsageError(
                f"{of} has no option {key!r}",
                option=key,
                known=known,
                hint=did_you_mean(key, known, "options"),
            ) from None
        if first["type"] == "missing":
            raise UsageError(
                f"{of} needs the option {key!r}", hint=f"-o {prefix}{key}=..."
            ) from None
        why = scrub(plain_fault(first["msg"]))
        legal = re.findall("'(.+?)'", why) if first["type"] == "literal_error" else []
        settings = [f"-o {prefix}{key}={each}" for each in legal[:_LEGAL]]
        if first["type"] in _OF_LISTS and isinstance(said := values.get(key), str):
            items = [scrub(item.strip()) for item in said.split(",")]
            settings = [f"-o {quoted(f'{prefix}{key}={json.dumps(items)}')}"]
        raise UsageError(
            f"option {prefix}{key} of {of}: {why}",
            option=key,
            hint=" or ".join(settings) if settings else "",
        ) from None
    for key, value in values.items():
        if isinstance(value, bool) and type(getattr(made, key, value)) in (int, float):
            # Pydantic takes it as 1 or 0.
            raise UsageError(f"option {prefix}{key} of {of}: it must be a number", option=key)
    return made


def _place(loc: Sequence[int | str], value: Any, problem: str) -> Iterator[str]:
    """Yield the parts of an option's place, without pydantic's names of the types in a union."""
    for part in loc:
        is_item = isinstance(value, list | tuple) and part in range(len(value))
        if is_item or (isinstance(value, Mapping) and part in value):
            value = value[part]
        elif not (problem == "missing" and part == loc[-1]):
            continue
        yield str(part)


def check_defaults(options: BaseModel, *, of: str, distribution: str) -> None:
    """Check the defaults that options have. Pydantic only validates what a user sets.

    A run records them, and could not be resumed with a default that its model refuses.

    Raises:
        PluginError: a default is invalid. It blames the distribution, whose part `of` names.
    """
    model = type(options)
    unset = model.model_fields.keys() - options.model_fields_set
    # Not what else a model allows, such as the arguments of somebody's class.
    fields = model.model_fields.items()
    values = {field.alias or key: getattr(options, key) for key, field in fields}
    try:
        model.model_validate(values)
    except (ValidationError, UsageError) as refused:
        error = refused if isinstance(refused, ValidationError) else refused.__context__
        problems = error.errors() if isinstance(error, ValidationError) else []
        for problem in problems:
            if problem["loc"] and problem["loc"][0] in unset:
                key = ".".join(str(part) for part in problem["loc"])
                raise PluginError(
                    f"{of}: the default of its option {key} is invalid: "
                    + scrub(plain_fault(problem["msg"])),
                    distribution=distribution,
                    hint=f"report it to the authors of {distribution}",
                ) from None


def misplaced(
    error: OSError, options: BaseModel, *, of: str, prefix: str = ""
) -> UsageError | None:
    """Return the error for a part that could not be made because an option names a missing file.

    Return None if the error concerns something else than a file that an option names.
    """
    if error.filename is None:
        return None
    path = Path(error.filename)
    for option, value in options:
        if isinstance(value, Path) and path.is_relative_to(value):
            whose = f"option {prefix}{option} of {of}: "
            return UsageError(whose + f"{path}: {error.strerror}", option=option)
    return None
