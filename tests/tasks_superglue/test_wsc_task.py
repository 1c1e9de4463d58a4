"""What WSC is: its rows and spans, whom its pronouns mean, its prompts and its counts."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from targen_tasks_superglue.shared.mentions import same_words, words_of
from targen_tasks_superglue.shared.people import FEMALE_NAMES, MALE_NAMES
from targen_tasks_superglue.shared.subjects import PRONOUNS, PronounPair
from targen_tasks_superglue.wsc import WSC, WscRow
from targen_tasks_superglue.wsc.marks import read_passage
from targen_tasks_superglue.wsc.spans import first_mentions, make_row

from .originals import needs_original, original


def _pair(entry: dict) -> PronounPair:
    return PronounPair.model_validate(entry["seed"])


def _asks_first(row: dict, pair: PronounPair) -> bool:
    """Whether span 1 is the phrase that the text names first."""
    first = next(iter(first_mentions(row["text"], pair)))
    return same_words(re.sub(r"^(the|an?) ", "", row["target"]["span1_text"].lower()), first)


# --- rows and their spans ---------------------------------------------------


@needs_original
def test_original_rows_are_rendered_with_their_pronoun_marked():
    for row in original("wsc", "train"):
        (instance,) = WSC.from_rows([row])
        shown = WSC.render(instance)
        (marked,) = re.findall(r"\[([^\]]+)\]", shown.split("\nPronoun: ")[0])
        assert same_words(marked, row["target"]["span2_text"])


WORDS = st.sampled_from(
    "storm lamp Berlin quickly over seven bridges it's slowly-made \u201cyes\u201d music; left, "
    "a the old 1984 (perhaps) captain's ship".split()
)
FILLER = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
PHRASES = st.sampled_from(
    [
        ("captain", "ship's cook"),
        ("nurse", "head of the ward"),
        ("young violinist", "violin maker"),
        ("guards", "prisoners"),
        ("members of the choir", "choir conductors"),
    ]
)


@given(PHRASES, st.sampled_from(["he", "she", "they"]), st.data())
@settings(max_examples=150, deadline=None)
def test_spans_round_trip(phrases, pronoun, data):
    """Whatever stands around them, the spans of a row are the words that were marked."""
    number = "plural" if pronoun == "they" else "singular"
    pair = PronounPair(first=phrases[0], second=phrases[1], number=number, pronoun=pronoun)
    turned = data.draw(st.booleans())
    one, two = phrases[::-1] if turned else phrases
    form = data.draw(st.sampled_from(PRONOUNS[pronoun][:3]))
    means_first, label = data.draw(st.booleans()), data.draw(st.booleans())
    meant = one if means_first else two
    the = data.draw(st.sampled_from(["the ", "The ", "", "\u201cthe "]))
    end = data.draw(st.sampled_from(["", ",", "'s dog", "\u2019s", ";", "\u201d"]))
    gap = [data.draw(FILLER) for _ in range(3)]
    behind = data.draw(st.sampled_from([".", ", and so on.", "'s off.", " \u2014 then", "!"]))
    passage = f"{the}{one}{end} {gap[0]} {the}{two} {gap[1]} [{form}={meant}]{behind} {gap[2]}"
    row = make_row(
        read_passage(passage, pair),
        pair,
        means_first=means_first,
        label=label,
        rng=random.Random(0),
    )
    assert "[" not in row.text
    tokens, target = row.text.split(), row.target
    assert target.span2_text == form
    assert words_of(tokens[target.span2_index])[:1] == [form]
    asked = meant if label else (two if means_first else one)
    assert words_of(target.span1_text)[-len(words_of(asked)) :] == words_of(asked)
    WscRow.model_validate(row.model_dump())
    assert row.label is label


# --- what the label rests on ------------------------------------------------


def test_label_first_phrase_and_meaning_are_crossed_and_noted(plain):
    """Under each label, the phrase that is asked about comes first, and is meant, as often."""
    ran = plain("wsc")
    asked, meant, listed = Counter(), Counter(), Counter()
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        first, label, notes = _asks_first(row, _pair(entry)), row["label"], entry["notes"]
        asked[label, first] += 1
        meant[label, first == label] += 1
        listed[label, notes["named_first"] == entry["seed"]["first"]] += 1
        passage = int(entry["id"].rpartition("/")[2]) + 1
        assert notes[f"first_named_meant_{passage}"] is (first == label) is (passage == 1)
    assert set(asked.values()) == set(meant.values()) == {40}
    assert len(listed) == 4
    assert max(listed.values()) - min(listed.values()) <= 4


def test_the_paper_s_variant_leaves_the_order_to_the_model_and_notes_it(plain):
    ran = plain("wsc", 40, variants=("paper",))
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert "named_first" not in entry["notes"]
        passage = int(entry["id"].rpartition("/")[2]) + 1
        first = _asks_first(row, _pair(entry))
        assert entry["notes"][f"first_named_meant_{passage}"] is (first == row["label"])


def test_the_paper_s_variant_asks_both_labels_for_the_same(plain):
    asked = defaultdict(set)
    for request in plain("wsc", 40, variants=("paper",)).asked("passages_paper"):
        values = request.origin.values
        asked[frozenset((values["first"], values["second"]))].add(request.messages)
        rules = request.messages[0].content
        assert not re.search(r"first and|behind|In passage|true|false", rules)
    assert asked
    assert all(len(messages) == 1 for messages in asked.values()), "nor is an order turned"


def test_one_of_several_pronouns_is_drawn_at_random():
    pair = PronounPair(first="cook", second="guest", number="singular", pronoun="she")
    passage = read_passage(
        "The cook told the guest that [she=cook] had burnt [her=cook] thumb, so [she=guest] "
        "laid [her=guest] napkin in ice and gave [her=cook] a cold bandage.",
        pair,
    )

    def drawn(means_first: bool) -> Counter:
        return Counter(
            make_row(
                passage, pair, means_first=means_first, label=True, rng=random.Random(seed)
            ).target.span2_index
            for seed in range(60)
        )

    assert set(drawn(True)) == {6, 9, 20}
    assert set(drawn(False)) == {12, 14}


# --- seeds ------------------------------------------------------------------


def test_names_are_drawn_by_code_and_the_others_asked_for_by_kind(plain):
    ran = plain("wsc")
    assert {r.origin.values["kind"] for r in ran.asked("pairs")} == {"people", "groups", "things"}
    settings = {entry["above"][0] for entry in ran.provenance}
    named = [_pair(entry) for entry in ran.provenance if _pair(entry).named]
    assert named
    for pair in named:
        pool = FEMALE_NAMES if pair.pronoun == "she" else MALE_NAMES
        assert {pair.first, pair.second} <= {*pool}
        assert pair.first[0] != pair.second[0]
    # They are told their setting, and stand bare.
    for values in (request.origin.values for request in ran.asked("passages")):
        known = {"any"} if values["first"].startswith("the ") else settings
        assert values["setting"] in known
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert row["target"]["span1_text"].lower().startswith("the ") != entry["seed"].get("named")
        assert row["target"]["span2_text"].lower() in PRONOUNS[entry["seed"]["pronoun"]]


def test_the_phrases_of_a_pair_say_nothing_of_the_label(plain):
    ran = plain("wsc")
    labels = defaultdict(Counter)
    for entry in ran.provenance:
        labels[json.dumps(entry["seed"])][entry["label"]] += 1
    assert len(labels) == 40
    assert all(counts == {"true": 2, "false": 2} for counts in labels.values())


@pytest.mark.parametrize("variants", [[], ["paper"]])
@pytest.mark.parametrize("size", [1, 7])
def test_another_batch_is_shared_out_too(size, variants, run):
    ran = run(task="wsc", rows=8, options={"seeds.batch": size}, variants=variants)
    assert len(ran.rows) == 8
    asked = Counter()
    for request in ran.requests:
        values = request.origin.values
        if request.origin.prompt in ("pairs", "subjects") and not values["have"][:-9]:
            asked[values["setting"]] += int(values["count"])
    assert asked
    assert max(asked.values()) <= size


def test_both_labels_of_a_pair_are_asked_for_in_the_same_form(plain):
    """They differ in the order of the subjects alone: neither a draw nor a word tells the label."""
    forms, orders = defaultdict(set), defaultdict(set)
    for request in plain("wsc", 24, labels_per_seed="all").asked("passages"):
        lines = request.messages[-1].content.partition("in order:\n")[2]
        assert re.fullmatch(r"1\. length: .+\n2\. length: .+", lines)
        values = request.origin.values
        names = (values["first"], values["second"])
        forms[frozenset(names)].add(lines)
        orders[frozenset(names), values["pronouns"]].add(names)
        assert not re.search(r"\b(true|false|label)\b", request.messages[0].content)
    assert all(len(lines) == 1 for lines in forms.values())
    assert len({*map(frozenset, forms.values())}) > len(forms) / 2
    assert all(len(names) == 2 for names in orders.values())
