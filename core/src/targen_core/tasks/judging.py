"""Values of step 4: questions, answers and the resulting correction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from targen_core.tasks.parts import unwrapped

NO_VALID_INSTANCE = "no_valid_instance"
"""An output that is legal for every question: its input is broken.

Our addition to the paper, whose corrector must always find a label.
"""

UNSURE = "unsure"
"""Another one: readers of the instructions may differ about a sound input.

A judge without it has to guess if a label is a matter of opinion.
"""


@dataclass(frozen=True, slots=True)
class Correction:
    """The result of step 4: the right label, or None and the reason to reject.

    A label equal to the claimed one confirms the instance. A claimed label that remains because
    the judge was unsure has the reason "unsure". If step 4 corrects more than the label, such as
    the spans in a text, `instance` is the corrected one, and its label is `label`.
    """

    label: str | None
    explanation: str = ""
    reason: str = ""
    instance: Any = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", unwrapped(self.label))

    @classmethod
    def reject(cls, reason: str, explanation: str = "") -> Correction:
        """Return a correction without a label; `reason` is a short kebab-case word."""
        return cls(None, explanation, reason)


@dataclass(frozen=True, slots=True)
class JudgeQuestion:
    """One question about an instance.

    Most instances have one question; a pair that must stay together has two.

    Attributes:
        input: the problem to solve, as text, without its answer.
        output: the answers that the instance claims: one, or any number if `several`; None if step
            4 has to find the answer.
        options: the valid answers; empty if any text is valid.
        several: whether several options may be right.
    """

    input: str
    output: tuple[str, ...] | None
    options: tuple[str, ...]
    several: bool = False

    def __post_init__(self) -> None:
        for name in ("output", "options"):
            if isinstance(value := getattr(self, name), str):
                raise TypeError(f"{name} is {value!r}; pass a tuple, such as ({value!r},)")
            if value is not None:
                object.__setattr__(self, name, tuple(map(unwrapped, value)))


@dataclass(frozen=True, slots=True)
class JudgeAnswer:
    """A corrector's answer to one question: one or more of its options."""

    answers: tuple[str, ...]
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class CorrectionSample:
    """A worked sample for correctors: `output` is judged to be `actual`.

    If they are equal it shows a right output, otherwise a wrong one (paper,
    appendix F). `actual` may also be "no_valid_instance". Tasks whose questions
    have several answers give tuples.
    """

    input: str
    output: str | tuple[str, ...]
    actual: str | tuple[str, ...]
    explanation: str

    def __post_init__(self) -> None:
        for name in ("output", "actual"):
            value = unwrapped(getattr(self, name))
            several = isinstance(value, tuple)
            object.__setattr__(self, name, tuple(map(unwrapped, value)) if several else value)
