"""Outputs of task files: step 3 fills their columns, and what step 4 finds is counted."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext, suppress
from itertools import count
from pathlib import Path

import pytest
import yaml

from targen_core import generate, read_dataset
from targen_core.errors import QuotaNotMet, UsageError
from targen_standard.task_files.model import Declaration

from ...files import lines
from ...tables import table
from .declared import ALL, NER, PAIRS, QA, SHOP

ONE_SEED = {"contexts": ["x"], "seeds": ["one thing"]}
PARTLY, CORRECTED = "nearly the same, so not taken", "another one, which the row now has"
WHY = {"explanation": "It says so in the text.", "valid": True}


pytestmark = pytest.mark.usefixtures("alone")


def file_of(declared):
    """Write a task file."""
    Path("mine.yaml").write_text(yaml.safe_dump(declared, sort_keys=False), encoding="utf-8")


def answering(task, write=None, label=None):
    """The task, with what `write` and `label` return as the replies of steps 3 and 4."""

    def replies(call):
        if call.prompt == "write" and write is not None:
            return write(call)
        if call.prompt == "label" and label is not None:
            return {**WHY, **label(call)}
        return task.calls.dry_run(call)

    return task.replace(
        calls={"dry_run": replies},
    )


def rows(declared, write, label=None, *, labels, **more):
    """Rows of a task whose steps 3 and 4 reply what `write` and `label` return."""
    made = answering(Declaration(**declared, **more).task(name="mine"), write, label)
    wanted = {**dict.fromkeys(made.quota_names, 0), **labels}
    return generate(made, labels=wanted, model="scripted", near_duplicates=0, progress=False)


@pytest.mark.parametrize("kind", ALL)
def test_each_kind_fills_its_quotas_and_every_command_reads_its_rows(kind, works, tmp_path):
    file_of(ALL[kind])
    labels = [label.name for label in Declaration.from_file("mine.yaml").task().labels]
    works("generate", "./mine.yaml", "-n", 3 * len(labels), "-b", "scripted", "--out", "run")
    dataset = read_dataset("run")
    assert dataset.labels == dict.fromkeys(labels, 3)
    copy = tmp_path / "rows.jsonl"
    works("export", "run", "--as", "jsonl", "--out", copy)
    again = read_dataset(copy, "./mine.yaml")
    assert again.rows == dataset.rows
    works("validate", copy, "--task", "./mine.yaml")
    corrected = works("correct", copy, "--task", "./mine.yaml", "-b", "scripted", "--out", "right")
    if kind != "score":  # step 4 may give another one
        assert " 0 changed, 0 rejected" in corrected.out
        assert read_dataset("right").rows == dataset.rows
    assert "changed: nothing" in works("replay", "run", "--out", "again").out
    for form in ("csv", "instructions", "openai"):
        works("export", "run", "--as", form, "--out", tmp_path / f"out-{form}")
    asked = lines(tmp_path / "out-instructions")[0]["prompt"]
    assert asked.startswith(ALL[kind]["description"])


def test_spans_are_read_from_marks_and_counted_by_their_types(caplog):
    """Rows with one set of types are no cause for a warning."""
    text = "I met <Person> Ann Lee </person> in <place> Rome </place>. <3 to <her>!"
    marked = lambda _: {"text": text}  # noqa: E731
    dataset = rows(NER, marked, marked, labels={"person+place": 1})
    row = dict(dataset[0])
    assert row["text"] == "I met Ann Lee in Rome. <3 to <her>!"
    assert [(s["type"], s["text"], row["text"][s["start"] : s["end"]]) for s in row["spans"]] == [
        ("person", "Ann Lee", "Ann Lee"),
        ("place", "Rome", "Rome"),
    ]
    assert "no classifier can learn" not in caplog.text


MARKED = "I met <person>Ann</person> and Bob on May 2."
BOTH = "I met <person>Ann</person> and <PERSON>Bob</PERSON> on May 2."
TABLETS = "Beta-blockers hide it, as do other tablets that slow the heart."
HIDES = {"passage": TABLETS, "question": "What hides it?", "answers": ["other tablets"]}
JUDGED = {
    "spans": [{"text": BOTH.replace("May 2", "<date>May 2</date>")}, {"text": BOTH}],
    "answer": [{"kind": "who", "answers": [said]} for said in ("Beta blockers", "Beta-blockers")],
}
"""An unknown tag or an answer that is not in the passage, and what is said the second time."""


@pytest.mark.parametrize(
    ("kind", "aimed", "write", "found"),
    [
        ("spans", "person", {"text": MARKED}, ["Ann", "Bob"]),
        ("answer", "who", HIDES, ["Beta-blockers"]),
    ],
)
def test_step_4_is_asked_again_for_what_no_row_can_have_and_a_row_keeps_what_it_finds(
    kind, aimed, write, found
):
    replies = iter(JUDGED[kind])
    label = lambda _: next(replies)  # noqa: E731
    dataset = rows(ALL[kind], lambda _: write, label, labels={aimed: 1}, **ONE_SEED)
    (row,) = dataset
    assert found == ([s["text"] for s in row["spans"]] if kind == "spans" else row["answers"])
    (record,) = dataset.provenance
    assert kind == "answer" or record["notes"]["before"] == MARKED
    assert not lines("runs/mine-0/rejects.jsonl")


@pytest.mark.parametrize(("judged", "score"), [(2.45, 2), (2.5, 2), (3.4, 3), (3.5, 3), (3.6, 4)])
def test_a_score_of_step_4_between_two_of_the_scale_is_the_nearest_one(judged, score):
    whole = {1: "wrong", 3: "half right", 5: "right"}
    output = {"score": whole, "step": 1, "bins": 5, "tolerance": 0.4}
    declared = {"description": "Answers of pupils.", "output": output, **ONE_SEED}
    write = lambda _: {"text": "A leaf takes up light."}  # noqa: E731
    dataset = rows(declared, write, lambda _: {"score": judged}, labels={f"{score}": 1})
    assert [row["score"] for row in dataset] == [score]


UNANSWERED = {**QA, "output": {**QA["output"], "per_row": [0, 2]}}


@pytest.mark.parametrize("step_3", [[], ["May"]])
def test_step_4_decides_whether_a_question_has_an_answer(step_3):
    targets = []

    def write(call):
        targets.append(call.values["target"])
        return {"passage": "Ann came in May.", "question": "When?", "answers": step_3}

    aimed, found = ("when", "none") if step_3 else ("none", "when")
    answer = {"kind": found, "answers": [] if step_3 else ["May"]}
    declared = {**UNANSWERED, "output": {**QA["output"], "per_row": [0, 1]}, **ONE_SEED}
    with pytest.raises(QuotaNotMet, match=f"relabelled {found}, "):
        rows(declared, write, lambda _: answer, labels={aimed: 1})
    unanswered = "A question that the passage does not answer, although it is about the same"
    assert targets[0].startswith(unanswered) == (not step_3)


MAIL = {"text": "I want my money back."}
DOGS = {"one": "A dog runs.", "other": "A cat sleeps."}
CAME = {"passage": "Ann came in May.", "question": "Which?"}
HOW = {"prompt": "How long?"}
ONE, TWO, ALL_DAY = "One hour.", "Two hours.", "It takes all day."
ALIKE = {
    "spans": [
        ("person", {"text": "I met <person>Ann</person> in Rome."}),
        ("place", {"text": "I met Ann in <place>Rome</place>."}),
    ],
    "labels": [("refund", MAIL), ("delay", MAIL), ("none", MAIL)],
    "score": [("1 to 2", DOGS), ("4 to 5", DOGS)],
    "answer": [("when", {**CAME, "answers": ["May"]}), ("who", {**CAME, "answers": ["Ann"]})],
    "preference": [
        ("concise", {**HOW, "better": ONE, "worse": TWO}),
        ("concise", {**HOW, "better": TWO, "worse": ONE}),
    ],
    "ranking": [
        ("concise", {**HOW, "ranked": [ONE, TWO, ALL_DAY]}),
        ("concise", {**HOW, "ranked": [ALL_DAY, TWO, ONE]}),
    ],
}
"""Replies of step 3 with the same texts and different outputs, each with the label aimed at."""


@pytest.mark.parametrize("kind", ALL)
def test_step_4_is_shown_the_same_whatever_a_row_is_aimed_at(kind):
    """Of replies it is shown both orders, so the set of all that it is shown is the same."""
    seen = []
    task = Declaration(**ALL[kind]).task(name="mine")
    for aimed, reply in ALIKE[kind]:
        seen.append(set())

        def label(call):
            seen[-1].add(json.dumps(dict(call.values), sort_keys=True))
            return task.calls.dry_run(call)

        made = answering(task, lambda _, reply=reply: reply, label)
        quotas = {**dict.fromkeys(made.quota_names, 0), aimed: 1}
        asked = {"labels": quotas, "model": "scripted", "seeds": ["one thing"], "progress": False}
        with suppress(QuotaNotMet):  # scripted judges may disagree, which is not the question
            generate(made, **asked, out=f"run-{len(seen)}")
    assert seen[0]
    assert all(each == seen[0] for each in seen)


COUNTED = SHOP["output"]


def test_counts_per_label_are_exact_when_step_4_changes_labels():
    """Step 4 adds a label to every third row and takes one from every fifth."""
    calls = count()

    def label(call):
        answer = usual(call)["labels"]
        number = next(calls)
        found = answer if number % 5 else answer[:1]
        return {"labels": found if number % 3 else ["refund", "delay"]}

    counts = {"refund": 14, "delay": 9, "none": 4}
    declared = {**SHOP, "output": {**COUNTED, "counts": counts, "rows": 20}}
    task = Declaration(**declared).task(name="mine")
    usual = task.calls.dry_run
    judged = answering(task, label=label)
    made = generate(judged, preset="counts", model="scripted", near_duplicates=0, progress=False)
    sets = [set(row["labels"]) for row in made.dataset]
    assert len(sets) == 20
    found = {name: sum(name in each for each in sets) for name in COUNTED["labels"]}
    assert {**found, "none": sets.count(set())} == counts
    assert any("before" in record.get("notes", {}) for record in made.dataset.provenance)


def counted(run):
    """The number of rows, and how many of them have each type."""
    kinds = [{span["type"] for span in row["spans"]} for row in read_dataset(run)]
    return len(kinds), *(sum(name in each for each in kinds) for name in ("person", "place"))


def test_counts_of_types_are_exact_from_a_file_and_give_the_proportions_of_more_rows(works):
    """A command makes rows of a file, and its copy in the run means the same."""
    file_of({**NER, "output": {**NER["output"], "counts": {"person": 7, "place": 4}, "rows": 9}})
    works(*"generate ./mine.yaml --preset counts -b scripted --out run".split())
    assert counted("run") == (9, 7, 4)
    (span, *_) = read_dataset("run")[0]["spans"]
    assert f"{span['text']} ({span['type']})" in works("show", "run").out
    assert "changed: nothing" in works("replay", "run", "--out", "again").out
    even = works(*"generate ./mine.yaml -n 6 -b scripted --out even".split())
    assert "To divide them as in a preset: --preset counts" in even.err
    more = works(*"generate ./mine.yaml -n 18 --preset counts -b scripted --out more".split())
    assert "preset" not in more.err
    assert counted("more") == (18, 14, 8)


OWN = "\U0001f6b2 I met Ann in Rome"


@pytest.mark.parametrize(
    "spans",
    [
        [{"start": 8, "end": 11, "type": "person"}, {"start": 15, "end": 19, "type": "place"}],
        [{"start": 15, "end": 19, "label": "place"}, {"start": 8, "end": 11, "label": "person"}],
        [[8, 11, "person"], [15, 19, "place"]],
        [{"start": 8, "end": 11, "labels": ["person"], "text": "Ann"}, [15, 19, "place"]],
    ],
)
def test_spans_of_other_tools_are_read(spans):
    task = Declaration(**NER).task(name="mine")
    (row,) = read_dataset([{"text": OWN, "spans": spans}], task).rows
    assert row["spans"] == [
        {"start": 8, "end": 11, "type": "person", "text": "Ann"},
        {"start": 15, "end": 19, "type": "place", "text": "Rome"},
    ]


@pytest.mark.parametrize(
    ("spans", "problem"),
    [
        ([{"start": 2, "end": 5, "type": "person", "text": "Ann"}], "'Ann' is at 8:11"),
        ([[8, 99, "person"]], "it ends at 99, but the text has only 19 characters"),
        ([[8, 8, "person"]], "so it has no characters"),
        ([["8", 11, "person"]], "start and end must be whole numbers"),
        ([[8, 11, "PERSON"]], "did you mean person"),
        ([[8, 11]], "it must be {"),
        ([{"start": 8, "end": 11}], "spans.0.type: it is missing"),
        ([{"start": 8, "end": 11, "type": "person", "typ": 1}], "spans.0.typ: unknown key"),
        ([[15, 19, "place"], [14, 16, "person"]], "'Rome' overlaps ' R' of spans.1; to allow"),
    ],
)
def test_what_is_wrong_with_spans_of_a_file_is_said(spans, problem):
    task = Declaration(**NER).task(name="mine")
    with pytest.raises(UsageError) as caught:
        read_dataset([{"text": OWN, "spans": spans}], task)
    assert problem in str(caught.value)


NAMES = dict.fromkeys("abcd", "x")
FOUR = {
    "spans": {**NER, "output": {"spans": NAMES, "per_row": [1, 6]}},
    "labels": {**SHOP, "output": {"labels": NAMES, "several": True, "per_row": [1, 4]}},
}
"""Outputs with four names. A row may have all four."""


@pytest.mark.parametrize("kind", FOUR)
def test_any_set_that_a_row_may_have_can_be_requested(kind, works):
    """A set may have more names than planned ones, and its names may be apart in the file."""
    wanted = {"a+c": 2, "a+b+c+d": 1}
    file_of({**FOUR[kind], "presets": {"apart": {"d+c+b+a": 1, "c+a": 2}, "each": 1}})
    works(*"generate mine.yaml --label d+b+c+a=1 --label c+a=2 -b scripted --out run".split())
    works(*"generate mine.yaml --preset apart -b scripted --out again".split())
    task = Declaration.from_file("mine.yaml").task(name="mine")
    made = generate(task, labels={"c+a": 2, "a+b+c+d": 1}, model="scripted", progress=False)
    assert made.dataset.labels == read_dataset("run").labels == wanted
    assert Path("run/dataset.jsonl").read_bytes() == Path("again/dataset.jsonl").read_bytes()
    assert "changed: nothing" in works("replay", "run", "--out", "replayed").out
    for number in (1, 2):
        shard = f"--shard {number}/2 --out {number}"
        works(*f"generate mine.yaml --preset apart {shard} -b scripted".split())
    works(*"merge 1 2 --out merged".split())
    assert read_dataset("merged").labels == wanted
    works(*"resume run --label c+a=4".split())
    works(*"resume run -n 10".split())
    assert read_dataset("run").labels == {"a+c": 8, "a+b+c+d": 2}


REFUSED = """
    spans | person | {"text": "I met <person>Ann."} | <person> is never closed
    spans | person | {"text": "I met Ann</person>."} | </person> closes no mark
    spans | person | {"text": "I met <person> </person>."} | marks no text
    spans | person | {"text": "I met <persn>Ann</persn>."} | \
        <persn> is not a known tag; the tags are person, place
    spans | person | {"text": "I met <person>Ann</person> on <b id='x'>May 2</b>."} | \
        <b> is not a known tag
    spans | person | {"text": "I met <place>Ann</place>."} | counts as place, not as person
    spans | none | {"text": "<person>Ann</person>"} | counts as person, not as none
    spans | person+place | {"text": "<person>Ann of <place>Rome</place></person>"} | \
        it overlaps the previous span
    answer | when | {"passage": "In May.", "question": "When?", "answers": ["June"]} | \
        'June' is not in the passage
    answer | when | {"passage": "In May.", "question": "When?", "answers": []} | \
        answers: it is empty
    many | when | {"passage": "In May.", "question": "When?", "answers": ["In", "May"]} | \
        the question has 2 right answers, not exactly
    preference | concise | {"prompt": "How long?", "better": "An hour.", "worse": "an hour"} | \
        chosen and rejected are the same reply
    ranking | concise | {"prompt": "How long?", "ranked": ["An hour.", "Depends.", "an hour"]} | \
        ranked has a reply twice
    ranking | concise | {"prompt": "How long?", "ranked": ["An hour.", "Depends."]} | \
        at least 3 items
