"""Small values of a task: labels, variants, and the input of its dry run."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any


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
