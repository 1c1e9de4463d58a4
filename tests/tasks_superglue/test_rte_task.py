"""What RTE is: its rows, its prompts, its worked examples and its counts."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import ValidationError
from rapidfuzz import fuzz, process

from targen_tasks_superglue.rte import RTE, RteRow, steps
from targen_tasks_superglue.rte.checks import check_pair
from targen_tasks_superglue.shared.sentences import sentences

SUPERGLUE = Path(__file__).parents[3] / "shared" / "data" / "superglue"
needs_superglue = pytest.mark.skipif(
    not SUPERGLUE.is_dir(), reason=f"the original data is not at {SUPERGLUE}"
)
PROMPTS = {prompt.name: prompt for prompt in RTE.prompts}
HYPOTHESES = ("entailment", "contradicted", "open")


def test_every_row_is_in_the_official_form(run):
    ran = run(rows=60)
    assert len(ran.rows) == 60
    for idx, row in enumerate(ran.rows):
        assert list(row) == ["premise", "hypothesis", "label", "idx"]
        assert row["idx"] == idx
        assert row["label"] in ("entailment", "not_entailment")
        assert row["premise"].strip() == row["premise"] != ""
        assert row["hypothesis"].strip() == row["hypothesis"] != ""
    assert Counter(row["label"] for row in ran.rows) == {"entailment": 30, "not_entailment": 30}
    assert all(
        line.endswith(b"}") for line in (ran.path / "dataset.jsonl").read_bytes().split(b"\n")[:-1]
    )


@needs_superglue
def test_rows_have_the_fields_and_types_of_the_original_ones(run):
    with open(SUPERGLUE / "RTE" / "train.jsonl", encoding="utf-8") as file:
        original = json.loads(file.readline())
    labels = {json.loads(line)["label"] for line in open_lines(SUPERGLUE / "RTE" / "train.jsonl")}
    for row in run(rows=4).rows:
        assert {name: type(value) for name, value in row.items()} == {
            name: type(value) for name, value in original.items()
        }
        assert row["label"] in labels


def open_lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


def test_without_correction_rows_are_the_same_form(run):
    ran = run(rows=6, corrector=None)
    assert [row["idx"] for row in ran.rows] == list(range(6))
    assert all(entry["label"] == entry["intended"] for entry in ran.provenance)


def test_each_row_leads_back_to_its_seed_and_calls(run):
    ran = run(rows=10)
    journal = {
        record["key"]: record
        for line in (ran.path / "journal").read_text().splitlines()
        for record in [json.loads(line[9:])]
    }
    for row, entry in zip(ran.rows, ran.provenance, strict=True):
        assert entry["idx"] == row["idx"]
        assert entry["seed"]["premise"] == row["premise"]
        steps = [journal[key]["step"] for key in entry["calls"]]
        assert set(steps) == {"contexts", "seeds", "generate", "correct"}
        assert any(row["hypothesis"] in journal[key]["text"] for key in entry["calls"])


def kinds(ran) -> Counter[str]:
    """The kinds of the not-entailed candidates of a run."""
    return Counter(
        record["dimensions"]["kind"]
        for record in (*ran.provenance, *ran.rejects)
        if record.get("intended") == "not_entailment"
    )


def test_a_quarter_of_what_is_not_entailed_is_contradicted(run):
    """As in the original data: the prompt of each call is the one that its draw names."""
    ran = run(quotas={"entailment": 0, "not_entailment": 200})
    drawn = kinds(ran)
    assert set(drawn) == {"contradicted", "open"}
    assert abs(drawn["contradicted"] / drawn.total() - 0.25) < 0.05
    prompts = Counter(
        request.origin.prompt for request in ran.requests if request.origin.step == "generate"
    )
    assert set(prompts) == {"contradicted", "open"}
    assert abs(prompts["contradicted"] / prompts.total() - 0.25) < 0.05


def test_the_kinds_do_not_depend_on_the_label_s_neighbours(run, tmp_path):
    """The kind is the place's: the same seed has the same kind whatever else is requested."""
    runs = []
    for name, quotas in (
        ("both", {"entailment": 20, "not_entailment": 20}),
        ("one", {"entailment": 0, "not_entailment": 30}),
    ):
        ran = run(quotas=quotas)
        runs.append({entry["id"]: entry["dimensions"]["kind"] for entry in ran.provenance})
        (tmp_path / "run").rename(tmp_path / name)
    shared = runs[0].keys() & runs[1].keys()
    assert len(shared) >= 10
    assert all(runs[0][place] == runs[1][place] for place in shared)