"""


@pytest.mark.parametrize(("kind", "wanted", "reply", "reason"), table(REFUSED, 4))
def test_a_reply_that_does_not_hold_together_is_asked_for_again_and_then_rejected(
    kind, wanted, reply, reason
):
    many = {**QA, "output": {**QA["output"], "per_row": [1, 20]}}
    declared = {**ALL, "many": many}[kind]
    with pytest.raises(QuotaNotMet, match="0 of 1 rows"):
        rows(declared, lambda _: json.loads(reply), labels={wanted: 1}, **ONE_SEED)
    details = [each["detail"] for each in lines("runs/mine-0/rejects.jsonl")]
    assert details
    assert [detail for detail in details if reason not in detail] == []


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ({"spans": {"person": "x"}, "per_row": [3, 1]}, "per_row: the first number is larger"),
        ({"spans": {"person": "x"}, "per_row": 3}, "output.per_row: 3 is not [min, max]"),
        ({"spans": {"none": "x"}}, "none means rows without any label"),
        ({"spans": {"two words": "x"}}, "'two words' is not a valid name here, since prompts"),
        ({"spans": {"Sturm & Hagel": "x"}}, "_, . and -, such as Sturm_Hagel"),
        ({"labels": {"a+b": "x"}, "several": True}, "use a name without them, such as a_b"),
        ({"answer": {"two words ": "x"}}, "'two words ' is not a valid name"),
        ({"spans": {}}, "it is empty"),
        ({"spans": {"a": "x"}, "field": "title"}, "'title' is not a text that step 3 writes"),
        ({"spans": {"a": "x"}, "labels": {"b": "y"}}, "labels and spans are different outputs"),
        ({"spam": {"a": "x"}}, "it does not state which output"),
        ({"labels": {"a": "x"}}, "set several: true; for one label per row"),
        ({"labels": {"a": "x"}, "several": True, "per_row": [2, 3]}, "there are only 1 labels"),
        ({**COUNTED, "counts": {"refund": 9, "delay": 2}, "rows": 8}, "type rows: 9 to 11"),
        ({**COUNTED, "counts": {"refund": 9, "delya": 2}}, "'delya' is not defined; did you mean"),
        ({**COUNTED, "counts": {"refund": 9}}, "for no rows, type delay: 0"),
        ({**COUNTED, "rows": 9}, "rows: it needs counts"),
        ({**COUNTED, "counts": {"refund": 9, "delay": 2, "none": 1}, "per_row": [1, 2]}, "[0, 2]"),
        ({"score": {"1": "low"}}, "score: it has 1 entry, but needs at least 2"),
        ({"score": {"1": "low", "5": "high"}, "tolerance": 4}, "covers the whole scale"),
        ({"score": {"1": "low", "5": "high"}, "bins": 40}, "bins: each is 0.1 wide, but scores"),
        ({"spans": {"part": "x", "Part": "y"}}, "spans.part: it differs from Part only in case"),
        ({"score": {"1": "a", "2": "b"}, "bins": 5, "step": 0.5}, "bins: no score lies between 1"),
        ({"score": {"1": "low", "x": "high"}}, "score.x: the key is not a number"),
        ({"answer": {"who": "x"}, "within": "passage"}, "'passage' is not a text of a row"),
        ({"answer": {"who": "x"}, "per_row": [0, 1]}, "per_row: only a question about a passage"),
        ({"preference": {"short": "x"}, "replies": 1}, "replies: it must be at least 2"),
    ],
)
def test_what_is_wrong_below_output_is_refused_by_its_line(declared, problem, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({"description": "Texts.", "output": declared}), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        Declaration.from_file(file)
    assert problem in str(caught.value)
    assert re.match(rf"{re.escape(str(file))}, line [2-7]: output", str(caught.value))


@pytest.mark.parametrize(("apart", "is_kept"), [(0.5, True), (0.6, False)])
def test_a_score_within_the_tolerance_stays_and_another_is_taken_over(apart, is_kept):
    aimed, found = [], []

    def write(call):
        aimed.append(float(re.search(r"score is ([\d.]*\d)", call.values["target"])[1]))
        return {"one": "A dog runs by.", "other": "A cat sleeps here."}

    def label(call):
        found.append(round(aimed[-1] + (apart if aimed[-1] < 3 else -apart), 1))
        return {"score": found[-1]}

    declared = {**PAIRS, "output": {**PAIRS["output"], "bins": 1}}
    (row,) = rows(declared, write, label, labels={"1 to 5": 1})
    assert row["score"] == (aimed if is_kept else found)[-1]


GOOD, BEST = {"better": "best", "worse": "bad"}, {"ranked": ["best", "good", "bad"]}


@pytest.mark.parametrize(
    ("kind", "first", "second", "kept"),
    [
        ("preference", "A", "B", "best"),
        ("preference", "B", "A", "bad"),
        ("preference", "A", "A", QuotaNotMet("order-dependent")),
        ("ranking", "ABC", "CBA", ["best", "good", "bad"]),
        ("ranking", "CAB", "ACB", ["bad", "best", "good"]),
        ("ranking", "ABC", "ABC", QuotaNotMet("order-dependent")),
        ("ranking", "", "CBA", QuotaNotMet("equal-replies")),
        ("ranking", "AAB", "CBA", QuotaNotMet("bad-ranking")),
        ("ranking", "AB", "CBA", QuotaNotMet("bad-ranking")),
    ],
)
def test_replies_are_judged_in_both_orders(kind, first, second, kept):
    def label(call):
        before = call.values["input"].index("best") < call.values["input"].index("bad")
        said = first if before else second
        return {"better": said} if kind == "preference" else {"ranking": list(said)}

    replies, column = (GOOD, "chosen") if kind == "preference" else (BEST, "ranked")
    reply = {"prompt": "How long does this take?", **replies}
    refused = isinstance(kept, QuotaNotMet)
    with pytest.raises(QuotaNotMet, match=str(kept)) if refused else nullcontext():
        (row,) = rows(ALL[kind], lambda _: reply, label, labels={"concise": 1})
        assert row[column] == kept
