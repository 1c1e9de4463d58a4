"""The command in this process, and rows to learn from."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from tests.files import write_lines

TASK = """
description: A sentence about a thing.
contexts: occasions
labels:
  praise: the sentence speaks well of the thing
  blame: the sentence speaks ill of the thing
"""


@pytest.fixture(autouse=True)
def _quick_estimates(few_samples):
    """Have estimates try a few rows: tests of estimates are elsewhere."""


@pytest.fixture
def mood(tmp_path):
    """Write rows of a task in which one word tells the label; the file of the task is mood.yaml."""
    (tmp_path / "mood.yaml").write_text(TASK)

    def write(name, rows, seed=0, labels=("praise", "blame")):
        rng = random.Random(seed)
        words = {"praise": ("lovely", "bright", "kind"), "blame": ("awful", "broken", "dull")}
        made = []
        for idx in range(rows):
            label = labels[idx % len(labels)]
            thing = rng.choice(("lamp", "boat", "garden", "letter", "bridge"))
            text = f"The {thing} number {rng.randrange(10_000)} is {rng.choice(words[label])}."
            made.append({"text": text, "label": label, "idx": idx})
        return write_lines(tmp_path / name, made)

    return write


@pytest.fixture(scope="session")
def _trained_once(tmp_path_factory):
    return tmp_path_factory.mktemp("trained") / "m"


@pytest.fixture
def trained(works, mood, _trained_once):
    """A model m that learned from train.jsonl, trained once and copied then; and test.jsonl."""
    mood("train.jsonl", 60)
    mood("test.jsonl", 40, seed=1)
    if not _trained_once.exists():
        works("train", "train.jsonl", "--task", "mood.yaml", "--out", "m")
        shutil.copytree("m", _trained_once)
    else:
        shutil.copytree(_trained_once, "m")


@pytest.fixture
def decoder(trained):
    """The folder d, with the same model, of which it says that a decoder wrote it."""
    shutil.copytree("m", "d")
    facts = json.loads(Path("d/model.json").read_text())
    facts |= {"trainer": "targen-training:decoder", "options": {"model": "some/base"}}
    Path("d/model.json").write_text(json.dumps(facts))
    Path("d/model/config.json").write_text('{"architectures": ["LlamaForCausalLM"]}')
    return "d"
