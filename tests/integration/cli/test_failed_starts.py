"""A start that is refused or comes to nothing: what it leaves, and what the next start does."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path
from typing import Any

import pytest

import targen_core as tg
from targen_testing.fault_server import FaultServer, Response, Seen
from targen_testing.wire import OPENAI

from ...runs import records, report
from ...tables import table

# How a service answers, options, and the error.
UNANSWERED = """
    503 | --max-outage 0.1    | no answer from the service within 0.1 s
    401 | -q                  | HTTP 401
    402 | -q                  | HTTP 402
    200 | --max-tokens 10     | token budget exhausted: 0 of 10 spent
"""


@pytest.mark.parametrize(("status", "words", "error"), table(UNANSWERED))
def test_a_run_without_an_answer_leaves_no_folder(refuses, status, words, error):
    limits = {"max_tokens": 10} if status == "200" else {"max_outage": 0.1}
    with FaultServer(Response({"error": {"message": "Not now"}}, int(status))) as server:
        address = f"{server.url}/v1"
        line = f"generate rte -n 4 --yes --out a/b -b llama/m --base-url {address} {words}"
        assert "resume" not in refuses(line, error, code=1).err
        with pytest.raises(tg.TargenError) as caught:
            tg.generate("rte", n=4, model="llama/m", base_url=address, **limits)
    assert not Path("runs").exists()
    assert "resume" not in "".join(caught.value.__notes__)


# --- a service that answers badly at first ---------------------------------------

TASK = """description: Notes of a night porter.
contexts: occasions
labels: {calm: nothing happened, alarm: something must be done}
"""


_WORDS = """lamp door stairs cellar kettle towel basin shutter carpet mirror pillow luggage bicycle
umbrella newspaper breakfast lantern ladder balcony piano orchard letter bucket curtain""".split()


class Service:
    """A model of words that differ; until it is fixed, it chatters in replies with a field."""

    def __init__(self) -> None:
        self.fixed = self.refuses = False
        self.chatters = "contexts"
        self.finish = "stop"
        self.asked = 0
        self.one_at_a_time = threading.RLock()

    def __call__(self, seen: Seen) -> Response:
        fields = seen.body["response_format"]["json_schema"]["schema"]["properties"]
        with self.one_at_a_time:
            if self.refuses:
                return Response({"error": {"message": "Bad key"}}, 401)
            self.asked += 1
            if not self.fixed and self.chatters in fields:
                return Response(OPENAI.answer("Sure! Here is what you asked for.", self.finish))
            return Response(OPENAI.answer(json.dumps(self._reply(fields, seen)), "stop"))

    def _reply(self, fields: dict[str, Any], seen: Seen) -> dict[str, Any]:
        number = self.asked
        if "verdict" in fields:
            claimed = seen.body["messages"][-1]["content"].rpartition("output: ")[2].strip(' "\n')
            return {"explanation": "It does.", "actual": claimed, "verdict": "correct"}
        many = [f"the {number}th guest of room {i} came at {i + number}" for i in range(10)]
        one = f"Guest {number}: {' '.join(random.Random(number).sample(_WORDS, 9))}."
        return {k: many if of.get("type") == "array" else one for k, of in fields.items()}


@pytest.fixture
def bad():
    """Such a model."""
    Path("porter.yaml").write_text(TASK)
    return Service()


@pytest.fixture
def there(bad):
    """The options that make it the model of a command."""
    with FaultServer(bad) as server:
        yield f"-b llama --model m --base-url {server.url}/v1 -q"


@pytest.mark.parametrize("finish", ["stop", "content_filter"])
def test_a_run_without_rows_asks_again_and_counts_what_it_paid(bad, there, works, refuses, finish):
    bad.finish = finish
    start = f"generate porter.yaml -n 4 {there} --out run"
    again = "requests new replies in place of the unusable ones"
    assert again in refuses(start, "", code=1, keeps=False).err
    first = bad.asked
    refuses(start, "", code=1, keeps=False)
    assert bad.asked == 2 * first, "it was asked again, and answered badly again"
    bad.fixed = True
    works(start)
    assert len(records("run", "dataset.jsonl")) == 4
    assert report("run")["usage"]["total"]["calls"] == bad.asked, (
        "what came to nothing was paid too"
    )
    asked = bad.asked
    works(start)
    assert bad.asked == asked, "and now nothing is asked again"
    works("resume run --verify -q")
