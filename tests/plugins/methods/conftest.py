"""A small task in a file for methods to make rows of, and a model whose replies can be bent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from targen_core.calls.model import ChatRequest
from targen_methods.testing import BASES
from targen_standard.methods.columns import Columns
from targen_standard.methods.form import MethodFile, method_task
from tests.bent import Ran, run_bent

TASK = """
description: Each row is a message to a library.
labels:
  loan: it is about books on loan
  room: it is about rooms to book
fields:
  text: the message
"""


PAIRS = """
description: Each row is two sentences.
labels:
  entailment: the second follows from the first
  not_entailment: it does not
fields:
  premise: the first
  hypothesis: the second
"""


@pytest.fixture
def mail(tmp_path):
    """The task's file."""
    path = tmp_path / "mail.yaml"
    path.write_text(TASK, encoding="utf-8")
    return path


@pytest.fixture
def pairs(tmp_path):
    """The file of a task of two texts."""
    path = tmp_path / "pairs.yaml"
    path.write_text(PAIRS, encoding="utf-8")
    return path


@pytest.fixture
def notes(tmp_path):
    """The file of the kit's task of one text."""
    path = tmp_path / "notes.json"
    path.write_text(BASES["kit-texts"].as_json(), encoding="utf-8")
    return str(path)


@pytest.fixture
def bent(tmp_path, installed):
    """Make rows by a method with the dry run's replies, each bent: `bend(request, good)`."""

    def go(
        method: str,
        quotas: Mapping[str, int],
        bend: Callable[[ChatRequest, Any], Any] = lambda request, good: good,
        *,
        base: str = "kit-texts",
        given: Sequence[Mapping[str, str]] = (),
        **settings: Any,
    ) -> Ran:
        task = BASES[base].task(name=base)
        columns = Columns.of(task)
        rows = [columns.instance(row, row["label"]) for row in given]
        registry = installed.including(tasks={base: task})
        spec = MethodFile(use=method, task=base, options=settings)
        made = method_task(spec, "made", registry=registry, given=(lambda: rows) if rows else None)
        return run_bent(
            registry.including(tasks={"made": made}),
            tmp_path / "bent",
            lambda request: bend(request, request.dry_run()),
            task="made",
            quotas=dict(quotas),
        )

    return go
