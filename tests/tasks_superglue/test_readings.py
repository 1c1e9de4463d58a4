"""What the tasks' code reads in a text: forms, names, sentences, spans, titles.

`readings.txt` has a text on each line: what reads it, what is found, and the text or the two.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import ValidationError

from targen_tasks_superglue.axg.rows import Sentences, swapped_pronoun
from targen_tasks_superglue.axg.task import swap_subject
from targen_tasks_superglue.boolq.task import BoolqRow, official, official_question
from targen_tasks_superglue.record.entities import find_entities
from targen_tasks_superglue.record.names import find_names
from targen_tasks_superglue.shared.inflection import find, forms
from targen_tasks_superglue.shared.nli import asks, stems
from targen_tasks_superglue.shared.settings import SETTINGS
from targen_tasks_superglue.shared.subjects import gendered_noun
from targen_tasks_superglue.shared.texts import copied_from, core, sentences
from targen_tasks_superglue.wic.rows import Definition, near_equal, shared_words
from targen_tasks_superglue.wsc.passages import Target, WscRow, make_row, read_passage
from targen_tasks_superglue.wsc.task import WSC
from tests.tables import table

from .seeds import COOK

ARTICLE = (
    "The Marsh Bell was cast in Lübeck in 1403 for the church of Oldersum. Pirates under Klaus "
    "Wiben carried it off, but it sank with their ship near Juist. Fishermen say that they hear it "
    "before a storm."
)
TENANT = Sentences(
    first="tenant",
    second="ship's cook",
    meant="first",
    opening="The tenant rang the ship's cook",
    he="The tenant rang the ship's cook because he had smelled smoke.",
    she="The tenant rang the ship's cook because she had smelled smoke.",
)
PASSAGE = "The cook asked the guest to wait longer, because [she=cook] had only just lit the oven."
FAMILIES = "The nurse thanked the patients' families, and they thanked the Nurse's team."


def found(word: str, sentence: str = "") -> str:
    return " ".join(sentence[span.start : span.end] for span in find(word, sentence))


def near(one: str, two: str) -> bool:
    noun, other = (Definition(part_of_speech="noun", definition=text) for text in (one, two))
    assert not near_equal(noun, other.model_copy(update={"part_of_speech": "verb"}))
    return near_equal(noun, other)


def entities(text: str) -> str:
    return ", ".join(
        sorted("~" * each.tangled + "/".join(each.forms) for each in find_entities(text))
    )


def title(passage: str) -> str:
    made = official({"passage": passage, "question": "Was the bridge opened in 1912?"})
    assert made["question"] == "was the bridge opened in 1912"
    row = BoolqRow(label=True, **made)
    assert official(row.model_dump(exclude={"label"})) == made
    return made["passage"].partition(" -- ")[0]


def swapped(hypothesis: str) -> str:
    other = swap_subject(hypothesis, TENANT)
    back = swap_subject(other, TENANT.model_copy(update={"meant": "second"}))
    assert back == hypothesis.replace("Tenant", "tenant")
    return other


def same_setting(one: str, two: str = "") -> bool:
    assert SETTINGS.key is not None
    return SETTINGS.key(one) == SETTINGS.key(two)


def places(text: str) -> str:
    """Where the words of a span may begin in a text."""
    accepted = []
    for index in range(len(FAMILIES.split())):
        target = Target(span1_text=text, span1_index=index, span2_text="they", span2_index=7)
        with suppress(ValidationError):
            WscRow(text=FAMILIES, target=target, label=True)
            accepted.append(str(index))
    return " ".join(accepted)


def passage(text: str) -> WscRow:
    """The row of a passage which passes all checks."""
    row = make_row(
        read_passage(text, COOK), COOK, means_first=True, label=True, rng=random.Random(1)
    )
    for check in WSC.checks:
        check(row, COOK)
    assert row.text.split()[row.target.span2_index].strip("“,.").startswith(row.target.span2_text)
    return row


def phrase(text: str) -> str:
    target = passage(text).target
    return f"{target.span1_text} {target.span1_index}"


def marks(words: str) -> str:
    """What becomes of a mark and the words before it."""
    before, after = PASSAGE.split(", because [she=cook] had")
    return passage(f"{before}{words}{after}").text.removeprefix(before).removesuffix(after)


READERS: dict[str, Callable[..., str | int | bool | None]] = {
    "wic forms": lambda *word: " ".join(sorted(forms(*word))),
    "wic found": found,
    "wic near": near,
    "wic shared": lambda one, two: " ".join(sorted(shared_words("crane", one, two))),
    "record names": lambda text: "; ".join(span.of(text) for span in find_names(text)),
    "record entities": entities,
    "sentences": lambda text: len(sentences(text)),
    "copied": lambda text: copied_from(text, ARTICLE) is not None,
    "word": core,
    "gendered noun": gendered_noun,
    "boolq question": official_question,
    "boolq title": title,
    "axg pair": swapped_pronoun,
    "axg swapped": swapped,
    "same setting": same_setting,
    "asks": asks,
    "stems": lambda text: " ".join(sorted(stems(text))),
    "wsc phrase": phrase,
    "wsc marks": marks,
    "wsc span": places,
}
LINES = table((Path(__file__).parent / "readings.txt").read_text(encoding="utf-8"), columns=4)


@pytest.mark.parametrize(("reader", "expected", "one", "two"), LINES)
def test_a_reader_finds_what_its_line_says(reader, expected, one, two):
    actual = READERS[reader](*([one, two] if two else [one]))
    if isinstance(actual, bool):
        actual = "yes" if actual else "no"
    assert str("" if actual is None else actual) == expected


def test_every_reader_has_lines():
    assert {reader for reader, *_ in LINES} == {*READERS}
