"""WiC on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

from itertools import cycle

import pytest

from targen_core import Rejected
from targen_tasks_superglue.wic.checks import locate

# --- step 2: words and their meanings ---------------------------------------


def test_a_part_of_speech_in_other_spellings(plain, run):
    said = {"noun": cycle(["Noun", "n."]), "verb": cycle(["VERB", "v", " (verb) "])}

    def bend(step, good, repair):
        for each in good.get("definitions", ()):
            each["part_of_speech"] = next(said[each["part_of_speech"]])
        return good

    assert run(bend, task="wic", rows=18).rows == plain("wic", 18).rows


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


def test_a_word_that_is_missing_is_said_in_words():
    with pytest.raises(Rejected, match="no form of 'crane' as a noun is in 'It lifted"):
        locate("crane", "It lifted a tub.", "noun")
