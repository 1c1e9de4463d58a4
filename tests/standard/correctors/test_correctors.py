"""Step 4 as `targen correct` runs it: meta, blind and vote on every kind of question."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from targen_core import Correction, Label, Task
from targen_core.dataset.model import Dataset
from targen_core.errors import JobFailed, RunConflict
from targen_core.tasks.dimensions import seeded_rng
from targen_core.tasks.groups import Judging, Rows, Texts
from targen_core.tasks.judging import CorrectionSample, JudgeQuestion
from targen_core.tasks.replies import one_of
from targen_core.tasks.steps import ListStep
from targen_standard.correction.api import correct as targen_correct
from targen_standard.correction.dataset import flip
from targen_standard.scripted import ScriptedModel, ScriptedOptions
from targen_testing.sample import SAMPLE, Review

from ...files import lines


class Tags(BaseModel):
    """Open labels: any of its own options may be right together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    options: tuple[str, ...]
    right: tuple[str, ...]


async def _never(*args):
    raise AssertionError("correction generates nothing")


_INSTRUCTIONS = "Say what it is."
TONE = SAMPLE.replace(
    judging={"instructions": _INSTRUCTIONS, "rejecting": {"undecided": "too-close"}}
)
TAGS = Task(
    name="tags",
    version="1",
    summary="Open labels",
    description="Any of a row's own options may be right together.",
    contexts=ListStep(item=str, propose=_never, batch=1),
    instance=Tags,
    generators={"any": _never},
    texts=Texts(render=lambda row: row.text),
    rows=Rows(
        label_of=lambda row: "+".join(row.right),
        with_label=lambda row, name: row.model_copy(update={"right": tuple(name.split("+"))}),
        from_rows=lambda rows: [
            Tags(text=row["text"], options=row["options"], right=row["right"]) for row in rows
        ],
    ),
    judging=Judging(
        instructions=_INSTRUCTIONS,
        questions=lambda row: [
            JudgeQuestion(
                f"{row.text}\n{', '.join(row.options)}", row.right, row.options, several=True
            )
        ],
        aggregate=lambda row, answers: Correction(
            "+".join(answers[0].answers), answers[0].explanation
        ),
        samples=(
            CorrectionSample("a b", ("A", "B"), ("A",), "Only A is in it, and B is not."),
            CorrectionSample("a", ("A",), ("no_valid_instance",), "It breaks off after a word."),
        ),
    ),
)


@pytest.fixture
def correct(tmp_path):
    """Correct instances with a corrector, on a model that answers by a function."""

    def run(
        task,
        instances,
        solve,
        *,
        corrector="meta",
        out="out",
        instead=None,  # of each reply to several
        structured=True,
        asked=None,
        **known,
    ):
        """`solve(input, output, rng)` -> the answer, or any other reply."""
        asked = [] if asked is None else asked

        def reply(request):
            asked.append(request)
            values = request.origin.values
            if "together" not in values:
                return judged(request, values)
            if instead is not None:
                return instead
            numbered = [
                {"number": number, **told} if isinstance(told, dict) else told
                for number, told in enumerate((judged(request, v) for v in values["together"]), 1)
            ]
            return {"replies": numbered[::-1]}  # their numbers count, not their order

        def judged(request, values):
            output = values.get("output")
            answer = solve(values["input"], output, seeded_rng(request.key))
            if not isinstance(answer, (str, list)):
                return answer
            explanation = "It is plain to see from the input."
            if request.origin.prompt == "solve":
                return {"explanation": explanation, "answer": answer}
            said = "; ".join(answer) if isinstance(answer, list) else answer
            verdict = "correct" if said == output else "incorrect"
            return {"explanation": explanation, "actual": answer, "verdict": verdict}

        model = ScriptedModel(ScriptedOptions(), reply)
        model.structured = structured
        rows = [
            row
            for at, instance in enumerate(instances)
            for row in task.to_rows(instance, at * task.rows_per_instance)
        ]
        known = {"concurrency": 4, "cache": False, "corrector": corrector, **known}
        data = Dataset("given", task, rows)
        made = targen_correct(data, model=model, out=tmp_path / out, **known)
        return made.report.raw, asked

    return run


def _reviews(count):
    return [
        Review(text=f"{('glad', 'sorry')[at % 2]} number {at}", label=("good", "bad")[at % 2])
        for at in range(count)
    ]


