"""What step 4 works with: questions, answers and the correction they lead to."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NO_VALID_INSTANCE", "Correction", "CorrectionSample", "JudgeAnswer", "JudgeQuestion"]

NO_VALID_INSTANCE = "no_valid_instance"
"""An output that is legal for every question: its input is broken.

Our addition to the paper, whose corrector must always find a label.
"""


@dataclass(frozen=True, slots=True)
class Correction:
    """What step 4 found: the right label, or None and the reason to reject.

    A label equal to the claimed one confirms the instance.
    """

    label: str | None
    explanation: str = ""
    reason: str = ""

    @classmethod
    def reject(cls, reason: str, explanation: str = "") -> Correction:
        """No label can be given; `reason` is a short kebab-case word."""
        return cls(None, explanation, reason)


@dataclass(frozen=True, slots=True)
class JudgeQuestion:
    """One question that an instance puts to whoever solves the task.

    Most instances are one question. A pair that must stay together is two.

    Attributes:
        input: what is to be solved, as text, without its answer.
        output: the answers that the instance claims: one, or any number where
            `several`; None where it claims none, since step 4 is to find it.
        options: the legal answers; none where any text may be one.
        several: whether any number of options may be right together.
    """

    input: str
    output: tuple[str, ...] | None
    options: tuple[str, ...]
    several: bool = False


@dataclass(frozen=True, slots=True)
class JudgeAnswer:
    """What a corrector found for one question: options out of its options."""

    answers: tuple[str, ...]
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class CorrectionSample:
    """A worked sample for correctors: `output` is judged against `actual`.

    Where they are equal it shows a right output, else a wrong one (paper,
    appendix F). `actual` may also be "no_valid_instance". Tasks whose
    questions have several answers give tuples.
    """

    input: str
    output: str | tuple[str, ...]
    actual: str | tuple[str, ...]
    explanation: str
