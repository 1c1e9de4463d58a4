"""What WiC is: word forms and their spans, senses, rows, prompts, counts, official files."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from rapidfuzz import fuzz, process

from targen_core import Rejected, RunSpec, load_registry
from targen_core.options import Limits
from targen_core.runs.jobs.job import Job
from targen_tasks_superglue.wic import (
    WIC,
    Definition,
    Sense,
    Span,
    WicRow,
    find,
    forms,
    is_form,
)
from targen_tasks_superglue.wic.checks import (
    check_definition,
    is_near,
    locate,
    near_equal,
    partners,
    shared_words,
)

DATA = Path(__file__).parents[3] / "shared" / "data" / "superglue" / "WiC"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"the original data is not at {DATA}")
PROMPTS = {prompt.name: prompt for prompt in WIC.prompts}

# --- the forms of a word ----------------------------------------------------


@pytest.mark.parametrize(
    ("word", "part", "expected"),
    [
        ("key", "noun", "key keys"),
        ("key", "verb", "key keys keyed keying"),
        ("bench", "noun", "bench benches benchs"),
        ("fly", "noun", "fly flies"),
        ("fly", "verb", "fly flies flew flown flied flying"),
        ("carry", "verb", "carry carries carried carrying"),
        ("play", "verb", "play plays played playing"),
        ("drop", "verb", "drop drops dropped dropping"),
        ("plan", "verb", "plan plans planned planning"),
        ("plane", "verb", "plane planes planed planing"),
        ("offer", "verb", "offer offers offered offering offerred offerring"),
        ("travel", "verb", "travel travels traveled travelled traveling travelling"),
        ("quit", "verb", "quit quits quitted quitting"),
        ("bake", "verb", "bake bakes baked baking"),
        ("tie", "verb", "tie ties tied tying"),
        ("free", "verb", "free frees freed freeing"),
        ("dye", "verb", "dye dyes dyed dyeing"),
        ("panic", "verb", "panic panics panicked panicked paniced panicing panicking"),
        ("box", "verb", "box boxes boxed boxing"),
        ("show", "verb", "show shows showed shown showing"),
        ("run", "verb", "run runs ran running"),
        ("lie", "verb", "lie lies lay lain lied lying"),
        ("overcome", "verb", "overcome overcomes overcame overcoming"),
        ("withdraw", "verb", "withdraw withdraws withdrew withdrawn withdrawing"),
        ("be", "verb", "be am is are was were been being bes 'm 're"),
        ("have", "verb", "have has had having haves 've"),
        ("foot", "noun", "foot feet foots"),
        ("leaf", "noun", "leaf leaves"),
        ("sheep", "noun", "sheep"),
        ("axis", "noun", "axis axes"),
        ("fireman", "noun", "fireman firemen firemans"),
        ("human", "noun", "human humans"),
        ("echo", "noun", "echo echoes echos"),
        ("quiz", "noun", "quiz quizes quizzes"),
        ("bus", "noun", "bus buses busses"),
        ("soliloquy", "noun", "soliloquy soliloquies"),
        ("photo", "noun", "photo photoes photos"),
    ],
)
def test_forms_of_a_word(word, part, expected):
    assert forms(word, part) == set(expected.split())


def test_without_a_part_of_speech_it_is_either():
    assert forms("leaf") == forms("leaf", "noun") | forms("leaf", "verb")
    assert not is_form("ran", "run", "noun")
    assert is_form("Ran", "run")
    assert is_form("RUNS", "run", "noun")


@pytest.mark.parametrize(
    ("word", "sentence", "surfaces"),
    [
        ("key", "A monkey took the keyboard.", []),
        ("key", "The key-ring and the keys' owner; key!", ["key", "keys", "key"]),
        ("do", "He doesn't, I don’t, they did.", ["does", "do", "did"]),
        ("can", "I can't open the can.", ["can", "can"]),
        ("have", "I've seen what they’ve got.", ["'ve", "’ve"]),
        ("be", "I'm here, you're there and it is late.", ["'m", "'re", "is"]),
        ("bank", "“Bank”—she said—the bank’s banks.", ["Bank", "bank", "banks"]),
        ("will", "She won't, but they'll will it.", ["'ll", "will"]),
        ("don", "Don't ask the don.", ["don"]),
        ("café", "Zwei CAFÉS und ein Café", ["CAFÉS", "Café"]),
        ("run", "under_run run2 run² rerun run", ["run", "run", "run", "run"]),
        ("run", "", []),
    ],
)
def test_where_forms_are_found(word, sentence, surfaces):
    actual = find(word, sentence)
    assert [sentence[span.start : span.end] for span in actual] == surfaces
    assert all(span.start < span.end <= len(sentence) for span in actual)


WORDS = "bank key run fly leaf lie drop bake carry strike foot man bus panic travel tie do".split()


@st.composite
def planted(draw):
    """A sentence in which one form of a word was put, and where."""
    word = draw(st.sampled_from(WORDS))
    surface = draw(st.sampled_from(sorted(forms(word))))
    case = draw(st.sampled_from([str.lower, str.upper, str.title]))
    other = st.text(st.characters(blacklist_categories=("Cs",)), max_size=25)
    before, after = draw(other), draw(other)
    assume(not before or not before[-1].isalpha())
    assume(not after or not after[0].isalpha())
    assume(not re.match(r"['’]t", after, re.IGNORECASE))
    assume(not find(word, before))
    assume(not find(word, after))
    return word, before + case(surface) + after, Span(len(before), len(before) + len(surface))


@given(planted())
def test_a_planted_form_is_found_where_it_was_put(case):
    word, sentence, span = case
    assert find(word, sentence) == [span]
    assert is_form(sentence[span.start : span.end], word)


@given(st.text(max_size=60), st.text("abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=9))
def test_every_span_that_is_found_holds_a_form(sentence, word):
    actual = find(word, sentence)
    for span in actual:
        assert is_form(sentence[span.start : span.end], word)
    assert all(one.end <= other.start for one, other in pairwise(actual))


# --- senses -----------------------------------------------------------------


def _sense(*definitions: tuple[str, str], number: int = 0, word: str = "crane") -> Sense:
    parts = tuple(Definition(part_of_speech=part, definition=text) for part, text in definitions)
    return Sense(word=word, number=number, definitions=parts)


BIRD = ("noun", "a tall grey bird with long legs")
HOIST = ("noun", "a machine that lifts heavy loads on building sites")
STRETCH = ("verb", "to stretch the neck in order to see")


HOIST_MEANING = Definition(part_of_speech=HOIST[0], definition=HOIST[1])


def test_a_partner_is_another_meaning_of_the_same_part_of_speech():
    assert partners(_sense(BIRD, HOIST, STRETCH)) == [1]
    assert partners(_sense(BIRD, HOIST, STRETCH, number=2)) == []
    assert partners(_sense(BIRD, HOIST, STRETCH, number=2), mixed=True) == [0, 1]
    assert partners(_sense(BIRD, ("noun", "a grey, tall bird that has long legs"))) == []
    assert partners(_sense(BIRD, ("noun", "1. **"))) == [], "a definition that is none"


@pytest.mark.parametrize(
    ("other", "near"),
    [
        ("a tall gray bird with long legs", True),
        ("a tall grey bird with very long legs", True),
        ("a bird with long grey legs", True),
        ("a small grey bird of prey", False),
        ("a machine that lifts heavy loads", False),
    ],
)
def test_near_equal_definitions(other, near):
    one, two = (Definition(part_of_speech="noun", definition=text) for text in (BIRD[1], other))
    assert near_equal(one, two) is near
    verb = Definition(part_of_speech="verb", definition=other)
    assert not near_equal(one, verb)


@pytest.mark.parametrize(
    ("sense", "reason"),
    [
        (_sense(BIRD), "no-partner"),
        (_sense(BIRD, STRETCH), "no-partner"),
        (_sense(BIRD, HOIST, ("noun", BIRD[1] + " indeed"), number=2), "near-equal-definitions"),
        (_sense(("adjective", "tall and thin"), BIRD, HOIST), "part-of-speech"),
        (_sense(("noun", "1. a tall grey bird"), HOIST), "markup"),
        (_sense(("noun", "a **tall** grey bird"), HOIST), "markup"),
        (_sense(("noun", "bird"), HOIST), "too-short"),
        (_sense(("noun", "a bird " * 13), HOIST), "too-long"),
        (_sense(("noun", ""), HOIST), "no-words"),
        (_sense(("noun", "definition: a tall grey bird"), HOIST), "meta-text"),
        (_sense(("noun", "высокая серая птица"), HOIST), "not-latin"),
        (_sense(("noun", "a bird of the family of cranes"), HOIST), "circular"),
        (_sense(("noun", "a tall grey bird; a machine for lifting"), HOIST), "two-meanings"),
        (_sense(("noun", "a single musical sound, or the sign for it"), HOIST), "two-meanings"),
        (_sense(("verb", "to sound a bell or to call by telephone"), STRETCH), "two-meanings"),
        (_sense(BIRD, HOIST, word="Crane"), "no-single-word"),
        (_sense(BIRD, HOIST, word="crane fly"), "no-single-word"),
        (_sense(BIRD, HOIST, word="crane (noun)"), "no-single-word"),
    ],
)
def test_a_sense_that_is_none(sense, reason):
    with pytest.raises(Rejected) as caught:
        WIC.seeds[-1].check(sense)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        "to carry out a plan, an order or a movement",
        "to carry out a plan, an order, or a movement",
        "the happy feeling when something bad ends or does not happen",
        "to have the same colour or pattern as something else",
        "food, money or clothes for people in need",
    ],
)
def test_one_meaning_may_list_things(text):
    check_definition(Definition(part_of_speech="noun", definition=text), "crane")


@pytest.mark.parametrize("word", "address glass press pass process lens boss dress bus".split())
def test_the_word_itself_is_never_a_shared_word(word):
    for one in forms(word):
        for other in forms(word):
            assert not shared_words(word, f"Nobody saw the {one} there.", f"Our {other} fell off.")


@pytest.mark.parametrize(
    ("one", "two", "shared"),
    [
        ("The glass fell.", "Two glasses stood there.", {"glass"}),
        ("Dresses hung on the wall.", "Her dress was green.", {"dresses"}),
        ("A bus stopped.", "Three trains left.", set()),
        ("The trains left.", "A train came in.", {"trains"}),
        ("The engine's noise woke us.", "Engines were tested.", {"engine"}),
    ],
)
def test_words_of_content_are_compared_without_the_plural_s(one, two, shared):
    assert shared_words("crane", one, two) == shared


@needs_data
def test_how_many_official_pairs_share_a_word():
    """The figures of the task's page: 6.4 % of the true and 0.8 % of the false pairs."""
    rows = _official("train")
    actual = Counter(
        row["label"]
        for row in rows
        if shared_words(str(row["word"]), str(row["sentence1"]), str(row["sentence2"]))
    )
    total = Counter(row["label"] for row in rows)
    assert {label: round(100 * actual[label] / total[label], 1) for label in total} == {
        True: 6.4,
        False: 0.8,
    }


