"""Step 4 as `targen correct` runs it: meta, blind and vote on every kind of question."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from types import ModuleType
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from targen_core import (
    Backend,
    Correction,
    CorrectionSample,
    Dataset,
    JudgeQuestion,
    Judging,
    Label,
    ListStep,
    Rows,
    RunSpec,
    Task,
    Texts,
    hookimpl,
    load_registry,
)
from targen_core.calls.model import ChatReply
from targen_core.correctors.blind import solve as solve_alone
from targen_core.errors import JobFailed, RunConflict, UsageError
from targen_core.options import Limits
from targen_core.plugins.loader import Source, installed_sources
from targen_core.tasks.dimensions import seeded_rng
from targen_standard.correction.dataset import correct_dataset, flip
from targen_standard.scripted import ScriptedModel, ScriptedOptions


class Color(BaseModel):
    """A closed label set: is it warm or cold?"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    label: Literal["warm", "cold"]


class Tags(BaseModel):
    """Open labels: any of its own options may be right together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    options: tuple[str, ...]
    right: tuple[str, ...]


class Half(Color):
    """One official row of a pair."""

    idx: int


class Pair(BaseModel):
    """Two texts that must be judged alike."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    texts: tuple[str, str]
    label: Literal["warm", "cold"]


async def _never(*args):
    raise AssertionError("correction generates nothing")


_LABELS = (Label("warm"), Label("cold"))
_INSTRUCTIONS = "Say which colour it is."
_COMMON = {
    "version": "1",
    "summary": "For tests",
    "description": "For tests.",
    "contexts": ListStep(item=str, propose=_never, batch=1),
}
COLOR = Task(
    name="colour",
    instance=Color,
    labels=_LABELS,
    generators=dict.fromkeys(("warm", "cold"), _never),
    judging=Judging(
        instructions=_INSTRUCTIONS,
        rejecting={"undecided": "too-close"},
        samples=(CorrectionSample("a red", "cold", "warm", "Red is a warm colour, as fire is."),),
    ),
    **_COMMON,
)
TAGS = Task(
    name="tags",
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
    **_COMMON,
)
PAIR = Task(
    name="pair",
    instance=Pair,
    labels=_LABELS,
    generators=dict.fromkeys(("warm", "cold"), _never),
    texts=Texts(render=lambda row: "\n".join(row.texts)),
    rows=Rows(
        rows_per_instance=2,
        to_rows=lambda row, idx: [
            {"text": text, "label": row.label, "idx": idx + at} for at, text in enumerate(row.texts)
        ],
        schema=Half,
        from_rows=lambda rows: [Pair(texts=tuple(r["text"] for r in rows), label=rows[0]["label"])],
    ),
    judging=Judging(
        instructions=_INSTRUCTIONS,
        questions=lambda row: [
            JudgeQuestion(text, (row.label,), ("warm", "cold")) for text in row.texts
        ],
        aggregate=lambda row, answers: (
            Correction(answers[0].answers[0])
            if answers[0].answers == answers[1].answers
            else Correction.reject("split", "the two are judged differently")
        ),
    ),
    **_COMMON,
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
        model=None,
        instead=None,  # of each reply to several
        unstructured=False,
        **kwargs,
    ):
        """`solve(input, output, rng)` -> the answer, or any other reply."""
        asked = []

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

        model = model or ScriptedModel(ScriptedOptions(), reply)
        model.structured = not unstructured
        module = ModuleType("correctors_under_test")
        module.register_tasks = hookimpl(lambda register: register.register(task.name, task))
        backend = Backend(summary="", options=ScriptedOptions, create=lambda options: model)
        module.register_backends = hookimpl(lambda register: register.register("toy", backend))
        builtin = [s for s in installed_sources() if s.distribution == "targen-core"]
        registry = load_registry([*builtin, Source("acme", "1", "toy", module)])
        limits = Limits(**{"concurrency": 4, **kwargs.pop("limits", {})})
        spec = RunSpec(
            task=task.name,
            quotas={},
            backend="acme:toy",
            corrector=corrector,
            seed=kwargs.pop("seed", 0),
            limits=limits,
        )
        rows = [
            row
            for at, instance in enumerate(instances)
            for row in task.to_rows(instance, at * task.rows_per_instance)
        ]
        data = Dataset("given", task, rows)
        _, report = correct_dataset(registry, spec, data, tmp_path / out, **kwargs)
        return report, asked

    return run


def _lines(path):
    return [json.loads(line) for line in path.read_text().split("\n")[:-1]]


def _colors(count):
    return [
        Color(text=f"{('red', 'blue')[at % 2]} number {at}", label=("warm", "cold")[at % 2])
        for at in range(count)
    ]


CORRECTORS = pytest.mark.parametrize("corrector", ["meta", "blind", "vote"])


