"""CoDa: what it takes from given rows, how it says so, and what it refuses."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from targen_core.errors import UsageError
from targen_core.origin import Untrusted, trusting
from targen_methods.coda.constraints import Constraints
from targen_methods.coda.items import Row
from targen_methods.coda.options import Options
from targen_methods.coda.syntax import tagger
from targen_methods.coda.words import content_words, has_word
from targen_methods.testing import BASES
from targen_standard.embedding import WORDS
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


def constraints(
    rows: dict[str, list[str]] | None = None, *, base: str = "kit-texts", **options: Any
) -> Constraints:
    """Constraints of the notes, by the embedder `words`."""
    columns = Columns.of(_declared(base))
    numbered: dict[str, Sequence[Row]] = {}
    count = 0
    for label, texts in (NOTES if rows is None else rows).items():
        values = [dict.fromkeys(columns.names, text) for text in texts]
        numbered[label] = [Row(number=count + at, values=one) for at, one in enumerate(values)]
        count += len(texts)
    return Constraints(columns, Options(**options), numbered, WORDS.open(), None)


def _declared(base: str) -> Any:
    return BASES[base].task(name=base)


def test_words_of_a_text_are_told_from_small_ones_and_names_are_one():
    words = content_words("He's got 3 hens, two well-fed hens’ chicks and I haven't X.")
    assert words == ["got", "hens", "two", "well-fed", "chicks"]
    words = content_words("The old name of Ho Chi Minh City was Saigon. Paul and Ann Lee saw it.")
    assert words == ["old", "name", "Ho Chi Minh City", "Saigon", "Paul", "Ann Lee", "saw"]
    assert has_word("The Hen  house, at last", "hen house")
    assert not has_word("The henhouse", "hen")


@pytest.mark.parametrize(
    ("base", "label", "count", "options", "kept"),
    [
        ("kit-texts", "thanks", 6, {}, 3),
        ("kit-texts", "thanks", 20, {"keep": 0.25}, 5),
        ("kit-pairs", "agrees", 4, {}, 2),  # half of a pair's words, at most
    ],
)
def test_three_words_are_kept_or_their_share(base, label, count, options, kept):
    text = " ".join(f"w{'o' * n}rd" for n in range(1, count + 1))
    found = constraints({label: [text]}, base=base, **options)
    assert len(found.kept_words(label, found.rows[label][0])) == kept


def test_a_further_row_of_a_given_one_keeps_other_words():
    texts = ["Six old barges carried grain downstream."]
    found, label = constraints({"thanks": texts}), "thanks"
    row = found.rows[label][0]
    first, second, third = (set(found.kept_words(label, row, use)) for use in range(3))
    assert not first & second and len(first) == len(second) == 3
    assert third == first
    assert set(found.all_kept(label, row)) == first | second


def test_words_near_to_the_label_are_kept_first_then_rare_ones():
    found = constraints(keep=0)
    kept = found.kept_words("thanks", found.rows["thanks"][1])
    assert kept == ("bread", "gone", "noon")  # "Thank" and "warm" are in two rows
    nearest = found.kept_words("thanks", found.rows["thanks"][2])
    assert nearest[0] == "thanks"


def test_other_words_stand_beside_those_kept_or_are_out():
    others = {"soup": "broth", "needed": "wanted", "night": "evening", "shift": "turn"}
    kept = {"keep": 1.0, "exclude": 1.0}
    row = constraints().rows["thanks"][0]
    single = constraints(keep=1.0).recipe(
        random.Random(3), "thanks", row, alternatives={"soup": "broth"}
    )
    assert (single.alternatives, single.excluded) == ({}, ()), "one alone is not used"
    for chance, offered in ((1.0, others), (0.0, {})):
        found = constraints(replace=chance, **kept)
        made = found.recipe(random.Random(3), "thanks", row, alternatives=others)
        assert made.alternatives == offered
        assert {*made.excluded} <= ({*others.values()} - {*offered.values()})
        assert bool(made.excluded) is not bool(offered)
        said = found.listed("thanks", made)
        assert ('"soup" or "broth"' in said) is bool(offered)
        assert ("It has none of these: " in said) is bool(made.excluded)


def test_exemplars_are_other_rows_of_the_same_label():
    found = constraints()
    row = found.rows["thanks"][0]
    for seed in range(20):
        shown = found.recipe(random.Random(seed), "thanks", row).exemplars
        assert sorted(shown) == sorted(NOTES["thanks"][1:])
        said = found.rows_of("thanks", found.recipe(random.Random(seed), "thanks", row))
        assert all(text in said for text in shown)
        assert NOTES["thanks"][0] not in said
    alone = found.recipe(random.Random(1), "asks", found.rows["asks"][0])
    assert alone.exemplars == ()
    assert found.rows_of("asks", alone) == ""


@pytest.mark.parametrize(
    ("base", "words", "bounds"),
    [
        ("kit-texts", 3, (5, 10)),
        ("kit-texts", 21, (21, 31)),
        ("kit-pairs", 3, (5, 10)),
        ("kit-pairs", 21, (10, 31)),
    ],
)
def test_length_follows_the_given_text(base, words, bounds):
    label = _declared(base).labels[0].name
    found = constraints({label: [" ".join(["tree"] * words)]}, base=base)
    made = found.recipe(random.Random(0), label, found.rows[label][0])
    assert (made.low, made.high) == bounds
    assert ("Question: tree" in found.opening(made)) is (base == "kit-pairs")
    assert f"{bounds[0]} to {bounds[1]} words" in found.listed(label, made)


def test_a_mix_has_the_constraints_of_the_nearest_rows():
    found = constraints()
    rows = found.rows["thanks"]
    assert found.nearest("thanks", rows[0], 1) is rows[1]
    second = found.nearest("thanks", rows[0], 2)
    assert second not in (rows[0], rows[1])
    assert found.nearest("thanks", rows[0], 9) is found.nearest("thanks", rows[0], 3)
    only = found.rows["asks"][0]
    assert found.nearest("asks", only, 1) is only
    made = found.recipe(random.Random(0), "thanks", rows[0], source=rows[1], summary="a soup")
    assert (made.given, made.source) == (rows[0].number, rows[1].number)
    assert "about this: a soup." in found.opening(made)


@pytest.mark.whole
def test_parts_of_speech_are_said_where_a_pipeline_is_named(tmp_path):
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("attribute_ruler").add_patterns(
        [
            {"patterns": [[{"LOWER": "the"}]], "attrs": {"POS": "DET"}},
            {"patterns": [[{"LOWER": {"IN": ["roses", "dog"]}}]], "attrs": {"POS": "NOUN"}},
        ]
    )
    pipeline.to_disk(tmp_path / "tags")
    with pytest.raises(Untrusted, match=r"config\.cfg sets what it calls"):
        tagger(str(tmp_path / "tags"))
    spacy.blank("en").to_disk(tmp_path / "blank")
    with trusting():
        assert tagger(str(tmp_path / "tags"))("The roses") == "DET NOUN"
        for name, said in (
            (str(tmp_path / "blank"), "does not tag parts of speech"),
            ("none_such", "the spaCy pipeline none_such is not installed"),
        ):
            with pytest.raises(UsageError, match=said):
                tagger(name)


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


@pytest.mark.parametrize(
    ("text", "label", "reasons"),
    [
        (NOTES["thanks"][2].upper(), "thanks", {"copied"}),
        # After five of its one given row:
        (" ".join(f"drum{n}" for n in range(60)), "asks", {"too-long", "no-given-row"}),
    ],
    ids=["a copy of a given row", "far too many words"],
)
def test_what_is_no_row_is_dropped(coda, text, label, reasons):
    ran = coda({label: 1}, write=text)
    assert (ran.rows, ran.reasons) == ([], reasons)
    assert min(reasons) in ran.problem


def test_what_a_reply_holds_is_noted(coda):
    def bend(request: Any, good: Any) -> Any:
        if request.origin.prompt == "alternatives":
            words = str(request.origin.values["words"]).split(", ")
            return {"alternatives": [{"word": word, "other": f"z{word}"} for word in words]}
        if request.origin.prompt == "write" and "drums" in str(request.origin.values):
            return {"text": "Please turn down the drums, and the zdrums too"}
        return good

    (record,) = coda({"asks": 1}, bend, replace=0.0).provenance
    notes, recipe = record["notes"], record["seed"]["of_label"]["asks"]
    assert len(recipe["excluded"]) == 1
    assert notes["words_asked"] == 3
    assert notes["words_held"] == sum(
        word in ("Please", "please", "turn", "down", "drums") for word in recipe["words"]
    )
    assert notes["excluded_held"] is ("zdrums" not in recipe["excluded"])
    assert notes["length_held"] is True


def test_a_word_that_the_text_has_already_is_no_other_word(coda):
    others = {"drums": "please", "turn": "switch it all off at once", "never": "seldom", "ten": ""}
    said = {"alternatives": [{"word": word, "other": other} for word, other in others.items()]}

    def bend(request: Any, good: Any) -> Any:
        return said if request.origin.prompt == "alternatives" else good

    (record,) = coda({"asks": 1}, bend, keep=1.0).provenance
    reading = record["seed"]["of_label"]["asks"]
    assert (reading["alternatives"], reading["excluded"]) == ({}, [])


def test_a_label_without_given_rows_is_named(refuses, notes):
    rows = write_lines("rows.jsonl", GIVEN[:4])
    start = ("method", "coda", notes, "--given", rows, "-b", "scripted", "-n", "4", "--out", "run")
    label = GIVEN[0]["label"]
    hint = f"give rows with this label, or --label {label}=2"
    refuses(start, "the given rows do not contain the label asks", hint)


def test_a_pair_is_not_mixed(targen, works, tmp_path):
    task = tmp_path / "pairs.json"
    task.write_text(BASES["kit-pairs"].as_json(), encoding="utf-8")
    pair = {
        "question": "Did the guard sleep at his post?",
        "answer": "He slept.",
        "label": "agrees",
    }
    rows = write_lines("rows.jsonl", [pair])
    start = ("method", "coda", str(task), "--given", rows, "-b", "scripted", "--out", "run")
    works(*start, "--label", "agrees=3", "--label", "objects=0", "--label", "evades=0")
    assert {row["question"] for row in lines("run/dataset.jsonl")} == {pair["question"]}
    refused = targen(*start[:-1], "none", "-n", "3", "--set", "solo=0")
    assert (refused.code, "pairs are not mixed" in refused.err) == (2, True)
