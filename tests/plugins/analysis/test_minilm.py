"""The embedder of `targen generate --max-cosine`, where what it needs is not installed."""

from __future__ import annotations

import pytest

from targen_analysis.semantic import minilm
from targen_core import load_registry
from targen_core.errors import UsageError
from targen_core.wording import install


@pytest.mark.parametrize(
    ("there", "hint"), [(None, "analysis[embeddings,minilm]"), (object(), "hf download")]
)
def test_what_is_missing_is_said_before_a_run_begins(there, hint, monkeypatch):
    def no_model(name, option):
        raise UsageError(f"the model {name} is not in the hub's cache")

    monkeypatch.setattr(minilm, "find_spec", lambda name: there)
    monkeypatch.setattr(minilm, "model_folder", no_model)
    with pytest.raises(UsageError) as caught:
        load_registry().get("embedder", "minilm").open()
    assert (
        "targen" in caught.value.hint
        and install("targen-analysis").rpartition(" ")[2].strip("'") in caught.value.hint
    )
    assert hint in caught.value.hint
