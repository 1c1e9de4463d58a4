"""The kinds of each label's texts, listed by a language model for a person to read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from targen_core.errors import Rejected, UsageError
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.replies import line
from targen_standard.single import Question
from targen_standard.task_files.adding import as_yaml
from targen_standard.task_files.model import Declaration

_MANY = 12  # labels above which fewer kinds of each are asked for
_MOST = 100  # labels of a call
_TOKENS = 30  # of a kind in a reply
_NAMED = 10  # labels that a message names
_MOST_KINDS, _LONGEST = 20, 200  # kinds of a label, and characters of a kind
_YOURSELF = "write the key `kinds` yourself"
_COMMENT = """\
# The kinds of each label's texts, and their shares. Each row draws one of its label's. Are the
# shares right for your texts, and is a common kind missing?
"""


class Kind(BaseModel):
    """A kind of a label's texts, and its share of them, in per cent."""

    kind: line(3, 120)  # type: ignore[valid-type]
    share: int = Field(ge=1, le=100)


MEANINGLESS = (
    {"kind": "says it in a few plain words", "share": 70},
    {"kind": "says it at length, with a reason", "share": 30},
)
"""The kinds of a label in a reply without a model."""


def shares(kinds: Sequence[Kind]) -> dict[str, int]:
    """Return kinds as a task file has them."""
    of: Counter[str] = Counter()
    for one in kinds:
        of[" ".join(one.kind.split()).rstrip(".")] += one.share
    return dict(of)


class _OfLabel(BaseModel):
    label: str
    kinds: list[Kind]


class KindsReply(BaseModel):
    """The reply: the kinds of each label, in a form that every provider's schemas allow."""

    labels: list[_OfLabel]

    def section(self, declaration: Declaration) -> str:
        """Return the key `kinds` in YAML, with a comment above it.

        Raises:
            Rejected: `bad-kinds`, in words that the model can act on.
        """
        kinds = {each.label.strip(): shares(each.kinds) for each in self.labels}
        asked = declaration.asked.keys()
        if lacking := [label for label in asked if not kinds.get(label)]:
            raise Rejected("bad-kinds", f"there are no kinds of {', '.join(lacking[:_NAMED])}")
        if odd := [label for label in kinds if label not in asked]:
            raise Rejected("bad-kinds", f"nothing of the task is called {odd[0]}")
        for label in asked:
            if len(kinds[label]) > _MOST_KINDS or max(map(len, kinds[label])) > _LONGEST:
                raise Rejected("bad-kinds", f"{label}: list fewer kinds, in fewer words")
        kinds = {label: kinds[label] for label in asked}
        try:
            declaration.model_copy(update={"kinds": kinds})
        except UsageError as error:
            raise Rejected("bad-kinds", str(error)) from None
        return _COMMENT + as_yaml({"kinds": kinds})


def listing(declaration: Declaration) -> Question[KindsReply]:
    """Return the call that lists the kinds of each label's texts, or of each branch's.

    Raises:
        UsageError: the task has an output in place of labels, too many labels for one call, or
            parts with which it cannot have kinds.
    """
    asked = declaration.asked
    few, most = (3, 8) if len(asked) <= _MANY else (2, 4)
    if declaration.output is not None:
        raise UsageError(
            "rows with an output have no kinds by label",
            hint="list how they differ under the key `dimensions`",
        )
    if len(asked) > _MOST:
        raise UsageError(
            f"a model cannot list the kinds of {len(asked)} labels in one call; the most is {_MOST}"
        )

    declaration.model_copy(update={"kinds": {next(iter(asked)): {"any": 1}}})

    def usable(reply: KindsReply) -> None:
        reply.section(declaration)

    def dry_run(_: DryRunCall) -> Any:
        return {"labels": [{"label": label, "kinds": MEANINGLESS} for label in asked]}

    return Question(
        name="kinds",
        prompt=Prompt("kinds", package="targen_standard.drafting"),
        values={
            "description": declaration.description.strip(),
            "fields": _fields(declaration),
            "what": "Its branches" if declaration.branches else "Its labels",
            "definitions": "\n".join(
                f"- {name}: {part.definition.strip()}" for name, part in asked.items()
            ),
            "language": declaration.language_said,
            "few": f"{few} to {most}",
        },
        reply=KindsReply,
        parameters={"temperature": 0.3, "max_tokens": 500 + most * _TOKENS * len(asked)},
        dry_run=dry_run,
        unusable="the model's list of kinds cannot be used",
        hint=f"try --no-cache or a different model, or {_YOURSELF}",
        instead=_YOURSELF,
        check=usable,
    )


def _fields(declaration: Declaration) -> str:
    """Return the texts of a row, line by line, if it has several."""
    if len(declaration.fields) == 1:
        return ""
    of = (f"- {name}: {part.description}".rstrip(": ") for name, part in declaration.fields.items())
    return "\n".join(["\nEach row has:", *of, ""])
