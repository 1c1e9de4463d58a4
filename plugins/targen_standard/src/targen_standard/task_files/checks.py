"""Checks of a declared task's lists and rows, without a model's help."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import BaseModel

from targen_core.errors import Rejected
from targen_core.tasks.prompt import Prompt
from targen_core.tasks.words import is_cut_from, normalized, plain_words, words
from targen_core.text import plural
from targen_standard.checks.copies import is_copy
from targen_standard.checks.debris import no_debris
from targen_standard.checks.languages import check_language
from targen_standard.checks.patterns import matches
from targen_standard.checks.placeholders import filled
from targen_standard.checks.prose import phrase, prose, sentences
from targen_standard.checks.remarks import chatter, says_label
from targen_standard.task_files.model import Declaration, FieldPart

OF_LANGUAGE = re.compile("not-[a-z]+|other-language")
"""Reasons that are about a text's language."""

_PASSED = 1_000  # texts that are remembered
_MARKS = frozenset("[{<")
_LONGER = 1.5  # times its seed: a text of more words does not just repeat it
_MAX_WORDS = 10_000  # words, if a declaration sets no bound


def no_worked_answer(item: str, prompt: Prompt) -> None:
    """Reject a list item that its prompt shows, since weak models repeat those.

    Raises:
        Rejected: `copy-of-example`.
    """
    if normalized(item) in prompt.answers:
        raise Rejected("copy-of-example", f"{item!r} is taken from a worked example")


def check_seed(declaration: Declaration) -> Callable[[str], None]:
    """Return the check of a seed: as its field says, or one line of words in the language."""
    part = declaration.seeds
    assert part is not None

    def check(seed: str) -> None:
        if part.field:
            _check_field(seed, part.field, declaration)
            return
        least, most = part.size
        phrase(seed, max_words=most, what="seed")
        if len(words(seed)) < least:
            raise Rejected("too-short", f"the seed has fewer than {plural(least, 'word')}")
        _in_any(partial(check_language, seed, "seed"), "seed", seed, declaration)

    return check


def _check_field(text: str, name: str, declaration: Declaration) -> None:
    # A row is checked as it is written, and again as a row.
    passed = declaration.passed
    if (name, text) in passed:
        return
    check = partial(check_text, text, declaration.fields[name], name)
    _in_any(check, name, text, declaration)
    if len(passed) >= _PASSED:
        passed.clear()
    passed.add((name, text))


def _in_any(check: Callable[[str], None], what: str, text: str, declaration: Declaration) -> None:
    """Check a text in one of the declaration's languages after the other, until it passes.

    Raises:
        Rejected: it passes in none. The reason is `other-language` if it is in none of several.
    """
    refused = []
    for language in declaration.languages:
        try:
            check(language)
        except Rejected as error:
            refused.append(error)
        else:
            return
    if len(refused) > 1 and all(OF_LANGUAGE.fullmatch(each.reason) for each in refused):
        said = f"the {what} is not in {declaration.language_said}: {text[:60]!r}"
        raise Rejected("other-language", said)
    others = (each for each in refused if not OF_LANGUAGE.fullmatch(each.reason))
    raise next(others, refused[0])


def check_text(text: str, part: FieldPart, what: str, language: str) -> None:
    """A text as its field asks for it.

    Raises:
        Rejected: a reason of `prose`, `phrase`, `chatter` or `check_language`, or
            `empty`, `debris`, `wrong-format`, `no-question`, `too-few-sentences`,
            `too-many-sentences`, `lacks-words`, `forbidden-words`.
    """
    min_words, max_words = part.words or (1, _MAX_WORDS)
    if not text.strip():
        raise Rejected("empty", f"the {what} is empty")
    if part.form != "code":
        no_debris(text, what)
    if part.pattern and not matches(part.pattern, text.strip()):
        raise Rejected("wrong-format", f"the {what} does not match {part.pattern}: {text[:60]!r}")
    if part.form in ("prose", "question"):
        spoken = language if part.has_language else None
        prose(text, min_words=min_words, max_words=max_words, what=what, language=spoken)
        if part.form == "question" and not text.rstrip("\"'”’) ").endswith(("?", "？", "؟")):
            raise Rejected("no-question", f"the {what} ends with no question: {text[-40:]!r}")
    else:
        chatter(text, what, language)
        if part.form == "phrase":
            phrase(text, max_words=max_words, what=what)
        count = len(words(text))
        if part.words and not min_words <= count <= max_words:
            raise Rejected(
                "too-short" if count < min_words else "too-long",
                f"the {what} has {plural(count, 'word')}{_beyond(count, (min_words, max_words))}",
            )
        if part.has_language:
            check_language(text, what, language)
    if part.sentences is not None:
        at_least, at_most = sentences(text, language)
        if at_most < part.sentences[0]:
            has = f"{plural(at_most, 'sentence')}{_beyond(at_most, part.sentences)}"
            raise Rejected("too-few-sentences", f"the {what} has {has}")
        if at_least > part.sentences[1]:
            has = f"{plural(at_least, 'sentence')}{_beyond(at_least, part.sentences)}"
            raise Rejected("too-many-sentences", f"the {what} has {has}")
    folded = text.casefold()
    if part.must_contain and not any(item.casefold() in folded for item in part.must_contain):
        raise Rejected("lacks-words", f"the {what} has none of: {', '.join(part.must_contain)}")
    for item in part.must_not_contain:
        if is_cut_from(item.casefold(), of=folded) if words(item) else item in text:
            raise Rejected("forbidden-words", f"the {what} contains {item!r}")


