"""WiC on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import pytest

from targen_core import Rejected
from targen_tasks_superglue.wic.checks import locate

# --- step 2: words and their meanings ---------------------------------------


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
def test_inflected_words_are_found_where_they_stand(word, part, one_sentence, surface):
    span = locate(word, one_sentence, part)
    assert one_sentence[span.start : span.end] == surface


def test_a_word_that_is_missing_is_said_in_words():
    with pytest.raises(Rejected, match="no form of 'crane' as a noun is in 'It lifted"):
        locate("crane", "It lifted a tub.", "noun")
