"""`ExecutorSuite`: the checks that every executor must pass.

    from targen_testing.executors import ExecutorSuite as Suite

    class TestGrid(Suite):
        executor = "grid"
        asked = {"workers": 2}

It runs a small task of its own with models that the executor places, and compares the run with the
same one in this process.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest

from targen_core.calls.delivery import ModelExecutor, ModelSource, Workers
from targen_core.calls.model import ChatModel, ChatReply
from targen_core.calls.scores import continues, most_top, scores_given
from targen_core.errors import JobFailed, TargenError, UsageError
from targen_core.runs.config import RunConfig, WorkerOptions
from targen_core.runs.job import Job
from targen_core.runs.models import Elsewhere
from targen_core.text import plural
from targen_standard.scripted import ScriptedModel, ScriptedOptions
from targen_testing import trials
from targen_testing.exchange import request_of
from targen_testing.suite import Described, PartSuite, fail
from targen_testing.trials import Trial

T = TypeVar("T")

_BACKEND = "targen-standard:scripted"
_FAULTS = {
    "garbage_rate": 0.1,
    "cut_rate": 0.1,
    "refusal_rate": 0.05,
    "error_rate": 0.1,
    "limit_rate": 0.05,
}
_ROWS = {"good": 6, "bad": 6}
_SOON = 60.0
"""Seconds: only an executor that hangs takes as long."""

_DIES = """
import contextlib, os, signal
from pathlib import Path

HERE = Path(__file__).parent

def reply(request):
    if request.origin.step == "generate":
        with contextlib.suppress(FileNotFoundError):  # another worker was quicker, or none is to
            (HERE / "death").unlink()
            os.kill(os.getpid(), signal.SIGKILL)
    return request.dry_run()
