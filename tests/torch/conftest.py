"""The command in this process, for what needs torch."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.files import write_lines

sys.path.insert(0, str(Path(__file__).parent))  # for what tests here have in common

if find_spec("torch") is None:  # a run in which everything is skipped would look like a good one
    pytest.exit("tests/torch needs torch: sh scripts/test --torch", returncode=4)

# UMAP compiles for almost a minute what maps a few rows in seconds as it is.
os.environ["NUMBA_DISABLE_JIT"] = "1"


@pytest.fixture
def jsonl(tmp_path):
    """Write rows to a file."""
    return lambda name, rows: write_lines(tmp_path / name, rows)


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """A folder with a small BERT that has learned nothing, and a tokenizer of `SYLLABLES`."""
    from tiny import SIZE, SYLLABLES, UNDROPPED

    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")

    folder = tmp_path_factory.mktemp("models") / "tiny-bert"
    marks = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
    vocabulary = {word: number for number, word in enumerate((*marks, *SYLLABLES))}
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "[UNK]"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    words.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), marks, strict=True))
    transformers.utils.logging.disable_progress_bar()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=words, model_max_length=64, **names
    ).save_pretrained(folder)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        transformers.BertModel(
            transformers.BertConfig(
                vocab_size=len(vocabulary), max_position_embeddings=64, **SIZE, **UNDROPPED
            )
        ).save_pretrained(folder)
    return folder


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Tell where the files of a model belong in a hub's cache of the test's own."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))

    def folder(name):
        above = tmp_path / "hub" / f"models--{name.replace('/', '--')}"
        (above / "snapshots").mkdir(parents=True)
        (above / "refs").mkdir()
        (above / "refs/main").write_text("0" * 40)
        return above / "snapshots" / ("0" * 40)

    return folder


@pytest.fixture
def apart(alone):
    """The command in a process of its own: nothing that other tests loaded affects its floats."""

    def run(*args):
        command = [sys.executable, "-m", "targen_core.cli", *map(str, args)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return SimpleNamespace(code=done.returncode, out=done.stdout, err=done.stderr)

    return run
