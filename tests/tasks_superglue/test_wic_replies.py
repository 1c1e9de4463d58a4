"""WiC on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from targen_tasks_superglue.wic import Definition, Sense


def _text(good: Any) -> str:
    return json.dumps(good, ensure_ascii=False)


STEPS = ["seeds", "generate", "correct"]


# --- step 2: words and their meanings ---------------------------------------


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("1. bank", "no-single-word"),
        ("- bank", "no-single-word"),
        ("bank (noun)", "no-single-word"),
        ("to run", "no-single-word"),
        ("hot dog", "no-single-word"),
        ("check-in", "no-single-word"),
        ("**bank**", "no-single-word"),
        ("банк", "no-single-word"),
        ("café", "no-single-word"),
        ("a", "no-single-word"),
        ("Here are 50 words:", "no-single-word"),
    ],
)
def test_a_word_that_is_none_is_left_out(word, reason, run):
    def bend(step, good, repair):
        return {"words": [word, *good["words"][1:]]} if "words" in good else good

    bent = run(bend, task="wic", rows=6)
    assert len(bent.rows) == 6
    dropped = [record for record in bent.rejects if record["verdict"] == "dropped"]
    assert (reason, word.lower()) in {(record["reason"], record["item"]) for record in dropped}


def test_words_come_in_any_case_and_once(run):
    def bend(step, good, repair):
        if "words" in good:
            words = good["words"]
            return {"words": [f" {word.title()} " for word in words] + words + ["", "  "]}
        return good

    bent = run(bend, task="wic", rows=20)
    assert len(bent.rows) == 20
    assert {record["reason"] for record in bent.rejects} == {"repeated"}
    asked = [r.origin.values["word"] for r in bent.requests if r.origin.prompt == "definitions"]
    assert len(asked) == len(set(asked))
    assert all(word == word.lower() for word in asked)


@pytest.mark.parametrize(
    ("said", "read"),
    [("Noun", "noun"), ("n.", "noun"), ("VERB", "verb"), ("v", "verb"), (" (verb) ", "verb")],
)
def test_a_part_of_speech_in_other_spellings(said, read, run):
    def bend(step, good, repair):
        if "definitions" in good:
            return {"definitions": [{**d, "part_of_speech": said} for d in good["definitions"]]}
        return good

    bent = run(bend, task="wic", rows=4)
    assert len(bent.rows) == 4
    actual = {d["part_of_speech"] for e in bent.provenance for d in e["seed"]["definitions"]}
    assert actual == {read}


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        (("adjective", "grey and tall, of a bird"), "part-of-speech"),
        (("noun phrase", "a tall grey bird with long legs"), "part-of-speech"),
        (("noun", "1. a tall grey bird with long legs"), "markup"),
        (("noun", "- a tall grey bird with long legs"), "markup"),
        (("noun", "Definition 1: a tall grey bird"), "meta-text"),
        (("verb", "verb: to stretch the neck"), "meta-text"),
        (("noun", "bird"), "too-short"),
        (("noun", ""), "no-words"),
        (("noun", "eine Art großer Vogel, птица с длинными серыми ногами и шеей"), "not-latin"),
    ],
)
def test_a_definition_that_is_none_costs_only_itself(definition, reason, run):
    def bend(step, good, repair):
        if "definitions" in good:
            bad = {"part_of_speech": definition[0], "definition": definition[1]}
            return {"definitions": [bad, *good["definitions"][1:]]}
        return good

    bent = run(bend, task="wic", rows=8)
    assert len(bent.rows) == 8
    assert reason in bent.reasons
    for entry in bent.provenance:
        assert entry["seed"]["number"] != 0, "never a seed"
        assert 0 not in entry["notes"].values(), "nor a partner"


def test_a_meaning_that_comes_twice_is_used_once(run):
    def bend(step, good, repair):
        if "definitions" in good:
            first = good["definitions"][0]
            again = {**first, "definition": first["definition"].replace("that", "which")}
            return {"definitions": [first, again, *good["definitions"][2:]]}
        return good

    bent = run(bend, task="wic", rows=12)
    assert "near-equal-definitions" in bent.reasons
    for entry in bent.provenance:
        assert entry["seed"]["number"] != 1
        if entry["intended"] == "false":
            assert set(entry["notes"].values()) != {0, 1}


# --- step 3: sentences ------------------------------------------------------

CRANE = (
    ("noun", "a tall grey bird with long legs and neck"),
    ("noun", "a machine that lifts heavy loads on building sites"),
    ("verb", "to stretch the neck in order to see better"),
    ("verb", "to lift something by means of a machine"),
)
BIRD = "Two cranes danced in the shallow water at dawn."
HOIST = "From our window we watched the crane swing a bundle of pipes."


@pytest.fixture
def one(run, at, tmp_path: Path) -> Callable[..., Any]:
    """The run whose every generation replies so, for a sense of the user's own."""

    def go(
        one: str,
        two: str,
        *,
        word: str = "crane",
        part: str = "noun",
        label: str = "false",
        repaired: tuple[str, str] | None = None,
    ) -> Any:
        meanings = [(p, d) for p, d in CRANE if p == part]
        made = tuple(Definition(part_of_speech=p, definition=d) for p, d in meanings)
        path = tmp_path / "senses.jsonl"
        path.write_text(Sense(word=word, number=0, definitions=made).model_dump_json() + "\n")
        first = {"sentence1": one, "sentence2": two}
        quotas = {"true": int(label == "true"), "false": int(label == "false")}

        def bend(step: str, good: Any, repair: bool) -> Any:
            if step != "generate":
                return good
            if repair and repaired:
                return {"sentence1": repaired[0], "sentence2": repaired[1]}
            return first

        return run(bend, task="wic", quotas=quotas, seeds=path, give_up_after=3)

    return go


