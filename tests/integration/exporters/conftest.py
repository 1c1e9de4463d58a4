"""The real libraries that read exports, offline and without a cache of the machine's."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from targen_core import Label, Task
from targen_core.dataset.model import Dataset
from targen_core.tasks.groups import Rows, Texts
from targen_core.tasks.steps import ListStep


@pytest.fixture(scope="session", autouse=True)
def _offline(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """`datasets` reads the variables when it is imported, and once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_DATASETS_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_DISABLE_PROGRESS_BARS"):
            patch.setenv(name, "1")
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
        yield


@pytest.fixture(scope="session")
def datasets(_offline: None) -> Any:
    """The library, imported when it is first needed, and offline whoever imported it first."""
    library = importlib.import_module("datasets")
    library.config.HF_DATASETS_OFFLINE = True
    return library


@pytest.fixture
def load(datasets: Any, tmp_path: Path) -> Callable[[Path], Any]:
    """`datasets.load_dataset` of a folder: its split `train`."""

    def run(folder: Path) -> Any:
        return datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "hf"))["train"]

    return run


async def _never(llm: Any, seed: Any) -> Any:
    raise AssertionError("exports ask no model")


@pytest.fixture(scope="session")
def dataset() -> Callable[..., Dataset]:
    """Make a dataset of rows; `labels` are its closed label set."""

    class Instance(BaseModel):
        text: str
        label: Any = None

    def make(
        rows_: Sequence[Mapping[str, Any]], *labels: Label, card: str = "", **changes: Any
    ) -> Dataset:
        task = Task(
            name="toy",
            version="1",
            summary="A toy",
            description="Rows of all kinds.",
            instance=Instance,
            labels=labels,
            generators=dict.fromkeys([label.name for label in labels] or ["any"], _never),
            rows=Rows(label_of=None if labels else lambda instance: "any"),
            contexts=ListStep(item=str, propose=_never, batch=1),
            texts=Texts(render=lambda instance: instance.text),
        )
        return Dataset("toy-0", task.replace(**changes), rows_, card)

    return make
