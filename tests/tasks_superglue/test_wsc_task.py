"""What WSC is: its rows and spans, whom its pronouns mean, its prompts and its counts."""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from rapidfuzz import fuzz, process

from targen_core import Rejected, load_registry
from targen_core.options import Limits
from targen_core.reading import read_jsonl
from targen_core.runs.jobs.job import Job
from targen_core.runs.records.spec import RunSpec
from targen_tasks_superglue.shared.mentions import same_words, words_of
from targen_tasks_superglue.shared.people import FEMALE_NAMES, MALE_NAMES
from targen_tasks_superglue.shared.subjects import PRONOUNS, PronounPair
from targen_tasks_superglue.wsc import WSC, Target, WscRow
from targen_tasks_superglue.wsc.marks import read_passage
from targen_tasks_superglue.wsc.spans import first_mentions, make_row

ORIGINAL = Path(__file__).parents[3] / "shared" / "data" / "superglue" / "WSC"
needs_original = pytest.mark.skipif(
    not ORIGINAL.is_dir(), reason=f"the original data is not at {ORIGINAL}"
)


def _lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def _pair(entry: dict) -> PronounPair:
    return PronounPair.model_validate(entry["seed"])


def _asks_first(row: dict, pair: PronounPair) -> bool:
    """Whether span 1 is the phrase that the text names first."""
    first = next(iter(first_mentions(row["text"], pair)))
    return same_words(re.sub(r"^(the|an?) ", "", row["target"]["span1_text"].lower()), first)


# --- rows and their spans ---------------------------------------------------


def test_every_row_is_in_the_official_form(run):
    ran = run(task="wsc", rows=60)
    assert Counter(row["label"] for row in ran.rows) == {True: 30, False: 30}
    for idx, row in enumerate(ran.rows):
        assert list(row) == ["text", "target", "label", "idx"]
        assert list(row["target"]) == ["span1_text", "span1_index", "span2_text", "span2_index"]
        assert row["idx"] == idx
        WSC.schema.model_validate(row)
        WSC.schema.model_validate({name: row[name] for name in row if name != "label"})
        tokens, target = row["text"].split(), row["target"]
        assert " ".join(tokens) == row["text"]
        size = len(target["span1_text"].split())
        span = " ".join(tokens[target["span1_index"] : target["span1_index"] + size])
        assert span.strip(".,") == target["span1_text"]
        assert tokens[target["span2_index"]].strip(".,") == target["span2_text"]
        assert "[" not in row["text"]
        assert "=" not in row["text"]


def test_a_row_is_read_back_as_its_instance(run):
    for row in run(task="wsc", rows=12).rows:
        (instance,) = WSC.from_rows([row])
        (again,) = WSC.to_rows(instance, row["idx"])
        assert dict(again) == row


@needs_original
def test_rows_have_the_fields_and_types_of_the_original_ones(run):
    original = _lines(ORIGINAL / "train.jsonl")[0]
    for row in run(task="wsc", rows=4).rows:
        assert {name: type(row[name]) for name in row} == {n: type(original[n]) for n in row}
        assert row["target"].keys() == original["target"].keys()


ODDITIES = {
    # A wrong index, and spans that are not in the text in one piece.
    "train": {},
    "val": {42: "span2"},
    "test": {80: "span1", 81: "span1", 82: "span1"},
}


@needs_original
@pytest.mark.parametrize("split", ODDITIES)
def test_the_original_data_is_valid_but_for_the_listed_oddities(split):
    refused = {}
    for row in _lines(ORIGINAL / f"{split}.jsonl"):
        try:
            WSC.schema.model_validate(row)
        except ValidationError as error:
            (problem,) = error.errors()
            refused[row["idx"]] = re.search(r"span[12]", problem["msg"])[0]
    assert refused == ODDITIES[split]


@needs_original
def test_original_rows_are_rendered_with_their_pronoun_marked():
    for row in _lines(ORIGINAL / "train.jsonl"):
        (instance,) = WSC.from_rows([row])
        shown = WSC.render(instance)
        (marked,) = re.findall(r"\[([^\]]+)\]", shown.split("\nPronoun: ")[0])
        assert same_words(marked, row["target"]["span2_text"])


TEXT = "The nurse thanked the patients' families, and they thanked the Nurse's team."


