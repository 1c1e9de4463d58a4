"""The editions of task files, and what each of them changed.

A file or a run keeps its edition, and so its prompts, draws and verdicts. Code asks an edition for
a name of this table and never compares numbers. The reference shows the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, overload

EditionNumber = Literal[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]

NEWEST: EditionNumber = 12
"""The edition of new files."""


@dataclass(frozen=True, slots=True)
class _Since:
    """A change: the first edition that has it, and what the editions before it do."""

    first: int
    before: str

    @overload
    def __get__(self, edition: None, owner: type, /) -> _Since: ...

    @overload
    def __get__(self, edition: Edition, owner: type, /) -> bool: ...

    def __get__(self, edition: Edition | None, owner: type, /) -> _Since | bool:
        return self if edition is None else edition.number >= self.first


@dataclass(frozen=True, slots=True)
class Edition:
    """An edition of task files: whether it has each change."""

    number: int

    @classmethod
    def of(cls, keys: Mapping[str, Any]) -> Edition:
        """Return the edition of a file's keys, which may be invalid."""
        number = keys.get("edition")
        return cls(number if isinstance(number, int) else NEWEST)

    seeds_are_ideas = _Since(2, "A seed is a situation")
    one_label_per_seed = _Since(2, "A seed is used for all labels")
    may_refuse_seeds = _Since(2, "Step 3 cannot refuse a seed that does not suit a label")
    draws_lengths = _Since(2, "Lengths are not drawn, and long texts get no more tokens")
    refuses_near_seeds = _Since(2, "A text may nearly equal its seed")
    is_in_version = _Since(2, "The task's version does not depend on the edition")

    draws_anew_per_label = _Since(
        3,
        "When a label's quota is full and its seeds are used for another label, those rows repeat "
        "lengths and traits",
    )
    seeds_are_whole_texts = _Since(3, "Seeds that become a field are requested as a few words")

    draws_whole_forms = _Since(4, "With `examples`, each trait is drawn separately")

    follows_pairs = _Since(5, "With `examples`, each row takes the form of a whole text")

    draws_places_of_lengths = _Since(
        6,
        "Code draws each text's number of words even if the file has no `words`, by what such "
        "texts are called in English",
    )
    knows_names_of_lengths = _Since(6, "Only a dimension whose name has `length` replaces `length`")
    refuses_placeholders = _Since(6, "Texts may contain placeholders, such as `[Your name]`")
    knows_capital_nouns = _Since(6, "With `examples`, forms count German nouns as names")

    shares_lengths = _Since(7, "Each label draws its own lengths")
    decides_by_numbers = _Since(7, "Answers that differ in a number count as the same")
    reads_tags_strictly = _Since(7, "Unknown tags are text")
    spans_fit_lengths = _Since(7, "Texts may be too short for their spans")
    records_answers = _Since(7, "Rows do not record answers of step 4 that differ but agree")
    knows_scripts = _Since(7, "Checks and `examples` know less about scripts other than Latin")
    names_fields_clearly = _Since(7, "Prompts escape letters of other scripts in names of fields")
    refuses_other_languages = _Since(7, "A dimension may draw a language other than the file's")

    draws_evenly = _Since(8, "In small runs, rows draw few of the lengths and kinds")
    counts_all_spans = _Since(8, "Prompts set the number of spans of each type")

    lists_know_labels = _Since(9, "With `output`, steps 1 and 2 do not know the labels")
    seeds_keep_lines = _Since(9, "A seed that becomes a field is one line")
    none_is_in_place = _Since(9, "`none` is the last label, so small runs have no such rows")
    scores_fit_steps = _Since(
        9, "Scores such as 3 are written 3.0, and steps need not divide the scale"
    )
    pairs_need_fewer = _Since(9, "`examples` need 8 texts per label for pairs")
    explains_refusals = _Since(9, "Messages of checks omit limits and the words that count")
    accepts_notes = _Since(9, "Whole sentences must not begin with `Note:`")
    knows_introductions = _Since(
        9, "Checks accept introductions such as `Gladly! Here is the message:`"
    )
    knows_braces = _Since(9, "`{Name}` is not a placeholder")

    says_overlap = _Since(10, "Step 3 does not know whether spans may overlap")
    says_number_of_labels = _Since(10, "Step 4 does not know how many labels rows have")
    balances_draws = _Since(
        10, "Draws for a seed may hint at its label, and lengths of a row's texts are linked"
    )
    long_texts_may_contain_seed = _Since(
        10, "Texts must not contain their seed, however long they are"
    )
    asks_for_no_slips = _Since(10, "Prompts of step 3 ask for slips")
    reads_stated_lengths = _Since(
        10, "Drawn lengths ignore those in a description, such as `4 to 15 lines`"
    )
    says_one_word = _Since(10, "A length of one word is drawn as `about 1 words`")
    answers_are_whole_words = _Since(
        10, "Answers within a passage have its exact signs, and may cut a word"
    )
    knows_abbreviations = _Since(
        10,
        "Abbreviations and ordinal numbers of other languages than English count as ends of "
        "sentences",
    )
    knows_words_of_language = _Since(10, "With `close_gap`, subjects are in lower case")
    knows_lengths_in_languages = _Since(
        10, "Only a dimension with an English name replaces `length`"
    )
    reads_languages_in_words = _Since(10, "A language of several words is not checked")
    separates_requirements = _Since(10, "A field's requirements continue its description")
    accepts_spellings = _Since(10, "Step 4 must spell labels exactly")
    explains_outputs = _Since(10, "Messages about outputs are those of pydantic")
    forbids_any_case = _Since(10, "`must_not_contain` ignores only simple differences in case")
    refuses_own_labels = _Since(10, "A text may begin with its label")
    knows_more_remarks = _Since(
        10, "Checks know fewer introductions, and refuse `I hope this helps!`"
    )
    knows_more_placeholders = _Since(
        10, "They know fewer placeholders, and accept texts in a wrong encoding"
    )
    knows_more_languages = _Since(10, "They know fewer languages")

    imitates_fitting_texts = _Since(
        11, "With `examples`, rows also imitate those outside the field's `words`"
    )
    imitates_one_field = _Since(
        11, "Forms are those of all fields with their names, and all in one language"
    )
    knows_several_languages = _Since(11, "Several languages are not checked")
    codes_have_no_length = _Since(11, "Code also draws lengths of numbers, dates and the like")
    codes_have_no_language = _Since(11, "Prompts ask for them in the file's language")

    judge_sees_texts = _Since(12, "Step 4 does not see any of the `examples`")
    follows_unsure_texts = _Since(12, "Rows only follow those with a sure label")


def earlier() -> Iterator[tuple[int, str]]:
    """Yield each earlier edition, and how it differs from the next one."""
    changes = (each for each in vars(Edition).values() if isinstance(each, _Since))
    for first, theirs in groupby(changes, key=lambda change: change.first):
        yield first - 1, " ".join(f"{change.before}." for change in theirs)