def test_both_labels_of_a_premise_keep_to_the_same_draws(run):
    """Nothing that is drawn tells the label: the same for both, and said in the same words."""
    by_seed: dict[str, list[dict[str, str]]] = {}
    for entry in run(rows=40, labels_per_seed="all").provenance:
        by_seed.setdefault(entry["seed"]["premise"], []).append(entry["dimensions"])
    pairs = [drawn for drawn in by_seed.values() if len(drawn) == 2]
    assert pairs
    assert all(first == second for first, second in pairs)


def test_premises_differ_in_length_as_the_original_ones_do(run):
    ran = run(rows=200)
    sizes = Counter(entry["dimensions"]["text_length"].split()[0] for entry in ran.provenance)
    assert 0.5 < sizes["one"] / sizes.total() < 0.75
    several = sum(len(sentences(row["premise"])) > 1 for row in ran.rows)
    assert 0.2 < several / len(ran.rows) < 0.5


NAMES = re.compile(
    r"\b(super\s*-?glue|glue|rte|benchmark\w*|data\s*-?sets?|textual entailment|nli|snli|mnli|"
    r"training data|test set|targen)\b",
    re.IGNORECASE,
)


def test_nothing_that_is_sent_names_a_benchmark(run):
    ran = run(rows=40)
    texts = {message.content for request in ran.requests for message in request.messages}
    assert len(texts) > 50
    for text in texts:
        assert not NAMES.search(text), NAMES.search(text)
    # The pattern finds what it is for.
    assert NAMES.search("like the rows of SuperGLUE's RTE dataset")


def test_a_schema_s_name_tells_nothing_either(run):
    for request in run(rows=4).requests:
        assert not NAMES.search(request.schema_name.replace("_", " "))
        assert not NAMES.search(json.dumps(request.schema))


def test_prompts_say_what_they_must(run):
    """What goes into each step: a topic, a premise, the label's meaning, and the form."""
    values = {"premise": "PREMISE HERE"}
    for name in HYPOTHESES:
        messages = PROMPTS[name].fill(values)
        assert messages[-1].content == "Premise: PREMISE HERE"
        assert '{"basis": "...", "hypothesis": "..."}' in messages[0].content
    filled = PROMPTS["premises"].fill({"topic": "TOPIC", "count": 5, "have": "EARLIER"})
    assert all(word in filled[-1].content for word in ("TOPIC", "5", "EARLIER"))
    filled = PROMPTS["themes"].fill({"count": 10, "have": "EARLIER"})
    assert all(word in filled[-1].content for word in ("10", "EARLIER"))


def test_an_empty_list_is_told_in_the_words_of_the_worked_one(run):
    (first, *_) = [r for r in run(rows=2).requests if r.origin.prompt == "premises"]
    worked, asked = (
        [line for line in message.content.split("\n") if line.startswith("Earlier texts")]
        for message in (first.messages[1], first.messages[-1])
    )
    assert worked == asked == ["Earlier texts on this topic: none"]


def test_both_labels_are_asked_for_in_the_same_form():
    """Length and wording must not give the label away: the rules on form are the same ones."""
    form = [PROMPTS[name].fill({"premise": "x"})[0].content.split("\n")[-6:] for name in HYPOTHESES]
    assert form[0] == form[1] == form[2]
    premises = [[p for p, _ in _pairs(name)] for name in HYPOTHESES]
    assert premises[0] == premises[1] == premises[2]


# --- worked examples --------------------------------------------------------


def _pairs(name: str) -> list[tuple[str, str]]:
    """The worked (premise, hypothesis) pairs of a prompt."""
    turns = PROMPTS[name].fill({"premise": "x"})[1:-1]
    return [
        (
            user.content.removeprefix("Premise: ").partition("\n")[0],
            json.loads(answer.content)["hypothesis"],
        )
        for user, answer in zip(turns[::2], turns[1::2], strict=True)
    ]


def _worked() -> list[str]:
    """Every worked text: premises, hypotheses, and both together."""
    texts: list[str] = []
    for name in HYPOTHESES:
        for premise, hypothesis in _pairs(name):
            texts += [premise, hypothesis, f"{premise} {hypothesis}"]
    for sample in RTE.judging.samples:
        premise, hypothesis = sample.input.removeprefix("Premise: ").split("\nHypothesis: ")
        texts += [premise, hypothesis, f"{premise} {hypothesis}"]
    for turn in PROMPTS["premises"].fill({"topic": "x", "count": 1, "have": "x"}):
        if turn.role == "assistant":
            texts += json.loads(turn.content)["texts"]
    return list(dict.fromkeys(texts))


