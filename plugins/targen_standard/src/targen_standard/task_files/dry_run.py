"""Offline replies for any declared task: made-up words that pass its checks.

They are free and have the size of real replies, so that estimates, dry runs and tests go through
every step. They have no meaning: small words of the language among made-up ones.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice, repeat
from typing import Any

from targen_core.errors import Rejected
from targen_core.tasks.judging import NO_VALID_INSTANCE
from targen_core.tasks.parts import DryRunCall
from targen_core.tasks.words import is_cut_from
from targen_core.tasks.words import words as words_of
from targen_standard.checks.languages import script_of, small_words
from targen_standard.made_up import matching, words
from targen_standard.task_files.checks import check_text
from targen_standard.task_files.lengths import length_in
from targen_standard.task_files.model import Declaration, FieldPart

_LETTERS = {  # of each script, a letter that represents a dozen others
    "CYRILLIC": "а",
    "GREEK": "α",
    "ARABIC": "ب",
    "HEBREW": "א",
    "DEVANAGARI": "क",
    "THAI": "ก",
    "CJK": "一",
    "HANGUL": "가",
}
_LENGTHS = (6, 24)  # words of a text whose length is not said
_WORD = re.compile(r"\w(?:\S*\w)?")
_TRIES = 20  # texts that may match a pattern
_FEW = 5  # words, of fewer of which texts repeat each other


def dry_run_of(declaration: Declaration) -> Callable[[DryRunCall], Any]:
    """The reply to each call of a declared task."""

    def dry_run(call: DryRunCall) -> Any:
        speak = _Speaker(declaration, call.rng)
        if call.step == "contexts":
            return {"contexts": [speak.words(3) for _ in range(int(call.values["count"]))]}
        if call.step == "seeds":
            count = int(call.values["count"])
            return {"seeds": [speak.seed(draws) for draws in _drawn(call, count)]}
        if call.step == "generate":
            rows = [speak.row(draws) for draws in _drawn(call, declaration.instances_per_call)]
            return rows[0] if declaration.instances_per_call == 1 else {"rows": rows}
        why = "The row says so in its own words, and nothing in it speaks against that."
        if "output" in call.values:
            claimed = call.values["output"]
            return {"explanation": why, "actual": claimed, "verdict": "correct"}
        answers = [name for name in declaration.labels if name != NO_VALID_INSTANCE]
        return {"explanation": why, "answer": call.rng.choice(answers)}

    return dry_run


def made_up_row(declaration: Declaration, call: DryRunCall) -> dict[str, Any]:
    """Return what step 3 writes of a row, for a call of a dry run."""
    return _Speaker(declaration, call.rng).row(next(_drawn(call, 1)))


def _drawn(call: DryRunCall, count: int) -> Iterator[Mapping[str, str]]:
    """Return the values drawn for each of so many items."""
    return islice(chain(call.draws, repeat({})), count)


class _Speaker:
    """Speaks in made-up words, each time others."""

    def __init__(self, declaration: Declaration, rng: random.Random) -> None:
        self.declaration = declaration
        self.rng = rng
        # `prose` counts them, which also distinguishes them from words of other languages.
        self.spoken = declaration.languages[0]
        self.small = [word for word in small_words(self.spoken) if len(word) > 1]

    def row(self, draws: Mapping[str, str]) -> dict[str, Any]:
        """Return the part of a row that the generator writes."""
        return {
            name: self.value(part, length_in(draws, name, self.declaration))
            for name, part in self.declaration.written.items()
        }

    def seed(self, draws: Mapping[str, str]) -> str:
        """A seed."""
        part = self.declaration.seeds
        assert part is not None
        if part.field:
            field = self.declaration.fields[part.field]
            return self.text(field, length_in(draws, part.field, self.declaration))
        return self.words(min(part.size[1], max(part.size[0], 12)))

    def value(self, part: FieldPart, length: int | None) -> Any:
        """A value for a field, of so many words if it is a text."""
        if part.type == "enum":
            return self.rng.choice(part.values)
        if part.type == "int":
            return self.rng.randint(*(part.range or (0, 1000)))
        if part.type == "list[str]":
            return [self.text(part) for _ in range(self.rng.randint(*part.items))]
        return self.text(part, length)

    def text(self, part: FieldPart, length: int | None = None) -> str:
        """A text that its field allows, of so many words if they are known."""
        if part.pattern and (said := self._matching(part)):
            return said
        min_words, max_words = part.words or _LENGTHS
        choices = sorted(
            (item for item in part.must_contain if words_of(item)),
            key=lambda item: len(words_of(item)) > max_words,
        )
        required = next(iter(choices), "")
        # Short ones would repeat each other in a long run.
        least = min(max_words, max(min_words, _FEW))
        most = min(max_words, max(min_words, _LENGTHS[1]))
        count = self.rng.randint(least, most) if length is None else max(length, min(most, _FEW))
        if part.words:
            count = min(count, max_words)  # a drawn length may be that of another field
        beside = count - len(words_of(required))
        for _ in range(20):
            # In the only word, what is required is a part, or texts would repeat each other.
            longer = required + self.words(1) if beside < 1 else required
            if len(words_of(longer)) > max_words:
                longer = required
            said = self._text(part, longer, max(0, beside))
            if not any(is_cut_from(item, of=said) for item in part.must_not_contain):
                return said
        return said

    def _matching(self, part: FieldPart) -> str:
        """A text that matches the pattern of a field, or "" if none is found."""
        made = chain(
            (matching(part.pattern, self.rng) for _ in range(_TRIES)),
            (found[0] for found in _WORD.finditer(part.description)),  # such as an example
        )
        try:
            for said in made:
                with contextlib.suppress(Rejected):
                    check_text(said, part, "text", self.spoken)
                    return said
        # Of a pattern that is made to do harm
        except (RecursionError, IndexError, OverflowError):
            pass
        return ""

    def _text(self, part: FieldPart, required: str, count: int) -> str:
        marks = [item for item in part.must_contain if not words_of(item)]
        if part.form == "phrase":
            last = required or "".join(marks[:1])
            return " ".join(filter(None, [self.words(count), last]))
        end = "?" if part.form == "question" else "."
        number = 1
        if part.sentences is not None:
            number = max(part.sentences[0], min(part.sentences[1], count // 8))
        sizes = [count // number + (at < count % number) for at in range(number)]
        alone = number == 1 and not count
        said = [self.words(0 if alone else max(1, size)).capitalize() for size in sizes]
        said[-1] = " ".join(filter(None, [said[-1], required]))
        last = next((mark for mark in marks if mark in ".!?"), end) if not required else end
        rest = "" if last in marks or required else "".join(marks[:1])
        return ". ".join([*said[:-1], said[-1] + rest]) + last

    def words(self, count: int) -> str:
        """So many words, every third one a small word of the language."""
        first = _LETTERS.get(script_of(self.spoken))
        if first is None:
            return words(self.rng, count, self.small)
        return " ".join(
            self.rng.choice(self.small)
            if self.small and at % 3 == 1
            else "".join(chr(ord(first) + self.rng.randrange(12)) for _ in range(5))
            for at in range(count)
        )