def _right(text, output, rng):
    return "warm" if "red" in text else "cold"


@CORRECTORS
def test_wrong_labels_are_mended_and_meta_alone_sees_them(correct, tmp_path, corrector):
    report, asked = correct(COLOR, _colors(20), _right, corrector=corrector, flip_fraction=0.25)
    assert (report["accuracy_before"], report["accuracy_after"]) == (0.75, 1.0)
    assert (report["flipped"], report["as_given"]) == ({"right": 5}, {"right": 15})
    rows = _lines(tmp_path / "out" / "dataset.jsonl")
    assert rows == [{**row.model_dump(), "idx": at} for at, row in enumerate(_colors(20))]
    changes = _lines(tmp_path / "out" / "changes.jsonl")
    assert Counter(change["verdict"] for change in changes) == {"confirmed": 15, "relabelled": 5}
    for change in changes:
        assert ("gold" in change) == (change["verdict"] == "relabelled")
        assert change["calls"] and change["explanation"]
    for request in asked:
        text = request.messages[-1].content
        sees = corrector == "meta"
        assert ("warm" in text or "cold" in text) == ("output" in request.origin.values) == sees


@CORRECTORS
@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("undecided", "too-close"),
        ("no_valid_instance", "no-valid-instance"),
        ("unsure", "unsure"),
        ("lukewarm", "malformed-reply"),
    ],
)
def test_outputs_that_are_no_label_reject_by_their_reason(correct, corrector, answer, reason):
    report, asked = correct(COLOR, _colors(2), lambda *_: answer, corrector=corrector)
    assert (report["kept"], report["accuracy_after"]) == (0, None)
    assert [set(flow["reasons"]) for flow in report["flow"].values()] == [{reason}, {reason}]
    if answer == "lukewarm":  # which is asked again first
        assert all(len(request.messages) > 2 for request in asked[1::2])
    else:
        assert {flow["reasons"][reason] for flow in report["flow"].values()} == {1}


@CORRECTORS
@pytest.mark.parametrize("keep", [True, False])
def test_a_row_whose_judge_is_unsure_keeps_its_label_where_the_task_says_so(
    correct, corrector, keep
):
    task = COLOR.replace(judging={"unsure": "keep" if keep else "drop"})

    def solve(text, output, rng):
        return "unsure" if "number 0" in text else _right(text, output, rng)

    report, _ = correct(task, _colors(4), solve, corrector=corrector)
    assert report["kept"] == (4 if keep else 3)


def test_a_label_may_be_called_unsure(correct):
    class Mood(BaseModel):
        text: str
        label: Literal["sure", "unsure"]

    task = COLOR.replace(
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
        (COLOR, [Color(text=text, label="warm") for text in ("a red", "an orange")]),
        (TAGS, [Tags(text=text, options=("A", "B"), right=("A",)) for text in ("a", "a c")]),
    ],
)
def test_the_paper_s_corrector_cannot_reject_a_broken_instance(correct, task, rows):
    report, asked = correct(
        task,
        rows,
        lambda *_: ["no_valid_instance"] if task is TAGS else "no_valid_instance",
        corrector="meta-paper",
    )
    for flow in report["flow"].values():
        assert {*flow["reasons"]} <= {"malformed-reply", "illegal-output"}
        assert sum(flow["reasons"].values()) == flow["judged"]
    text = "".join(message.content for request in asked[:1] for message in request.messages)
    assert "no_valid_instance" not in text + json.dumps(asked[0].schema)


def test_a_verdict_that_contradicts_its_own_result_is_rejected(correct):
    answer = {"explanation": "It is plain to see.", "actual": "warm", "verdict": "incorrect"}
    report, _ = correct(COLOR, [Color(text="a red", label="warm")], lambda *_: answer)
    assert report["flow"]["warm"]["reasons"] == {"inconsistent": 1}


@CORRECTORS
def test_sets_of_answers_are_confirmed_and_changed_as_sets(correct, tmp_path, corrector):
    rows = [
        Tags(text="one", options=("A", "B", "C"), right=("A", "C")),
        Tags(text="two", options=("A", "B", "C"), right=("B",)),
    ]
    # A blind answer may come in another order, case and punctuation.
    one = ["A", "C"] if corrector == "meta" else [" c. ", "a"]
    answers = {"one": one, "two": ["A", "B"]}
    report, asked = correct(
        TAGS, rows, lambda text, *_: answers[text.split("\n")[0]], corrector=corrector
    )
    answers = [tuple(row["right"]) for row in _lines(tmp_path / "out" / "dataset.jsonl")]
    assert answers == [("A", "C"), ("A", "B")]
    assert report["flow"]["any"]["accepted"] == {"any": 1, "relabelled": 1}
    schema = json.dumps(asked[0].schema)
    assert '"A"' not in schema  # one schema for all rows: providers compile each new one


