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
def asked(targen, service):
    """Runs a task; says how many list calls were paid for and how many the cache answered."""

    def run(task, out, *args):
        address = ("-o", f"base_url={service.url}/v1", "-o", "model=tiny", "--concurrency", 1)
        targen(
            *("generate", task, "-n", 2, "-b", "llama", "-q", *address, "--out", out),
            *("--give-up-after", 1, "--contexts-limit", 2, *args),
        )
        steps = report(out)["usage"]["by_step"]
        (contexts,) = [counts for counts in steps if counts["step"] == "contexts"]
        return contexts["calls"], contexts["cached"]

    return run


def test_tasks_that_ask_the_same_list_question_get_lists_of_their_own(asked, service):
    """CB and COPA list settings in the same words: one list for both would tie their rows."""
    calls, cached = asked("cb", "first")
    assert calls >= 1 and cached == 0
    question = service.seen[0].text
    calls, cached = asked("copa", "second")
    assert calls >= 1 and cached == 0
    assert sum(seen.text == question for seen in service.seen) == 2, "they do ask alike"


def test_a_run_without_the_cache_goes_on_without_it_until_it_is_told_otherwise(targen):
    def cached(*args):
        return targen(*args, "-q", "--json").json["usage"]["total"]["cached"]

    pytest.importorskip("targen_plugin_example")
    # Equal calls are answered alike, so that runs ask alike.
    with FaultServer(lambda seen: Response(answer(seen.body))) as service:
        address = ("-o", f"base_url={service.url}/v1", "-o", "model=tiny")
        for out, rows, *options in (("first", 16), ("run", 4, "--no-cache")):
            run = ("generate", "tickets", "-n", rows, "-b", "llama", *address, "--out", out)
            assert cached(*run, *options) == 0
        assert cached("resume", "run", "-n", 8) == 0
        assert cached("resume", "run", "-n", 12, "--cache") > 0


def requests(targen, run):
    actual = targen("batch", "export", run, "--out", "asked.jsonl", "--json")
    assert actual.code == 0, actual.err
    return lines("asked.jsonl")


def answers(asked, name="answers.jsonl"):
    rng = random.Random(2)
    made = []
    for request in asked:
        actual = {"response": {"status_code": 200, "body": answer(request["body"], rng)}}
        made.append({"custom_id": request["custom_id"], "error": None, **actual})
    return write_lines(name, made)


def test_answers_by_files_are_those_of_one_run_alone(targen, service, works):
    """Anybody may have written them; no other run takes them for the model's."""
    address = ("-o", f"base_url={service.url}/v1", "-o", "model=m")
    expected = ("generate", "cb", "-n", 2, "-b", "llama", *address, "-q")
    works(*expected, "--batch-offline", "--out", "brought")
    file = answers(requests(targen, "brought"))
    assert targen("batch", "import", "brought", file, "--json").json["good"] > 0
    targen("resume", "brought", "--no-batch", "-q", *address, "--give-up-after", 1)  # in a journal
    asked = len(service.seen)
    targen(*expected, "--out", "own", "--give-up-after", 1)
    first = journal("own")[0]
    assert len(service.seen) > asked
    assert (first["step"], first.get("cached", False)) == ("contexts", False)


def test_a_run_from_elsewhere_brings_no_replies_to_one_s_own(
    targen, service, tmp_path, monkeypatch
):
    address = ("-o", f"base_url={service.url}/v1", "-o", "model=m")
    expected = ("generate", "cb", "-n", 2, "-b", "llama", *address, "--contexts-limit", 2)
    with monkeypatch.context() as somebody:
        somebody.setenv("TARGEN_CACHE_DIR", str(tmp_path / "somebody"))
        targen(*expected, "-q", "--give-up-after", 1, "--out", "run")
    targen("resume", "run", "-q", *address, "--give-up-after", 1)
    targen("replay", "run", "-q")
    targen(*expected, "-q", "--give-up-after", 1, "--out", "own")
    assert report("own")["usage"]["total"]["cached"] == 0