@pytest.mark.parametrize(
    ("word", "part", "one_sentence", "surface"),
    [
        ("crane", "noun", "Two cranes danced in the shallow water.", "cranes"),
        ("crane", "noun", "The crane's feathers were sold in Cadiz.", "crane"),
        ("crane", "noun", "“Cranes,” she said, “never nest in these woods.”", "Cranes"),
        ("crane", "noun", "CRANES AHEAD, said the sign beside the road.", "CRANES"),
        ("goose", "noun", "She counted forty geese on the frozen lake.", "geese"),
        ("run", "verb", "My uncle ran a hotel for thirty years.", "ran"),
        ("break", "verb", "Who has broken the vase in the hall?", "broken"),
        ("travel", "verb", "They travelled by night to save money.", "travelled"),
        ("stop", "verb", "He is stopping for tea at his aunt's.", "stopping"),
        ("do", "verb", "He doesn’t care for opera at all.", "does"),
        ("glass", "noun", "He emptied his third glass of buttermilk at noon.", "glass"),
        ("address", "verb", "The rector addresses the crowd in Latin.", "addresses"),
        ("key", "noun", "— The key – you know – was lost again…!", "key"),
        ("key", "noun", "Zoë’s 🔑 keys hung in Müller’s café for years.", "keys"),
    ],
)
def test_inflected_words_are_found_where_they_stand(word, part, one_sentence, surface, one):
    other = f"Nobody in Porto would {word} so."
    if part == "noun":
        other = f"Nobody in Porto had a {word} like that."
    bent = one(one_sentence, other, word=word, part=part)
    (row,) = bent.rows
    assert row["sentence1"][row["start1"] : row["end1"]] == surface
    assert row["sentence1"] == one_sentence