@pytest.mark.parametrize("answer", [["D"], [], ["A", "D"]])
def test_an_answer_that_is_no_option_of_the_row_is_rejected(correct, answer):
    rows = [Tags(text="one", options=("A", "B", "C"), right=("A",))]
    report, _ = correct(TAGS, rows, lambda *_: answer, corrector="blind")
    assert report["flow"]["any"]["reasons"] == {"illegal-output": 1}


def test_votes_on_sets_count_for_each_answer(correct, tmp_path):
    rows = [Tags(text="one", options=("A", "B", "C"), right=("A",))]
    votes = iter([["A", "B"], ["B"], ["B", "C"]])
    report, _ = correct(TAGS, rows, lambda *_: next(votes), corrector="vote")
    assert _lines(tmp_path / "out" / "dataset.jsonl")[0]["right"] == ["B"]
    votes = iter([["A"], ["B"], ["C"]])
    report, _ = correct(TAGS, rows, lambda *_: next(votes), corrector="vote", out="split")
    assert report["flow"]["any"]["reasons"] == {"no-majority": 1}


def test_votes_stop_when_the_rest_cannot_change_the_result(correct):
    report, asked = correct(COLOR, _colors(3), _right, corrector="vote")
    assert len(asked) == 6
    assert len({request.key for request in asked}) == 6
    assert {request.params["temperature"] for request in asked} == {0.8}
    assert report["usage"]["total"]["calls"] == 6


# --- several rows in one call ---


def _verdicts(folder):
    """Return what was said of each row, and its calls apart."""
    changes = _lines(folder / "changes.jsonl")
    return [{**c, "calls": None} for c in changes], [c["calls"] for c in changes]


@pytest.mark.parametrize(
    ("corrector", "calls"), [("meta", 3), ("meta-paper", 3), ("blind", 3), ("vote", 6)]
)
def test_rows_judged_in_one_call_have_the_verdicts_of_rows_judged_alone(
    correct, tmp_path, corrector, calls
):
    known = {"corrector": corrector, "flip_fraction": 0.25}
    alone, (one, *_) = correct(COLOR, _colors(25), _right, **known, out="alone")
    together, asked = correct(COLOR, _colors(25), _right, **known, rows_per_call=10, out="together")
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
    plan = json.loads((tmp_path / "alone" / "correction.json").read_text())
    assert "rows_per_call" not in plan, "a correction of before can go on"


@CORRECTORS
@pytest.mark.parametrize("rows_per_call", [1, 4])
@pytest.mark.parametrize("structured", [True, False])
def test_a_pair_that_is_judged_differently_is_rejected_as_one(
    correct, tmp_path, corrector, rows_per_call, structured
):
    texts = [("a red", "the red"), ("a red", "a blue"), ("a blue", "the blue"), ("a red", "red")]
    rows = [Pair(texts=pair, label="warm") for pair in texts]
    known = {"corrector": corrector, "unstructured": not structured}
    report, asked = correct(PAIR, rows, _right, rows_per_call=rows_per_call, **known)
    assert report["flow"]["warm"]["reasons"] == {"split": 1}
    assert report["flow"]["warm"]["accepted"] == {"warm": 2, "cold": 1}
    written = [row["text"] for row in _lines(tmp_path / "out" / "dataset.jsonl")]
    assert written == [text for pair in texts if pair != texts[1] for text in pair]
    assert len(asked) == (2 if corrector == "vote" else 1) * 8 / rows_per_call
    for request in asked:
        told = sum(message.content.count("JSON schema") for message in request.messages)
        assert told == (0 if structured else 1)
        assert [message.role for message in request.messages].count("system") == 1


@pytest.mark.parametrize(
    "bad",
    [
        "lukewarm",
        ["no", "answer"],
        {"explanation": "It is plain to see."},
        {"explanation": "It is plain to see.", "actual": "warm", "verdict": "incorrect"},
    ],
)
def test_a_row_whose_answer_is_bad_is_asked_again_alone(correct, tmp_path, bad):
    def solve(text, output, rng):
        return bad if text.endswith("number 4") else _right(text, output, rng)

    report, asked = correct(COLOR, _colors(10), solve, rows_per_call=5)
    assert Counter("together" in request.origin.values for request in asked) == {True: 2, False: 2}
    assert report["kept"] == 9
    _, calls = _verdicts(tmp_path / "out")
    assert [len(keys) for keys in calls] == [3 if at == 4 else 1 for at in range(10)]


