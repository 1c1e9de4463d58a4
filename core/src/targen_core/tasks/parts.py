"""Small values of a task: labels, variants, and the input of its dry run."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, Self

from targen_core.hints import did_you_mean, suggestions_for


def unwrapped(value: Any) -> Any:
    """Return the value of an enum's member, whose `str()` is not always its text; else `value`."""
    return value.value if isinstance(value, Enum) else value


@dataclass(frozen=True, slots=True)
class Label:
    """A label: the name that people type and the value in the rows."""

    name: str
    value: Any = None
    summary: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", unwrapped(self.name))
        object.__setattr__(self, "value", unwrapped(self.value))

    @property
    def official(self) -> Any:
        """The value in the official data, by default the name itself."""
        return self.name if self.value is None else self.value


@dataclass(frozen=True, slots=True)
class Credit:
    """Other people's data that rows were made from, for reports and cards.

    Attributes:
        name: names the data, without a local path.
        license: as its authors name it, or "".
        revision: a commit, or a digest of the content.
    """

    name: str
    license: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """An alternative configuration of a task: the arguments of `Task.replace`, by name.

    `--variant NAME` selects it; the manifest records it.
    """

    summary: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DryRunCall:
    """A call, as seen by a dry run.

    `prompt` is the prompt's name, `values` its filled-in values, and `rng` a random generator
    seeded by the call's key. `draws` are those in the prompt. If the next token is requested
    (`Llm.next_tokens`), `so_far` is the start of the reply. The result may then be the possible
    next tokens, each with its probability.
    """

    step: str
    label: str | None
    prompt: str
    values: Mapping[str, Any]
    rng: random.Random
    draws: Sequence[Mapping[str, str]] = ()
    so_far: str | None = None


class Keywords:
    """Base of the dataclasses that authors of tasks fill in."""

    __slots__ = ()

    def __new__(cls, *_: Any, **parts: Any) -> Self:
        """Refuse a field that the class lacks: Python would not name the class that has it.

        Raises:
            TypeError: the first of them, and where it belongs.
        """
        own = _fields(cls)
        for name in parts:
            if name not in own:
                raise TypeError(f"{cls.__name__} has no field {name}; {_hint(cls, name)}")
        return object.__new__(cls)


def _hint(kind: type[Keywords], name: str) -> str:
    """Return the class that has a field which `kind` lacks, or what is near."""
    own = _fields(kind)
    # A class with slots is made twice, so two have its name.
    homes = {other.__name__ for other in Keywords.__subclasses__() if name in _fields(other)}
    if not homes:
        return did_you_mean(name, own, "its fields")
    near = " or ".join(suggestions_for(name, own))
    return f"it is a field of {' and '.join(sorted(homes))}{near and f', or did you mean {near}?'}"


def _fields(kind: type[Keywords]) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]  # type: ignore[arg-type]


Cue = tuple[float, ...] | str
"""A shallow property: numbers, or a word for its value."""

RIGHT, WRONG = "right", "wrong"
"""The labels of options."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One decision of a row: its label, or whether an option is right.

    All cases of a task have the same texts and cues, by name.

    Attributes:
        texts: the texts to read, by name: "premise", "hypothesis".
        label: the right decision; "" means the row's own label. For an option, `RIGHT` or `WRONG`.
        cues: clues, by name, that might reveal the label to a model that does not solve the task,
            such as position, count or kind. The name should fit "from NAME, a classifier predicts
            90% of the labels". Length, words and overlap are always tested.
        question: the question's number; the options of one question have the same number.
        reads: the texts that a model reads in training, if `texts` omit something decisive, such as
            which of two words is meant.
        answer: what a model writes to choose this option, such as "choice2" or a name.
        several: whether any number of the question's options may be right. If so, a model writes
            each right option on its own line.
    """

    texts: Mapping[str, str]
    label: str = ""
    cues: Mapping[str, Cue] = field(default_factory=lambda: MappingProxyType({}))
    question: int = 0
    reads: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    answer: str = ""
    several: bool = False
