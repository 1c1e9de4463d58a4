"""MultiRC on a model whose every reply a test can bend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.bent import Ran, run_bent

Bend = Callable[[str, Any], Any]
"""`bend(prompt, good)` -> the reply: text, a JSON value or a `ChatReply`."""


@pytest.fixture(scope="session")
def plain(installed, tmp_path_factory):
    """A run of 120 rows on the dry-run replies as they are, changed by no test."""
    folder = tmp_path_factory.mktemp("plain") / "run"
    script = lambda request: request.dry_run()  # noqa: E731
    return run_bent(
        installed, folder, script, task="targen-tasks-multirc:multirc", quotas={"any": 120}
    )


@pytest.fixture
def run(tmp_path, installed):
    """Run MultiRC with the dry-run replies, each bent on its way."""

    def go(bend: Bend = lambda prompt, good: good, *, rows: int = 8, **spec: Any) -> Ran:
        return run_bent(
            installed,
            tmp_path / "run",
            lambda request: bend(request.origin.prompt, request.dry_run()),
            task="targen-tasks-multirc:multirc",
            quotas={"any": rows},
            **spec,
        )

    return go
