"""Where a pretrained model is: a folder, a package or the hub's cache; never downloaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from targen_core.errors import UsageError
from targen_core.hints import install
from targen_standard import pretrained
from targen_standard.pretrained import MINILM, model_folder

constants = pytest.importorskip("huggingface_hub.constants")
pytestmark = pytest.mark.whole


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    """A hub's cache with one model, and no package with MiniLM."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(pretrained, "_packaged", lambda: None)
    for path in ("hub/models--acme--plain/snapshots/" + "0" * 40, "acme/other", "plain"):
        Path(path).mkdir(parents=True)
    Path("hub/models--acme--plain/refs").mkdir()
    Path("hub/models--acme--plain/refs/main").write_text("0" * 40)


@pytest.mark.parametrize(
    ("name", "owner", "folder"),
    [
        ("./plain", "", "plain"),
        ("acme/plain", "", "hub/models--acme--plain/snapshots/" + "0" * 40),
        ("plain", "acme", "hub/models--acme--plain/snapshots/" + "0" * 40),
    ],
)
def test_what_is_on_this_machine_is_found(name, owner, folder):
    assert model_folder(name, "--model ", owner=owner).resolve() == Path(folder).resolve()


@pytest.mark.parametrize("name", [MINILM, "all-MiniLM-L6-v2"])
def test_minilm_may_come_in_a_package(name, monkeypatch):
    monkeypatch.setattr(pretrained, "_packaged", lambda: Path("packaged"))
    assert model_folder(name, "--model ") == Path("packaged")


MISSING = "is not in the hub cache"


@pytest.mark.parametrize(
    ("name", "problem", "hint"),
    [
        (
            "no-one/model",
            f"the model no-one/model {MISSING}",
            "hf download no-one/model, or use --model ./",
        ),
        (MINILM, MISSING, install("my[minilm]")),
        ("./nowhere", "there is no model folder ./nowhere", "--model ./FOLDER"),
        ("a b", "there is no model folder a b", "--model ./FOLDER"),
        # A folder is never taken for a model of the hub, nor the reverse.
        ("acme/other", MISSING, "to use the folder: --model ./acme/other"),
    ],
)
def test_what_is_not_there_is_said_with_what_to_type(name, problem, hint):
    with pytest.raises(UsageError, match=problem) as caught:
        model_folder(name, "--model ", extra="my[minilm]")
    assert hint in caught.value.hint
