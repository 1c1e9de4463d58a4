"""CoDa: what it takes from given rows, how it says so, and what it refuses."""

from __future__ import annotations

from itertools import chain

import pytest

from targen_methods.coda.constraints import content_words, has_word
from targen_methods.testing import BASES
from targen_standard.methods.columns import Columns
from tests.files import lines, write_lines

NOTES = {
    "thanks": [
        "Thank you for the warm soup, it was just what I needed after the long night shift.",
        "Thank you for the warm bread, it was gone before noon.",
        "Many thanks from all of us for feeding our grumpy parrot Otto in August.",
        "You saved the roses, thanks.",
    ],
    "asks": ["Could you please turn down the drums after ten?"],
}
GIVEN = [{"text": text, "label": label} for label, texts in NOTES.items() for text in texts]


def test_words_of_a_text_are_told_from_small_ones_and_names_are_one():
    words = content_words("He's got 3 hens, two well-fed hens’ chicks and I haven't X.")
    assert words == ["got", "hens", "two", "well-fed", "chicks"]
    words = content_words("The old name of Ho Chi Minh City was Saigon. Paul and Ann Lee saw it.")
    assert words == ["old", "name", "Ho Chi Minh City", "Saigon", "Paul", "Ann Lee", "saw"]
    assert has_word("The Hen  house, at last", "hen house")
    assert not has_word("The henhouse", "hen")


def test_each_given_row_gives_rows_alone_and_mixed_as_often_as_asked(refuses, works, notes):
    rows = write_lines("rows.jsonl", GIVEN)
    start = ("method", "coda", notes, "--given", rows, "-b", "scripted", "--set", "embedder=words")
    works(*start, "--label", "thanks=20", "--out", "run")
    told = [one["notes"] for one in lines("run/provenance.jsonl")]
    assert {one["form"] for one in told} == {"solo", "mix 1", "mix 2"}
    assert sorted(one["given_row"] for one in told) == sorted([0, 1, 2, 3] * 5)
    assert {one["left_out"] for one in told} == {"syntax, concept"}
    assert all({"words_held", "length_held"} <= {*one} for one in told)
    start = (*start[:-2], "--settings", "targen")
    works(*start, "--label", "thanks=4", "--out", "alone")
    told = [one["notes"] for one in lines("alone/provenance.jsonl")]
    assert [one["given_row"] for one in told] == [0, 1, 2, 3]
    for most, asked in ((20, (*start[:-2], "--set", "embedder=words")), (4, start)):
        line = (*asked, "--label", f"thanks={most + 1}", "--out", f"more{most}")
        said = f"the given rows yield at most {most} of the {most + 1} requested rows of thanks"
        assert said in refuses(line, "", code=1, keeps=False).err


@pytest.fixture
def coda(bent):
    """Make rows with the notes given; `write` is the reply to what is asked for rows."""

    def go(quotas, bend=lambda request, good: good, *, write=None, **settings):
        def reply(request, good):
            is_row = request.origin.prompt == "write" and write is not None
            return {"text": write} if is_row else bend(request, good)

        return bent("coda", quotas, reply, **{"given": GIVEN, "embedder": "words", **settings})

    return go


@pytest.mark.parametrize(
    ("base", "label", "keep"),
    [("kit-texts", "thanks", 0.0), ("kit-texts", "thanks", 0.5), ("kit-pairs", "agrees", 0.3)],
)
def test_a_recipe_has_the_words_and_length_of_a_given_row_and_shows_the_others(
    coda, base, label, keep
):
    texts, pairs = NOTES["thanks"], base == "kit-pairs"
    columns = Columns.of(BASES[base].task(name=base))
    given = [
        {**dict.fromkeys(columns.first, f"Is it {at}?"), columns.last: text, "label": label}
        for at, text in enumerate(texts)
    ]
    ran = coda({label: 12 if pairs else 20}, base=base, given=given, keep=keep)
    made = [record["seed"]["of_label"][label] for record in ran.provenance]
    for recipe in made:
        source = texts[recipe["source"]]
        words, length = content_words(source), len(source.split())
        kept = min(max(int(keep * len(words)), 3), len(words))
        # All words of a short text would give it back, as would its length.
        assert len(recipe["words"]) == (min(kept, (len(words) + 1) // 2) if pairs else kept)
        assert {*recipe["words"]} <= {*words}
        assert recipe["low"] == max(length // 2 if pairs else length, 5)
        assert recipe["high"] == max(int(1.5 * length), 10)
        others = {*texts} - {source, texts[recipe["given"]]}
        assert {text for text in texts if text in str(recipe["exemplars"])} == others
        assert (recipe["form"] == "solo") == (recipe["source"] == recipe["given"])
    for row in range(len(texts)):
        mixed = [recipe["source"] for recipe in made if recipe["given"] == row != recipe["source"]]
        assert len({*mixed}) == len(mixed)
        own = [recipe["words"] for recipe in made if recipe["given"] == row == recipe["source"]]
        # Each further row keeps words that none before it kept, as long as there are some.
        assert len({*chain(*own)}) == min(len(content_words(texts[row])), sum(map(len, own)))
    for request in ran.asked("write"):
        said = request.messages[-1].content
        assert sum(text in said for text in texts) in (2, 3)
    first = {recipe["given"]: recipe["words"] for recipe in made[::-1] if recipe["form"] == "solo"}
    if keep == 0:  # near to the label first; then rare ones: "Thank" and "warm" are in two rows
        assert first[1] == ["bread", "gone", "noon"] and first[2][0] == "thanks"


def test_a_rare_label_ends_short_of_its_rows_and_says_why(coda):
    many = [
        {"text": f"Thanks for the {number} eggs and the honey.", "label": "thanks"}
        for number in range(60)
    ]
    few = [{"text": text, "label": "asks"} for text in ("Turn it down, please?", "Who has my key?")]
    ran = coda({"thanks": 70, "asks": 12}, given=[*many, *few])
    assert "label asks has 10 of 12 rows (most common cause: no-given-row" in ran.problem
    notes = [one["notes"] for one in ran.provenance if one["label"] == "asks"]
    forms = ["mix 1", "mix 2", "solo", "solo", "solo"]
    assert len(ran.rows) == 80
    for number in (60, 61):
        assert sorted(one["form"] for one in notes if one["given_row"] == number) == forms
