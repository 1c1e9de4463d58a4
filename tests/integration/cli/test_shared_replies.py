"""What runs get from the cache of other runs, and what they must not."""

from __future__ import annotations

import random

import pytest

from targen_testing.fault_server import FaultServer, Response

from ...runs import report
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