@cache
def _original() -> list[str]:
    """Every text of the original data: fields, pairs of fields, sentences of passages."""
    texts: dict[str, None] = {}

    def collect(value: object) -> None:
        if isinstance(value, str):
            if len(value) >= 15:
                texts[_plain(value)] = None
                if len(value) > 200:
                    for sentence in re.split(r"(?<=[.!?]) +|\n|<br>", value):
                        if len(sentence) >= 15:
                            texts[_plain(sentence)] = None
        elif isinstance(value, dict):
            for part in value.values():
                collect(part)
            for first, second in (("premise", "hypothesis"), ("sentence1", "sentence2")):
                if first in value and second in value:
                    texts[_plain(f"{value[first]} {value[second]}")] = None
        elif isinstance(value, list):
            for part in value:
                collect(part)

    for path in sorted(SUPERGLUE.glob("*/*.jsonl")):
        for line in open_lines(path):
            collect(json.loads(line))
    return list(texts)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


def _nearest(text: str) -> tuple[str, float]:
    actual = process.extractOne(_plain(text), _original(), scorer=fuzz.ratio)
    assert actual is not None
    return actual[0], actual[1]


@needs_superglue
def test_no_worked_example_is_nearly_a_row_of_the_original_data():
    worked = _worked()
    assert len(worked) > 40
    assert len(_original()) > 50_000
    for text in worked:
        nearest, score = _nearest(text)
        assert score < 85, f"{text!r} is nearly {nearest!r}"


@needs_superglue
def test_the_search_for_copies_finds_one():
    original = json.loads(open_lines(SUPERGLUE / "RTE" / "train.jsonl")[1])
    altered = original["premise"].replace("place", "town").replace("Chicago", "Boston")
    assert _nearest(altered)[1] >= 85
    assert _nearest(f"{altered} {original['hypothesis']}")[1] >= 85


def test_correction_samples_cover_both_labels_right_and_wrong():
    kinds = Counter((s.actual, s.actual == s.output) for s in RTE.judging.samples)
    for label in ("entailment", "not_entailment"):
        assert kinds[label, True] >= 1
        assert kinds[label, False] >= 1
    assert {s.output for s in RTE.judging.samples} == {"entailment", "not_entailment"}
    assert all(s.actual in s.input or s.explanation for s in RTE.judging.samples)
    assert len({s.input for s in RTE.judging.samples}) == len(RTE.judging.samples)


def test_a_worked_sample_reads_as_the_question_does(run):
    """The turns of the samples have the very form of the question that follows them."""
    (request, *_) = [r for r in run(rows=2).requests if "verdict" in r.schema["properties"]]
    users = [m.content for m in request.messages if m.role == "user"]
    assert len(users) == len(RTE.judging.samples) + 1
    for text in users:
        assert re.fullmatch(
            r"Input:\nPremise: .+\nHypothesis: .+\n\nWorker's output: (not_)?entailment", text
        )
    for message in request.messages:
        if message.role == "assistant":
            reply = json.loads(message.content)
            assert list(reply) == ["explanation", "actual", "verdict"]


# --- counts and versions ----------------------------------------------------


def test_presets_are_the_paper_s_counts():
    assert RTE.presets["paper"] == {"entailment": 1249, "not_entailment": 1241}  # Table 2
    assert sum(RTE.presets["original"].values()) == 2490


@needs_superglue
def test_the_original_preset_is_the_original_count():
    lines = open_lines(SUPERGLUE / "RTE" / "train.jsonl")
    labels = Counter(json.loads(line)["label"] for line in lines)
    assert RTE.presets["original"] == dict(labels)


def test_the_manifest_holds_each_prompt_s_version(run):
    manifest = json.loads((run(rows=2).path / "manifest.json").read_text())
    for name, version in manifest["lock"]["task"]["prompts"].items():
        package = "targen_core.correctors" if name == "meta" else "targen_tasks_superglue.rte"
        text = (files(package) / "prompts" / f"{name}.md").read_text(encoding="utf-8")
        assert version == hashlib.sha256(text.encode()).hexdigest()[:12]
    assert set(manifest["lock"]["task"]["prompts"]) == {*HYPOTHESES, "themes", "premises", "meta"}
    assert manifest["lock"]["task"]["version"] == RTE.version


def test_each_step_has_its_temperature():
    temperatures = {step: params["temperature"] for step, params in RTE.parameters.items()}
    assert temperatures == {"contexts": 1.0, "seeds": 1.0, "generate": 0.7, "correct": 0.0}


