"""`DeliverySuite`: the checks that every delivery must pass.

from targen_testing.deliveries import DeliverySuite as Suite

class TestPost(Suite):
    delivery = "post"

It runs the kit's own small task by scripted replies, and compares it with the same run without the
delivery. Where that cannot take scripted calls, as one of a service, set `backend` and `settings`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from targen_core.calls.delivery import DeliveredRun, Delivery, ModelSource
from targen_core.calls.model import ChatModel
from targen_core.calls.secrets import Secrets
from targen_core.errors import UsageError
from targen_core.plugins.registry import Registry
from targen_core.runs.config import RunConfig
from targen_core.runs.job import Job
from targen_core.text import plural
from targen_testing import trials
from targen_testing.exchange import request_of
from targen_testing.sample import with_sample
from targen_testing.suite import Described, fail
from targen_testing.trials import Trial

_ROWS = {"good": 4, "bad": 4}


class DeliverySuite(Described[Delivery]):
    """Checks of a delivery; set `delivery` to its registered name.

    Attributes:
        delivery: the registered name.
        backend: what answers the calls that it delivers.
        settings: options of that backend.
    """

    delivery: ClassVar[str]
    backend: ClassVar[str] = "targen-standard:scripted"
    settings: ClassVar[Mapping[str, Any]] = {}
    kind = "delivery"

    # --- how the tests run it ---

    def everything(self) -> Registry:
        """The plugins, and the kit's own task."""
        return with_sample(self.registry())

    def source(self) -> ModelSource:
        """A model whose calls it is to deliver; skips the check if it refuses them."""
        backend = self.registry().get("backend", self.backend)
        options = backend.options.model_validate(dict(self.settings))
        try:
            self.target().require("generate", self.backend, backend, options)
        except UsageError as error:
            pytest.skip(
                f"it does not deliver calls of {self.backend}: {error}; set the suite's backend"
            )
        model = self.registry().chat_model(backend.create(options))
        return ModelSource(model=model, backend=backend, backend_id=self.backend, options=options)

    def run(self, folder: Path, delivery: str) -> Trial:
        """A run of the kit's task, delivered or not."""
        self.source()
        config = RunConfig(
            task="sample",
            quotas=_ROWS,
            backend=self.backend,
            options=self.settings,
            delivery=delivery,
        )
        return trials.generate(self.everything(), config, folder)

    # --- what must hold ---

    def test_described(self) -> None:
        """It has a summary, and names the options that turn it on and off."""
        super().test_described()
        for name in ("asked", "dropped"):
            assert str(getattr(self.target(), name)), (
                f"set {name} to the option that errors should quote"
            )

    def test_places_each_model(self, tmp_path: Path) -> None:
        """It returns a model for each source, in order, with its identity and counts."""
        sources = [self.source(), self.source()]

        async def main() -> None:
            run = DeliveredRun(
                folder=tmp_path, rounds=1, per_round=1, max_outage=60.0, secrets=Secrets()
            )
            models = self.target().wrap(sources, run)
            assert len(models) == 2, f"`wrap` returned {plural(len(models), 'model')}, not 2"
            for model, source in zip(models, sources, strict=True):
                assert isinstance(model, ChatModel), "`wrap` did not return a ChatModel"
                for name in ("identity", "structured", "seeded"):
                    same = getattr(model, name) == getattr(source.model, name)
                    assert same, f"{name} differs from the source's"
                request = request_of("river " * 50)
                counts = model.count_tokens(request), source.model.count_tokens(request)
                assert counts[0] == counts[1], "count_tokens differs from the source's"
            for model in models:
                await model.aclose()

        asyncio.run(main())

    def test_same_rows(self, tmp_path: Path) -> None:
        """A run has the same rows as one that makes its calls individually."""
        here, there = self.run(tmp_path / "here", ""), self.run(tmp_path / "there", self.delivery)
        if there.error is not None:
            fail(f"the run ended with {there.error!r}")
        if files := trials.differing(here.folder, there.folder):
            fail(f"{' and '.join(files)} differ from those of a run without the delivery")

    def test_resumes_without_it(self, tmp_path: Path) -> None:
        """The run can be extended without the delivery, and does not repeat completed calls."""
        there = self.run(tmp_path / "run", self.delivery)
        if there.error is not None:
            fail(f"the run ended with {there.error!r}")
        more = {label: 2 * rows for label, rows in _ROWS.items()}
        limits = {"delivery": "", "batch": False}
        with Job.resume(self.everything(), there.folder, quotas=more, limits=limits) as job:
            report = job.run()
        assert report["rows"] == more, f"the rows per label are {report['rows']}, not {more}"
