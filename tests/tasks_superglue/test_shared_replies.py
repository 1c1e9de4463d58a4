"""Replies of every task in another form: the reply models take more keys, and no others."""

from __future__ import annotations

import json
from typing import Any

import pytest

TASKS = ("axg", "boolq", "cb", "copa", "record", "rte", "wic", "wsc")


def spoilt(good: Any) -> str:
    """A reply with other keys, or with the same ones and no values, in turns."""
    if len(json.dumps(good)) % 2:
        return json.dumps({f"my_{key}": value for key, value in good.items()})
    return json.dumps(dict.fromkeys(good))


def test_without_a_schema_the_form_is_asked_for_in_words(run):
    bent = run(lambda step, good, repair: f"```json\n{json.dumps(good)}\n```", structured=False)
    assert len(bent.rows) == 8
    for request in bent.requests:
        assert "Its JSON schema:" in request.messages[-1].content


@pytest.mark.parametrize("task", TASKS)
def test_keys_besides_change_no_row(task, plain, run):
    more = run(lambda step, good, repair: {"question": "?", **good, "more": 1}, task=task, rows=18)
    assert not more.repairs
    assert more.rows == plain(task, 18).rows


@pytest.mark.parametrize("task", TASKS)
def test_a_reply_without_its_values_is_asked_for_once_more(task, plain, run):
    bent = run(lambda step, good, repair: good if repair else spoilt(good), task=task, rows=18)
    assert bent.problem == ""
    assert bent.rows == plain(task, 18).rows
    assert {request.origin.prompt for request in bent.repairs} == {
        request.origin.prompt for request in plain(task, 18).requests
    }
