"""AX-g on replies as models write them: what is readable is read, the rest is no row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from targen_core import Rejected, load_registry
from targen_core.errors import QuotaNotMet
from targen_core.options import Limits
from targen_core.runs.jobs.job import Job
from targen_core.runs.records.spec import RunSpec
from targen_tasks_superglue.axg import AXG, AxgPair, Sentences
from targen_tasks_superglue.axg.checks import check_hypothesis, check_sentences

SEED = Sentences(
    first="beekeeper",
    second="teacher",
    meant="second",
    opening="The beekeeper lent the teacher a veil",
    he="The beekeeper lent the teacher a veil because he had never stood near a hive.",
    she="The beekeeper lent the teacher a veil because she had never stood near a hive.",
)
GOOD = "The teacher had never been close to a hive."
SWAPPED = "The beekeeper had never been close to a hive."


def _text(good) -> str:
    return json.dumps(good, ensure_ascii=False)


@pytest.fixture
def output(run, tmp_path: Path):
    """Run AX-g on one pair of sentences with the same reply to every hypothesis prompt."""

    def go(reply, *, label="entailment", seed=SEED, repaired=None, **spec):
        seeds = tmp_path / "seeds.jsonl"
        seeds.write_text(seed.model_dump_json() + "\n", encoding="utf-8")
        quotas = {"entailment": 0, "not_entailment": 0, label: 2}
        if isinstance(reply, str) and not reply.startswith("raw:"):
            reply = {"hypothesis": reply}
        elif isinstance(reply, str):
            reply = reply.removeprefix("raw:")

        def bend(step, good, repair):
            if step != "generate":
                return good
            return {"hypothesis": repaired} if repair and repaired is not None else reply

        return run(bend, task="axg", seeds=seeds, quotas=quotas, **spec)

    return go


# --- rows that must come ----------------------------------------------------


def test_the_rows_that_must_come(output):
    ran = output(GOOD)
    assert ran.rows == [
        {
            "premise": SEED.he,
            "hypothesis": GOOD,
            "label": "entailment",
            "idx": 0,
            "pair_id": 0,
        },
        {
            "premise": SEED.she,
            "hypothesis": GOOD,
            "label": "entailment",
            "idx": 1,
            "pair_id": 1,
        },
    ]


def test_for_the_other_label_the_other_subject_is_named(output):
    ran = output(GOOD, label="not_entailment")
    assert [row["hypothesis"] for row in ran.rows] == [SWAPPED, SWAPPED]
    assert {row["label"] for row in ran.rows} == {"not_entailment"}
    (entry,) = ran.provenance
    assert entry["notes"] == {"names": "beekeeper", "means": "second", "first_premise": "he"}


def test_in_the_variant_paper_the_hypothesis_stays_as_it_is_written(output):
    false = "The teacher had stood near a hive every day."
    ran = output(false, label="not_entailment", variants=["paper"])
    assert [row["hypothesis"] for row in ran.rows] == [false, false]


@pytest.mark.parametrize(
    "hypothesis",
    [
        "The Teacher had never been close to a hive.",
        "It was the teacher's first time near a hive.",
        "Hives were something new to the teacher.",
        "The teacher was a complete novice.",
        "The \u201cteacher\u201d had never stood near a hive \u2014 until then.",
    ],
)
def test_hypotheses_that_pass(hypothesis, output):
    assert [row["hypothesis"] for row in output(hypothesis).rows] == [hypothesis] * 2


# --- hypotheses that are rejected, with the reason that is counted ------------

BAD = {
    "a gendered pronoun": ("The teacher had brought her own hive.", "gendered-pronoun"),
    "a capital one": ("She was the teacher who never saw a hive.", "gendered-pronoun"),
    "a gendered noun": ("The teacher was a man who never saw a hive.", "gendered-noun"),
    "talk about the premise": (
        "The premise says the teacher had never stood near a hive.", "meta-text"),
    "its label": ("True: the teacher had never stood near a hive.", "meta-text"),
    "no subject": ("Somebody had never stood near a hive.", "subject-missing"),
    "a plural subject": ("The teachers had never stood near a hive.", "subject-missing"),
    "a synonym": ("The schoolmaster had never stood near a hive.", "subject-missing"),
    "both subjects": ("The teacher, unlike the beekeeper, feared every hive.", "names-both"),
    "the subject twice": (
        "The teacher was a teacher who never stood near a hive.", "repeated-subject"),
    "the other subject": ("The beekeeper had never stood near a hive.", "wrong-subject"),
    "no article": ("Teacher had never stood near a hive.", "no-article"),
    "another article": ("A teacher had never stood near a hive.", "no-article"),
    "a copy": (SEED.he, "gendered-pronoun"),
    "a part of the premise": ("The beekeeper lent the teacher a veil.", "names-both"),
    "a question": ("Had the teacher ever stood near a hive?", "question"),
    "two sentences": (
        "The teacher was careful that day. There was a hive in the garden.", "several-sentences"),
    "an open end": ("The teacher had never stood near a hive", "cut-off"),
    "too short": ("The teacher.", "too-short"),
    "too long": (f"The teacher had never stood {'ever so ' * 12}near a hive.", "too-long"),
    "a label in front": ("Hypothesis: The teacher had never stood near a hive.", "meta-text"),
    "a preamble": ("Sure, the teacher had never stood near a hive.", "meta-text"),
    "a number in front": ("1. The teacher had never stood near a hive.", "markup"),
    "bold": ("The **teacher** had never stood near a hive.", "markup"),
    "a placeholder": ("The teacher had never stood near a [PLACE].", "placeholder"),
    "another script": ("The teacher никогда раньше не подходил близко к улью.", "not-latin"),
    "an empty one": ("", "too-short"),
}  # fmt: skip


@pytest.mark.parametrize("label", ["entailment", "not_entailment"])
@pytest.mark.parametrize("shape", BAD)
def test_a_bad_hypothesis_makes_no_row_and_its_reason_is_counted(shape, label, output):
    hypothesis, reason = BAD[shape]
    ran = output(hypothesis, label=label)
    assert ran.rows == []
    assert ran.reasons == {reason}
    assert len(ran.repairs) == 1, "it was asked for once more"


@pytest.mark.parametrize("shape", BAD)
def test_a_bad_hypothesis_is_repaired(shape, output):
    ran = output(BAD[shape][0], repaired=GOOD)
    assert [row["hypothesis"] for row in ran.rows] == [GOOD, GOOD]


def test_a_piece_of_the_premise_is_a_copy():
    opening = "The beekeeper called, and the teacher opened the gate"
    texts = {"he": f"{opening} with his key.", "she": f"{opening} with her key."}
    seed = SEED.model_copy(update={"opening": opening, **texts})
    check_sentences(seed)
    with pytest.raises(Rejected) as caught:
        check_hypothesis("The teacher opened the gate.", seed)
    assert caught.value.reason == "copy-of-premise"
    check_hypothesis("The teacher's key opened the gate.", seed)


def test_a_row_with_other_premises_is_no_row_of_the_seed():
    pair = AxgPair(
        premise1=SEED.he.replace("veil", "hat"),
        premise2=SEED.she.replace("veil", "hat"),
        hypothesis=GOOD,
        label="entailment",
    )
    with pytest.raises(Rejected) as caught:
        AXG.checks[0](pair, SEED)
    assert caught.value.reason == "premise-changed"


def test_the_two_labels_of_a_seed_are_no_duplicates(run, tmp_path):
    """Their hypotheses differ in the subject alone, by design."""
    seed = SEED.model_copy(update={"first": "beekeeper", "second": "bookkeeper"})
    texts = {
        name: getattr(seed, name).replace("teacher", "bookkeeper")
        for name in ("opening", "he", "she")
    }
    seeds = tmp_path / "seeds.jsonl"
    seeds.write_text(seed.model_copy(update=texts).model_dump_json(), encoding="utf-8")
    reply = {"hypothesis": "The bookkeeper had never been anywhere close to a hive before then."}
    ran = run(
        lambda step, good, repair: reply if step == "generate" else good,
        task="axg",
        seeds=seeds,
        quotas={"entailment": 2, "not_entailment": 2},
    )
    assert len(ran.rows) == 4
    assert len({row["hypothesis"] for row in ran.rows}) == 2


def test_the_same_hypothesis_for_both_labels_is_a_duplicate(run, tmp_path):
    seeds = tmp_path / "seeds.jsonl"
    seeds.write_text(SEED.model_dump_json(), encoding="utf-8")
    ran = run(
        lambda step, good, repair: {"hypothesis": GOOD} if step == "generate" else good,
        task="axg",
        seeds=seeds,
        variants=["paper"],
        quotas={"entailment": 2, "not_entailment": 2},
    )
    assert len(ran.rows) == 2
    assert {record["verdict"] for record in ran.rejects} == {"duplicate"}


# --- seeds ------------------------------------------------------------------

OPENING = "The diver asked the captain for a rope"
FOUR = {
    "opening": OPENING,
    "subject1_he": f"{OPENING} because he wanted to tie the box to the deck.",
    "subject1_she": f"{OPENING} because she wanted to tie the box to the deck.",
    "subject2_he": f"{OPENING}, but he had lent the last one to the cook.",
    "subject2_she": f"{OPENING}, but she had lent the last one to the cook.",
}
BAD_SENTENCES = {
    "another opening": (
        {"subject1_he": "The diver begged the captain for a rope because he had lost it.",
         "subject1_she": "The diver begged the captain for a rope because she had lost it."},
        "other-opening"),
    "more than the pronoun differs": (
        {"subject1_she": f"{OPENING} because she wanted to tie a box to the deck."}, "not-a-pair"),
    "a comma differs": (
        {"subject1_she": f"{OPENING}, because she wanted to tie the box to the deck."},
        "not-a-pair"),
    "no pronoun": (
        {"subject1_he": f"{OPENING} to tie the box to the wet deck."}, "no-pronoun"),
    "singular they": (
        {"subject1_he": f"{OPENING} because they wanted to tie the box."}, "no-pronoun"),
    "two pronouns": (
        {"subject1_he": f"{OPENING} because he wanted to tie his box to the deck.",
         "subject1_she": f"{OPENING} because she wanted to tie her box to the deck."},
        "several-pronouns"),
    "the pronouns the wrong way round": (
        {"subject1_he": FOUR["subject1_she"], "subject1_she": FOUR["subject1_he"]},
        "wrong-pronoun"),
    "the same pronoun twice": ({"subject1_she": FOUR["subject1_he"]}, "wrong-pronoun"),
    "the subject again": (
        {"subject1_he": f"{OPENING} because he, the diver, wanted to tie the box.",
         "subject1_she": f"{OPENING} because she, the diver, wanted to tie the box."},
        "repeated-subject"),
    "a gendered noun": (
        {"subject1_he": f"{OPENING} because he was a woman who had a box to tie.",
         "subject1_she": f"{OPENING} because she was a woman who had a box to tie."},
        "gendered-noun"),
    "a gendered noun for somebody else": (
        {"subject1_he": f"{OPENING} because he wanted to haul up two fishermen.",
         "subject1_she": f"{OPENING} because she wanted to haul up two fishermen."},
        "gendered-noun"),
    "a question": (
        {"subject1_he": f"{OPENING}, but did he get one in the end?",
         "subject1_she": f"{OPENING}, but did she get one in the end?"}, "question"),
    "two sentences": (
        {"subject1_he": f"{OPENING}. The box on the deck was his.",
         "subject1_she": f"{OPENING}. The box on the deck was hers."}, "several-sentences"),
    "a label in front": (
        {"subject1_he": f"Sentence 1: {FOUR['subject1_he']}"}, "meta-text"),
    "an open end": ({"subject1_he": FOUR["subject1_he"][:-1]}, "cut-off"),
    "bold": (
        {"subject1_he": FOUR["subject1_he"].replace(" he ", " **he** ")}, "markup"),
    "brackets": (
        {"subject1_he": FOUR["subject1_he"].replace(" he ", " [he] ")}, "markup"),
    "an empty one": ({"subject1_he": ""}, "too-short"),
}  # fmt: skip


def _subjects(step, good, sentences):
    """The dry-run lists, with one subject pair and these sentences below it."""
    if step != "seeds":
        return good
    if "pairs" in good:
        return {"pairs": [{"first": "diver", "second": "captain"}]}
    return sentences


@pytest.mark.parametrize("shape", BAD_SENTENCES)
def test_sentences_that_are_no_pair_are_left_out(shape, run):
    change, reason = BAD_SENTENCES[shape]
    four = {**FOUR, **change}
    ran = run(
        lambda step, good, repair: _subjects(step, good, four),
        task="axg",
        rows=8,
        contexts_limit=1,
    )
    dropped = [record for record in ran.rejects if record["verdict"] == "dropped"]
    assert reason in {record["reason"] for record in dropped}
    assert {record["item"]["meant"] for record in dropped if record["reason"] == reason} == {
        "first"
    }
    # The other half of the reply is used.
    assert {entry["seed"]["meant"] for entry in ran.provenance} == {"second"}


def test_good_sentences_make_two_seeds(run):
    ran = run(
        lambda step, good, repair: _subjects(step, good, FOUR),
        task="axg",
        rows=8,
        contexts_limit=1,
        labels_per_seed="all",
    )
    assert len(ran.rows) == 8
    assert {entry["seed"]["meant"] for entry in ran.provenance} == {"first", "second"}


@pytest.mark.parametrize("end", [" ...", "\u2026", ",", " because"])
def test_an_opening_may_end_as_it_is_continued(end, run):
    """All but a word: that is an opening which the other clause does not have."""
    four = {**FOUR, "opening": f"{OPENING}{end}"}
    ran = run(
        lambda step, good, repair: _subjects(step, good, four),
        task="axg",
        rows=4,
        contexts_limit=1,
    )
    seen = {entry["seed"]["meant"] for entry in ran.provenance}
    assert seen <= ({"first"} if end == " because" else {"first", "second"})
    assert ran.rows


def test_the_same_clause_for_both_subjects_is_used_once(run):
    four = {**FOUR, "subject2_he": FOUR["subject1_he"], "subject2_she": FOUR["subject1_she"]}
    ran = run(
        lambda step, good, repair: _subjects(step, good, four),
        task="axg",
        rows=4,
        contexts_limit=1,
    )
    assert "repeated" in ran.reasons
    assert len({entry["seed"]["he"] for entry in ran.provenance}) == 1


@pytest.mark.parametrize("shape", ["empty", "prose", "numbered keys", "truncated"])
def test_unreadable_sentences_are_asked_for_once_more(shape, run):
    bent = {
        "empty": lambda good: "",
        "prose": lambda good: "\n".join(f"{n}. {s}" for n, s in enumerate(good.values())),
        "numbered keys": lambda good: {str(n): s for n, s in enumerate(good.values())},
        "truncated": lambda good: _text(good)[:-30],
    }[shape]
    ran = run(
        lambda step, good, repair: (
            bent(good) if step == "seeds" and "opening" in good and not repair else good
        ),
        task="axg",
        rows=8,
    )
    assert len(ran.rows) == 8
    assert ran.repairs


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (("waitress", "guest"), "gendered-subject"),
        (("nurse", "policeman"), "gendered-subject"),
        (("nurses", "patients"), "number-mismatch"),
        (("captain", "captain"), "same-subject"),
        (("captain", "ship captain"), "overlapping"),
        (("nurse", "her patient"), "names-another"),
    ],
)
def test_subjects_that_will_not_do_are_left_out(pair, reason, run):
    def bend(step, good, repair):
        if step == "seeds" and "pairs" in good:
            return {"pairs": [{"first": pair[0], "second": pair[1]}, *good["pairs"][1:]]}
        return good

    ran = run(bend, task="axg", rows=8)
    assert len(ran.rows) == 8
    assert reason in {r["reason"] for r in ran.rejects if r["verdict"] == "dropped"}


# --- step 4 -----------------------------------------------------------------

JUDGE = '''
def judge(request):
    """The dry-run replies, but for a judge to whom nothing that is said of "she" follows."""
    good = request.dry_run()
    if request.origin.prompt != "meta":
        return good
    claimed, text = good["actual"], request.origin.values["input"]
    found = {pronouns} & set(text.lower().split())
    actual = "not_entailment" if found else claimed
    verdict = "correct" if actual == claimed else "incorrect"
    return {{**good, "actual": actual, "verdict": verdict}}
'''


def _judged(tmp_path: Path, pronouns: set[str]) -> dict:
    """The report of a run with that judge."""
    (tmp_path / "judge.py").write_text(JUDGE.format(pronouns=repr(pronouns)), encoding="utf-8")
    registry = load_registry()
    spec = RunSpec(
        task=registry.find("task", "axg").id,
        quotas={"entailment": 8, "not_entailment": 8},
        backend="targen-core:scripted",
        options={"script": f"{tmp_path / 'judge.py'}:judge"},
        give_up_after=12,
        limits=Limits(concurrency=4),
    )
    with Job.create(registry, spec, tmp_path / "run") as job:
        try:
            return job.run()
        except QuotaNotMet:
            return json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))


def test_a_pair_that_is_judged_by_its_pronoun_is_rejected_and_counted(tmp_path):
    """The share of such pairs, which the report gives, is the judge's own bias."""
    report = _judged(tmp_path, {"she", "her"})
    assert report["rows"] == {"entailment": 0, "not_entailment": 8}
    assert report["flow"]["entailment"]["reasons"] == {"pronoun-dependent": 12}
    assert report["flow"]["not_entailment"]["reasons"] == {}