@pytest.mark.parametrize("reply", [ChatReply("", "refusal", 1, 1), "no list", {"replies": []}])
def test_rows_whose_call_has_no_usable_reply_are_asked_alone(correct, tmp_path, reply):
    colors = _colors(9)  # the last has a call of its own anyway
    alone, _ = correct(COLOR, colors, _right, out="alone")
    report, _ = correct(COLOR, colors, _right, rows_per_call=4, out="out", instead=reply)
    assert report["accuracy_after"] == alone["accuracy_after"] == 1.0
    attempts = 1 if isinstance(reply, ChatReply) else 2
    assert report["usage"]["total"]["calls"] == 9 + 2 * attempts
    (same, _), (verdicts, calls) = (_verdicts(tmp_path / name) for name in ("alone", "out"))
    assert verdicts == same
    assert len({key for keys in calls for key in keys}) == 9


def test_a_correction_in_calls_of_several_goes_on_to_the_same_bytes(correct, tmp_path):
    def solve(text, output, rng):
        return rng.choice(["warm", "cold", "lukewarm", ["odd"]])

    known = {"flip_fraction": 0.3, "rows_per_call": 4}
    whole, asked = correct(COLOR, _colors(30), solve, **known, out="whole")
    _, one = correct(COLOR, _colors(30), solve, **known, limits={"concurrency": 1}, out="one")
    stops, tokens, more = 0, whole["usage"]["total"]["input_tokens"], None
    while more is None:
        limits = {"max_tokens": (1 + stops) * tokens // 2}
        try:
            _, more = correct(COLOR, _colors(30), solve, **known, limits=limits, out="parts")
        except JobFailed:
            stops += 1
    assert stops > 1
    assert len(more) < len(asked)
    for name in ("changes.jsonl", "dataset.jsonl", "report.json"):
        texts = {(tmp_path / out / name).read_text() for out in ("whole", "one", "parts")}
        assert len(texts) == 1
    assert {request.key for request in one} == {request.key for request in asked}
    with pytest.raises(RunConflict, match="rows per call"):
        correct(COLOR, _colors(30), solve, flip_fraction=0.3, rows_per_call=5, out="whole")


def test_a_corrector_that_asks_side_by_side_asks_alone(correct):
    async def both(llm, instance):
        (question,) = llm.task.questions(instance)
        first = await solve_alone(llm, question)
        others = await asyncio.gather(*(solve_alone(llm, question) for _ in range(2)))
        last = await solve_alone(llm, question)
        assert {first.answers, last.answers} == {answer.answers for answer in others}
        return llm.task.aggregate(instance, [last])

    task = COLOR.replace(judging={"corrector": both})
    report, asked = correct(task, _colors(6), _right, corrector="", rows_per_call=3)
    assert report["accuracy_after"] == 1.0
    assert ["together" in request.origin.values for request in asked].count(True) == 2
    assert len(asked) == 2 + 6 * 3


# --- the work as a whole ---


def test_a_directory_of_something_else_is_left_alone(correct, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(RunConflict, match="is not a correction"):
        correct(COLOR, _colors(4), _right, out="mine")


def test_a_task_without_a_corrector_is_refused(correct):
    with pytest.raises(UsageError, match="does not have its own corrector"):
        correct(COLOR, _colors(2), _right, corrector=None)


def test_a_sample_is_drawn_by_the_seed_and_keeps_the_order(correct, tmp_path):
    for out, seed in (("a", 0), ("b", 0), ("c", 1)):
        correct(COLOR, _colors(50), _right, limit=10, out=out, seed=seed)
    a, b, c = ([x["idx"] for x in _lines(tmp_path / d / "changes.jsonl")] for d in "abc")
    assert a == b == sorted(a) != c
    assert len(a) == 10


@given(share=st.floats(0, 1), count=st.integers(1, 40), seed=st.integers(0, 99))
def test_flipped_labels_are_legal_and_wrong(share, count, seed):
    rng = seeded_rng(seed)
    for row in _colors(count):
        wrong = flip(COLOR, row, rng)
        assert wrong.label != row.label
        assert wrong.text == row.text
    tags = Tags(text="x", options=("A", "B", "C"), right=("A", "C"))
    changed = flip(TAGS, tags, rng)
    assert set(changed.right) != {"A", "C"}
    assert set(changed.right) <= set(tags.options)


@pytest.mark.parametrize("solver", ["meta", "blind"])
def test_another_task_with_the_same_labels_in_another_order_changes_no_schema(solver):
    """Replies are asked with a schema, and a call's key is a digest of it."""
    from targen_core.correctors import blind, meta

    form = {"meta": meta._judgement, "blind": blind._reply}[solver]
    for order in (("yes", "no"), ("no", "yes")):
        schema = json.dumps(form(order, False).model_json_schema())
        assert schema.index(f'"{order[0]}"') < schema.index(f'"{order[1]}"')
