"""`executor="ray"`: the rows of a run here, whatever worker answers."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import pytest

import targen_core
from targen_core.errors import JobFailed, UsageError
from targen_standard.correction.api import correct
from targen_testing.fault_server import FaultServer, Response

pytestmark = pytest.mark.usefixtures("cluster")

SCRIPTED = {
    "garbage_rate": 0.1,
    "cut_rate": 0.1,
    "refusal_rate": 0.05,
    "error_rate": 0.1,
    "limit_rate": 0.05,
}


def run(out, executor=None, **more):
    return targen_core.generate(
        "rte",
        n=12,
        model="scripted",
        options=SCRIPTED,
        out=out,
        executor=executor,
        progress=False,
        cache=False,
        **more,
    )


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    return run(tmp_path_factory.mktemp("here") / "run").path


class Locked:
    """A model object of the program, which nothing can copy."""

    identity, structured, seeded, max_concurrency, price = "locked", True, False, 3, None

    def __init__(self):
        self.open = threading.Lock()

    async def complete(self, request):
        raise AssertionError("it went to another process")

    def count_tokens(self, request):
        return 1

    async def aclose(self):
        pass


def test_a_model_that_does_not_cross_is_refused(tmp_path):
    one = {"n": 2, "out": tmp_path / "run", "executor": "ray", "progress": False}
    with pytest.raises(UsageError, match="cannot be sent to a different process"):
        targen_core.generate("rte", model=Locked(), **one)


def test_replicas_are_of_a_backend_with_addresses(tmp_path):
    with pytest.raises(UsageError, match="the scripted backend has no address"):
        run(tmp_path / "run", {"name": "ray", "replicas": ["http://127.0.0.1:1/v1"]})


def refused(out, executor, url, **options):
    """A run of calls to a service whose answers are no rows: it fails."""
    with pytest.raises(JobFailed):
        targen_core.generate(
            "rte",
            n=8,
            model="llama",
            options={"model": "mock", "base_url": url, "max_concurrency": 2, **options},
            seeds=[f"The number {number} is on the door of the house." for number in range(8)],
            out=out,
            executor={"name": "ray", **executor},
            progress=False,
        )


ANSWER = Response({"choices": [{"message": {"content": "no"}, "finish_reason": "stop"}]})


def test_of_a_range_more_workers_are_started_while_calls_wait(cluster, tmp_path):
    """A worker has room for two calls; none is answered before a third came."""
    third = threading.Event()

    def plan(seen):
        if len(server.seen) >= 3:
            third.set()
        third.wait(60)
        return ANSWER

    with FaultServer(plan) as server:
        refused(tmp_path / "run", {"workers": "1-2"}, f"{server.url}/v1")
    assert third.is_set()
    assert not server.gave_up


def test_a_correction_is_the_same_on_workers(here, tmp_path):
    def corrected(out, executor=None):
        return correct(
            here,
            corrector="vote",
            model="scripted",
            options=SCRIPTED,
            flip=0.5,
            out=out,
            executor=executor,
            progress=False,
            cache=False,
        ).path

    one = corrected(tmp_path / "here")
    other = corrected(tmp_path / "there", {"name": "ray", "workers": 2})
    for name in ("dataset.jsonl", "changes.jsonl"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_replicas_share_the_calls_and_a_key_stands_nowhere(cluster, tmp_path):
    key = "sk-0123456789abcdef"
    begun = [threading.Event(), threading.Event()]

    def answers(number):
        def plan(seen):  # none before both have a call: a worker that is up first does not do all
            begun[number].set()
            begun[1 - number].wait(60)
            return ANSWER

        return plan

    with FaultServer(answers(0)) as one, FaultServer(answers(1)) as two:
        urls = [f"{server.url}/v1" for server in (one, two)]
        refused(tmp_path / "run", {"replicas": urls}, urls[0], api_key=key)
        headers = {seen.headers.get("authorization") for seen in (*one.seen, *two.seen)}
    assert all(event.is_set() for event in begun)
    assert headers == {f"Bearer {key}"}
    read = [path for folder in (cluster, tmp_path) for path in folder.rglob("*") if path.is_file()]
    assert read
    hidden = [key.encode()]
    for pid in (path for path in Path("/proc").glob("[0-9]*") if path.is_dir()):
        with contextlib.suppress(OSError):  # of another user, or gone
            said = (pid / "cmdline").read_bytes() + (pid / "environ").read_bytes()
            assert not any(word in said for word in hidden)
    for path in read:
        held = path.read_bytes()
        assert not any(word in held for word in hidden), path
