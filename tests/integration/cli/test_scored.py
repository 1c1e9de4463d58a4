"""A task that asks for token probabilities, from the command's first word to its last."""

from __future__ import annotations

import pytest

from ...tables import table


@pytest.fixture(autouse=True)
def _task(own_task):
    own_task("scored")


WITHOUT = """
    claude --model m | claude backend does not provide them
    chatgpt --model gpt-6-luna | chatgpt backend does not provide them with these options
    llama --model m -o top_logprobs=-1 | llama backend does not provide them with these options
"""


@pytest.mark.parametrize(("backend", "words"), table(WITHOUT, 2))
def test_a_backend_without_them_is_refused_before_the_first_call(refuses, backend, words):
    said = (
        f"in step generate, the task scored-reviews requests token probabilities, but the {words}"
    )
    assert "local" in refuses(f"generate scored.py:TASK -n 2 -b {backend}", said).err


def test_a_task_says_where_it_asks_and_which_backends_answer(targen, own_task):
    told = targen("describe", "scored.py:TASK")
    assert "Step generate requests token probabilities. Backends that provide them: " in told.out
    (step,) = targen("describe", "scored.py:TASK", "--json").json["scored"]
    assert (step["step"], step["top_logprobs"], step["given"]) == ("generate", 0, False)
    assert {"local", "llama", "chatgpt"} <= {*step["backends"]}
    assert not {"claude", "scripted"} & {*step["backends"]}
    more = 'scored={"generate": 500}, scores_given=("generate",)'
    own_task("scored", ('scored={"generate": 0}', more))
    told = targen("describe", "scored.py:TASK")
    asked = "for texts that it supplies with the 500 likeliest tokens. Backends that provide "
    asked += "them: local"
    assert asked in told.out, told.err
    more = 'scored={"generate": 20}, continues=("generate",)'
    own_task("scored", ('scored={"generate": 0}', more))
    asked = "for the next token of a reply with the 20 likeliest tokens. "
    asked += "Backends that provide them: local"
    assert asked in targen("describe", "scored.py:TASK").out
    refused = targen("generate", "scored.py:TASK", "-n", "2", "-b", "llama", "--model", "m")
    assert (
        refused.code == 2
        and "for the next token of a reply, but the llama backend does not provide them"
        in (refused.err)
    )