def test_a_hypothesis_that_was_to_follow_and_does_not_is_in_doubt(tmp_path):
    """Said of the other subject it would follow no better: it is no row of either label."""
    report = _judged(tmp_path, {"he", "his", "she", "her"})
    assert report["rows"] == {"entailment": 0, "not_entailment": 8}
    assert report["flow"]["entailment"]["reasons"] == {"ambiguous": 12}


@pytest.mark.parametrize("word", ["contradiction", "neutral", "Entailment", "yes", ""])
def test_a_label_outside_the_set_is_never_a_row(word, run, at):
    ran = run(at("correct", lambda good: {**good, "actual": word}, always=True), task="axg", rows=4)
    assert ran.rows == []
    assert ran.reasons == {"malformed-reply"}


@pytest.mark.parametrize("variants", [[], ["paper"]])
def test_a_relabelled_pair_is_relabelled_in_both_rows(variants, run, at):
    other = {"entailment": "not_entailment", "not_entailment": "entailment"}

    def change(good):
        return {**good, "actual": other[good["actual"]], "verdict": "incorrect"}

    ran = run(at("correct", change), task="axg", rows=8, balance="intended", variants=variants)
    assert ran.rows
    assert [e["label"] for e in ran.provenance] == [other[e["intended"]] for e in ran.provenance]
    for one, two in zip(ran.rows[::2], ran.rows[1::2], strict=True):
        assert one["label"] == two["label"]
    assert ran.report["flow"]["not_entailment"]["accepted"] == {"entailment": 2}
    swapped = {} if variants else {"ambiguous": 12}
    assert ran.report["flow"]["entailment"]["reasons"].items() >= swapped.items()


def test_an_input_without_a_right_output_rejects_the_pair(run, at):
    def change(good):
        return {**good, "actual": "no_valid_instance", "verdict": "incorrect"}

    ran = run(at("correct", change), task="axg", rows=4)
    assert ran.rows == []
    assert ran.reasons == {"no-valid-instance"}
