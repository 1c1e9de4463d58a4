"""`targen export --push`: through the hub's own client, against its wire form, faults included."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ...tables import mistakes
from .hub import TOKEN, serving

# Of the hub's client, which sends files in a way that its HTTP library does not like any more.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=")


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub that the client takes for the real one; its waits take no time."""
    from huggingface_hub import constants
    from huggingface_hub.utils import _http as http

    with serving() as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no-token"))
        monkeypatch.setattr(http.time, "sleep", lambda seconds: None)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield hub


RUN = Path(__file__).parents[3] / "examples" / "runs" / "rte"
PUSH = f"export {RUN} --push me/rte"
OURS = [".gitattributes", "README.md", "data/test-00000-of-00001.parquet"]
TRAIN = "data/train-00000-of-00001.parquet"


def test_a_run_is_pushed_in_splits_with_its_card(works, hub):
    done = works(f"{PUSH} --split 0.8/0.2 --license MIT")
    assert done.err == ""
    assert done.out == (
        f"240 rows (train 192, test 48) of rte on the hub: {hub.url}/datasets/me/rte\n\n"
        'datasets.load_dataset("me/rte")\n'
    )
    files = hub.files("me/rte")
    assert sorted(files) == [*OURS, TRAIN]
    read = [pq.read_table(io.BytesIO(files[name])).to_pylist() for name in (OURS[2], TRAIN)]
    assert sorted(row["idx"] for part in read for row in part) == list(range(240))
    assert b'license: "mit"' in files["README.md"]
    assert b"| test | 48 |" in files["README.md"]
    assert hub.repos["me/rte"]["private"]
    assert not (RUN / "exports").exists()


def test_what_is_there_is_replaced_by_force_and_keeps_what_is_not_ours(refuses, hub, works):
    works(f"{PUSH} --split 0.8/0.2 --public")
    assert not hub.repos["me/rte"]["private"]
    hub.files("me/rte")["LICENSE"] = b"mine"
    refuses(PUSH, "me/rte already exists on the hub, with LICENSE, README.md, data/test-")
    works(f"{PUSH} --force")
    assert sorted(hub.files("me/rte")) == [OURS[0], "LICENSE", OURS[1], TRAIN]


@pytest.mark.parametrize(("path", "status", "error", "hint"), mistakes("hub", 4))
def test_what_the_hub_refuses_is_said_and_nothing_is_changed(
    path, status, error, hint, refuses, hub
):
    hub.faults[path] = [int(status)] * 20
    done = refuses(PUSH, error, hint, code=1, keeps=False)
    assert TOKEN not in done.out + done.err
    assert all(set(repo["files"]) == {".gitattributes"} for repo in hub.repos.values())