@pytest.mark.parametrize(
    ("span", "index"),
    [
        ("nurse", 1),
        ("The nurse", 0),
        ("the Nurse", 0),
        ("Nurse", 10),
        ("nurse\u2019s team", 10),
        ("the patients families", 3),
        ("the patients'\nfamilies,", 3),
        ("team", 11),
    ],
)
def test_spans_are_compared_as_the_original_ones_need(span, index):
    WscRow(text=TEXT, target=_target(span, index), label=True)


@pytest.mark.parametrize(
    ("span", "index", "said"),
    [
        ("nurse", 0, "the text has 'The' at word 0"),
        ("nurses", 1, "the text has 'nurse' at word 1"),
        ("nurse team", 1, "the text has 'nurse thanked'"),
        ("", 1, "span1_text is empty"),
        ("team", 12, "outside the text of 12 words"),
        ("nurse", -10, "outside the text"),
    ],
)
def test_a_span_that_is_not_at_its_index_is_told(span, index, said):
    with pytest.raises(ValidationError) as caught:
        WscRow(text=TEXT, target=_target(span, index), label=True)
    assert said in str(caught.value)


def _target(span: str, index: int) -> Target:
    return Target(span1_text=span, span1_index=index, span2_text="they", span2_index=7)


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


def test_the_first_phrase_predicts_no_label(run):
    """Under each label the phrase that is asked about comes first in half of the rows."""
    ran = run(task="wsc", rows=80)
    seen = Counter(
        (row["label"], _asks_first(row, _pair(entry)))
        for row, entry in zip(ran.rows, ran.provenance, strict=True)
    )
    assert seen == {(label, first): 20 for label in (True, False) for first in (True, False)}


def test_the_first_named_phrase_is_meant_equally_often_under_each_label(run):
    ran = run(task="wsc", rows=80)
    seen = Counter()
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        asks_first = _asks_first(row, _pair(entry))
        seen[row["label"], asks_first == row["label"]] += 1
    assert set(seen.values()) == {20}


def test_neither_the_listed_order_nor_the_naming_order_goes_with_a_label(run):
    ran = run(task="wsc", rows=80)
    seen = Counter()
    for entry in ran.provenance:
        seen[entry["label"], entry["notes"]["named_first"] == entry["seed"]["first"]] += 1
    assert len(seen) == 4
    assert max(seen.values()) - min(seen.values()) <= 4


def test_the_crossings_can_be_read_off_the_notes(run):
    ran = run(task="wsc", rows=40)
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        passage = int(entry["id"].rpartition("/")[2]) + 1
        means_first = _asks_first(row, _pair(entry)) == row["label"]
        assert entry["notes"][f"first_named_meant_{passage}"] is means_first
        assert means_first == (passage == 1)


# --- the paper's construction -----------------------------------------------


def test_the_paper_s_variant_leaves_the_order_to_the_model(tmp_path):
    """A model that likes to mean the first-named phrase makes it a trick, and the notes show it."""
    registry = load_registry()
    spec = RunSpec(
        task=registry.find("task", "wsc").id,
        quotas={"true": 100, "false": 100},
        backend="targen-core:scripted",
        variants=("paper",),
        limits=Limits(concurrency=4),
    )
    with Job.create(registry, spec, tmp_path / "run") as job:
        job.run()
    rows = list(read_jsonl(tmp_path / "run" / "dataset.jsonl"))
    assert Counter(row["label"] for row in rows) == {True: 100, False: 100}
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    prompts = {"settings", "subjects", "passages_paper", "meta"}
    assert set(manifest["lock"]["task"]["prompts"]) == prompts
    asks_first = Counter()
    for row, entry in zip(rows, read_jsonl(tmp_path / "run" / "provenance.jsonl"), strict=True):
        assert "named_first" not in entry["notes"]
        passage = int(entry["id"].rpartition("/")[2]) + 1
        first = _asks_first(row, _pair(entry))
        assert entry["notes"][f"first_named_meant_{passage}"] is (first == row["label"])
        asks_first[row["label"], first] += 1
    assert asks_first[True, True] > 1.5 * asks_first[True, False]
    assert asks_first[False, True] < asks_first[False, False] / 1.5


def test_the_paper_s_variant_asks_both_labels_for_the_same(run):
    asked = defaultdict(set)
    for request in run(task="wsc", rows=24, variants=("paper",)).requests:
        if request.origin.prompt == "passages_paper":
            values = request.origin.values
            asked[frozenset((values["first"], values["second"]))].add(request.messages)
            rules = request.messages[0].content
            assert not re.search(r"first and|behind|In passage|true|false", rules)
    assert asked
    assert all(len(messages) == 1 for messages in asked.values()), "nor is an order turned"


