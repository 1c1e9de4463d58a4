"""WSC on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import json
import random

import pytest

from targen_core import Rejected
from targen_tasks_superglue.shared.subjects import PronounPair
from targen_tasks_superglue.wsc import WSC
from targen_tasks_superglue.wsc.marks import read_passage
from targen_tasks_superglue.wsc.spans import make_row

COOK = PronounPair(first="cook", second="guest", number="singular", pronoun="she")
CREWS = PronounPair(
    first="lifeboat crews", second="weekend sailors", number="plural", pronoun="they"
)
# Fitting replies to the prompt for COOK, first phrase first; both pass every check.
FIRST = (
    "The cook asked the guest to wait a little longer, because [she=cook] had only just lit "
    "the oven."
)
SECOND = (
    "The cook hid when the guest came to the kitchen door. [She=guest] wanted to complain about "
    "the soup again."
)


@pytest.fixture
def output(given):
    """Run WSC on one pair (cook, guest) with the same reply to every passages prompt.

    With one given pair, the first label (true) gets the listed order.
    """

    def go(reply, *, label="true", **spec):
        quotas = {"true": 0, "false": 0, label: 2}
        return given("wsc", COOK, reply, quotas=quotas, **spec)

    return go


def _passages(*texts: str) -> dict:
    return {"passages": list(texts)}


# --- rows that must come ----------------------------------------------------


def test_the_row_that_must_come_whatever_a_third_passage_and_raw_line_breaks(output):
    ran = output(json.dumps(_passages(FIRST, SECOND, "The cook ran.")))
    assert [row["text"] for row in ran.rows] == [
        FIRST.replace("[she=cook]", "she"),
        SECOND.replace("[She=guest]", "She"),
    ]
    assert [tuple(row["target"].values()) for row in ran.rows] == [
        ("The cook", 0, "she", 11),
        ("the guest", 4, "She", 11),
    ]
    assert [row["label"] for row in ran.rows] == [True, True]
    broken = json.dumps(_passages(FIRST, SECOND)).replace(" because", "\n because")
    assert output(broken, name="broken").rows == ran.rows


def test_for_the_other_label_the_other_phrase_is_asked_about(output):
    """A given pair's second label names the two in the other order."""
    turned = _passages(
        "The guest asked the cook for a little patience, because [she=guest] was still reading.",
        "The guest hid when the cook came out, for [she=cook] was waving the bill about.",
    )
    ran = output(turned, label="false")
    assert [row["label"] for row in ran.rows] == [False, False]
    assert [row["target"]["span1_text"] for row in ran.rows] == ["the cook", "The guest"]


def _row(text: str, pair: PronounPair = COOK, *, means_first: bool = True, label: bool = True):
    row = make_row(
        read_passage(text, pair), pair, means_first=means_first, label=label, rng=random.Random(1)
    )
    for check in WSC.checks:
        check(row, pair)
    return row


def test_the_last_words_of_one_phrase_name_it():
    text = (
        "The lifeboat crews waved at the weekend sailors, but [they=crews] could not stop, "
        "since a tanker had called."
    )
    assert _row(text, CREWS).target.span1_text == "The lifeboat crews"
    for named, pair in (
        ("sister", PronounPair(first="older sister", second="younger sister", number="singular",
                               pronoun="she")),
        ("lifeboat", CREWS),
    ):  # fmt: skip
        marked = f"The {pair.first} met the {pair.second} when [{pair.pronoun}={named}] left."
        with pytest.raises(Rejected) as caught:
            read_passage(marked, pair)
        assert caught.value.reason == "unknown-referent"


def test_a_phrase_inside_the_other_is_no_mention():
    pair = PronounPair(
        first="captain", second="captain of the guard", number="singular", pronoun="he"
    )
    text = "The captain of the guard bowed to the captain, since [he=captain] held the higher rank."
    row = _row(text, pair, means_first=False)
    assert (row.target.span1_text, row.target.span1_index) == ("the captain", 7)
    alone = "The captain of the guard bowed to the mayor, since [he=captain] held no rank."
    with pytest.raises(Rejected) as caught:
        _row(alone, pair)
    assert caught.value.reason == "phrase-missing"


