"""Near-duplicates against comparing everything: what is found, at what cost, and again."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz import fuzz, process

from targen_core.tasks.words import normalized
from targen_standard.filters.likeness import Index, keys_of
from targen_standard.filters.near_duplicates.index import NearDuplicates

PLACES = "Elmstead Arden Montbrun Vesterby Quillan Lazaro Aramoana Sofia Lima Torshavn".split()
NAMES = "Ada Mateo Tariq Farah Pavel Clara Ngozi Sunniva Emil Mirela Tessa Nadia".split()
THINGS = "bridge railway harbour museum glacier orchard hospital market tower archive".split()
DEEDS = "opened closed painted measured sold bought praised burned copied hid".split()


def alike_by_construction(rng):
    """One of the rows that share a sentence and differ in its gaps."""
    return (
        f"After the dispute over the {rng.choice(THINGS)} of {rng.choice(PLACES)} had ended in "
        f"{rng.randrange(1950, 2020)} the engineer {rng.choice(NAMES)} {rng.choice(NAMES)}son "
        f"{rng.choice(DEEDS)} a {rng.choice(THINGS)} for {rng.choice(NAMES)} within "
        f"{rng.randrange(2, 60)} weeks and nobody in {rng.choice(PLACES)} {rng.choice(DEEDS)} it"
    )


@pytest.mark.parametrize(("edit", "least"), [("letters", 0.5), ("words", 0.95), ("order", 0.95)])
@pytest.mark.parametrize("words", [12, 80])
def test_a_row_edited_down_to_90_is_found(made_up, edited, edits, edit, least, words):
    rng = random.Random(words)
    near = NearDuplicates(90)
    texts = [made_up(rng, words) for _ in range(200)]
    for number, text in enumerate(texts):
        near.add(str(number), text, text)
    tried = hits = 0
    for number in rng.sample(range(200), 100):
        made = edited(rng, texts[number], getattr(edits, edit), 90)
        if made != normalized(texts[number]):
            tried += 1
            hits += near.find("another", made, made) == number
    assert tried >= 60
    assert hits >= least * tried


def test_rows_that_are_made_alike_are_told_apart_as_by_comparing_everything():
    """A run of them: what falls, falls with both; what is missed is one in seven at most."""
    rng = random.Random(4)
    near = NearDuplicates(90)
    rows = []
    both = missed = 0
    for number in range(1200):
        text = alike_by_construction(rng)
        seed = str(number // 2)
        row = near.find(seed, text, text)
        if row is None:
            text = normalized(text)
            missed += bool(process.extractOne(text, rows, scorer=fuzz.ratio, score_cutoff=90))
            near.add(seed, text, text)
            rows.append(text)
        else:
            both += 1
            assert fuzz.ratio(normalized(text), rows[row]) >= 90
    assert both >= 30
    assert both >= 0.86 * (both + missed)


def test_rows_of_one_seed_beyond_number_are_compared_on_what_was_written(made_up):
    rng = random.Random(7)
    passage = made_up(rng, 150)
    near = NearDuplicates(90)
    written = [made_up(rng, 9) for _ in range(200)]
    for one in written:
        assert near.find("0", f"{passage} {one}", one) is None
        near.add("0", f"{passage} {one}", one)
    hits = [near.find("0", f"{passage} {one}!", f"{one}!") for one in written]
    assert hits == list(range(200))


@pytest.mark.parametrize("kind", ["alike", "the same but for a number", "unlike"])
def test_what_a_row_is_compared_with_is_bounded(made_up, kind):
    rng = random.Random(2)
    index = Index()
    for number in range(1000):
        text = f"{'word ' * 30}{number}"
        if kind != "the same but for a number":
            text = alike_by_construction(rng) if kind == "alike" else made_up(rng, 30)
        keys = keys_of(normalized(text))
        assert len(index.find(keys)) <= 256
        index.add(number, keys)


few_keys = st.lists(st.sampled_from([0, 7, 8, 9, 2**31, 2**32 - 1]), min_size=3, max_size=3)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(few_keys, st.sampled_from([1, 2, 300])), max_size=8), few_keys)
def test_an_index_finds_the_same_in_its_dictionary_and_in_its_array(plan, sought):
    """Some keys are of more rows than are kept."""
    lines = [keys for keys, times in plan for _ in range(times)]
    listed, sorted_early, entered = Index(few=10**6), Index(few=2), Index()
    for number, keys in enumerate(lines):
        listed.add(number, keys)
        sorted_early.add(number, keys)
    half = len(lines) // 2
    for begun, ended in ((0, half), (half, len(lines))):
        entered.extend(begun, np.array(lines[begun:ended], np.uint32).reshape(-1, 3))
    for keys in (sought, *lines[:1]):
        expected = listed.find(keys, keys[-1:])
        assert sorted_early.find(keys, keys[-1:]) == expected
        assert entered.find(keys, keys[-1:]) == expected


def test_a_restored_index_of_many_rows_gives_the_same_answers(made_up):
    """Enough of them that the table has grown more than once."""
    rng = random.Random(9)
    near = NearDuplicates(90)
    entries = []
    for number in range(3000):
        text = alike_by_construction(rng) if number % 2 else made_up(rng, 30)
        entries.append(near.add(str(number // 3), text, text))
    whole, parts = NearDuplicates(90), NearDuplicates(90)
    whole.restore(iter(entries))
    parts.restore(entries[:700])
    parts.restore(entries[700:])
    for number in range(300):
        text = alike_by_construction(rng) if number % 2 else made_up(rng, 30)
        hits = near.find("x", text, text)
        assert whole.find("x", text, text) == parts.find("x", text, text) == hits
        assert len({index.add("x", text, text) for index in (near, whole, parts)}) == 1
