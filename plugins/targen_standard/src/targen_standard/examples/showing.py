"""Steps 3 and 4 with examples in their prompts: a handful in each of step 3, in turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from targen_core.calls.model import Message
from targen_core.tasks.model import Task
from targen_core.tasks.prompt import Prompt, with_paragraph
from targen_core.tasks.steps import InverseGenerator, Llm
from targen_standard.examples.forms import form_of
from targen_standard.examples.measuring import Spoken, varied
from targen_standard.examples.profile import FORM
from targen_standard.examples.reading import Example, Examples

MOST = 100
"""Examples that are shown; others are only measured."""

_LONGEST = 1_500  # characters of one, as a prompt shows it

_MANNER = """\
Below are texts that real people wrote{whose}. Take their manner and not their matter: write as \
these people write, not about what they write about. Be as short or as long, as tidy or as \
careless, and use sentences and words of the same kind. Use of what is given above only as much as \
such a text would say. Repeat no phrase of theirs."""
_WHOSE = {
    "own": ", of the label above",
    "any": "",
    "other": ", of other labels than the one above",
}
_JUDGED, _JUDGED_CHARACTERS = 8, 1_200  # texts that step 4 sees, and their length together
_JUDGED_BY = """\
Some real inputs follow, to show their manner. They say nothing about the right output. An input \
as brief, careless or unfinished as these, such as a heading or a fragment, is of the right kind \
and not broken:"""
_ABOUT = "What holds of all such texts:"
_FORM = """\
{whose}, which may be of any label. Write in that form, with words and matter of your own; its \
length is approximate. If texts of this row's label are never written like this, the label comes \
first: keep as much of the form as it allows."""
_FIRST = "The form named below is that of {}the first of these texts"
_ANY = "Each form named below is that of {}a real text"


_T = TypeVar("_T")