ABC = Tags(text="one", options=("A", "B", "C"), right=("A",))
CORRECTORS = pytest.mark.parametrize("corrector", ["meta", "blind", "vote"])


def _right(text, output, rng):
    return "good" if "glad" in text else "bad"


@CORRECTORS
def test_wrong_labels_are_mended_and_meta_alone_sees_them(correct, tmp_path, corrector):
    report, asked = correct(TONE, _reviews(20), _right, corrector=corrector, flip=0.25)
    assert (report["accuracy_before"], report["accuracy_after"]) == (0.75, 1.0)
    assert (report["flipped"], report["as_given"]) == ({"right": 5}, {"right": 15})
    rows = lines(tmp_path / "out" / "dataset.jsonl")
    assert rows == [{**row.model_dump(), "idx": at} for at, row in enumerate(_reviews(20))]
    changes = lines(tmp_path / "out" / "changes.jsonl")
    assert Counter(change["verdict"] for change in changes) == {"confirmed": 15, "relabelled": 5}
    for change in changes:
        assert ("gold" in change) == (change["verdict"] == "relabelled")
        assert change["calls"] and change["explanation"]
    for request in asked:
        text = request.messages[-1].content
        sees = corrector == "meta"
        assert ("good" in text or "bad" in text) == ("output" in request.origin.values) == sees


CONTRARY = {"explanation": "It is plain to see.", "actual": "good", "verdict": "incorrect"}
NO_LABEL = {
    "undecided": "too-close",
    "no_valid_instance": "no-valid-instance",
    "unsure": "unsure",
}
NO_ANSWER = [
    *((TONE, by, "lukewarm", "malformed-reply") for by in ("meta", "blind", "vote")),
    (TONE, "meta", CONTRARY, "inconsistent"),
    *((TAGS, "blind", answer, "illegal-output") for answer in (["D"], [], ["A", "D"])),
]


@pytest.mark.parametrize(
    ("task", "corrector", "answer", "reason"),
    [(TONE, by, *each) for by in ("meta", "blind", "vote") for each in NO_LABEL.items()],
)
def test_outputs_that_are_no_label_reject_by_their_reason(correct, task, corrector, answer, reason):
    report, _ = correct(task, _reviews(1), lambda *_: answer, corrector=corrector)
    assert (report["kept"], report["accuracy_after"]) == (0, None)
    judged = [flow["reasons"] for flow in report["flow"].values() if flow["judged"]]
    assert judged == [{reason: 1}]


@pytest.mark.parametrize(("task", "corrector", "answer", "reason"), NO_ANSWER)
def test_a_row_without_a_usable_judgement_stays_and_is_tried_again(
    correct, tmp_path, caplog, task, corrector, answer, reason
):
    rows = _reviews(6) if task is TONE else [ABC, ABC.model_copy(update={"text": "two"})]
    broken = {rows[0].text}

    def solve(text, output, rng):
        if text.split("\n")[0] in broken:
            return answer
        return _right(text, output, rng) if task is TONE else ["A"]

    together = {"corrector": corrector, "rows_per_call": 2}
    first, _ = correct(task, rows, solve, **together)
    assert (first["kept"], first["unjudged"]) == (len(rows), {reason: 1})
    assert first["as_given"] == {"right": len(rows) - 1, "unjudged": 1}
    assert sum(flow.get("unjudged", 0) for flow in first["flow"].values()) == 1
    assert first["accuracy_after"] == 1.0
    change = lines(tmp_path / "out" / "changes.jsonl")[0]
    assert (change["verdict"], change["label"]) == ("unjudged", change["claimed"])
    assert len(lines(tmp_path / "out" / "dataset.jsonl")) == len(rows)
    words = f"1 of {len(rows)} instances could not be judged and kept the label ({reason}, 1 time)"
    assert f"{words}; run the same command again to retry" in caplog.text
    same, asked = correct(task, rows, solve, **together)
    assert asked and same["unjudged"] == first["unjudged"]
    broken.clear()
    healed, asked = correct(task, rows, solve, **together)
    assert 0 < len(asked) <= 3  # only of that row
    assert (healed["as_given"], "unjudged" in healed) == ({"right": len(rows)}, False)
    _, asked = correct(task, rows, solve, **together)
    assert not asked


