"""What runs get from the cache of other runs, and what they must not."""

from __future__ import annotations

import random

import pytest

from targen_testing.fault_server import FaultServer, Response

from ...files import lines, write_lines
from ...runs import journal, report
from ...services import answer

pytest.importorskip("targen_tasks_superglue")


@pytest.fixture
def service():
    """Answers any call with words of its schema, other ones each time."""
    rng = random.Random(1)
    with FaultServer(lambda seen: Response(answer(seen.body, rng))) as made:
        yield made


@pytest.fixture
def generate(service):
    """A run of two rows of a task on that service, which gives up at once."""
    where = f"-b llama -o base_url={service.url}/v1 -o model=tiny --concurrency 1"
    return lambda task: f"generate {task} -n 2 -q {where} --give-up-after 1 --contexts-limit 2"


def test_tasks_that_ask_the_same_list_question_get_lists_of_their_own(targen, service, generate):
    """CB and COPA list settings in the same words: one list for both would tie their rows."""
    for task in ("cb", "copa"):
        targen(f"{generate(task)} --out {task}")
        steps = {counts["step"]: counts for counts in report(task)["usage"]["by_step"]}
        assert steps["contexts"]["calls"] >= 1 and steps["contexts"]["cached"] == 0
    question = service.seen[0].text
    assert sum(seen.text == question for seen in service.seen) == 2, "they do ask alike"


def test_answers_by_files_are_those_of_one_run_alone(targen, service, works, generate):
    """Anybody may have written them; no other run takes them for the model's."""
    rng = random.Random(2)
    works(f"{generate('cb')} --batch-offline --out brought")
    works("batch export brought --out asked.jsonl")
    brought = [
        {
            "custom_id": request["custom_id"],
            "error": None,
            "response": {"status_code": 200, "body": answer(request["body"], rng)},
        }
        for request in lines("asked.jsonl")
    ]
    write_lines("answers.jsonl", brought)
    assert targen("batch import brought answers.jsonl --json").json["good"] > 0
    targen("resume brought --no-batch -q --give-up-after 1")  # in a journal
    asked = len(service.seen)
    targen(f"{generate('cb')} --out own")
    first = journal("own")[0]
    assert len(service.seen) > asked
    assert (first["step"], first.get("cached", False)) == ("contexts", False)


def test_a_run_from_elsewhere_brings_no_replies_to_one_s_own(
    targen, service, generate, monkeypatch
):
    with monkeypatch.context() as somebody:
        somebody.setenv("TARGEN_CACHE_DIR", "somebody")
        targen(f"{generate('cb')} --out run")
    targen(f"resume run -q -o base_url={service.url}/v1 --give-up-after 1")
    targen("replay run -q")
    targen(f"{generate('cb')} --out own")
    assert report("own")["usage"]["total"]["cached"] == 0
