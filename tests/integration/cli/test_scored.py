"""A task that asks for token probabilities, from the command's first word to its last."""

from __future__ import annotations

import pytest

from ...tables import table


@pytest.fixture(autouse=True)
def _task(own_task):
    own_task("scored")


ASKED = """
    "scored": {"generate": 500}, "scores_given": ("generate",) | for texts that it supplies with the 500 likeliest tokens.
    "scored": {"generate": 20}, "continues": ("generate",) | for the next token of a reply with the 20 likeliest tokens.
"""  # noqa: E501


def test_a_task_says_where_it_asks_and_which_backends_answer(works, refuses, own_task):
    told = works("describe scored.py:TASK").out
    assert "Step generate requests token probabilities. Backends that provide them: " in told
    (step,) = works("describe scored.py:TASK --json").json["scored"]
    assert (step["step"], step["top_logprobs"], step["given"]) == ("generate", 0, False)
    assert {"local", "llama", "chatgpt"} <= {*step["backends"]}
    assert not {"claude", "scripted"} & {*step["backends"]}
    for more, asked in table(ASKED, 2):
        own_task("scored", ('"scored": {"generate": 0}', more))
        told = works("describe scored.py:TASK").out
        assert f"{asked} Backends that provide them: local" in told
    said = "for the next token of a reply, but the llama backend does not provide them"
    refuses("generate scored.py:TASK -n 2 -b llama --model m", said)
