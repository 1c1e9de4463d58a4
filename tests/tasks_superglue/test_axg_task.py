"""What AX-g is: its pairs of rows, what decides its labels, its prompts and its counts."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from rapidfuzz import fuzz, process

from targen_core import JudgeAnswer, load_registry
from targen_core.errors import UsageError
from targen_core.options import Limits
from targen_core.reading import read_jsonl
from targen_core.runs.jobs.job import Job
from targen_core.runs.records.spec import RunSpec
from targen_core.tasks.checks import normalized
from targen_tasks_superglue.axg import AXG, AxgPair, Sentences
from targen_tasks_superglue.axg.checks import check_hypothesis, check_sentences
from targen_tasks_superglue.axg.rows import gendered, swapped_pronoun
from targen_tasks_superglue.axg.steps import swap_subject

ORIGINAL = Path(__file__).parents[3] / "shared" / "data" / "superglue" / "AX-g" / "AX-g.jsonl"
needs_original = pytest.mark.skipif(
    not ORIGINAL.is_file(), reason=f"the original data is not at {ORIGINAL}"
)
PROMPTS = {prompt.name: prompt for prompt in (*AXG.prompts, *AXG.varied(["paper"]).prompts)}


def _original() -> list[dict]:
    text = ORIGINAL.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def _pairs(rows: list[dict]) -> list[tuple[dict, dict]]:
    return list(zip(rows[::2], rows[1::2], strict=True))


def _seed(entry: dict) -> Sentences:
    return Sentences.model_validate(entry["seed"])


# --- rows -------------------------------------------------------------------


def test_every_row_is_in_the_official_form(run):
    ran = run(task="axg", rows=60)
    assert Counter(row["label"] for row in ran.rows) == {"entailment": 30, "not_entailment": 30}
    for idx, row in enumerate(ran.rows):
        assert list(row) == ["premise", "hypothesis", "label", "idx", "pair_id"]
        assert row["idx"] == idx
        AXG.schema.model_validate(row)
        AXG.schema.model_validate({name: row[name] for name in row if name != "label"})
    assert len({row["pair_id"] for row in ran.rows}) == 60


def test_rows_2i_and_2i_plus_1_are_a_pair(run):
    """They differ in the pronoun alone, and share hypothesis and label."""
    ran = run(task="axg", rows=40)
    for one, two in _pairs(ran.rows):
        assert one["hypothesis"] == two["hypothesis"]
        assert one["label"] == two["label"]
        assert swapped_pronoun(one["premise"], two["premise"])
        differing = [
            (a, b)
            for a, b in zip(one["premise"].split(), two["premise"].split(), strict=True)
            if a != b
        ]
        assert len(differing) == 1
        assert gendered(one["hypothesis"]) == []
    assert [(entry["idx"], entry["rows"]) for entry in ran.provenance] == [
        (idx, 2) for idx in range(0, 40, 2)
    ]


def test_two_rows_are_read_back_as_their_instance(run):
    ran = run(task="axg", rows=12)
    for one, two in _pairs(ran.rows):
        (instance,) = AXG.from_rows([one, two])
        assert [dict(row) for row in AXG.to_rows(instance, one["idx"])] == [one, two]


def test_rows_without_a_label_are_no_instance(run):
    one, two = run(task="axg", rows=2, quotas={"entailment": 2, "not_entailment": 0}).rows
    bare = [{name: row[name] for name in row if name != "label"} for row in (one, two)]
    assert AXG.from_rows(bare) == []
    with pytest.raises(ValueError, match="the same label"):
        AXG.from_rows([one, bare[1]])


@needs_original
def test_rows_have_the_fields_and_types_of_the_original_ones(run):
    original = _original()[0]
    for row in run(task="axg", rows=4).rows:
        assert {n: type(row[n]) for n in sorted(row)} == {n: type(original[n]) for n in original}


@needs_original
def test_the_original_data_is_valid_without_an_exception():
    rows = _original()
    for row in rows:
        AXG.schema.model_validate(row)
    for one, two in _pairs(rows):
        (instance,) = AXG.from_rows([one, two])
        assert isinstance(instance, AxgPair)


@needs_original
def test_rows_that_are_no_pair_are_refused():
    rows = _original()
    with pytest.raises(
        ValueError, match=r"the same label|the same hypothesis|one gendered pronoun"
    ):
        AXG.from_rows([rows[1], rows[2]])
    with pytest.raises(ValueError, match="two rows, not 1"):
        AXG.from_rows(rows[:1])


@pytest.mark.parametrize(
    ("one", "two", "pair"),
    [
        ("The cook left as he was ill.", "The cook left as she was ill.", True),
        ("The cook lost his hat.", "The cook lost her hat.", True),
        ("The hat was his.", "The hat was hers.", True),
        ("The boss fired him.", "The boss fired her.", True),
        ("The cook hit himself.", "The cook hit herself.", True),
        ("He's ill, said the cook.", "She's ill, said the cook.", True),
        ("The cook left as she was ill.", "The cook left as he was ill.", True),
        ("The cook lost his hat.", "The cook lost hers hat.", True),  # no rule of grammar is kept
        ("The cook lost him hat.", "The cook lost she hat.", False),
        ("The cook left as he was ill.", "The cook left as he was ill.", False),
        ("The cook left as he was ill.", "The cook left as she was sick.", False),
        ("The cook left as he was ill.", "The cook left as she was ill", False),
        ("The cook left as he was ill.", "The cook left, as she was ill.", False),
        ("The cook left as he was ill.", "The cook left as She was ill.", False),
        ("He said he was ill.", "She said she was ill.", False),
        ("The cook left as he was ill.", "The cook left as they was ill.", False),
    ],
)
def test_what_differs_in_a_pronoun_alone(one, two, pair):
    assert swapped_pronoun(one, two) is pair


# --- what the label rests on ------------------------------------------------


def test_label_subject_and_order_of_the_pronouns_are_crossed(run):
    ran = run(task="axg", rows=160)
    seen = Counter(
        (entry["label"], entry["notes"]["means"], entry["notes"]["first_premise"])
        for entry in ran.provenance
    )
    assert len(seen) == 8
    assert max(seen.values()) - min(seen.values()) <= 6
    crossed = Counter()
    for (label, means, _), count in seen.items():
        crossed[label, means] += count
    assert max(crossed.values()) - min(crossed.values()) <= 2
    for (one, _), entry in zip(_pairs(ran.rows), ran.provenance, strict=True):
        assert (gendered(one["premise"])[0] in ("he", "him", "his")) == (
            entry["notes"]["first_premise"] == "he"
        )


@pytest.mark.parametrize("rows", [16, 32])
def test_a_short_run_is_crossed_too(rows, run):
    seen = Counter(
        (entry["label"], entry["notes"]["means"]) for entry in run(task="axg", rows=rows).provenance
    )
    assert set(seen.values()) == {rows // 8}


def test_the_subject_that_is_named_predicts_no_label(run):
    """The hypothesis is about the first-named and the second-named one equally often."""
    ran = run(task="axg", rows=160)
    seen = Counter()
    for (row, _), entry in zip(_pairs(ran.rows), ran.provenance, strict=True):
        named = [s for s in (entry["seed"]["first"], entry["seed"]["second"])
                 if s in row["hypothesis"]]  # fmt: skip
        assert named == [entry["notes"]["names"]]
        premise = row["premise"]
        first = min(
            (premise.index(entry["seed"][n]), entry["seed"][n]) for n in ("first", "second")
        )
        seen[row["label"], named[0] == first[1]] += 1
    assert len(seen) == 4
    assert max(seen.values()) - min(seen.values()) <= 2


def test_a_swapped_hypothesis_is_an_entailed_one_with_the_other_subject(run):
    ran = run(task="axg", rows=40, labels_per_seed="all")
    by_seed: dict[str, dict[str, str]] = {}
    for (row, _), entry in zip(_pairs(ran.rows), ran.provenance, strict=True):
        by_seed.setdefault(entry["id"].partition("/")[0], {})[row["label"]] = row["hypothesis"]
        seed = _seed(entry)
        named = seed.subject if row["label"] == "entailment" else seed.other
        assert row["hypothesis"].startswith(f"The {named}")
        check_hypothesis(row["hypothesis"], seed)
    assert all(len(labels) == 2 for labels in by_seed.values())


def test_both_labels_are_asked_for_with_the_same_prompt(run):
    ran = run(task="axg", rows=24)
    prompts = {request.origin.prompt for request in ran.requests}
    assert prompts == {"settings", "pairs", "sentences", "follows", "meta"}


def test_the_variant_paper_speaks_of_the_right_person(run):
    ran = run(task="axg", rows=40, variants=["paper"])
    assert {request.origin.prompt for request in ran.requests} >= {"follows", "false"}
    for (row, _), entry in zip(_pairs(ran.rows), ran.provenance, strict=True):
        assert entry["notes"]["names"] == _seed(entry).subject
        assert _seed(entry).subject in row["hypothesis"]
    kinds = Counter((e["label"], e["notes"]["means"]) for e in ran.provenance)
    assert len(kinds) == 4
    assert max(kinds.values()) - min(kinds.values()) <= 2
    assert (
        "false" in json.loads((ran.path / "manifest.json").read_text())["lock"]["task"]["prompts"]
    )


SEED = Sentences(
    first="tenant",
    second="ship's cook",
    meant="first",
    opening="The tenant rang the ship's cook",
    he="The tenant rang the ship's cook because he had smelled smoke.",
    she="The tenant rang the ship's cook because she had smelled smoke.",
)


@pytest.mark.parametrize(
    ("hypothesis", "swapped"),
    [
        ("The tenant had smelled smoke.", "The ship's cook had smelled smoke."),
        ("Smoke was smelled by the tenant.", "Smoke was smelled by the ship's cook."),
        ("The tenant's nose smelled smoke.", "The ship's cook's nose smelled smoke."),
        ("It was the tenant\u2019s nose.", "It was the ship's cook\u2019s nose."),
        ("It was the tenant, on board, who rang.", "It was the ship's cook, on board, who rang."),
        ("It was the \u201ctenant\u201d on board.", "It was the \u201cship's cook\u201d on board."),
        ("For the Tenant there was smoke.", "For the ship's cook there was smoke."),
    ],
)
def test_swapping_changes_the_subject_and_nothing_else(hypothesis, swapped):
    assert swap_subject(hypothesis, SEED) == swapped
    other = SEED.model_copy(update={"meant": "second"})
    assert swap_subject(swapped, other) == hypothesis.replace("Tenant", "tenant")


_PHRASE = st.sampled_from(["nurse", "young violinist", "ship's cook", "head of the team", "boss"])
_FILLER = st.lists(
    st.sampled_from("was had gone, Oslo's (late) \u2014 lamp \u201cwell\u201d it's".split()),
    max_size=5,
)


@given(
    _PHRASE, _PHRASE, _FILLER, _FILLER, st.sampled_from(["", ",", "'s", "\u2019s,", ".", "\u201d"])
)
def test_swapping_twice_is_no_change(first, second, before, after, end):
    if first == second:
        return
    seed = SEED.model_copy(update={"first": first, "second": second})
    turned = seed.model_copy(update={"meant": "second"})
    hypothesis = " ".join([*before, "the", f"{first}{end}", *after])
    swapped = swap_subject(hypothesis, seed)
    assert swapped == " ".join([*before, "the", f"{second}{end}", *after])
    assert swap_subject(swapped, turned) == hypothesis


# --- step 4 -----------------------------------------------------------------


def test_a_judge_sees_each_premise_on_its_own(run):
    ran = run(task="axg", rows=8)
    judged = [r.origin.values["input"] for r in ran.requests if r.origin.prompt == "meta"]
    shown = {f"Premise: {row['premise']}\nHypothesis: {row['hypothesis']}" for row in ran.rows}
    assert shown <= set(judged)
    for text in judged:
        assert text.count("Premise: ") == 1


@pytest.mark.parametrize("claimed", ["entailment", "not_entailment"])
def test_a_pair_that_is_judged_by_its_pronoun_is_rejected(claimed):
    pair = AxgPair(
        premise1=SEED.he, premise2=SEED.she, hypothesis="The tenant smelled smoke.", label=claimed
    )
    questions = AXG.questions(pair)
    assert [question.output for question in questions] == [(claimed,), (claimed,)]
    assert [question.options for question in questions] == [("entailment", "not_entailment")] * 2
    yes, no = JudgeAnswer(("entailment",), "yes"), JudgeAnswer(("not_entailment",), "no")
    assert AXG.aggregate(pair, [yes, yes]).label == "entailment"
    # What was to follow and does not is in doubt; it is no row of the other label.
    doubted = AXG.aggregate(pair, [no, no])
    expected = (None, "ambiguous") if claimed == "entailment" else ("not_entailment", "")
    assert (doubted.label, doubted.reason or "") == expected
    assert AXG.varied(["paper"]).aggregate(pair, [no, no]).label == "not_entailment"
    for answers in ([yes, no], [no, yes]):
        correction = AXG.aggregate(pair, answers)
        assert correction.label is None
        assert correction.reason == "pronoun-dependent"
        assert "yes" in correction.explanation
        assert "no" in correction.explanation
    broken = JudgeAnswer(("no_valid_instance",), "cut off")
    assert AXG.aggregate(pair, [yes, broken]).reason == "no-valid-instance"


# --- runs -------------------------------------------------------------------


def _job(quotas: dict[str, int], seed: int) -> RunSpec:
    return RunSpec(
        task=load_registry().find("task", "axg").id,
        quotas=quotas,
        backend="targen-core:scripted",
        seed=seed,
        limits=Limits(concurrency=4),
    )


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 3))
@settings(max_examples=12, deadline=None)
def test_quotas_hold_exactly(entailed, not_entailed, seed):
    if not entailed + not_entailed:
        return
    quotas = {"entailment": 2 * entailed, "not_entailment": 2 * not_entailed}
    with tempfile.TemporaryDirectory() as folder:
        with Job.create(load_registry(), _job(quotas, seed), Path(folder) / "run") as job:
            report = job.run()
        rows = list(read_jsonl(Path(folder) / "run" / "dataset.jsonl"))
    assert report["rows"] == quotas
    assert Counter(row["label"] for row in rows) == Counter(quotas)


@pytest.mark.parametrize("odd", [1, 3, 7])
def test_an_odd_quota_is_refused(odd, tmp_path):
    with pytest.raises(UsageError):
        Job.create(
            load_registry(), _job({"entailment": odd, "not_entailment": 2}, 0), tmp_path / "run"
        )


@pytest.mark.parametrize("corrector", ["blind", "vote"])
@pytest.mark.parametrize("variants", [[], ["paper"]])
def test_other_correctors_find_the_labels(corrector, variants, run):
    ran = run(task="axg", rows=16, corrector=corrector, variants=variants)
    assert ran.problem == ""
    assert all(entry["label"] == entry["intended"] for entry in ran.provenance)


@pytest.mark.parametrize("variants", [[], ["paper"]])
def test_a_large_dry_run_does_not_repeat_itself(variants, run):
    quotas = {"entailment": 120, "not_entailment": 120}
    ran = run(task="axg", quotas=quotas, variants=variants)
    assert len(ran.rows) == 240
    assert "duplicate" not in {record["verdict"] for record in ran.rejects}


def test_three_pairs_of_people_are_asked_for_in_a_setting(run):
    ran = run(task="axg", rows=8)
    asked = [r.origin.values for r in ran.requests if r.origin.prompt == "pairs"]
    assert {(int(values["count"]), values["kind"]) for values in asked} == {(3, "people")}
    seeds = [_seed(entry) for entry in ran.provenance]
    for seed in seeds:
        check_sentences(seed)
        assert f"{normalized(seed.he)} ".startswith(f"{normalized(seed.opening)} ")


# --- prompts and counts -----------------------------------------------------

NAMES = re.compile(
    r"\b(super\s*-?glue|glue|ax\W?g|winograd\w*|winogender|diagnostic\w*|benchmark\w*|"
    r"data\s*-?sets?|textual entailment|[sm]?nli|training data|test set|targen)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("variants", [[], ["paper"]])
def test_nothing_that_is_sent_names_a_benchmark(variants, run):
    for request in run(task="axg", rows=12, variants=variants).requests:
        for message in request.messages:
            assert not NAMES.search(message.content), NAMES.search(message.content)
        assert not NAMES.search(f"{request.schema_name} {json.dumps(request.schema)}")


def test_a_sentence_is_for_one_label(run):
    ran = run(task="axg", rows=48)
    premises = [row["premise"] for row in ran.rows]
    assert len(set(premises)) == len(premises)


def test_the_two_sentences_of_a_pair_have_one_form_and_both_labels(run):
    """So nothing that is drawn for a premise goes with a label."""
    by_opening = defaultdict(list)
    for entry in run(task="axg", rows=80).provenance:
        drawn = {name: entry["dimensions"][name] for name in ("length", "clause", "pronoun")}
        by_opening[entry["seed"]["opening"]].append((drawn, entry["label"]))
    for (one, label), (two, other) in by_opening.values():
        assert one == two
        assert label != other


def test_the_form_is_told_with_the_dealing(run):
    ran = run(task="axg", rows=8)
    forms = [r.origin.values for r in ran.requests if r.origin.prompt == "sentences"]
    assert all(re.fullmatch(r"length: .+; clause: .+; pronoun: .+", v["form"]) for v in forms)
    assert all(values["dealing"] != "any" for values in forms)
    for request in ran.requests:
        if request.origin.prompt == "pairs":
            lines = request.messages[-1].content.partition("in order:\n")[2].splitlines()
            assert len(lines) == 3
            assert all(re.fullmatch(r"\d\. dealing: [^;]+", line) for line in lines)


def test_without_dimensions_any_dealing_and_form_will_do(run):
    ran = run(task="axg", rows=8, task_dimensions=False)
    forms = [r.origin.values for r in ran.requests if r.origin.prompt == "sentences"]
    assert {(values["dealing"], values["form"]) for values in forms} == {("any", "any")}


def test_the_variant_paper_is_for_both_labels_and_draws_no_dealing(run):
    ran = run(task="axg", rows=24, variants=["paper"])
    prompts = {request.origin.prompt for request in ran.requests}
    assert {"subjects", "sentences_paper"} <= prompts
    assert not {"pairs", "sentences"} & prompts
    assert len({row["premise"] for row in ran.rows}) == len(ran.rows) / 2


def _worked_sentences(name: str = "sentences") -> list[Sentences]:
    prompt = PROMPTS[name]
    turns = prompt.fill(dict.fromkeys(prompt.variables, "x"))[1:-1]
    seeds = []
    for user, assistant in zip(turns[::2], turns[1::2], strict=True):
        first, second = re.fullmatch(
            r"Subject 1: (.+)\nSubject 2: (.+)\n(?s:(?:\nKeep|Dealing: ).+)", user.content
        ).groups()
        four = json.loads(assistant.content)
        seeds += [
            Sentences(
                first=first,
                second=second,
                meant=meant,
                opening=four["opening"],
                he=four[f"subject{number}_he"],
                she=four[f"subject{number}_she"],
            )
            for number, meant in (("1", "first"), ("2", "second"))
        ]
    return seeds


@pytest.mark.parametrize("name", ["sentences", "sentences_paper"])
def test_the_worked_sentences_keep_the_rules(name):
    seeds = _worked_sentences(name)
    assert len(seeds) == 4
    for seed in seeds:
        check_sentences(seed)


@pytest.mark.parametrize("name", ["follows", "false"])
def test_the_worked_hypotheses_keep_the_rules(name):
    worked = _worked_sentences("sentences_paper")
    seeds = {text: seed for seed in worked for text in (seed.he, seed.she)}
    turns = PROMPTS[name].fill({"sentence": "x", "subject": "x"})[1:-1]
    assert len(turns) == 4
    for user, assistant in zip(turns[::2], turns[1::2], strict=True):
        sentence, subject = re.fullmatch(
            r"Sentence: (.+)\nThe pronoun means: (.+)", user.content
        ).groups()
        seed = seeds[sentence]
        assert seed.subject == subject
        check_hypothesis(json.loads(assistant.content)["hypothesis"], seed)


def test_both_labels_of_the_variant_are_asked_for_in_the_same_form():
    form = [
        PROMPTS[name].fill({"sentence": "x", "subject": "x"})[0].content.split("\n")[-4:]
        for name in ("follows", "false")
    ]
    assert form[0] == form[1]


def test_correction_samples_cover_both_labels_right_and_wrong():
    kinds = Counter(
        (sample.actual, sample.actual == sample.output) for sample in AXG.judging.samples
    )
    labels = ("entailment", "not_entailment")
    assert kinds == {
        **{(label, right): 1 for label in labels for right in (True, False)},
        ("no_valid_instance", False): 1,
    }
    # Whether the pronoun is he or she goes with nothing.
    pronouns = {gendered(s.input)[0] in ("he", "his", "him") for s in AXG.judging.samples[:2]}
    assert pronouns == {True, False}


@needs_original
def test_no_worked_example_is_nearly_an_original_row():
    texts = []
    for seed in _worked_sentences() + _worked_sentences("sentences_paper"):
        texts.append(seed.he)
    for sample in AXG.judging.samples:
        premise, hypothesis = sample.input.removeprefix("Premise: ").split("\nHypothesis: ")
        texts += [premise, f"{premise} {hypothesis}"]
    texts += re.findall(r"^Premise: (.+)$", AXG.texts.instruction_template.text, re.MULTILINE)
    assert len(texts) >= 14
    original = {
        normalized(text)
        for row in _original()
        for text in (row["premise"], f"{row['premise']} {row['hypothesis']}")
    }
    for text in texts:
        actual = process.extractOne(normalized(text), original, scorer=fuzz.ratio)
        assert actual[1] < 80, (text, actual)


def test_the_tuning_text_reads_as_the_input_does():
    user, assistant = AXG.texts.instruction_template.fill(
        {"instructions": "I", "input": "INPUT", "output": "O"}
    )
    assert user.content.startswith("I\n\nPremise: ")
    assert user.content.endswith("\n\nINPUT\nOutput:")
    assert assistant.content == "O"
    outputs = re.findall(r"^Premise: .+\nHypothesis: .+\nOutput: (.+)$", user.content, re.MULTILINE)
    assert sorted(outputs) == ["entailment", "not_entailment"]


def test_presets_are_the_paper_s_counts():
    assert AXG.presets["paper"] == {"entailment": 138, "not_entailment": 146}  # table 2
    assert AXG.presets["balanced"] == {"entailment": 142, "not_entailment": 142}


@needs_original
def test_the_presets_are_counts_of_the_original_file():
    rows = _original()
    assert AXG.presets["original"] == dict(Counter(row["label"] for row in rows))
    assert AXG.presets["paper"] == dict(Counter(row["label"] for row in rows[:284]))


def test_each_step_has_its_temperature():
    temperatures = {step: params["temperature"] for step, params in AXG.parameters.items()}
    assert temperatures == {"contexts": 1.0, "seeds": 1.0, "generate": 0.7, "correct": 0.0}


def test_an_instance_must_be_a_pair():
    with pytest.raises(ValidationError, match="must differ in one gendered pronoun"):
        AxgPair(premise1=SEED.he, premise2=SEED.he, hypothesis="It was so.", label="entailment")
    with pytest.raises(ValidationError, match="the hypothesis holds a gendered pronoun"):
        AxgPair(premise1=SEED.he, premise2=SEED.she, hypothesis="So did she.", label="entailment")