class Hands:
    """The examples that a branch is shown: a few at a time, those of its own label first.

    Attributes:
        whose: "own" for those of its label, "any" for unlabelled ones. "other" is for those of
            other labels, if no others exist.
        hands: the examples that are shown at a time, in turns.
    """

    def __init__(
        self,
        rows: Sequence[Example],
        aim: str | None,
        labels: int,
        size: int,
        spoken: Spoken,
    ) -> None:
        """Deal `rows` for a branch that aims at a label, out of `labels`, in hands of `size`."""
        own = [row for row in rows if row.label is not None and row.label == aim]
        unlabelled = [row for row in rows if row.label is None]
        several = [("own", own), ("any", unlabelled), ("other", [*rows])]
        self.whose, mine = next((of, there) for of, there in several if there)
        if self.whose == "other" and aim is None:
            self.whose = "any"
        most = max(size, MOST // max(1, labels if self.whose == "own" else 1))
        chosen = varied(mine, most)
        size = min(size, len(chosen))
        count = -(-len(chosen) // size)
        self.hands = [
            [chosen[(hand * size + place) % len(chosen)] for place in range(size)]
            for hand in range(count)
        ]
        self._by_form: dict[str, list[Example]] = defaultdict(list)
        for row in chosen:
            self._by_form[form_of(row.text, spoken)].append(row)

    def of(self, llm: Llm, form: str = "") -> tuple[Sequence[Example], bool]:
        """Return the hand whose turn it is, and whether its first text has the form.

        Both only depend on the candidate's place in the run.
        """
        hand = _in_turn(llm, self.hands)
        if form not in self._by_form:
            return hand, False
        first = _in_turn(llm, self._by_form[form])
        others = [row for row in hand if row is not first]
        if len(others) == len(hand):
            del others[first.line % len(others)]  # not always the same
        return [first, *others], True


def _in_turn(llm: Llm, several: Sequence[_T]) -> _T:
    return several[int(llm.alternate(*map(str, range(len(several)))))]


def _paragraphs(
    hand: Sequence[Example], whose: str, about: Sequence[str], of_form: str, column: str
) -> str:
    """Return a prompt's words about examples, about all such texts, and about the drawn form.

    Texts of `column`, which the row has from its seed, are shown above what was written for them.
    """
    parts = []
    if hand:
        texts = [f"- {indented(_with_seed(row, column))}" for row in hand]
        parts.append("\n".join([_MANNER.format(whose=_WHOSE[whose]), *texts]))
    if about:
        parts.append("\n".join([_ABOUT, *(f"- {line}" for line in about)]))
    if of_form:
        parts.append(_FORM.format(whose=of_form))
    return "\n\n".join(parts)


def shown_to_judge(task: Task[Any, Any], examples: Examples) -> Task[Any, Any]:
    """Return the task whose instructions for step 4 end in some short real texts.

    Otherwise a judge takes forms that real texts have, such as titles, for broken rows.
    """
    more = _to_judge(examples)
    said = {"instructions": task.judging.instructions, "brief": task.judging.brief}
    return task.replace(judging={name: text + more for name, text in said.items() if text})


@lru_cache(maxsize=1)  # a run is prepared more than once
def _to_judge(examples: Examples) -> str:
    texts: list[str] = []
    room = _JUDGED_CHARACTERS
    for row in varied(examples.rows, 2 * _JUDGED):
        if len(texts) < _JUDGED and len(row.shown) <= room:
            texts.append(f"- {indented(row.shown)}")
            room -= len(row.shown)
    return "\n".join(["", "", _JUDGED_BY, *texts]) if texts else ""


def _with_seed(row: Example, column: str) -> str:
    return f"{column}: {row.seed}\n{row.shown}" if column and row.seed else row.shown


def indented(text: str) -> str:
    """Return a text as an item of a prompt's list: cut if it is very long, its lines indented."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()}…"
    return cut.replace("\n", "\n  ")


def shown_to(
    task: Task[Any, Any],
    hands: Mapping[str, Hands],
    about: Sequence[str],
    forms: Collection[str],
    column: str = "",
    of: str = "",
) -> Task[Any, Any]:
    """Return the task with further instructions for step 3, by branch.

    Each row draws one of `forms`, if rows have several fields that of the field `of`. Examples are
    shown with their texts of `column`.
    """
    generators = {
        branch: _Told(generator, hands.get(branch), about, forms, column, of)
        for branch, generator in task.generators.items()
    }
    return task.replace(generators=generators)


class Wrapping:
    """Another object with a change; all else is its own."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # unpickling looks these up
            raise AttributeError(name)
        return getattr(self._inner, name)


class _Told(Wrapping):
    """Another generator, all of whose prompts get examples."""

    def __init__(
        self,
        inner: InverseGenerator[Any, Any],
        hands: Hands | None,
        about: Sequence[str],
        forms: Collection[str],
        column: str,
        of: str,
    ) -> None:
        super().__init__(inner)
        self._of = f"the field {of} in " if of else ""
        self._hands = hands
        self._column = column
        self._about = about
        self._forms = forms

    async def __call__(self, llm: Llm, seed: Any) -> Any:
        """See `InverseGenerator`."""
        # A user's own dimension may have the name, and a call may write several rows.
        drawn = (row.get(FORM, "") for row in llm.draws)
        forms = [form for form in drawn if form in self._forms]
        alone = forms[0] if len(forms) == 1 else ""
        hand, is_first = self._hands.of(llm, alone) if self._hands else ((), False)
        if hand:
            llm.note(examples=", ".join(str(row.line) for row in hand))
        whose = self._hands.whose if self._hands else ""
        told_form = (_FIRST if is_first else _ANY).format(self._of) if forms else ""
        more = _paragraphs(hand, whose, self._about, told_form, self._column)
        return await self._inner(_Telling(llm, more), seed)


class _Telling(Wrapping):
    """A step's model whose prompts end in a paragraph more."""

    def __init__(self, llm: Llm, more: str) -> None:
        super().__init__(llm)
        self._more = more

    def _with_more(self, prompt: Prompt | str) -> Prompt:
        return _Longer(Prompt("inline", prompt) if isinstance(prompt, str) else prompt, self._more)

    async def ask(self, prompt: Prompt | str, **values: Any) -> Any:
        """See `Llm.ask`."""
        return await self._inner.ask(self._with_more(prompt), **values)

    async def ask_scored(self, prompt: Prompt | str, **values: Any) -> Any:
        """See `Llm.ask_scored`."""
        return await self._inner.ask_scored(self._with_more(prompt), **values)

    async def score(self, prompt: Prompt | str, reply: str, **values: Any) -> Any:
        """See `Llm.score`."""
        return await self._inner.score(self._with_more(prompt), reply, **values)

    async def next_tokens(self, prompt: Prompt | str, so_far: str = "", **values: Any) -> Any:
        """See `Llm.next_tokens`."""
        return await self._inner.next_tokens(self._with_more(prompt), so_far, **values)


class _Longer(Prompt):
    """A prompt with a paragraph more below its last user turn."""

    def __init__(self, inner: Prompt, more: str) -> None:
        super().__init__(inner.name, inner.text)
        self._inner = inner
        self._more = more

    @property
    def brief(self) -> Prompt:
        """See `Prompt.brief`."""
        return _Longer(self._inner.brief, self._more)

    def fill(self, values: Mapping[str, object]) -> tuple[Message, ...]:
        """See `Prompt.fill`."""
        return with_paragraph(self._inner.fill(values), self._more)