def test_the_paper_s_worked_passages_make_rows():
    (prompt,) = [p for p in WSC.varied(["paper"]).prompts if p.name == "passages_paper"]
    (assistant,) = [turn for turn in prompt.fill(dict.fromkeys(prompt.variables, "x"))
                    if turn.role == "assistant"]  # fmt: skip
    pair = PronounPair(first="pilot", second="mechanic", number="singular", pronoun="he")
    for text in json.loads(assistant.content)["passages"]:
        row = make_row(
            read_passage(text, pair), pair, means_first=None, label=True, rng=random.Random(0)
        )
        for check in WSC.checks:
            check(row, pair)


def test_the_label_is_what_the_marks_say(run):
    """The dry-run clauses show whom the pronoun means, whatever its marks were used for."""
    ran = run(task="wsc", rows=40)
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        means_first = re.search(r"\b(because|after finding)\b", row["text"]) is not None
        assert row["label"] == (_asks_first(row, _pair(entry)) == means_first)


def test_the_model_is_not_told_the_label(run):
    """What the two labels of a pair are asked is the same but for the order of the subjects."""
    by_seed = defaultdict(dict)
    for request in run(task="wsc", rows=24, labels_per_seed="all").requests:
        if request.origin.prompt == "passages":
            values = dict(request.origin.values)
            names = (values.pop("first"), values.pop("second"))
            by_seed[tuple(sorted(names)), values["pronouns"]].setdefault(names, 0)
            system = request.messages[0].content
            assert not re.search(r"\b(true|false|label)\b", system)
    assert by_seed
    assert all(len(orders) == 2 for orders in by_seed.values())


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


def test_seeds_are_names_people_groups_and_things_with_a_pronoun(run):
    ran = run(task="wsc", rows=160)
    seeds = [_pair(entry) for entry in ran.provenance]
    kinds = Counter(entry["dimensions"]["kind"] for entry in ran.provenance)
    assert kinds["names"] + kinds["people"] > kinds["groups"] + kinds["things"] > 40
    for entry, seed in zip(ran.provenance, seeds, strict=True):
        kind = entry["dimensions"]["kind"]
        assert seed.named == (kind == "names")
        assert (seed.number == "plural") == (kind == "groups")
        assert (seed.pronoun == "it") == (kind == "things")
    assert {seed.pronoun for seed in seeds if seed.number == "plural"} == {"they"}
    assert {seed.pronoun for seed in seeds if seed.number == "singular"} == {"he", "she", "it"}
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert row["target"]["span2_text"].lower() in PRONOUNS[entry["seed"]["pronoun"]]


def test_names_are_drawn_by_code_and_the_others_asked_for_by_kind(run):
    ran = run(task="wsc", rows=40)
    asked = Counter()
    for request in ran.requests:
        if request.origin.prompt == "pairs":
            values = request.origin.values
            asked[values["setting"], values["kind"]] += int(values["count"])
    assert {kind for _, kind in asked} == {"people", "groups", "things"}
    by_setting = Counter()
    for (setting, _), count in asked.items():
        by_setting[setting] += count
    assert max(by_setting.values()) <= 5
    named = [_pair(entry) for entry in ran.provenance if _pair(entry).named]
    for pair in named:
        pool = FEMALE_NAMES if pair.pronoun == "she" else MALE_NAMES
        assert {pair.first, pair.second} <= {*pool}
        assert pair.first[0] != pair.second[0]
    pairs = {pair.phrases for pair in named}
    assert len({first for first, _ in pairs}) > len(pairs) / 2


def test_names_are_told_their_setting_and_stand_bare(run):
    ran = run(task="wsc", rows=40)
    settings = {entry["above"][0] for entry in ran.provenance}
    for request in ran.requests:
        if request.origin.prompt == "passages":
            values = request.origin.values
            if values["first"].startswith("the "):
                assert values["setting"] == "any"
            else:
                assert values["setting"] in settings
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert row["target"]["span1_text"].lower().startswith("the ") != entry["seed"].get("named")


