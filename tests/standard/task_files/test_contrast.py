"""Contrast sets: many rows per call, alike in all but the label, and judged together."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from targen_standard.task_files.model import Declaration
from tests.bent import Ran, run_bent

from ...runs import report

LABELS = {"order": "where an order is", "refund": "money back", "advice": "how to use a tool"}
MAIL = "description: E-mails to a shop.\nlabels:\n" + "".join(
    f"  {name}: the customer asks for {what}\n" for name, what in LABELS.items()
)


@pytest.fixture
def bent(tmp_path, installed):
    """Make contrast sets with the dry run's replies, each bent: `bend(request, good)`."""

    def go(quotas: dict[str, int], bend: Any = lambda request, good: good, **keys: Any) -> Ran:
        declared = {"description": "E-mails to a shop.", "labels": LABELS, **keys}
        task = Declaration(**declared).task(name="mail")
        return run_bent(
            installed.including(tasks={"mail": task}),
            tmp_path / "bent",
            lambda request: bend(request, request.dry_run()),
            task="mail",
            quotas=quotas,
        )

    return go


def counts(ran: Ran) -> Counter[Any]:
    return Counter(row["label"] for row in ran.rows)


def sizes(ran: Ran) -> list[dict[str, int]]:
    """The rows of each label that each call requested."""
    found = []
    for request in ran.asked("sets"):
        (form,) = json.loads(request.origin.values["form"])["sets"]
        found.append(dict.fromkeys(form, int(request.origin.values["count"])))
    return found


def test_three_calls_make_two_dozen_rows(bent):
    ran = bent(dict.fromkeys(LABELS, 8))
    assert counts(ran) == dict.fromkeys(LABELS, 8)
    assert sizes(ran) == [dict.fromkeys(LABELS, 8)]
    assert [len(ran.asked(name)) for name in ("ways", "sets", "judge")] == [1, 1, 1]
    assert all(len(one["calls"]) == 3 for one in ran.provenance)


@pytest.mark.parametrize(
    "quotas", [{"order": 40, "refund": 2, "advice": 9}, {"order": 1, "refund": 1, "advice": 60}]
)
def test_unequal_shares_waste_no_row(bent, quotas):
    ran = bent(quotas)
    assert counts(ran) == quotas
    requested: Counter[str] = Counter()
    for size in sizes(ran):
        requested.update(size)
    assert requested == quotas


def test_the_judge_decides_on_labels_and_does_not_see_the_claims(bent):
    seen: list[str] = []

    def bend(request: Any, good: Any) -> Any:
        if "labels" not in good:
            return good
        seen.append(request.messages[-1].content)
        if len(seen) == 1:  # no label fits one row, and another row has a different one
            first, second = list(good["labels"])[:2]
            other = next(name for name in LABELS if name != good["labels"][second])
            good["labels"] |= {first: "none", second: other}
        return good

    ran = bent(dict.fromkeys(LABELS, 8), bend)
    assert counts(ran) == dict.fromkeys(LABELS, 8)
    assert ran.reasons >= {"no-valid-instance"}
    changed = [one for one in ran.provenance if one["intended"] != one["label"]]
    assert len(changed) == 1


def test_a_verdict_for_each_row_or_the_reply_is_repaired(bent):
    seen: list[Any] = []

    def bend(request: Any, good: Any) -> Any:
        if "labels" in good:
            seen.append(good)
            if len(seen) == 1:
                return {"labels": dict(list(good["labels"].items())[1:])}
            if len(seen) == 2:
                return {"labels": dict.fromkeys(good["labels"], "unheard-of")}
        return good

    ran = bent(dict.fromkeys(LABELS, 8), bend)
    assert counts(ran) == dict.fromkeys(LABELS, 8)


def test_repeated_and_empty_rows_are_replaced(bent):
    seen: list[Any] = []

    def bend(request: Any, good: Any) -> Any:
        if "sets" in good:
            seen.append(good)
            if len(seen) == 1:
                good["sets"][1] = good["sets"][0]
                good["sets"][2] = dict.fromkeys(good["sets"][2], " ")
        return good

    ran = bent(dict.fromkeys(LABELS, 8), bend)
    assert counts(ran) == dict.fromkeys(LABELS, 8)


def test_rows_of_several_fields(bent):
    fields = {"subject": "the subject line", "body": {"description": "the text", "words": [3, 40]}}
    ran = bent(dict.fromkeys(LABELS, 4), fields=fields)
    assert counts(ran) == dict.fromkeys(LABELS, 4)
    assert {*ran.rows[0]} >= {"subject", "body", "label"}
    assert "3 to 40 words" in ran.asked("sets")[0].messages[-1].content


OPTIONS = """
--contexts own.txt
--contexts-limit 3
--contexts-from words
--seeds own.txt
--seeds-from words
--generators-from other
--dimension tone=calm,angry
"""


@pytest.mark.parametrize("option", OPTIONS.strip().splitlines())
def test_lists_and_draws_are_for_one_row_per_call(refuses, option, tmp_path):
    (tmp_path / "mail.yaml").write_text(MAIL)
    (tmp_path / "own.txt").write_text("a spade\n")
    command = f"generate mail.yaml -n 6 -b scripted {option}"
    refuses(command, "writes many rows per call", "add --variant paper")


def test_rows_from_elsewhere_are_judged_one_by_one(works, tmp_path):
    (tmp_path / "mail.yaml").write_text(MAIL)
    rows = [{"text": f"Where is my spade number {at}?", "label": "order"} for at in range(3)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    works("correct", "rows.jsonl", "--task", "mail.yaml", "-b", "scripted", "-q", "--out", "fixed")
    (step,) = report("fixed")["usage"]["by_step"]
    assert (step["step"], step["calls"]) == ("correct", 3)
