"""Near-duplicates: what falls, what stays, and what two rows are compared on."""

from __future__ import annotations

import logging
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_core.tasks.checks import normalized
from targen_standard.filters.likeness import Index, alike
from targen_standard.filters.near_duplicates.index import NearDuplicates

from ...runs import edit, manifest

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


@pytest.mark.parametrize("bad", [b"", b"nothing of the kind", b"\0" * 40])
def test_what_is_no_entry_is_refused_but_where_the_filter_is_off(bad):
    with pytest.raises(ValueError, match="not an entry"):
        NearDuplicates(90).restore([bad])
    off = NearDuplicates(0)
    assert off.add("0", LONG, LONG) == b""
    off.restore([b""])


def test_rows_of_one_seed_are_compared_on_what_was_written():
    near = NearDuplicates(90)
    near.add("0.0", f"{LONG} It cost money.", "It cost money.")
    assert near.find("0.0", f"{LONG} Nobody came.", "Nobody came.") is None
    assert near.find("0.0", f"{LONG} It cost money!", "It cost money!") == 0
    assert near.find("1.0", f"{LONG} Nobody came.", "Nobody came.") == 0


def test_rows_of_one_seed_are_compared_whatever_letters_their_whole_texts_have():
    near = NearDuplicates(90)
    shared, written = "of dogs and frogs and other animals", "the cat sat on the mat"
    near.add("0", f"{shared} {written}", written)
    other = f"{shared} {'zyxwvut ' * 20}{written}"
    assert near.find("1", other, written) is None
    assert near.find("0", other, written) == 0


@given(
    st.text("ab z\N{LATIN SMALL LETTER A WITH GRAVE}", max_size=40),
    st.integers(1, 30),
    st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["", "q", "aa"])), max_size=12),
    st.floats(1, 100),
)
def test_a_row_that_is_alike_is_compared_whatever_its_letters(part, times, edits, threshold):
    one = other = part * times
    for share, new in edits:
        at = int(share * len(other))
        other = other[:at] + new + other[at + 1 :]
    near = NearDuplicates(threshold)
    near.add("0", one, one)
    if alike(normalized(one), normalized(other), threshold):
        with mock.patch.object(Index, "find", return_value=[0]):
            assert near.find("1", other, other) == 0


class TestInARun:
    pytestmark = pytest.mark.usefixtures("virtual_time")

    @pytest.mark.parametrize("threshold", [0, 90, 100])
    def test_rows_that_repeat_one_another(self, lab, tmp_path, threshold):
        """The model has three texts to give, so that different seeds repeat them."""
        world = lab.World(lists=(5,), labels=("only",), repeat=1.0, correct=False)
        seeds = tmp_path / "seeds.txt"
        seeds.write_text("".join(f"seed {n}\n" for n in range(12)), encoding="utf-8")
        task = world.task(texts={"render": lambda row: row.text})
        ran = lab.run(
            world,
            tmp_path / "run",
            {"only": 10},
            task=task,
            seeds=seeds,
            near_duplicates=threshold,
        )
        duplicates = [r for r in ran.rejects if r["verdict"] == "duplicate"]
        if threshold == 0:
            assert ran.error is None
            assert not duplicates
            return
        texts = [row["text"] for row in ran.rows]
        assert len(set(texts)) == len(texts) == (3 if threshold == 100 else len(texts)) < 10
        assert len(duplicates) == 12 - len(texts)
        for record in duplicates:
            assert record["detail"].startswith("nearly repeats accepted instance")
            assert record["corrected"] is not None

    @pytest.mark.parametrize("grown", [False, True])
    def test_a_run_of_an_earlier_version_of_the_filter_goes_on_and_says_so(
        self, lab, tmp_path, caplog, grown
    ):
        """Its lock has no version of the filter, and its ledger is not of this code."""
        world = lab.World(repeat=0.5)
        most = {"yes": 9, "no": 9}
        first = lab.run(world, tmp_path / "run", {"yes": 5, "no": 5} if grown else most)
        assert any(record["verdict"] == "duplicate" for record in first.rejects)
        parts = manifest(tmp_path / "run")["lock"]["parts"]
        assert parts["filter near-duplicates"].pop("version") == 2
        edit(tmp_path / "run", "lock.parts", parts)
        (tmp_path / "run" / "ledger").unlink()
        with caplog.at_level(logging.WARNING, "targen.run"):
            again = lab.run(world, tmp_path / "run", grow=most)
        assert again.error is None
        said = [record.getMessage() for record in caplog.records]
        assert sum("filter near-duplicates has changed since" in one for one in said) == 1
        assert "targen_core.replay(" in "".join(said)
        whole = lab.run(world, tmp_path / "whole", most)
        assert again.rows[: len(first.rows)] == first.rows
        assert len(again.rows) == len(whole.rows)