# --- the paper's variant, official rows, instruction tuning -----------------


def test_the_paper_s_variant_asks_for_sound_and_unsound_hypotheses(run):
    ran = run(rows=20, variants=("paper",))
    assert Counter(row["label"] for row in ran.rows) == {"entailment": 10, "not_entailment": 10}
    prompts = {request.origin.prompt for request in ran.requests}
    assert prompts == {"topics", "sentences", "sound", "unsound", "meta"}
    manifest = json.loads((ran.path / "manifest.json").read_text())
    assert set(manifest["lock"]["task"]["prompts"]) == prompts
    assert not any("dimensions" in entry for entry in ran.provenance)


def test_the_paper_s_variant_holds_neither_label_to_a_form():
    """A rule for one label alone, such as "affirmative", would mark the other by its "not"."""
    prompts = {prompt.name: prompt for prompt in RTE.varied(["paper"]).prompts}
    sound, unsound = (prompts[name].fill({"premise": "x"}) for name in ("sound", "unsound"))
    assert "affirmative" not in sound[0].content + unsound[0].content
    assert sound[0].content.split("\n")[1:] == unsound[0].content.split("\n")[1:]
    assert [turn.content for turn in sound[1::2]] == [turn.content for turn in unsound[1::2]]


def test_without_seeds_a_call_writes_the_whole_pair(run):
    ran = run(rows=24, variants=("no-seeds",), contexts_limit=4)
    assert Counter(row["label"] for row in ran.rows) == {"entailment": 12, "not_entailment": 12}
    assert {request.origin.prompt for request in ran.requests} == {"themes", "pair", "meta"}
    assert set(kinds(ran)) == {"contradicted", "open"}
    assert {"text_length", "register", "about", "wording"} < set(ran.provenance[0]["dimensions"])
    # A topic that comes again is told its earlier premises.
    output = [r.messages[-1].content for r in ran.requests if r.origin.prompt == "pair"]
    assert any("Earlier premises on this topic: none" not in text for text in output)


def test_the_worked_pairs_without_seeds_fit():
    (prompt,) = (p for p in RTE.varied(["no-seeds"]).prompts if p.name == "pair")
    turns = prompt.fill(dict.fromkeys(prompt.variables, "x"))
    asked = [turn.content for turn in turns[1:-1] if turn.role == "user"]
    pairs = [json.loads(turn.content) for turn in turns if turn.role == "assistant"]
    assert [text.split("Relation: the hypothesis ")[1].split("\n")[0] for text in asked] == [
        f"{relation}." for relation in steps._RELATIONS.values()
    ]
    for pair in pairs:
        row = {name: pair[name] for name in ("premise", "hypothesis")}
        check_pair(RteRow(**row, label="entailment"), "x")


@needs_superglue
@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_the_original_rows_are_valid(split):
    for line in open_lines(SUPERGLUE / "RTE" / f"{split}.jsonl"):
        row = json.loads(line)
        RTE.schema.model_validate(row)
        if "label" in row:
            (instance,) = RTE.from_rows([row])
            assert RTE.to_rows(instance, row["idx"]) == [row]


@pytest.mark.parametrize(
    "change",
    [{"label": "neutral"}, {"label": 1}, {"pair_id": 3}, {"premise": ""}, {"hypothesis": " "}],
)
def test_a_row_that_is_none_is_refused(change):
    row = {"premise": "It rained.", "hypothesis": "It was wet.", "label": "entailment", "idx": 0}
    RTE.schema.model_validate(row)
    with pytest.raises(ValidationError):
        RTE.schema.model_validate({**row, **change})


def test_the_tuning_text_is_filled_with_the_rendering():
    row = RTE.instance(premise="It rained.", hypothesis="It was wet.", label="entailment")
    assert RTE.texts.instruction_template is not None
    user, assistant = RTE.texts.instruction_template.fill(
        {
            "instructions": RTE.judging.instructions,
            "input": RTE.render(row),
            "output": RTE.answer(row),
        }
    )
    assert RTE.judging.instructions in user.content
    assert RTE.render(row) in user.content
    assert assistant.content == "entailment"
    assert set(re.findall(r"Output: (\w+)", user.content)) == {"entailment", "not_entailment"}


@pytest.mark.parametrize("corrector", ["blind", "vote"])
def test_other_correctors_give_legal_labels(corrector, run):
    ran = run(rows=8, corrector=corrector, balance="intended", give_up_after=30)
    assert {entry["label"] for entry in ran.provenance} <= {"entailment", "not_entailment"}
