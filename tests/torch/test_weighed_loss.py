"""Row weights and temporal ensembling of trainers on transformers."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import tiny

from targen_training.neural.encoder import ENCODER
from targen_training.neural.loss import weighed_loss
from targen_training.testing.suite import options_of, telling

RECIPE = (f"model={tiny('encoder')}", "learning_rate=3e-3", "batch=8", "device=cpu")


@pytest.mark.parametrize("kind", ["rows", "tokens", "decoder"])
@pytest.mark.parametrize("smoothing", [0.0, 0.15])
def test_rows_that_count_alike_have_the_usual_loss(kind, smoothing):
    """That of transformers and torch."""
    chance = torch.Generator().manual_seed(0)
    shape = (4, 3) if kind == "rows" else (4, 6, 9)
    logits = torch.randn(shape, generator=chance)
    labels = torch.randint(0, shape[-1], shape[:-1], generator=chance)
    if kind != "rows":
        labels[0, :2] = labels[3, 4:] = -100
    ours = weighed_loss(logits, labels, torch.ones(4), smoothing=smoothing, shift=kind == "decoder")
    if kind == "decoder":
        logits, labels = logits[:, :-1], labels[:, 1:]
    theirs = torch.nn.functional.cross_entropy(
        logits.reshape(-1, shape[-1]), labels.reshape(-1), label_smoothing=smoothing
    )
    assert ours == pytest.approx(float(theirs), rel=1e-5)
    heavy = torch.tensor([2.0, 0, 0, 0])
    one = weighed_loss(logits[:1], labels[:1], torch.ones(1), smoothing=smoothing, shift=False)
    both = weighed_loss(logits, labels, heavy, smoothing=smoothing, shift=False)
    share = (labels[0] != -100).sum() / (labels != -100).sum()
    assert both == pytest.approx(float(2 * one * share), rel=1e-5)


def trained(data, folder, *more):
    folder.mkdir()
    ENCODER.train(data, options_of(ENCODER, (*RECIPE, *more)), folder)
    return np.array(ENCODER.load(folder)(telling("good", "bad", seed=1).decisions))


def test_an_encoder_ensembles(tmp_path):
    """It learns from what its averages confirm; the same data and seed give the same scores."""
    data = telling("good", "bad")
    settings = ("epochs=25", "recipe=supergen", "ensemble_interval=10", "warmup=0")
    one = trained(data, tmp_path / "one", *settings)
    two = trained(data, tmp_path / "two", *settings)
    assert (one == two).all()
    held = telling("good", "bad", seed=1).decisions
    labels = [("good", "bad").index(each.label) for each in held]
    assert (one.argmax(1) == labels).mean() >= 0.9
    # Labels that are smoothed, and averages that are learned, leave it less sure than labels alone.
    plain = trained(data, tmp_path / "plain", "epochs=25")
    assert one.max(1).mean() < plain.max(1).mean() - 0.03


KILLED = """
import os, signal, sys
from targen_training.neural import fit
from targen_training.neural.loss import Ensembling

ended = Ensembling.end_interval
count = 0
def end(self, *args):
    global count
    count += 1
    if count == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    ended(self, *args)
Ensembling.end_interval = end
sys.argv = ["targen", *sys.argv[1:]]
from targen_core.cli import main
main()
"""


def test_a_killed_training_goes_on_from_its_last_checkpoint(targen, apart, jsonl, tmp_path):
    """With the averages of its ensemble."""
    from safetensors.numpy import load_file

    task = "description: A sentence.\nlabels:\n  good: well\n  bad: ill\n"
    (tmp_path / "mood.yaml").write_text(task)
    rows = [
        {"text": each.texts["text"], "label": each.label, "idx": at}
        for at, each in enumerate(telling("good", "bad").decisions)
    ]
    jsonl("train.jsonl", rows)
    settings = [
        "train", "train.jsonl", "--task", "mood.yaml", "-q", "--trainer", "encoder",
        *(part for each in (*RECIPE, "epochs=5", "recipe=supergen", "ensemble_interval=10",
                            "checkpoint_minutes=1e-9") for part in ("-o", each)),
    ]  # fmt: skip
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *settings, "--out", "m"], check=False, cwd=tmp_path
    )
    assert killed.returncode == -signal.SIGKILL
    assert not Path("m").exists()
    other = targen(*settings, "--out", "m", "--seed", 1)
    assert other.code == 2 and "contains an unfinished training run" in other.err
    again = apart(*settings, "--out", "m")
    # A checkpoint a step: the one of the step before is whole, if not that of the last.
    assert again.code == 0 and re.search(r"training run at step (29|30)", again.err), again.err
    assert not Path(".m.training").exists()
    whole = apart(*settings, "--out", "whole")
    assert whole.code == 0 and "at step" not in whole.err
    one, two = (load_file(f"{name}/model/model.safetensors") for name in ("m", "whole"))
    assert all((one[name] == two[name]).all() for name in one)
