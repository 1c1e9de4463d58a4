"""Near-duplicates: what falls, what stays, and what two rows are compared on."""

from __future__ import annotations

from itertools import combinations
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.engine.filters import Candidate, Filter
from targen_core.tasks.words import normalized
from targen_standard.filters.likeness import Index, alike
from targen_standard.filters.near_duplicates.filter import NearDuplicateFilter
from targen_standard.filters.near_duplicates.index import NearDuplicates

from ...runs import records

LONG = (
    "The mayor of Elmstead opened the new railway bridge on Friday after eleven years of "
    "quarrels over its cost and its colour."
)
OTHER = "A gardener in Port Arden grew a pumpkin that weighed more than two grown horses."


FBI = "What does FBI stand for?"


@pytest.mark.parametrize(
    ("threshold", "one", "other", "falls"),
    [
        *((90, text, text, True) for text in (LONG, "", "a", "!?", "日本語の文。", "word " * 300)),
        (90, LONG, LONG.upper(), True),
        (90, LONG, LONG.replace(",", "").replace(".", "!"), True),
        (90, LONG, LONG.replace("Friday", "Sunday"), True),
        (90, LONG, OTHER, False),
        (0, LONG, LONG, False),  # off
        (100, LONG, LONG.lower().replace(",", " "), True),
        (100, LONG, LONG.replace("Friday", "Sunday"), False),
        # short texts: other words stay, small words may differ
        (60, FBI, "What does IBM stand for?", False),
        (60, "The Eiffel Tower was built in 1889.", "The Eiffel Tower was built in 1930.", False),
        (60, "Is the card in the post?", "Is the post in the card?", False),
        (90, FBI, "what does FBI stand for", True),
        (90, FBI, "What does the FBI stand for?", True),
        (90, FBI, "What do FBI stand for?", True),
        # a character is worth three letters
        (90, "这个耳机用了三天，声音非常满意。", "这个耳机用了两天，声音非常满意！", True),
        (60, "北京在哪里？", "南京在哪里？", False),
        # vowel signs are letters, and composed letters are equal to decomposed ones
        (
            *(90, "मैं दो महीने से यह कुकर इस्तेमाल कर रहा हूँ।"),
            *("मैं दो महीने से यह जूते इस्तेमाल कर रही हूँ।", False),
        ),
        (100, "Über die Größe", "U\u0308ber die Gro\u0308ße", True),
    ],
)
def test_a_row_of_another_seed_falls_if_it_says_nearly_the_same(threshold, one, other, falls):
    near = NearDuplicates(threshold)
    near.add("5", "Something of no kin whatever.", "")
    assert near.find("0", one, one) is None
    near.add("0", one, one)
    assert near.find("1", other, other) == (1 if falls else None)
    if threshold:
        assert near.find("0", other, other) == (1 if falls else None)


def test_rows_of_one_seed_are_compared_on_what_was_written():
    near = NearDuplicates(90)
    near.add("0.0", f"{LONG} It cost money.", "It cost money.")
    assert near.find("0.0", f"{LONG} Nobody came.", "Nobody came.") is None
    assert near.find("0.0", f"{LONG} It cost money!", "It cost money!") == 0
    assert near.find("1.0", f"{LONG} Nobody came.", "Nobody came.") == 0


NOT = LONG.replace("opened", "never opened")


@pytest.mark.parametrize(
    ("threshold", "label", "other", "falls"),
    [
        (90, "yes", NOT, True),
        (90, "no", NOT, False),
        (90, "no", LONG, True),
        (100, "no", LONG.upper().replace(",", ""), True),
        (60, "no", OTHER, False),
        (90, "no", LONG.replace("the", "a", 1), False),
        (90, "no", LONG.replace("over", "> over"), False),  # other signs may say something else
        (0, "no", LONG, False),
    ],
)
@pytest.mark.parametrize("seed", ["0", "1"])
def test_rows_of_different_labels_are_alike_only_if_they_are_equal(
    threshold, label, other, falls, seed
):
    one = NearDuplicates(threshold)
    entry = one.add("0", LONG, LONG, "yes")
    again = NearDuplicates(threshold)
    again.restore([entry])
    for near in (one, again):
        assert near.find(seed, other, other, label) == (0 if falls else None)
        if falls:
            assert near.has_label(0, "yes")
            assert not near.has_label(0, "no")


