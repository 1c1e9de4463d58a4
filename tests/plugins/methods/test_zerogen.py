"""ZeroGen: where texts end, what a prompt says of a label, and where conditions are from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from targen_core import Rejected
from targen_methods.conditional.cut import kept
from targen_methods.copies import Copies
from targen_methods.testing import BASES
from targen_standard.methods.columns import Columns
from tests.files import lines, write_lines
from tests.runs import report

ENDS = [
    ('The quay is shut." said the man. And then', "The quay is shut."),
    ("The quay is shut.” And more", "The quay is shut."),
    ('"The quay is shut." More', "The quay is shut."),
    ("The quay is shut.\nBoats go.", "The quay is shut."),
    ("The quay is shut. Boats go. From the", "The quay is shut. Boats go."),
    ("Is it shut? Boats", "Is it shut?"),
    ("码头关闭了。船", "码头关闭了。"),
    # quotations within, of models that close the text and of those that write on
    ('Some call it "shut"."', 'Some call it "shut".'),
    ('Some call it "shut."" And so', 'Some call it "shut."'),
    ('Some call it "shut" and go. Others', 'Some call it "shut" and go.'),
    ('It goes. He said "we stay. They', "It goes."),
    ('It says ("Shut. Go.") so.", he said', 'It says ("Shut. Go.") so.'),
    ("Man nennt ihn „zu“.“ Und", "Man nennt ihn „zu“."),
    ("On le dit « clos » ici. » Et", "On le dit « clos » ici."),
    ("他说“走吧”。”", "他说“走吧”。"),
    ("It costs 3.5 million. It is 4.5 m", "It costs 3.5 million."),
]
FIRST = [
    ("The quay is shut. Boats go.", "The quay is shut."),
    ("It costs 3.5 million a year. Boats", "It costs 3.5 million a year."),
    ("The quay, e.g. the old one, is shut.", "The quay, e.g. the old one, is shut."),
    ('They said "Go. Now." and went. Boats', 'They said "Go. Now." and went.'),
    ("Il dit « “Va.” Elle part » et sort. Et", "Il dit « “Va.” Elle part » et sort."),
]
NOWHERE = [
    ("The quay is shut and the", False),
    ("", False),
    ("The quay\nis shut. Boats", True),
    ("The quay\nis shut. Boats", False),  # a stump
    ('The quay, which some call" shut."', False),
    ("Here is the remark:\nIt is shut.", False),
]


def test_a_text_ends_at_a_quotation_mark_a_line_or_a_sentence():
    for cases, options in (
        (ENDS, {}),
        (FIRST, {"first": True}),
        ([("It is shut. Is it? No", "It is shut.")], {"ends": "."}),
    ):
        cut = {reply: reply[slice(*kept(reply, **options))] for reply, _ in cases}
        assert cut == dict(cases)


@pytest.mark.parametrize(("reply", "first"), NOWHERE)
def test_what_ends_nowhere_is_refused(reply, first):
    with pytest.raises(Rejected, match="nothing ends a text"):
        kept(reply, first=first)


def given(count: int) -> Path:
    rows = (
        {"premise": f"Ship  {number} came in.", "hypothesis": "It is here.", "label": label}
        for number in range(count)
        for label in ("entailment", "not_entailment")
    )
    return write_lines("given.jsonl", rows)


def test_pairs_are_written_after_what_was_given(works, pairs):
    works(
        *("method", "zerogen", str(pairs), "--given", str(given(3)), "-n", "12"),
        *("--set", "per_condition=2", "-b", "scripted", "--out", "run"),
    )
    reports = [row["premise"] for row in lines("run/dataset.jsonl")]
    assert {reports.count(f"Ship  {number} came in.") for number in range(3)} == {4}  # as given
    usage = report("run")["usage"]["by_step"]
    assert {one["step"] for one in usage if one["calls"]} == {"generate"}


def test_given_rows_run_out_and_the_run_says_so(refuses, pairs):
    start = f"method zerogen {pairs} --given {given(2)} -n 12 --set per_condition=2 -b scripted"
    said = "the given rows yield at most 4 of the 6 requested rows of not_entailment"
    assert said in refuses(f"{start} --out run", "", code=1, keeps=False).err
    assert len(lines("run/dataset.jsonl")) == 8


ASKED = [
    {"question": f"Where was the boat of {name}?", "answer": answer, "label": label}
    for name, answer, label in (
        ("Ines", "It lay at the quay.", "agrees"),
        ("Olaf", "I never saw the boat of which they speak.", "objects"),
        ("Ruth", "Who can tell after so many years, and why would it matter at all?", "evades"),
        ("Emil", "It  sank.", "agrees"),
    )
]


def test_each_given_text_is_used_before_any_is_twice_in_an_order_of_the_seed(works, pairs):
    orders = []
    for seed in ("1", "2"):
        works(
            *("method", "zerogen", str(pairs), "--given", str(given(40))),
            *("-b", "scripted", "--label", "entailment=40", "--seed", seed, "--out", f"run{seed}"),
        )
        orders.append([row["premise"] for row in lines(f"run{seed}/dataset.jsonl")])
    assert orders[0] != orders[1]
    assert all(sorted(one) == sorted({*one}) and len(one) == 40 for one in orders)


def test_lengths_are_those_of_given_texts_and_tell_no_label(bent):
    rows_given = [
        {
            "question": f"Was it boat {number} of the harbour?",
            "answer": " ".join(f"w{at}" for at in range(number)),
            "label": "agrees",
        }
        for number in range(4, 24)
    ]
    ran = bent("zerogen", {"agrees": 8, "objects": 8}, base="kit-pairs",
               given=rows_given)  # fmt: skip
    asked: dict[str, set[str]] = {}
    for request in ran.asked("continue"):
        shown = next(
            line for line in request.messages[-1].content.splitlines() if "harbour" in line
        )
        asked.setdefault(shown, set()).add(request.messages[0].content)
    assert all(len(each) == 1 for each in asked.values())
    assert len(set().union(*asked.values())) > 2


def test_texts_end_as_the_given_ones_do(bent):
    bare = [{**row, "answer": row["answer"].rstrip("!.?")} for row in ASKED]
    for rows_given, ends in ((ASKED, True), (bare, False)):
        ran = bent("zerogen", {"agrees": 2}, base="kit-pairs",
                   given=rows_given)  # fmt: skip
        texts = [row["answer"] for row in ran.rows]
        assert [text[-1] in ".?!" for text in texts] == [ends] * 2
        shutil.rmtree(ran.path)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Sure! The answer goes on like this: it lay there.", "meta-text"),
        ("Boats, boats and boats and boats, boats and boats and boats.", "repetitive"),
        ("It lay at the quay!", "copied"),
        ("The old pier was closed in March after a storm.", "copy-of-example"),
        ("It is.", "too-short"),
    ],
)
def test_what_is_no_text_of_its_own_is_refused_by_name(bent, reply, reason):
    good = "Nobody ever moved it from there."

    def bend(request: Any, made: Any) -> Any:
        used.append(reply if not used else good)
        return f'{used[-1]}"'

    used: list[str] = []
    ran = bent("zerogen", {"agrees": 1}, bend, base="kit-pairs", given=ASKED[:1])
    assert (ran.problem, ran.reasons) == ("", {reason})
    assert [row["answer"] for row in ran.rows] == [good]


def test_a_near_copy_has_the_same_first_text_and_label():
    columns = Columns.of(BASES["kit-pairs"].task(name="kit-pairs"))
    copies = Copies(columns, [columns.instance(row, row["label"]) for row in ASKED])
    near = ASKED[1] | {"answer": "I never saw the boat of which you speak"}
    with pytest.raises(Rejected, match="nearly repeats a given row"):
        copies.refuse(columns.instance(near, "objects"))
    copies.refuse(columns.instance(near, "agrees"))
    copies.refuse(columns.instance(near | {"question": "Where was he?"}, "objects"))
    with pytest.raises(Rejected, match="nearly repeats a given row"):
        copies.refuse(columns.instance(ASKED[1], "agrees"))