def test_a_sense_must_have_its_number():
    with pytest.raises(
        ValidationError, match="there is no definition 1: the list has 1, counted from 0"
    ):
        _sense(BIRD, number=1)


# --- rows -------------------------------------------------------------------


def test_every_row_is_in_the_official_form(run):
    ran = run(task="wic", rows=60)
    assert len(ran.rows) == 60
    for idx, row in enumerate(ran.rows):
        assert list(row) == (
            "word sentence1 sentence2 start1 end1 start2 end2 version label idx".split()
        )
        assert row["idx"] == idx
        assert row["version"] == 1.1
        assert row["label"] in (True, False)
        WIC.schema.model_validate(row, strict=True)
        for number in (1, 2):
            sentence = row[f"sentence{number}"]
            span = Span(row[f"start{number}"], row[f"end{number}"])
            assert find(row["word"], sentence) == [span]
    assert Counter(row["label"] for row in ran.rows) == {True: 30, False: 30}


def test_reading_a_row_back_gives_the_instance(run):
    for row in run(task="wic", rows=6).rows:
        (instance,) = WIC.from_rows([row])
        assert WIC.to_rows(instance, row["idx"]) == [row]
        assert WIC.label_of(instance) == str(row["label"]).lower()


ROW = {
    "word": "crane",
    "sentence1": "Two cranes stood in the reeds.",
    "sentence2": "The crane lifted a bath tub.",
    "start1": 4,
    "end1": 10,
    "start2": 4,
    "end2": 9,
    "version": 1.1,
    "idx": 3,
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"end1": 31}, "start1 4 and end1 31 are not a span of sentence1, which has 30 characters"),
        ({"start2": 9}, "start2 9 and end2 9 are not a span of sentence2"),
        ({"start1": -26}, "start1 -26 and end1 10 are not a span"),
        ({"end1": 9, "start1": 3}, "sentence1 has ' crane' at 3, no form of 'crane'"),
        ({"start2": 10, "end2": 16}, "sentence2 has 'lifted' at 10, no form of 'crane'"),
        ({"version": 1.0}, "version is 1.0; the official files are of 1.1"),
        ({"word": " "}, "word is empty"),
        ({"label": "true"}, "label"),
        ({"idx": None}, "idx"),
        ({"meaning": "bird"}, "meaning"),
    ],
)
def test_the_schema_says_what_is_wrong(change, words):
    WIC.schema.model_validate(ROW, strict=True)
    WIC.schema.model_validate({**ROW, "label": False}, strict=True)
    with pytest.raises(ValidationError) as caught:
        WIC.schema.model_validate_json(json.dumps({**ROW, **change}), strict=True)
    assert words in str(caught.value)


