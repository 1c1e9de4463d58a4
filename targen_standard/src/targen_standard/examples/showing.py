"""Step 3 with examples in its prompts: a handful in each, in turns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from targen_core.calls.model import Message
from targen_core.tasks.model import Task
from targen_core.tasks.prompt import Prompt, with_paragraph
from targen_core.tasks.steps import InverseGenerator, Llm
from targen_standard.examples.reading import Example

__all__ = ["Hands", "shown_to", "told", "varied"]

_MOST = 100  # examples that are shown; more are measured alone
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
_ABOUT = "What holds of all such texts:"


class Hands:
    """The examples that a branch is shown: a few at a time, those of its own label first.

    Attributes:
        whose: "own" for those of its label, "any" for unlabelled ones. "other" is for those of
            other labels, if no others exist.
    """

    def __init__(self, rows: Sequence[Example], aim: str | None, labels: int, size: int) -> None:
        """Deal `rows` for a branch that aims at a label, out of `labels`, in hands of `size`."""
        own = [row for row in rows if row.label is not None and row.label == aim]
        unlabelled = [row for row in rows if row.label is None]
        several = [("own", own), ("any", unlabelled), ("other", [*rows])]
        self.whose, mine = next((of, there) for of, there in several if there)
        if self.whose == "other" and aim is None:
            self.whose = "any"
        most = max(size, _MOST // max(1, labels if self.whose == "own" else 1))
        chosen = varied(mine, most)
        size = min(size, len(chosen))
        count = -(-len(chosen) // size)
        self.hands = [
            [chosen[(hand * size + place) % len(chosen)] for place in range(size)]
            for hand in range(count)
        ]

    def of(self, llm: Llm) -> Sequence[Example]:
        """The hand whose turn it is: it follows from the candidate's place in the run alone."""
        return self.hands[int(llm.alternate(*map(str, range(len(self.hands)))))]


def varied(rows: Sequence[Example], most: int) -> list[Example]:
    """At most so many, each text once, of all lengths, in an order that says nothing of these."""
    each = {" ".join(row.text.split()).casefold(): row for row in reversed(rows)}
    sized = sorted(each.values(), key=lambda row: (len(row.text.split()), _digest(row)))
    count = min(most, len(sized))
    chosen = [sized[(2 * at + 1) * len(sized) // (2 * count)] for at in range(count)]
    return sorted(chosen, key=_digest)


def _digest(row: Example) -> str:
    return hashlib.sha256(row.text.encode("utf-8", "surrogatepass")).hexdigest()


def told(hand: Sequence[Example], whose: str, about: Sequence[str]) -> str:
    """Return what a prompt says of examples, and of all such texts."""
    parts = []
    if hand:
        texts = [f"- {_indented(row.text)}" for row in hand]
        parts.append("\n".join([_MANNER.format(whose=_WHOSE[whose]), *texts]))
    if about:
        parts.append("\n".join([_ABOUT, *(f"- {line}" for line in about)]))
    return "\n\n".join(parts)


def _indented(text: str) -> str:
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()}…"
    return cut.replace("\n", "\n  ")


def shown_to(
    task: Task[Any, Any], hands: Mapping[str, Hands], about: Sequence[str]
) -> Task[Any, Any]:
    """Return the task with further instructions for step 3, by branch."""
    generators = {
        branch: _Told(generator, hands.get(branch), about)
        for branch, generator in task.generators.items()
    }
    return task.replace(generators=generators)


class _Told:
    """Another generator, all of whose prompts get examples."""

    def __init__(
        self,
        inner: InverseGenerator[Any, Any],
        hands: Hands | None,
        about: Sequence[str],
    ) -> None:
        self._inner = inner
        self._hands = hands
        self._about = about

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # asked of an object that is being unpickled
            raise AttributeError(name)
        return getattr(self._inner, name)

    async def __call__(self, llm: Llm, seed: Any) -> Any:
        """See `InverseGenerator`."""
        hand = self._hands.of(llm) if self._hands else ()
        if hand:
            llm.note(examples=", ".join(str(row.line) for row in hand))
        more = told(hand, self._hands.whose if self._hands else "", self._about)
        return await self._inner(_Telling(llm, more), seed)


class _Telling:
    """A step's model whose prompts end in a paragraph more."""

    def __init__(self, llm: Llm, more: str) -> None:
        self._llm = llm
        self._more = more

    def __getattr__(self, name: str) -> Any:
        return getattr(self._llm, name)

    def _with_more(self, prompt: Prompt | str) -> Prompt:
        return _Longer(Prompt("inline", prompt) if isinstance(prompt, str) else prompt, self._more)

    async def ask(self, prompt: Prompt | str, **values: Any) -> Any:
        """See `Llm.ask`."""
        return await self._llm.ask(self._with_more(prompt), **values)

    async def ask_scored(self, prompt: Prompt | str, **values: Any) -> Any:
        """See `Llm.ask_scored`."""
        return await self._llm.ask_scored(self._with_more(prompt), **values)

    async def score(self, prompt: Prompt | str, reply: str, **values: Any) -> Any:
        """See `Llm.score`."""
        return await self._llm.score(self._with_more(prompt), reply, **values)

    async def next_tokens(self, prompt: Prompt | str, so_far: str = "", **values: Any) -> Any:
        """See `Llm.next_tokens`."""
        return await self._llm.next_tokens(self._with_more(prompt), so_far, **values)


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
