"""Near-duplicates against comparing everything: what is found, at what cost, and again."""

from __future__ import annotations

import random

import pytest
from rapidfuzz import fuzz, process

from targen_core.tasks.words import normalized
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
