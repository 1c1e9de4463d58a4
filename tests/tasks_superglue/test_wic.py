"""What WiC is: word forms and their spans, senses, rows, prompts, counts, official files."""

from __future__ import annotations

import re
from collections import Counter

from targen_tasks_superglue.wic.rows import (
    Definition,
    Sense,
    is_near,
    near_equal,
    partners,
)

# --- the forms of a word ----------------------------------------------------


# --- senses -----------------------------------------------------------------


def _sense(*definitions: tuple[str, str], number: int = 0, word: str = "crane") -> Sense:
    parts = tuple(Definition(part_of_speech=part, definition=text) for part, text in definitions)
    return Sense(word=word, number=number, definitions=parts)


BIRD = ("noun", "a tall grey bird with long legs")
HOIST = ("noun", "a machine that lifts heavy loads on building sites")
STRETCH = ("verb", "to stretch the neck in order to see")


def test_a_partner_is_another_meaning_of_the_same_part_of_speech():
    assert partners(_sense(BIRD, HOIST, STRETCH)) == [1]
    assert partners(_sense(BIRD, HOIST, STRETCH, number=2)) == []
    assert partners(_sense(BIRD, ("noun", "a grey, tall bird that has long legs"))) == []
    assert partners(_sense(BIRD, ("noun", "1. **"))) == [], "a definition that is none"
    bird, hoist = (Definition(part_of_speech=one, definition=two) for one, two in (BIRD, HOIST))
    assert not is_near(bird, hoist), "their families are not known"
    near = hoist.model_copy(update={"family": 2})
    assert is_near(near, near)


# --- the steps --------------------------------------------------------------


def test_both_labels_are_asked_for_in_the_very_same_form(plain):
    """The request tells the label by nothing but the meanings that it names."""
    messages: dict[str, list] = {"true": [], "false": []}
    for request in plain("wic").asked("sentences"):
        values = request.origin.values
        same = (values["part1"], values["meaning1"]) == (values["part2"], values["meaning2"])
        messages[str(same).lower()].append(request.messages)
    assert all(len(actual) >= 20 for actual in messages.values())
    ahead = {tuple(part.content for part in m[:-1]) for actual in messages.values() for m in actual}
    assert len(ahead) == 1
    form = re.compile(
        r"Word: \w+\nSentence 1: a (noun|verb), meaning .+\nSentence 2: a (noun|verb), meaning .+\n"
        r"Sentences already taken: .+\n\nKeep to this:\nsentence 1: .+; sentence 2: .+; style: .+"
    )
    assert all(form.fullmatch(m[-1].content) for actual in messages.values() for m in actual)


def test_meanings_agree_or_differ_as_the_label_says_and_a_word_gives_two_seeds_at_most(plain):
    firsts = Counter()
    numbers: dict[str, set[int]] = {}
    for entry in plain("wic").provenance:
        notes, seed = entry["notes"], entry["seed"]
        numbers.setdefault(seed["word"], set()).add(seed["number"])
        if entry["intended"] == "true":
            assert notes == {"meaning1": seed["number"], "meaning2": seed["number"]}
            continue
        assert seed["number"] in notes.values()
        assert notes["meaning1"] != notes["meaning2"]
        one, two = (seed["definitions"][number] for number in notes.values())
        assert one["part_of_speech"] == two["part_of_speech"]
        assert not near_equal(Definition(**one), Definition(**two))
        firsts[notes["meaning1"] == seed["number"]] += 1
    assert min(firsts.values()) >= 20, "the seed's own meaning is now first, now second"
    assert max(map(len, numbers.values())) == 2


def test_in_the_variant_paper_the_model_picks_the_meaning_of_true_and_code_two_of_false(plain):
    ran = plain("wic", 80, variants=["paper"])
    replies = {request.key: request.dry_run() for request in ran.requests}
    pairs = Counter()
    for entry in ran.provenance:
        reply, row = replies[entry["calls"][-2]], ran.rows[entry["idx"]]
        one, two = entry["notes"]["meaning1"], entry["notes"]["meaning2"]
        if entry["intended"] == "true":
            assert {one, two} == {reply["definition"] - 1}
            written = [reply["sentence1"], reply["sentence2"]]
        else:
            parts = [entry["seed"]["definitions"][n]["part_of_speech"] for n in (one, two)]
            pairs[one < two, len(set(parts))] += 1
            written = [reply["sentences"][n] for n in (one, two)]
            assert one != two
        assert [row["sentence1"], row["sentence2"]] == written
    assert len(pairs) == 4, "in either order, of one part of speech or of two"
