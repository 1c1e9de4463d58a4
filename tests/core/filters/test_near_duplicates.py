"""Near-duplicates: what falls, what stays, and what two rows are compared on."""

from __future__ import annotations

import json
import logging

import pytest

from targen_standard.filters.near_duplicates.index import NearDuplicates

LONG = (
    "The mayor of Elmstead opened the new railway bridge on Friday after eleven years of "
    "quarrels over its cost and its colour."
)
OTHER = "A gardener in Port Arden grew a pumpkin that weighed more than two grown horses."


def test_an_identical_row_of_another_seed_falls():
    near = NearDuplicates(90)
    near.add("0.0", LONG, LONG)
    assert near.find("1.0", LONG, LONG) == 0


@pytest.mark.parametrize(
    "text",
    [
        LONG.upper(),
        LONG.replace(",", "").replace(".", "!"),
        LONG.replace(" ", "  "),
        LONG.replace("Friday", "Sunday"),
        LONG.replace("eleven", "twelve"),
    ],
)
def test_a_nearly_identical_row_of_another_seed_falls(text):
    near = NearDuplicates(90)
    near.add("5", OTHER, OTHER)
    near.add("0.0", LONG, LONG)
    assert near.find("1.0", text, text) == 1


def test_another_text_stays():
    near = NearDuplicates(90)
    near.add("0.0", LONG, LONG)
    assert near.find("1.0", OTHER, OTHER) is None


def test_the_first_of_several_likenesses_is_named():
    near = NearDuplicates(50)
    near.add("0", LONG, LONG)
    near.add("1", LONG.replace("Friday", "Sunday"), "x")
    assert near.find("2", LONG, LONG) == 0


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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What does FBI stand for?", "What does IBM stand for?"),
        ("What is the origin of the word magic?", "What is the origin of the word attic?"),
        ("The Eiffel Tower was built in 1889.", "The Eiffel Tower was built in 1930."),
        ("Is the card in the post?", "Is the post in the card?"),
    ],
)
def test_short_texts_of_other_words_stay(one, other):
    near = NearDuplicates(60)
    near.add("0", one, one)
    assert near.find("1", other, other) is None
    assert near.find("0", other, other) is None


@pytest.mark.parametrize(
    "other",
    [
        "what does FBI stand for",
        "WHAT DOES FBI STAND FOR?",
        "What does the FBI stand for?",
        "What do FBI stand for?",
    ],
)
def test_short_texts_whose_small_words_differ_fall(other):
    near = NearDuplicates(90)
    near.add("0", "What does FBI stand for?", "What does FBI stand for?")
    assert near.find("1", other, other) == 0


def test_threshold_zero_turns_the_filter_off():
    near = NearDuplicates(0)
    near.add("0", LONG, LONG)
    assert near.find("1", LONG, LONG) is None


def test_threshold_100_takes_only_what_says_the_same():
    near = NearDuplicates(100)
    near.add("0", LONG, LONG)
    assert near.find("1", LONG.lower().replace(",", " "), "x") == 0
    assert near.find("1", LONG.replace("Friday", "Sunday"), "x") is None


@pytest.mark.parametrize(
    "text", ["", "a", "ab", "!?", "日本語の文。", "\udcff odd", "a" * 900, "b" * 900, "word " * 300]
)
def test_short_and_odd_texts_are_compared_too(text):
    near = NearDuplicates(90)
    assert near.find("0", text, text) is None
    near.add("0", text, text)
    assert near.find("1", text, text) == 0


class TestRestoring:
    def test_a_restored_index_answers_as_the_first_did(self):
        near = NearDuplicates(90)
        entries = []
        for seed, text, written in [
            ("0.0", LONG, LONG),
            ("1.0", OTHER, OTHER),
            ("2.0", f"{LONG} It cost money. \udcff", "It cost money. \udcff"),
        ]:
            entries.append(near.add(seed, text, written))
        again = NearDuplicates(90)
        again.restore(iter(entries))
        for seed, text, written in [
            ("9", LONG.upper(), LONG),
            ("9", OTHER, "x"),
            ("2.0", f"{LONG} Nobody came.", "Nobody came."),
            ("2.0", f"{LONG} It cost money!", "It cost money!"),
            ("9", "Something else.", "Something else."),
        ]:
            assert again.find(seed, text, written) == near.find(seed, text, written)
        added = [index.add("3", "Something else.", "Something else.") for index in (near, again)]
        assert added[0] == added[1]
        assert again.find("9", "something else", "x") == near.find("9", "something else", "x") == 3

    @pytest.mark.parametrize("bad", [b"", b"nothing of the kind", b"\0" * 40])
    def test_what_is_no_entry_is_refused(self, bad):
        with pytest.raises(ValueError, match="not an entry"):
            NearDuplicates(90).restore([bad])

    def test_an_index_that_is_off_has_empty_entries_and_takes_them(self):
        near = NearDuplicates(0)
        assert near.add("0", LONG, LONG) == b""
        near.restore([b""])
        assert near.find("1", LONG, LONG) is None


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

    @pytest.mark.parametrize("bad", [-1, 101])
    def test_a_threshold_out_of_range_is_refused(self, lab, tmp_path, bad):
        from targen_core.errors import UsageError

        with pytest.raises(UsageError, match="near_duplicates"):
            lab.run(lab.World(), tmp_path / "run", {"yes": 1}, near_duplicates=bad)

    @pytest.mark.parametrize("grown", [False, True])
    def test_a_run_of_an_earlier_version_of_the_filter_goes_on_and_says_so(
        self, lab, tmp_path, caplog, grown
    ):
        """Its lock has no version of the filter, and its ledger is not of this code."""
        world = lab.World(repeat=0.5)
        most = {"yes": 9, "no": 9}
        first = lab.run(world, tmp_path / "run", {"yes": 5, "no": 5} if grown else most)
        assert any(record["verdict"] == "duplicate" for record in first.rejects)
        manifest = tmp_path / "run" / "manifest.json"
        read = json.loads(manifest.read_text(encoding="utf-8"))
        assert read["lock"]["parts"]["filter near-duplicates"].pop("version") == 2
        manifest.write_text(json.dumps(read), encoding="utf-8")
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
