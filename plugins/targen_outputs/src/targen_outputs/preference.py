"""Preferences: two replies to a prompt, of which one is better by a criterion."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from targen_cli.findings import Table
from targen_core.errors import Rejected
from targen_core.tasks.checks import normalized
from targen_core.tasks.made_up import sentence, words
from targen_outputs.counting import Seen, counted, shared_out
from targen_outputs.sets import Definitions
from targen_standard import Output, OutputType, Target
from targen_standard.task_files.outputs import Question, Row

__all__ = ["PREFERENCE", "Preference", "PreferenceOutput"]

_TEXT = Annotated[str, Field(min_length=1)]
_REPLIES = ("reply_a", "reply_b")
_COLUMNS = ("chosen", "rejected", "criterion", "margin")


class Preference(BaseModel):
    """`output:` with a better and a worse reply."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preference: Definitions = Field(description="criterion → what makes a reply the better one")
    margins: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=("clearly", "slightly"),
        min_length=1,
        description="by how much one reply is better, drawn for each row",
    )


class PreferenceOutput(Output):
    """The better and the worse reply in `chosen` and `rejected`, with `criterion` and `margin`."""

    how = (
        "- better: a reply to it, the better one of two by the criterion below\n"
        "- worse: another reply to it, which is as good in all else, and could have been written "
        "in earnest"
    )
    instructions = (
        "Two replies are compared by one criterion alone. Say which of them is better by it, A or "
        'B; "neither" only if no reader could tell.'
    )

    def __init__(self, spec: Preference) -> None:
        self._spec = spec
        self._criteria = tuple(spec.preference)
        self.columns = {
            "chosen": _TEXT,
            "rejected": _TEXT,
            "criterion": Literal[self._criteria],
            "margin": Literal[spec.margins],
        }
        self.written = {"better": str, "worse": str}
        self.form = {"better": "...", "worse": "..."}
        self.answer_form = {"better": "..."}
        self.answer = {"better": Literal["A", "B", "neither"]}

    def label_of(self, row: Row) -> str:
        """Return the criterion of a row."""
        return str(row["criterion"])

    def check(self, row: Row) -> None:
        """Check that the replies differ."""
        one, other = (normalized(row[name]) or row[name] for name in ("chosen", "rejected"))
        if one == other:
            raise ValueError("chosen and rejected are the same reply")

    def target(self, label: str, rng: random.Random) -> Target:
        """Return a criterion, and by how much one reply is to be better."""
        margin = rng.choice(self._spec.margins)
        said = f"{label}: {self._spec.preference[label].strip()}"
        return Target(f"The better reply is {margin} better by this criterion.\n{said}", margin)

    def read(self, label: str, target: Target, reply: Row) -> Row:
        """Return the texts, with the two replies in their columns."""
        texts = {name: value for name, value in reply.items() if name not in self.written}
        better, worse = reply["better"].strip(), reply["worse"].strip()
        return {
            **texts,
            "chosen": better,
            "rejected": worse,
            "criterion": label,
            "margin": target.value,
        }

    def shown(self, row: Row, text: str) -> Sequence[str]:
        """Return the two replies in both orders, since judges favour one place."""
        criterion = f"{row['criterion']}: {self._spec.preference[row['criterion']].strip()}"
        one, other = row["chosen"], row["rejected"]
        return [
            f"{text}\n\nCriterion: {criterion}\n\nReply A:\n{a}\n\nReply B:\n{b}"
            for a, b in ((one, other), (other, one))
        ]

    def judged(self, row: Row, answers: Sequence[Row]) -> Row:
        """Return the replies as step 4 orders them.

        Raises:
            Rejected: `order-dependent`: the first or the second is better whichever it is;
                `equal-replies`: neither is better.
        """
        said = [answer["better"] for answer in answers]
        kept = {name: row[name] for name in _COLUMNS}
        if said == ["A", "B"]:
            return kept
        if said == ["B", "A"]:
            return {**kept, "chosen": row["rejected"], "rejected": row["chosen"]}
        if "neither" in said:
            raise Rejected("equal-replies", "neither reply is better by the criterion")
        raise Rejected("order-dependent", "which reply is better depends on their order")

    def as_text(self, row: Row) -> str:
        """Return the better reply."""
        return str(row["chosen"])

    def questions(self, row: Row) -> Sequence[Question]:
        """Ask which reply is better; which comes first is drawn, whichever of them is better."""
        replies = sorted([row["chosen"], row["rejected"]])
        random.Random("\n".join(replies)).shuffle(replies)
        better = _REPLIES[replies.index(row["chosen"])]
        criterion = f"{row['criterion']}: {self._spec.preference[row['criterion']].strip()}"
        shown = {"criterion": criterion, **dict(zip(_REPLIES, replies, strict=True))}
        return [Question(name="better", kind="pair", value=better, options=_REPLIES, shown=shown)]

    def answered(self, row: Row, answers: Row) -> Row:
        """Return the replies as a person orders them."""
        (asked,) = self.questions(row)
        order = ("A", "B") if answers["better"] == asked.value else ("B", "A")
        return self.judged(row, [{"better": each} for each in order])

    def tables(self, rows: Seen, *, judged: bool) -> Sequence[Table]:
        """Count rows by criterion, with those that step 4 turned round, and by margin."""
        return [
            counted(
                *("Preferences", "criterion", self._criteria, rows),
                name_of=self.label_of,
                mean_of={},
                corrected="turned round" if judged else "",
            ),
            shared_out("Margins", "margin", [row["margin"] for row, _ in rows]),
        ]

    def made_up(self, label: str, target: Target, texts: Row, rng: random.Random) -> Row:
        """Return a longer and a shorter reply."""
        return {**texts, "better": sentence(rng, 20, 30), "worse": words(rng, 6) + "."}

    def solved(self, label: str, shown: str, rng: random.Random) -> Row:
        """Return the longer reply."""
        _, one, other = re.split(r"(?m)^Reply [AB]:$", shown)
        return {"better": "A" if len(one) > len(other) else "B"}


def _labels(spec: Preference) -> Mapping[str, str]:
    return spec.preference


PREFERENCE: OutputType[Any] = OutputType(
    summary="two replies to a prompt, the better one by a criterion first",
    spec=Preference,
    labels=_labels,
    output=lambda spec, _: PreferenceOutput(spec),
)