def test_one_kind_alone_may_be_asked_for(run):
    ran = run(task="wsc", rows=12, dimensions={"kind": ("things",)})
    assert {row["target"]["span2_text"].lower() for row in ran.rows} <= {"it", "its"}


def test_the_phrases_of_a_pair_say_nothing_of_the_label(run):
    ran = run(task="wsc", rows=48)
    labels = defaultdict(Counter)
    for entry in ran.provenance:
        labels[json.dumps(entry["seed"])][entry["label"]] += 1
    assert len(labels) == 12
    assert all(counts == {"true": 2, "false": 2} for counts in labels.values())


@pytest.mark.parametrize("variants", [[], ["paper"]])
@pytest.mark.parametrize("size", [1, 3, 7])
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


def test_ten_pairs_of_the_paper_are_asked_for_in_a_setting_five_of_each_number(run):
    ran = run(task="wsc", rows=4, variants=["paper"])
    asked = Counter()
    for request in ran.requests:
        if request.origin.prompt == "subjects":
            values = request.origin.values
            asked[values["setting"], values["number"]] += int(values["count"])
    assert asked
    assert set(asked.values()) == {5}
    assert {number for _, number in asked} == {"singular", "plural"}


def test_both_labels_of_a_pair_keep_to_the_same_form(run):
    """What is drawn goes with no label."""
    by_seed = defaultdict(set)
    for request in run(task="wsc", rows=24, labels_per_seed="all").requests:
        if request.origin.prompt == "passages":
            lines = request.messages[-1].content.partition("in order:\n")[2]
            assert re.fullmatch(r"1\. length: .+\n2\. length: .+", lines)
            values = request.origin.values
            by_seed[frozenset((values["first"], values["second"]))].add(lines)
    assert all(len(lines) == 1 for lines in by_seed.values())
    assert len({*map(frozenset, by_seed.values())}) > len(by_seed) / 2


def test_the_paper_s_variant_draws_nothing():
    assert WSC.varied(["paper"]).dimensions == ()


# --- runs -------------------------------------------------------------------


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_quotas_hold_exactly(true, false, seed):
    registry = load_registry()
    if not true + false:
        return
    spec = RunSpec(
        task=registry.find("task", "wsc").id,
        quotas={"true": true, "false": false},
        backend="targen-core:scripted",
        seed=seed,
        limits=Limits(concurrency=4),
    )
    with tempfile.TemporaryDirectory() as folder:
        with Job.create(registry, spec, Path(folder) / "run") as job:
            report = job.run()
        rows = list(read_jsonl(Path(folder) / "run" / "dataset.jsonl"))
    assert report["rows"] == {"true": true, "false": false}
    assert Counter(row["label"] for row in rows) == Counter({True: true, False: false})


@pytest.mark.parametrize("corrector", ["blind", "vote"])
def test_other_correctors_find_the_labels(corrector, run):
    """They are not shown the label: a dry-run passage says whom its pronoun means."""
    ran = run(task="wsc", rows=12, corrector=corrector)
    assert ran.problem == ""
    assert all(entry["label"] == entry["intended"] for entry in ran.provenance)


def test_a_large_dry_run_does_not_repeat_itself(run):
    ran = run(task="wsc", quotas={"true": 120, "false": 120})
    assert len(ran.rows) == 240
    assert "duplicate" not in {record["verdict"] for record in ran.rejects}


# --- prompts and counts -----------------------------------------------------

NAMES = re.compile(
    r"\b(super\s*-?glue|glue|wsc|winograd\w*|winogender|coreference|benchmark\w*|data\s*-?sets?|"
    r"training data|test set|targen)\b",
    re.IGNORECASE,
)


def test_nothing_that_is_sent_names_a_benchmark(run):
    for request in run(task="wsc", rows=12).requests:
        for message in request.messages:
            assert not NAMES.search(message.content), NAMES.search(message.content)
        assert not NAMES.search(f"{request.schema_name} {json.dumps(request.schema)}")


def test_the_passages_prompt_says_what_it_must():
    (prompt,) = [prompt for prompt in WSC.prompts if prompt.name == "passages"]
    values = {"first": "FIRST", "second": "SECOND", "pronouns": "he, him", "setting": "PLACE"}
    messages = prompt.fill(values)
    for part in ("one or two sentences", "[he=pilot]", "In passage 1", "In passage 2"):
        assert part in messages[0].content
    expected = "Subject 1: FIRST\nSubject 2: SECOND\nPronouns: he, him\nSetting: PLACE"
    assert messages[-1].content == expected