@pytest.mark.parametrize("rows_per_call", [1, 2])
def test_a_correction_without_any_judgement_fails(correct, tmp_path, rows_per_call):
    with pytest.raises(JobFailed, match=r"none of the 4 instances .*\(malformed-reply, 4 times\)"):
        correct(TONE, _reviews(4), lambda *_: "lukewarm", rows_per_call=rows_per_call)
    assert len(lines(tmp_path / "out" / "dataset.jsonl")) == 4
    report, _ = correct(TONE, _reviews(4), _right, rows_per_call=rows_per_call)
    assert report["as_given"] == {"right": 4}


def test_a_label_may_be_called_unsure(correct):
    class Mood(BaseModel):
        text: str
        label: Literal["sure", "unsure"]

    task = TONE.replace(
        instance=Mood,
        labels=(Label("sure"), Label("unsure")),
        generators=dict.fromkeys(("sure", "unsure"), _never),
        judging=Judging(instructions=_INSTRUCTIONS),
    )
    given = [Mood(text="hm", label="sure"), Mood(text="well", label="unsure")]
    report, asked = correct(task, given, lambda *_: "unsure")
    assert report["kept"] == 2
    assert len({*asked[0].schema["properties"]["actual"]["enum"]}) == 3


@pytest.mark.parametrize(
    ("task", "rows"),
    [
        (TONE, [Review(text=text, label="good") for text in ("a glad", "an orange")]),
        (TAGS, [Tags(text=text, options=("A", "B"), right=("A",)) for text in ("a", "a c")]),
    ],
)
def test_the_paper_s_corrector_cannot_reject_a_broken_instance(correct, task, rows):
    asked = []

    def solve(text, output, rng):
        return ["no_valid_instance"] if task is TAGS else "no_valid_instance"

    with pytest.raises(JobFailed, match=r"\((malformed-reply|illegal-output), 2 times\)"):
        correct(task, rows, solve, corrector="meta-paper", asked=asked)
    text = "".join(message.content for request in asked[:1] for message in request.messages)
    assert "no_valid_instance" not in text + json.dumps(asked[0].schema)


@CORRECTORS
def test_sets_of_answers_are_confirmed_and_changed_as_sets(correct, tmp_path, corrector):
    rows = [
        ABC.model_copy(update={"right": ("A", "C")}),
        ABC.model_copy(update={"text": "two", "right": ("B",)}),
    ]
    # A blind answer may come in another order, case and punctuation.
    one = ["A", "C"] if corrector == "meta" else [" c. ", "a"]
    answers = {"one": one, "two": ["A", "B"]}
    report, asked = correct(
        TAGS, rows, lambda text, *_: answers[text.split("\n")[0]], corrector=corrector
    )
    answers = [tuple(row["right"]) for row in lines(tmp_path / "out" / "dataset.jsonl")]
    assert answers == [("A", "C"), ("A", "B")]
    assert report["flow"]["any"]["accepted"] == {"any": 1, "relabelled": 1}
    schema = json.dumps(asked[0].schema)
    assert '"A"' not in schema  # one schema for all rows: providers compile each new one


def test_votes_stop_when_the_rest_cannot_change_the_result(correct):
    report, asked = correct(TONE, _reviews(3), _right, corrector="vote")
    assert len(asked) == len({request.key for request in asked}) == 6
    assert {request.params["temperature"] for request in asked} == {0.8}
    assert report["usage"]["total"]["calls"] == 6


# --- several rows in one call ---


def test_a_row_s_text_cannot_look_like_another_row(correct):
    rows = [row.model_copy(update={"text": f'{row.text}"\n\n[3]\n'}) for row in _reviews(6)]
    _, (asked,) = correct(TONE, rows, _right, rows_per_call=6)
    turn = asked.messages[-1].content
    assert re.findall(r"(?m)^\[(\d)\]$", turn) == [*"123456"]


def _verdicts(folder):
    """Return what was said of each row, and its calls apart."""
    changes = lines(folder / "changes.jsonl")
    return [{**c, "calls": None} for c in changes], [c["calls"] for c in changes]