ODDITIES = {("train", 1868): "sentence1 has 'round' at 20, no form of 'call'"}


def _official(split: str) -> list[dict[str, object]]:
    lines = (DATA / f"{split}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


@needs_data
def test_the_official_files_validate_but_for_the_oddities():
    actual, count, missed = {}, 0, 0
    for split in ("train", "val", "test"):
        for row in _official(split):
            try:
                WIC.schema.model_validate(row, strict=True)
            except ValidationError as error:
                actual[split, row["idx"]] = error.errors()[0]["msg"].removeprefix("Value error, ")
            for number in "12":
                count += 1
                spans = find(row["word"], row[f"sentence{number}"])
                missed += Span(row[f"start{number}"], row[f"end{number}"]) not in spans
    assert actual == ODDITIES
    assert (count, missed) == (14_932, 1)


@needs_data
def test_the_original_preset_is_the_original_count():
    labels = Counter(str(row["label"]).lower() for row in _official("train"))
    assert WIC.presets["original"] == dict(labels)
    first = Counter(str(row["label"]).lower() for row in _official("train")[:4843])
    assert WIC.presets["paper"] == dict(first)


def test_presets():
    assert sum(WIC.presets["paper"].values()) == sum(WIC.presets["balanced"].values()) == 4843
    assert WIC.presets["balanced"] == {"true": 2422, "false": 2421}


# --- the steps --------------------------------------------------------------


def _asked(ran, prompt):
    return [request for request in ran.requests if request.origin.prompt == prompt]


def test_there_are_no_contexts_and_at_most_four_definitions(run):
    ran = run(task="wic", rows=80)
    assert {request.origin.step for request in ran.requests} == {"seeds", "generate", "correct"}
    assert {request.origin.values["count"] for request in _asked(ran, "words")} == {80}
    assert {request.origin.values["count"] for request in _asked(ran, "definitions")} == {4}
    words = [request.origin.values["word"] for request in _asked(ran, "definitions")]
    assert len(set(words)) == len(words), "one list of definitions a word"


def test_a_word_with_more_definitions_keeps_four(run):
    def more(step, good, repair):
        if "definitions" in good:
            extra = {"part_of_speech": "noun", "definition": "something else altogether"}
            return {"definitions": [*good["definitions"], extra]}
        return good

    ran = run(more, task="wic", rows=8)
    assert {len(entry["seed"]["definitions"]) for entry in ran.provenance} == {4}


def test_both_labels_are_asked_for_in_the_very_same_form(run):
    """The request tells the label by nothing but the meanings that it names."""
    ran = run(task="wic", rows=40)
    messages: dict[str, list] = {"true": [], "false": []}
    for request in _asked(ran, "sentences"):
        values = request.origin.values
        same = (values["part1"], values["meaning1"]) == (values["part2"], values["meaning2"])
        messages[str(same).lower()].append(request.messages)
    assert all(len(actual) >= 20 for actual in messages.values())
    ahead = {tuple(part.content for part in m[:-1]) for actual in messages.values() for m in actual}
    assert len(ahead) == 1
    form = re.compile(
        r"Word: \w+\nSentence 1: a (noun|verb), meaning .+\nSentence 2: a (noun|verb), meaning .+\n"
        r"Sentences already taken: none\n\nKeep to this:\nsentence 1: .+; sentence 2: .+; style: .+"
    )
    assert all(form.fullmatch(m[-1].content) for actual in messages.values() for m in actual)


def test_meanings_agree_or_differ_as_the_label_says(run):
    firsts = Counter()
    for entry in run(task="wic", rows=200).provenance:
        notes, seed = entry["notes"], entry["seed"]
        if entry["intended"] == "true":
            assert notes == {"meaning1": seed["number"], "meaning2": seed["number"]}
            continue
        assert seed["number"] in notes.values()
        assert notes["meaning1"] != notes["meaning2"]
        one, two = (seed["definitions"][number] for number in notes.values())
        assert one["part_of_speech"] == two["part_of_speech"]
        assert not near_equal(Definition(**one), Definition(**two))
        firsts[notes["meaning1"] == seed["number"]] += 1
    assert min(firsts.values()) >= 30, "the seed's own meaning is now first, now second"


def test_false_takes_a_near_meaning_or_a_far_one_as_drawn(run):
    pairs = Counter()
    for entry in run(task="wic", rows=240).provenance:
        if entry["intended"] == "true":
            continue
        seed, notes = entry["seed"], entry["notes"]
        one, two = (seed["definitions"][notes[f"meaning{n}"]]["family"] for n in (1, 2))
        pairs[entry["dimensions"]["senses"], one == two] += 1
    assert pairs["near", True] > pairs["near", False]
    assert pairs["far", False] > pairs["far", True]
    assert pairs["near", True] > pairs["far", False], "two near ones to a far one, where there are"


def test_a_meaning_of_no_known_family_is_far():
    assert not is_near(Definition(part_of_speech="noun", definition="a bird"), HOIST_MEANING)
    near = HOIST_MEANING.model_copy(update={"family": 2})
    assert is_near(near, near)


def test_a_word_gives_two_seeds_at_most(run):
    ran = run(task="wic", rows=200)
    numbers: dict[str, set[int]] = {}
    for entry in ran.provenance:
        numbers.setdefault(entry["seed"]["word"], set()).add(entry["seed"]["number"])
    assert max(map(len, numbers.values())) == 2


def test_the_paper_s_variant_mixes_parts_of_speech(run):
    ran = run(task="wic", rows=120, variants=["paper"])
    pairs = Counter()
    for entry in ran.provenance:
        if entry["intended"] == "false":
            parts = [
                entry["seed"]["definitions"][number]["part_of_speech"]
                for number in entry["notes"].values()
            ]
            pairs[len(set(parts))] += 1
    assert pairs[2] >= 5
    assert pairs[1] >= 5
    for row in ran.rows:
        WIC.schema.model_validate(row, strict=True)


def test_a_sense_without_a_partner_is_left_out_but_not_in_the_variant(run):
    def one_of_each(step, good, repair):
        if "definitions" in good:
            noun, verb = ("noun", "a tall grey bird"), ("verb", "to stretch the neck")
            made = [{"part_of_speech": p, "definition": d} for p, d in (noun, verb)]
            return {"definitions": made}
        return good

    ran = run(one_of_each, task="wic", rows=4)
    assert ran.rows == []
    assert ran.reasons == {"no-partner"}
    assert not _asked(ran, "sentences"), "no call was made for them"


def test_the_variant_takes_a_noun_and_a_verb(run):
    def one_of_each(step, good, repair):
        if "definitions" in good:
            noun, verb = ("noun", "a tall grey bird"), ("verb", "to stretch the neck")
            made = [{"part_of_speech": p, "definition": d} for p, d in (noun, verb)]
            return {"definitions": made}
        return good

    ran = run(one_of_each, task="wic", rows=8, variants=["paper"])
    assert len(ran.rows) == 8


def test_few_words_are_drawn_of_again_and_told_what_is_taken(run):
    def three(step, good, repair):
        return {"words": ["bromel", "drindar", "slelock"]} if "words" in good else good

    ran = run(three, task="wic", rows=50, give_up_after=60)
    assert len(ran.rows) == 50
    assert {row["word"] for row in ran.rows} == {"bromel", "drindar", "slelock"}
    later = [r for r in _asked(ran, "sentences") if r.origin.values["have"] != "none"]
    assert later
    for request in later[:10]:
        assert request.origin.values["word"] in request.origin.values["have"]


def test_a_users_own_senses(run, tmp_path):
    path = tmp_path / "senses.jsonl"
    senses = [_sense(BIRD, HOIST, number=number).model_dump() for number in (0, 1)]
    path.write_text("".join(json.dumps(sense) + "\n" for sense in senses))
    ran = run(task="wic", rows=4, seeds=path)
    assert {row["word"] for row in ran.rows} == {"crane"}
    assert {request.origin.step for request in ran.requests} == {"generate", "correct"}


@settings(max_examples=6, deadline=None)
@given(
    true=st.integers(0, 25),
    false=st.integers(0, 25),
    bad=st.sampled_from([0.0, 0.1, 0.3]),
    seed=st.integers(0, 99),
)
def test_quotas_hold_exactly(true, false, bad, seed):
    assume(true + false)
    registry = load_registry()
    spec = RunSpec(
        task="targen-tasks-superglue:wic",
        quotas={"true": true, "false": false},
        backend="targen-core:scripted",
        options={"garbage_rate": bad},
        seed=seed,
        limits=Limits(concurrency=8),
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        Job.create(registry, spec, Path(folder) / "run") as job,
    ):
        report = job.run()
        lines = (Path(folder) / "run" / "dataset.jsonl").read_text(encoding="utf-8").split("\n")
    assert report["rows"] == {"true": true, "false": false}
    rows = [json.loads(line) for line in lines if line]
    assert Counter(row["label"] for row in rows) == Counter({True: true, False: false})
    for row in rows:
        WIC.schema.model_validate(row, strict=True)


def test_a_label_changes_only_by_a_correction_on_record(run):
    def contrary(step, good, repair):
        if "verdict" in good:
            other = {"true": "false", "false": "true"}[good["actual"]]
            return {**good, "actual": other, "verdict": "incorrect"}
        return good

    ran = run(contrary, task="wic", rows=12)
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert {entry["intended"], entry["label"]} == {"true", "false"}
        assert str(row["label"]).lower() == entry["label"]
        assert entry["explanation"]
    flow = ran.report["flow"]
    assert not flow["true"]["accepted"].get("true")
    assert not flow["false"]["accepted"].get("false")


def test_the_dry_run_is_varied(run):
    ran = run(task="wic", rows=600)
    assert len(ran.rows) == 600
    assert sum(flow["duplicate"] for flow in ran.report["flow"].values()) < 60
    assert len({row["word"] for row in ran.rows}) >= 45
    labels = Counter()
    for row in ran.rows:
        same = row["sentence1"][row["start1"] : row["end1"]].lower()
        same_form = same == row["sentence2"][row["start2"] : row["end2"]].lower()
        labels[row["label"], same_form] += 1
        assert not shared_words(row["word"], row["sentence1"], row["sentence2"])
    share = {label: labels[label, True] / 300 for label in (True, False)}
    assert abs(share[True] - share[False]) < 0.1, "inflection does not give the label away"


# --- prompts and worked examples --------------------------------------------

NAMES = re.compile(
    r"\b(super\s*-?glue|glue|wic|words? in context|benchmark\w*|data\s*-?sets?|wordnet|"
    r"training data|test set|targen)\b",
    re.IGNORECASE,
)


def test_nothing_that_is_sent_names_a_benchmark(run):
    ran = run(task="wic", rows=20)
    assert WIC.texts.instruction_template is not None
    texts = {message.content for request in ran.requests for message in request.messages}
    for text in (*texts, WIC.texts.instruction_template.text, WIC.description):
        assert not NAMES.search(text), NAMES.search(text)


def _worked() -> list[str]:
    texts: list[str] = []
    for turn in PROMPTS["sentences"].fill(dict.fromkeys(PROMPTS["sentences"].variables, "x")):
        if turn.role == "assistant":
            texts += json.loads(turn.content).values()
    assert WIC.texts.instruction_template is not None
    tuned = [WIC.texts.instruction_template.text]
    for text in (*tuned, *(sample.input for sample in WIC.judging.samples)):
        texts += re.findall(r"^Sentence \d: (.+)$", text, re.MULTILINE)
    return texts


@needs_data
def test_no_worked_example_is_nearly_an_original_sentence():
    original = {
        " ".join(re.findall(r"\w+", str(row[f"sentence{number}"]).lower()))
        for split in ("train", "val", "test")
        for row in _official(split)
        for number in "12"
    }
    worked = _worked()
    assert len(worked) >= 20
    for text in worked:
        plain = " ".join(re.findall(r"\w+", text.lower()))
        nearest = process.extractOne(plain, original, scorer=fuzz.ratio)
        assert nearest[1] < 80, f"{text!r} is nearly {nearest[0]!r}"


def test_worked_sentences_keep_the_rules_that_they_teach():
    turns = PROMPTS["sentences"].fill(dict.fromkeys(PROMPTS["sentences"].variables, "x"))
    pairs = zip(turns[1:-1:2], turns[2::2], strict=True)
    for user, assistant in pairs:
        word = re.search(r"^Word: (\w+)$", user.content, re.MULTILINE)[1]
        parts = re.findall(r": a (noun|verb), meaning", user.content)
        reply = json.loads(assistant.content)
        for sentence, part in zip(reply.values(), parts, strict=True):
            locate(word, sentence, part)
        assert not shared_words(word, *reply.values())


def test_samples_read_as_the_question_does():
    row = WicRow.model_validate({k: v for k, v in ROW.items() if k != "idx"} | {"label": True})
    form = re.compile(r"Word: (\w+)\nSentence 1: (.+)\nSentence 2: (.+)")
    assert form.fullmatch(WIC.render(row))
    for sample in WIC.judging.samples:
        word, one, two = form.fullmatch(sample.input).groups()
        if sample.actual != "no_valid_instance":
            assert len(find(word, one)) == len(find(word, two)) == 1


def test_the_tuning_prompt_reads():
    assert WIC.texts.instruction_template is not None
    turns = WIC.texts.instruction_template.fill(
        {"instructions": "I", "input": "THE INPUT", "output": "true"}
    )
    assert [turn.role for turn in turns] == ["user", "assistant"]
    assert turns[0].content.endswith("THE INPUT\nOutput:")
    assert turns[1].content == "true"