def _beyond(count: int, bounds: tuple[int, int]) -> str:
    """Return which of the bounds a count is beyond, in words."""
    least, most = bounds
    return f", fewer than {least}" if count < least else f", more than {most}"


def check_written(written: BaseModel, seed: str | None, declaration: Declaration) -> None:
    """The fields that the generator wrote, of a seed if it is known.

    Raises:
        Rejected: a reason of `check_text` or `filled`, or `too-few-items`,
            `too-many-items`, `out-of-range`, `copy-of-seed`.
    """
    for name, part in declaration.written.items():
        value: Any = getattr(written, name)
        if part.type == "int" and part.range and not part.range[0] <= value <= part.range[1]:
            raise Rejected("out-of-range", f"the {name} is {value}{_beyond(value, part.range)}")
        if part.type == "list[str]" and not part.items[0] <= len(value) <= part.items[1]:
            raise Rejected(
                "too-few-items" if len(value) < part.items[0] else "too-many-items",
                f"{len(value)} texts in {name}{_beyond(len(value), part.items)}",
            )
        if part.type in ("int", "enum"):
            continue
        for text in [value] if isinstance(value, str) else value:
            _check_field(text, name, declaration)
            # Texts with masked names have placeholders. A description that says so shows one.
            said = f"{declaration.description} {part.description}"
            if _MARKS.isdisjoint(said):
                filled(text, name)
            _require_no_label(text, name, declaration)
            if seed is None or part.may_copy_seed:
                continue
            if is_copy(text, of=seed):
                raise Rejected("copy-of-seed", f"the {name} is the seed itself")
            # A much longer text may well contain its seed, as a docstring in code does.
            longer = len(words(text)) > _LONGER * len(words(seed))
            if not (declaration.seed_field or longer) and _repeats(text, seed):
                raise Rejected("copy-of-seed", f"the {name} is nearly the seed itself")


def _require_no_label(text: str, name: str, declaration: Declaration) -> None:
    if said := says_label(text, declaration.labels, declaration.spoken):
        raise Rejected("meta-text", f"the {name} states its label: {said.strip()!r}")


def _repeats(text: str, seed: str) -> bool:
    """Return whether a text nearly equals its seed, as `--exclude` compares: a seed may be real."""
    # Imported here, since it loads numpy, which a task does not need by itself.
    from targen_standard.filters.excluded.comparing import SIMILARITY, Compared, Part

    one, other = (Part(plain_words(each), 0) for each in (text, seed))
    return (
        other.counts_alone and Compared([one], SIMILARITY, complete=False).to([other]) is not None
    )


@dataclass(frozen=True, slots=True)
class RowCheck:
    """The check of a declaration's rows, with or without what they were made from."""

    declaration: Declaration

    def __call__(self, row: BaseModel, seed: str, /) -> None:
        """Check a row of its seed.

        Raises:
            Rejected: `seed-changed`, or a reason of `check_written`.
        """
        field = self.declaration.seed_field
        if field and getattr(row, field) != seed:
            raise Rejected("seed-changed", f"the row's {field} is not its seed")
        check_written(row, seed, self.declaration)

    def seed_of(self, row: BaseModel) -> str | None:
        """Return the seed of a row; None if no field holds it."""
        field = self.declaration.seed_field
        return getattr(row, field) if field else None

    def without_seed(self, row: BaseModel) -> None:
        """Check a row that comes from elsewhere: its seed is unknown, or is one of its texts.

        Raises:
            Rejected: a reason of `check_text` or `check_written`.
        """
        if (seed := self.seed_of(row)) is not None:
            field = self.declaration.seed_field
            _check_field(seed, field, self.declaration)
        check_written(row, seed, self.declaration)
