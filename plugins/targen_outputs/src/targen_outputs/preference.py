"""Preferences: replies to a prompt, ranked from best to worst by a criterion."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from string import ascii_lowercase, ascii_uppercase
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from targen_core.cli.findings import Table
from targen_core.errors import Rejected
from targen_core.tasks.parts import RIGHT, WRONG, Case
from targen_core.tasks.words import normalized
from targen_outputs.counting import Seen, counted, shared_out
from targen_outputs.sets import Kinds
from targen_standard.made_up import sentence, words
from targen_standard.task_files.outputs import Output, OutputType, Question, Row, Target

_TEXT = Annotated[str, Field(min_length=1)]
_MOST = 6  # replies of a list, which a judge can still keep apart


class Preference(BaseModel):
    """`output:` with pairs of replies, one better than the other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    preference: Kinds = Field(description="criterion → what makes a reply the better one")
    margins: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=("clearly", "slightly"),
        min_length=1,
        description="how much better one reply is; one value is drawn for each row",
    )
    replies: Annotated[int, Field(ge=2, le=_MOST)] = Field(
        default=2,
        description="number of replies per row; more than 2 are listed from best to worst",
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
    twice = "chosen and rejected are the same reply"
    training = "Write only one reply: the best that you can give."

    def __init__(self, spec: Preference) -> None:
        self._spec = spec
        self._criteria = tuple(spec.preference)
        criteria = ", ".join(self._criteria)
        self.label_says = f"The label says what makes one reply better than another: {criteria}."
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

    def replies(self, row: Row) -> Sequence[str]:
        """Return the replies of a row, from the best to the worst."""
        return row["chosen"], row["rejected"]

    def check(self, row: Row) -> None:
        """Check that no two replies are the same; people may rank what differs in a mark."""
        if _has_twice([each.strip() for each in self.replies(row)]):
            raise ValueError(self.twice)

    def cases(self, row: Row, texts: Mapping[str, str]) -> Sequence[Case]:
        """Return for each reply whether it is the best one, in an order that does not tell it."""
        replies = self.replies(row)
        return [
            Case(
                texts={**texts, "reply": reply},
                label=RIGHT if reply == replies[0] else WRONG,
                answer=reply,
                reads={**texts, "criterion": row["criterion"], "reply": reply},
            )
            for reply in sorted(replies)
        ]

    def target(self, label: str, rng: random.Random) -> Target:
        """Return a criterion, and by how much one reply is to be better."""
        margin = rng.choice(self._spec.margins)
        said = f"{label}: {self._spec.preference[label].strip()}"
        return Target(f"The better reply is {margin} better by this criterion.\n{said}", margin)

    def read(self, label: str, target: Target, reply: Row) -> Row:
        """Return the texts, with the two replies in their columns."""
        texts = {name: value for name, value in reply.items() if name not in self.written}
        better, worse = reply["better"].strip(), reply["worse"].strip()
        self._require_apart([better, worse])
        return {
            **texts,
            "chosen": better,
            "rejected": worse,
            "criterion": label,
            "margin": target.value,
        }

    def _require_apart(self, replies: Sequence[str]) -> None:
        """Check that a model wrote replies that differ in more than case and punctuation.

        Raises:
            Rejected: `unusable-output`: they do not.
        """
        if all(replies) and _has_twice([normalized(each) or each for each in replies]):
            raise Rejected("unusable-output", self.twice)

    def shown(self, row: Row, text: str) -> Sequence[str]:
        """Return the replies in both orders, since judges favour one place."""
        replies = self.replies(row)
        return [
            "\n\n".join(
                [
                    f"{text}\n\nCriterion: {self._criterion(row)}",
                    *(
                        f"Reply {letter}:\n{reply}"
                        for letter, reply in zip(ascii_uppercase, order, strict=False)
                    ),
                ]
            )
            for order in (replies, replies[::-1])
        ]

    def judged(self, row: Row, answers: Sequence[Row]) -> Row:
        """Return the replies as step 4 orders them.

        Raises:
            Rejected: `order-dependent`: the first or the second is better whichever it is;
                `equal-replies`: neither is better.
        """
        said = [answer["better"] for answer in answers]
        kept = {name: row[name] for name in self.columns}
        if said == ["A", "B"]:
            return kept
        if said == ["B", "A"]:
            return {**kept, "chosen": row["rejected"], "rejected": row["chosen"]}
        if "neither" in said:
            raise Rejected("equal-replies", "neither reply is better by the criterion")
        raise Rejected("order-dependent", "which reply is better depends on their order")

    def as_text(self, row: Row) -> str:
        """Return the best reply."""
        return str(self.replies(row)[0])

    def questions(self, row: Row) -> Sequence[Question]:
        """Ask which reply is better; which comes first is drawn, whichever of them is better."""
        names = self._named(row)
        better = next(name for name, reply in names.items() if reply == row["chosen"])
        options, shown = tuple(names), {"criterion": self._criterion(row), **names}
        return [Question(name="better", kind="pair", value=better, options=options, shown=shown)]

    def _criterion(self, row: Row) -> str:
        return f"{row['criterion']}: {self._spec.preference[row['criterion']].strip()}"

    def _named(self, row: Row) -> dict[str, str]:
        """The replies of a row by names that do not tell which is best."""
        replies = sorted(self.replies(row))
        random.Random("\n".join(replies)).shuffle(replies)
        return {f"reply_{at}": each for at, each in zip(ascii_lowercase, replies, strict=False)}

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


def _has_twice(replies: Sequence[str]) -> bool:
    return len({*replies}) < len(replies)


class RankedOutput(PreferenceOutput):
    """More than two replies from the best to the worst in `ranked`, with a criterion and a margin.

    Step 4 ranks them twice, the second time in the reverse order.
    """

    twice = "ranked has a reply twice"

    def __init__(self, spec: Preference) -> None:
        super().__init__(spec)
        count = self._count = spec.replies
        ranked = Annotated[list[_TEXT], Field(min_length=count, max_length=count)]
        rest = {name: self.columns[name] for name in ("criterion", "margin")}
        self.columns = {"ranked": ranked, **rest}
        self.written = {"ranked": list[str]}
        letters = self._letters = tuple(ascii_uppercase[:count])
        self.answer = {"ranking": list[Literal[letters]]}  # type: ignore[valid-type]
        self.form, self.answer_form = {"ranked": ["...", "..."]}, {"ranking": ["...", "..."]}
        self.how = (
            f"- ranked: {count} replies to it, from the best to the worst by the criterion below. "
            "They are as good in all else, and each could have been written in earnest"
        )
        self.instructions = (
            f"{count} replies are compared by one criterion alone. Rank them by it from the best "
            f"to the worst: the letters {letters[0]} to {letters[-1]}. Leave out all of them only "
            "if no reader could tell."
        )

    def replies(self, row: Row) -> Sequence[str]:
        """Return the replies of a row, from the best to the worst."""
        return tuple(row["ranked"])

    def target(self, label: str, rng: random.Random) -> Target:
        """Return a criterion, and by how much each reply is to be better than the next."""
        margin = rng.choice(self._spec.margins)
        said = f"{label}: {self._spec.preference[label].strip()}"
        each = f"Each reply is {margin} better by this criterion than the next."
        return Target(f"{each}\n{said}", margin)

    def read(self, label: str, target: Target, reply: Row) -> Row:
        """Return the texts with the replies."""
        ranked = [each.strip() for each in reply["ranked"]]
        if len(ranked) == self._count:
            self._require_apart(ranked)
        return {**reply, "ranked": ranked, "criterion": label, "margin": target.value}

    def judged(self, row: Row, answers: Sequence[Row]) -> Row:
        """Return the replies as step 4 ranks them.

        Raises:
            Rejected: `order-dependent` if the two rankings differ, `equal-replies` if no reply is
                better, and `bad-ranking` if a ranking omits or repeats a reply.
        """
        said = [answer["ranking"] for answer in answers]
        if not all(said):
            raise Rejected("equal-replies", "no reply is better by the criterion")
        if any(sorted(each) != [*self._letters] for each in said):
            raise Rejected("bad-ranking", f"a ranking has each of {', '.join(self._letters)} once")
        orders = (self.replies(row), self.replies(row)[::-1])
        one, *others = (
            [order[self._letters.index(letter)] for letter in each]
            for order, each in zip(orders, said, strict=True)
        )
        if any(other != one for other in others):
            raise Rejected("order-dependent", "how the replies rank depends on their order")
        return {**{name: row[name] for name in self.columns}, "ranked": one}

    def questions(self, row: Row) -> Sequence[Question]:
        """Ask which reply comes first, second and so on; their names do not tell it."""
        names = self._named(row)
        place = {reply: name for name, reply in names.items()}
        shown = {"criterion": self._criterion(row), **names}
        return [
            Question(
                name=f"place_{at}",
                kind="one",
                value=place[reply],
                options=tuple(names),
                shown=shown if at == 1 else {},
            )
            for at, reply in enumerate(self.replies(row), start=1)
        ]

    def answered(self, row: Row, answers: Row) -> Row:
        """Return the replies as a person ranks them; `check` refuses one in two places."""
        names = self._named(row)
        ranked = [names[answers[asked.name]] for asked in self.questions(row)]
        return {**{name: row[name] for name in self.columns}, "ranked": ranked}

    def made_up(self, label: str, target: Target, texts: Row, rng: random.Random) -> Row:
        """Return replies that become shorter."""
        lengths = [6 * (self._count - at) for at in range(self._count)]
        return {**texts, "ranked": [words(rng, each) + "." for each in lengths]}

    def solved(self, label: str, shown: str, rng: random.Random) -> Row:
        """Return the replies from the longest to the shortest."""
        _, *replies = re.split(r"(?m)^Reply [A-Z]:$", shown)
        by_length = sorted(zip(replies, self._letters, strict=True), key=lambda it: -len(it[0]))
        return {"ranking": [letter for _, letter in by_length]}


PREFERENCE: OutputType[Any] = OutputType(
    summary="replies to a prompt, ranked from best to worst by a criterion",
    spec=Preference,
    labels=lambda spec: spec.preference,
    output=lambda spec, _: (RankedOutput if spec.replies > 2 else PreferenceOutput)(spec),
)
