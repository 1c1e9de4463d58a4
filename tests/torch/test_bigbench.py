"""A decoder chooses among BIG-bench's choices by likelihood, after worked examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.torch.tiny import tiny


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    choices = ("good", "the lamp is bad", "odd")
    examples = [
        {"input": f"the lamp number {n}", "target_scores": dict.fromkeys(choices, 0) | {"odd": 1}}
        for n in range(6)
    ]
    said = {"name": "lamps", "description": "Say.", "examples": examples}
    Path("task.json").write_text(json.dumps(said))


def test_the_likeliest_choice_is_that_of_the_whole_text():
    """The prompt that choices share is read once; the scores are those of each text alone."""
    import torch
    from transformers import AutoModelForCausalLM

    from targen_training.bigbench.likelihood import Chooser, decoder_in

    chooser = Chooser(decoder_in(str(tiny("decoder"))))
    prompt = chooser._ids("the lamp is", special=True)
    answers = [chooser._ids(text, special=False) for text in ("good", "a bad lamp", "odd .")]
    model = AutoModelForCausalLM.from_pretrained(tiny("decoder")).eval()
    for answer, score in zip(answers, chooser._scores(prompt, answers), strict=True):
        with torch.inference_mode():
            logits = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
        places = range(len(prompt) - 1, len(prompt) + len(answer) - 1)
        alone = sum(float(logits[at, token]) for at, token in zip(places, answer, strict=True))
        assert score == pytest.approx(alone, abs=1e-4)


def test_a_pretrained_decoder_is_scored(works):
    done = works("evaluate", tiny("decoder"), "task.json", "--shots", 1, "-n", 4, "--json")
    facts = done.json
    assert (facts["examples"], facts["shots"]) == (4, 1)
    assert facts["chance"] == pytest.approx(1 / 3)


def test_a_model_that_is_no_decoder(targen):
    done = targen("evaluate", tiny("encoder"), "task.json")
    assert done.code == 2
    assert "is of type encoder" in done.err


def test_table_2_of_datatune_by_a_decoder(works):
    Path("bigbench").mkdir()
    Path("task.json").rename("bigbench/implicatures.json")
    rows = [{"input": f"a bright coat {n}", "output": ("good", "odd")[n % 2]} for n in range(8)]
    Path("transformed").mkdir()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    Path("transformed/implicatures.jsonl").write_text(text)
    model = f"decoder,model={tiny('decoder')},max_steps=1,batch=4"
    folders = ("--original", "bigbench", "--transformed", "transformed")
    done = works(
        "reproduce", "datatune-table2", *folders, "--trainer", model, "--repeats", 1, "--json"
    )
    (here,) = done.json["here"]
    assert -50 <= here["scores"]["implicatures"]["value"] <= 100