TEXTS = st.builds(
    lambda part, times, edits, upper: "".join(
        [part * times, *edits] if not upper else [part.upper() * times, *edits]
    ),
    st.sampled_from(["the parcel came on Friday ", "i <= n ", "a", "日本語の文。", LONG]),
    st.integers(1, 3),
    st.lists(st.sampled_from([" ", "!", "=", " not", " q", "7"]), max_size=3),
    st.booleans(),
)


@given(
    st.lists(st.tuples(TEXTS, st.sampled_from(["yes", "no", ""])), max_size=14),
    st.sampled_from([60.0, 90.0, 100.0]),
    st.booleans(),
)
def test_what_is_accepted_differs_within_a_label_and_is_never_the_same(plan, threshold, every):
    """With `every`, all rows are compared, even those that a search misses."""
    near: Filter = NearDuplicateFilter(threshold)
    accepted: list[tuple[str, str]] = []
    entries: list[bytes] = []
    found = Index.find
    for number, (text, label) in enumerate(plan):
        candidate = Candidate(f"{number}", None, text, text, label=label)
        whole, rows = normalized(text), [*range(len(accepted))]
        with mock.patch.object(Index, "find", lambda *a: rows if every else found(*a)):  # noqa: B023
            refusal = near.find(candidate)
        mine = [normalized(other) for other, of in accepted if of == label]
        near_mine = any(alike(whole, other, threshold) for other in mine)
        plain = "".join(text.casefold().split()).rstrip("!")
        equal = plain in ["".join(other.casefold().split()).rstrip("!") for other, _ in accepted]
        if refusal is None:
            assert not equal
            assert not (every and near_mine)
            accepted.append((text, label))
            entries.append(near.add(candidate))
        else:
            assert equal or near_mine
            assert refusal.verdict == "duplicate"
            is_other = "which has a different label" in refusal.detail
            assert not (is_other and not equal)
        near = NearDuplicateFilter(threshold)  # as a resumed run has it
        near.restore(entries)


class TestInARun:
    pytestmark = pytest.mark.usefixtures("virtual_time")

    @pytest.mark.parametrize(("threshold", "rows"), [(0, 10), (100, 3)])
    def test_its_threshold_is_an_option(self, lab, tmp_path, threshold, rows):
        """The model has three texts to give, so that different seeds repeat them."""
        world = lab.World(labels=("only",), repeat=1.0, correct=False)
        seeds = tmp_path / "seeds.txt"
        seeds.write_text("".join(f"seed {n}\n" for n in range(12)), encoding="utf-8")
        task = world.task(texts={"render": lambda row: row.text})
        how = {"task": task, "seeds": seeds, "near_duplicates": threshold}
        assert len(lab.run(world, tmp_path / "run", {"only": 10}, **how).rows) == rows

    def test_rows_are_compared_with_those_of_the_label_that_step_4_gives(self, lab, tmp_path):
        world = lab.World(lists=(4,), repeat=0.6, relabel=0.5, rewrite=0.3)
        ran = lab.run(world, tmp_path / "run", {"yes": 8, "no": 8})
        kept = [(f"{row['seed']} {row['text']}", row["label"]) for row in ran.rows]
        texts = [normalized(text) for text, _ in kept]
        assert len({*texts}) == len(texts)
        near = {
            one[1] == other[1]
            for one, other in combinations(kept, 2)
            if alike(normalized(one[0]), normalized(other[0]), 90)
        }
        assert near == {False}
        assert any(r["intended"] != r["label"] for r in records(tmp_path / "run"))