def test_a_pronoun_with_an_s_behind_it_is_one():
    row = _row("The cook sent the guest home early, because [she=cook]'s closing the kitchen.")
    assert row.target.span2_text == "she"
    assert row.text.split()[row.target.span2_index] == "she's"


# --- replies that are rejected, with the reason that is counted --------------


def test_one_passage_is_too_few(output):
    assert output(_passages(FIRST)).reasons == {"too-few-passages"}


def test_the_same_passage_twice_is_no_reply(output):
    """The second passage must mean the other subject, and the same text cannot."""
    assert output(_passages(FIRST, FIRST)).reasons == {"no-pronoun"}


def test_a_passage_that_nearly_repeats_another_is_a_duplicate(output):
    again = FIRST.replace("[she=cook]", "[she=guest]").replace("lit the", "left the")
    ran = output(_passages(FIRST, again))
    assert len(ran.rows) == 1
    assert {record["verdict"] for record in ran.rejects} == {"duplicate"}


# --- the paper's construction -----------------------------------------------


def test_in_the_paper_s_variant_a_bad_passage_costs_itself_alone(output):
    ran = output(_passages(FIRST.replace("=cook", "=waiter"), SECOND), variants=("paper",))
    assert [row["text"] for row in ran.rows] == [SECOND.replace("[She=guest]", "She")]
    assert "unknown-referent" in ran.reasons
    assert not ran.repairs


def test_in_the_paper_s_variant_a_reply_without_a_good_passage_is_asked_for_again(output):
    ran = output(_passages("The cook ran."), repaired=_passages(SECOND, FIRST), variants=("paper",))
    assert len(ran.repairs) == 1
    assert len(ran.rows) == 2


@pytest.mark.parametrize(
    "texts", [(), ("The cook ran, for [she=cook] was late.", "[She=cook] ran.")]
)
def test_in_the_paper_s_variant_a_reply_without_any_makes_no_row(texts, output):
    ran = output(_passages(*texts), variants=("paper",))
    assert ran.rows == []
    assert ran.reasons == {"phrase-missing" if texts else "too-few-passages"}


def test_in_the_paper_s_variant_any_pronoun_may_be_drawn(output):
    """Those that grammar settles too, but for one inside a longer word."""
    one = "When [she=cook] had lit the oven at last, the cook called the guest back in."
    two = "The cook told the guest about the fire and blamed [herself=cook] for all of it."
    ran = output(_passages(one, two), variants=("paper",))
    assert [row["target"]["span2_text"] for row in ran.rows] == ["she", "herself"]


def test_in_the_paper_s_variant_a_pronoun_inside_a_longer_word_is_not_drawn(output):
    inside = FIRST.replace("[she=cook] had", "[she=cook]'d")
    ran = output(_passages(inside, inside), variants=("paper",))
    assert ran.rows == []
    assert ran.reasons == {"no-pronoun"}


# --- subject pairs ----------------------------------------------------------


def test_repeated_pairs_are_used_once_whichever_comes_first(run):
    def bend(step, good, repair):
        if step == "seeds":
            turned = [{"first": p["second"], "second": p["first"]} for p in good["pairs"]]
            return {"pairs": [*good["pairs"][:2], *turned[:2], *good["pairs"][2:3]]}
        return good

    ran = run(bend, task="wsc", rows=40, contexts_limit=2, variants=["paper"])
    assert "repeated" in ran.reasons
    pairs = [frozenset((e["seed"]["first"], e["seed"]["second"])) for e in ran.provenance]
    ids = [e["id"].partition("/")[0] for e in ran.provenance]
    assert len(set(zip(pairs, ids, strict=True))) == len(set(ids))