@pytest.mark.parametrize(
    ("sentences", "reason"),
    [
        ((BIRD, "The banker paid for it in cash."), "word-missing"),
        ((BIRD, "Sie sah den Kranich am Ufer stehen."), "word-missing"),
        ((BIRD, "He craned his neck to see the stage."), "word-missing"),  # a verb, not a noun
        ((BIRD, "One crane called and another crane answered."), "repeated-word"),
        ((BIRD, "Craning his neck, he saw the crane at last."), "repeated-word"),
        ((BIRD, "He paid the crane-driver in cash last week."), "compound"),
        ((BIRD, "The word “crane” comes from Old English."), "mention"),
        ((BIRD, BIRD), "same-sentence"),
        ((BIRD, "Two cranes danced in the shallow water at dusk."), "same-sentence"),
        ((BIRD, "The crane fell into deep water near Cadiz."), "shared-words"),
        ((BIRD, "At dawn, a crane was brought from Hamburg."), "shared-words"),
        ((BIRD, "1. The crane lifted a bath tub."), "markup"),
        ((BIRD, "**The crane** lifted a bath tub."), "markup"),
        ((BIRD, "The [crane] lifted a bath tub."), "markup"),
        ((BIRD, "Sentence 2: The crane lifted a bath tub."), "meta-text"),
        ((BIRD, "Sure! The crane lifted a bath tub."), "meta-text"),
        ((BIRD, "The crane lifted a bath tub and"), "cut-off"),
        ((BIRD, "Crane!"), "too-short"),
        ((BIRD, "The crane " + "lifted a tub and " * 9 + "rested."), "too-long"),
        ((BIRD, "Кран crane поднял ванну на крышу дома."), "not-latin"),
        (
            (BIRD, "A crane is a machine that lifts heavy loads on building sites."),
            "definition-copied",
        ),
        ((BIRD, ""), "word-missing"),
    ],
)
def test_sentences_that_break_a_rule_are_no_row(sentences, reason, one):
    bent = one(*sentences)
    assert bent.rows == []
    assert bent.reasons == {reason}


def test_the_rules_hold_for_the_first_sentence_too(one):
    assert one("The word is missing here.", HOIST).reasons == {"word-missing"}


@pytest.mark.parametrize("label", ["true", "false"])
def test_both_labels_are_held_to_the_same_rules(label, one):
    assert one(BIRD, "The crane fell into deep water.", label=label).reasons == {"shared-words"}


def test_a_word_that_is_missing_is_asked_for_once_more(one):
    bent = one(BIRD, "It lifted a bath tub.", repaired=(BIRD, HOIST))
    (row,) = bent.rows
    assert row["sentence2"] == HOIST
    said = bent.repairs[0].messages[-1].content
    assert "no form of 'crane' as a noun is in 'It lifted a bath tub.'" in said


def test_good_sentences_pass(one):
    (row,) = one(BIRD, HOIST).rows
    assert (row["start1"], row["end1"], row["start2"], row["end2"]) == (4, 10, 31, 36)
    assert row["label"] is False


def test_outer_spaces_do_not_move_the_span(one):
    (row,) = one(f"  {BIRD}\n", f"\t{HOIST} ").rows
    assert row["sentence1"] == BIRD
    assert row["sentence1"][row["start1"] : row["end1"]] == "cranes"


# --- step 4 -----------------------------------------------------------------


@pytest.mark.parametrize("word", ["True", "T", "yes", "same", "correct", "", "unknown", "1"])
def test_a_label_outside_the_set_is_never_a_row(word, run, at):
    bent = run(
        at("correct", lambda good: {**good, "actual": word}, always=True), task="wic", rows=4
    )
    assert bent.rows == []
    assert bent.reasons == {"malformed-reply"}


def test_no_valid_instance_is_rejected(run, at):
    def none(good):
        return {**good, "actual": "no_valid_instance", "verdict": "incorrect"}

    bent = run(at("correct", none, always=True), task="wic", rows=4)
    assert bent.rows == []
    assert bent.reasons == {"no-valid-instance"}


def test_a_verdict_that_contradicts_itself_is_rejected(run, at):
    bent = run(
        at("correct", lambda good: {**good, "verdict": "incorrect"}, always=True),
        task="wic",
        rows=4,
    )
    assert bent.rows == []
    assert bent.reasons == {"inconsistent"}


@pytest.mark.parametrize("corrector", ["blind", "vote"])
def test_other_correctors_work(corrector, run):
    bent = run(task="wic", rows=6, corrector=corrector, give_up_after=40)
    assert len(bent.rows) == 6
    assert all(isinstance(row["label"], bool) for row in bent.rows)