"""


class ExecutorSuite(Described[ModelExecutor], PartSuite[ModelExecutor]):
    """Checks of an executor; set `executor` to its registered name.

    Attributes:
        executor: the registered name.
        asked: a user's request, as in `executor=`: `address`, `workers`, `resources`, `replicas`.
        own_processes: whether its workers are processes of this machine; one is then killed.
    """

    executor: ClassVar[str]
    asked: ClassVar[Mapping[str, Any]] = {}
    own_processes: ClassVar[bool] = False
    kind = "executor"

    # --- how the tests run it ---

    def where(self) -> Elsewhere:
        """Return the executor, with the request."""
        asked = WorkerOptions(executor=self.executor, **self.asked)
        return Elsewhere.read(self.registry(), asked, self.typed())

    def config(self, options: Mapping[str, Any], **limits: Any) -> RunConfig:
        """A run of the kit's task by scripted replies."""
        return RunConfig(
            task="sample",
            quotas=_ROWS,
            backend=_BACKEND,
            options=options,
            **{"concurrency": 8, **limits},
        )

    def run(self, folder: Path, options: Mapping[str, Any], **limits: Any) -> Trial:
        """A run with models that the executor has placed."""
        config = self.config(options, **limits)
        return trials.generate(self.everything(), config, folder, elsewhere=self.where())

    def here(self, folder: Path, options: Mapping[str, Any]) -> Trial:
        """The same run in this process."""
        made = trials.generate(self.everything(), self.config(options), folder)
        assert made.error is None, f"the run without the executor ended with {made.error!r}"
        return made

    def placed(
        self,
        use: Callable[[Sequence[ChatModel]], Awaitable[T]],
        *options: Mapping[str, Any],
        workers: Workers | None = None,
        left: list[str] | None = None,
    ) -> T:
        """Place scripted models, use them, and close them without hanging.

        `left` gets the tasks of the loop that still run after that.
        """
        backend = self.registry().get("backend", _BACKEND)
        sources = [
            ModelSource(
                model=_scripted(each),
                backend=backend,
                backend_id=_BACKEND,
                options=ScriptedOptions.model_validate(each),
            )
            for each in options
        ]

        async def main() -> T:
            asked = self.where().workers if workers is None else workers
            before = asyncio.all_tasks()
            models = await self.target().place(sources, asked)
            try:
                return await use(models)
            finally:
                for model in models:
                    await model.aclose()
                if left is not None:
                    left.extend(repr(task)[:200] for task in asyncio.all_tasks() - before)

        async def in_time() -> T:
            try:
                return await asyncio.wait_for(main(), _SOON)
            except TimeoutError:
                fail(f"it hangs: no event for {_SOON:.0f} s")

        return asyncio.run(in_time())

    # --- what must hold ---

    def test_places_each_model(self) -> None:
        """It returns a model for each source, in order, with its identity, price and counts."""
        options: list[dict[str, Any]] = [{}, {"garbage_rate": 1.0}]

        async def use(models: Sequence[ChatModel]) -> list[ChatReply]:
            assert len(models) == 2, f"`place` returned {plural(len(models), 'model')}, not 2"
            for model, each in zip(models, options, strict=True):
                source = _scripted(each)
                assert isinstance(model, ChatModel), "`place` did not return a ChatModel"
                assert model.identity == source.identity, (
                    "identity differs from the source's: every call would have a different key"
                )
                assert (model.structured, model.seeded) == (source.structured, source.seeded)
                assert model.price == source.price, "the price differs from the source's"
                abilities = [
                    (most_top(one), scores_given(one), continues(one)) for one in (model, source)
                ]
                assert abilities[0] == abilities[1], (
                    "top_logprobs, scores_given or continues differs from the source's: pass them "
                    "on, or tasks that request token probabilities are rejected"
                )
                asked = request_of(top_logprobs=2)
                told = await model.complete(asked)
                assert told.tokens == (await source.complete(asked)).tokens, (
                    "the tokens of a reply are lost"
                )
                request = request_of("river " * 50)
                assert model.count_tokens(request) == source.count_tokens(request), (
                    "count_tokens differs from the source's: the budget depends on it"
                )
            return [await model.complete(request_of(schema=True)) for model in models]

        one, other = self.placed(use, *options)
        assert other.text.startswith("Sure!") and not one.text.startswith("Sure!"), (
            "a call went to a different model than the one requested"
        )

    def test_same_bytes(self, tmp_path: Path) -> None:
        """Even with bad replies, a run writes the same bytes, and resumes without the executor."""
        there = self.run(tmp_path / "there", _FAULTS)
        self._same(self.here(tmp_path / "here", _FAULTS), there)
        before = (there.folder / "journal").read_bytes()
        with Job.resume(self.everything(), there.folder, verify=True) as job:
            job.run()
        assert (there.folder / "journal").read_bytes() == before, (
            "a run that is resumed in this process repeats its calls"
        )
        assert self.executor not in (there.folder / "manifest.json").read_text(encoding="utf-8")

    def test_errors_come_through(self, tmp_path: Path) -> None:
        """A model's error ends the run with the same message as in this process."""
        refused = {"unauthorized": True}
        here = trials.generate(self.everything(), self.config(refused), tmp_path / "here").error
        there = self.run(tmp_path / "there", refused).error
        assert isinstance(there, TargenError), f"the executor turned {here!r} into {there!r}"
        assert (type(there), str(there)) == (type(here), str(here)), (
            "the error differs from that of a run in this process"
        )

    def test_bugs_are_told(self, tmp_path: Path) -> None:
        """Any other exception of a model ends the run with that exception's message."""
        script = tmp_path / "bug.py"
        script.write_text("def reply(request):\n    raise LookupError('no such river')\n")
        error = self.run(tmp_path / "there", {"script": f"{script}:reply"}).error
        assert isinstance(error, TargenError), (
            f"a bug in a model ended the run with {error!r}, not a TargenError"
        )
        assert "LookupError" in str(error) and "no such river" in str(error), (
            f"the message of a bug in a model is lost: {error}"
        )

    def test_can_be_cancelled(self) -> None:
        """A cancelled call ends at once, and other calls succeed."""

        async def use(models: Sequence[ChatModel]) -> ChatReply:
            slow, quick = models
            await quick.complete(request_of())  # the workers are up
            call = asyncio.ensure_future(slow.complete(request_of()))
            await asyncio.sleep(0)
            await quick.complete(request_of())
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            return await quick.complete(request_of())

        hours = 1000 * 3600 * 24.0
        reply = self.placed(use, {"latency_ms": hours}, {})
        assert isinstance(reply, ChatReply)

    def test_leaves_nothing_running(self) -> None:
        """Closing a model, even twice, does not affect others; the last leaves no task behind."""

        async def use(models: Sequence[ChatModel]) -> None:
            one, other = models
            await one.complete(request_of())
            await one.aclose()
            await other.complete(request_of())  # closing one leaves the others

        left: list[str] = []
        self.placed(use, {}, {}, left=left)
        assert not left, f"unfinished tasks remain ({len(left)}): {left[0]}"

    def test_a_lost_worker_costs_nothing_but_its_calls(self, tmp_path: Path) -> None:
        """A killed worker is replaced, and the run writes the same bytes."""
        if not self.own_processes:
            pytest.skip("does not set own_processes")
        script = tmp_path / "dies.py"
        script.write_text(_DIES, encoding="utf-8")
        options = {"script": f"{script}:reply"}
        here = self.here(tmp_path / "here", options)
        (tmp_path / "death").write_text(str(os.getpid()), encoding="utf-8")
        there = self.run(tmp_path / "there", options)
        assert not (tmp_path / "death").exists(), "the workers did not get any candidates"
        self._same(here, there)

    @pytest.mark.parametrize(
        "asked",
        [{"replicas": ("http://127.0.0.1:9/v1",)}, {"resources": {"no-such-resource": 1.0}}],
        ids=["replicas", "resources"],
    )
    def test_refuses_in_words(self, asked: Mapping[str, Any]) -> None:
        """A request that it cannot fulfil raises a `UsageError` or a `JobFailed`."""
        workers = replace(self.where().workers, patience=1.0, **asked)

        async def use(models: Sequence[ChatModel]) -> None:
            fail(f"it was asked for {dict(asked)}, which it cannot provide, but raised no error")

        try:
            self.placed(use, {}, workers=workers)
        except (UsageError, JobFailed) as error:
            if not str(error).strip():
                fail("its error does not have a message")

    # --- how they compare ---

    def _same(self, here: Trial, there: Trial) -> None:
        assert there.error is None, f"the run ended with {there.error!r}"
        assert there.report["status"] == "complete"
        files = trials.differing(here.folder, there.folder)
        assert not files, f"{' and '.join(files)} differ from those of a run in this process"


def _scripted(options: Mapping[str, Any]) -> ScriptedModel:
    return ScriptedModel(ScriptedOptions.model_validate(options))