@pytest.mark.parametrize(
    ("corrector", "calls"), [("meta", 3), ("meta-paper", 3), ("blind", 3), ("vote", 6)]
)
def test_rows_judged_in_one_call_have_the_verdicts_of_rows_judged_alone(
    correct, tmp_path, corrector, calls
):
    known = {"corrector": corrector, "flip": 0.25}
    alone, (one, *_) = correct(TONE, _reviews(25), _right, **known, out="alone")
    together, asked = correct(TONE, _reviews(25), _right, **known, rows_per_call=10, out="together")
    (verdicts, _), (same, keys) = (_verdicts(tmp_path / name) for name in ("alone", "together"))
    assert verdicts == same
    usage, others = together.pop("usage"), alone.pop("usage")
    assert together == {**alone, "rows_per_call": 10}
    assert usage["total"]["calls"] == calls
    assert usage["total"]["input_tokens"] < others["total"]["input_tokens"] / 2
    for request in asked:
        rows = len(request.origin.values["together"])
        assert request.params["max_tokens"] == rows * one.params["max_tokens"]
    assert {key for row in keys for key in row} == {request.key for request in asked}
    assert Counter(key for row in keys for key in row).most_common(1)[0][1] == 10


@pytest.mark.parametrize(
    "bad",
    [
        "lukewarm",
        ["no", "answer"],
        {"explanation": "It is plain to see."},
        CONTRARY,
    ],
)
def test_a_row_whose_answer_is_bad_is_asked_again_alone(correct, tmp_path, bad):
    def solve(text, output, rng):
        return bad if text.endswith("number 4") else _right(text, output, rng)

    report, asked = correct(TONE, _reviews(10), solve, rows_per_call=5)
    assert Counter("together" in request.origin.values for request in asked) == {True: 2, False: 2}
    assert sum(report["unjudged"].values()) == 1
    _, calls = _verdicts(tmp_path / "out")
    assert [len(keys) for keys in calls] == [3 if at == 4 else 1 for at in range(10)]


def test_a_correction_in_calls_of_several_goes_on_to_the_same_bytes(correct, tmp_path):
    def solve(text, output, rng):
        return rng.choice(["good", "bad", "lukewarm", ["odd"]])

    known = {"flip": 0.3, "rows_per_call": 4}
    whole, asked = correct(TONE, _reviews(30), solve, **known, out="whole")
    _, one = correct(TONE, _reviews(30), solve, **known, concurrency=1, out="one")
    stops, tokens, more = 0, whole["usage"]["total"]["input_tokens"], None
    while more is None:
        most = (1 + stops) * tokens // 2
        try:
            _, more = correct(TONE, _reviews(30), solve, **known, max_tokens=most, out="parts")
        except JobFailed:
            stops += 1
    assert stops > 1
    assert len(more) < len(asked)
    for name in ("changes.jsonl", "dataset.jsonl", "report.json"):
        texts = {(tmp_path / out / name).read_text() for out in ("whole", "one", "parts")}
        assert len(texts) == 1
    assert {request.key for request in one} == {request.key for request in asked}
    with pytest.raises(RunConflict, match="rows per call"):
        correct(TONE, _reviews(30), solve, flip=0.3, rows_per_call=5, out="whole")


# --- the work as a whole ---


@given(share=st.floats(0, 1), count=st.integers(1, 40), seed=st.integers(0, 99))
def test_flipped_labels_are_legal_and_wrong(share, count, seed):
    rng = seeded_rng(seed)
    for row in _reviews(count):
        wrong = flip(TONE, row, rng)
        assert wrong.label != row.label
        assert wrong.text == row.text
    tags = Tags(text="x", options=("A", "B", "C"), right=("A", "C"))
    changed = flip(TAGS, tags, rng)
    assert set(changed.right) != {"A", "C"}
    assert set(changed.right) <= set(tags.options)


def test_a_name_is_read_in_another_spelling_unless_that_could_be_several():
    named = TypeAdapter(one_of(("no", "No!", "Kasko / Glasbruch", "Straße", "+")))
    for said in ("no", "No!", "+"):
        assert named.validate_python(said) == said
    assert named.validate_python("kasko/glasbruch") == "Kasko / Glasbruch"
    assert named.validate_python("STRASSE") == "Straße"
    for said in ("NO", "-", "x" * 200, 3, None):
        with pytest.raises(
            ValidationError, match="'NO' is none of: no, No!" if said == "NO" else None
        ):
            named.validate_python(said)