def test_the_worked_passages_keep_the_rules():
    (prompt,) = [prompt for prompt in WSC.prompts if prompt.name == "passages"]
    turns = prompt.fill(dict.fromkeys(prompt.variables, "x"))[1:-1]
    kinds = set()
    for user, assistant in zip(turns[::2], turns[1::2], strict=True):
        first, second, pronouns = re.fullmatch(
            r"Subject 1: (?:the )?(.+)\nSubject 2: (?:the )?(.+)\nPronouns: (\w+), .+\nSetting: .+"
            r"(?s:\n\nKeep .+)",
            user.content,
        ).groups()
        kinds.add((pronouns, named := first[0].isupper()))
        pair = PronounPair(first=first, second=second, pronoun=pronouns, named=named)
        passages = json.loads(assistant.content)["passages"]
        for text, means_first in zip(passages, (True, False), strict=True):
            passage = read_passage(text, pair)
            assert next(iter(first_mentions(passage.text, pair))) == first
            row = make_row(passage, pair, means_first=means_first, label=True, rng=random.Random(0))
            for check in WSC.checks:
                check(row, pair)
    assert kinds == {("he", False), ("she", True), ("it", False)}


@needs_original
def test_no_worked_example_is_nearly_an_original_row():
    texts = [sample.input for sample in WSC.judging.samples]
    for prompt in (*WSC.prompts, WSC.texts.instruction_template):
        if prompt.name in ("passages", "tuning"):
            texts += re.findall(r'"([A-Z][^"]{40,})"|^Text: (.+)$', prompt.text, re.MULTILINE)
    flat = ["".join(text) for text in texts]
    assert len(flat) >= 10
    original = {
        " ".join(words_of(row["text"])) for path in ORIGINAL.glob("*.jsonl") for row in _lines(path)
    }
    for text in flat:
        bare = re.sub(r"\[(\w+)(?:=[^\]]*)?\]", r"\1", text).split("\nPronoun:")[0]
        bare = " ".join(words_of(bare.removeprefix("Text: ")))
        actual = process.extractOne(bare, original, scorer=fuzz.ratio)
        assert actual[1] < 80, (bare, actual)


def test_correction_samples_cover_both_labels_right_and_wrong():
    kinds = Counter(
        (sample.actual, sample.actual == sample.output) for sample in WSC.judging.samples
    )
    for label in ("true", "false"):
        assert kinds[label, True] == kinds[label, False] == 1
    for sample in WSC.judging.samples:
        text, pronoun, phrase = re.fullmatch(
            r"Text: (.+)\nPronoun: (.+)\nPhrase: (.+)", sample.input
        ).groups()
        assert f"[{pronoun}]" in text
        assert phrase in text


def test_the_tuning_text_reads_as_the_input_does():
    user, assistant = WSC.texts.instruction_template.fill(
        {"instructions": "I", "input": "INPUT", "output": "O"}
    )
    assert user.content.startswith("I\n\nText: ")
    assert user.content.endswith("\n\nINPUT\nOutput:")
    assert assistant.content == "O"
    assert "tuning" not in {prompt.name for prompt in WSC.prompts}
    assert len(re.findall(r"^Text: .*\[\w+\].*\nPronoun: .+\nPhrase: .+\nOutput: (?:true|false)$",
                          user.content, re.MULTILINE)) == 2  # fmt: skip


def test_presets_are_the_paper_s_counts():
    assert WSC.presets["paper"] == {"true": 259, "false": 285}  # table 2
    assert WSC.presets["balanced"] == {"true": 272, "false": 272}


@needs_original
def test_the_original_preset_is_the_original_count():
    labels = Counter(row["label"] for row in _lines(ORIGINAL / "train.jsonl"))
    assert WSC.presets["original"] == {"true": labels[True], "false": labels[False]}


def test_each_step_has_its_temperature():
    temperatures = {step: params["temperature"] for step, params in WSC.parameters.items()}
    assert temperatures == {"contexts": 1.0, "seeds": 1.0, "generate": 0.7, "correct": 0.0}


def test_an_illegal_label_is_refused():
    row = WscRow(text=TEXT, target=_target("nurse", 1), label=True)
    assert WSC.with_label(row, "false").label is False
    with pytest.raises(Rejected):
        WSC.with_label(row, "maybe")
