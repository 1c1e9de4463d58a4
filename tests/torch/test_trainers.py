"""Trainers on transformers, from the command line, with models of random weights."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path

import pytest
from tiny import TASK, WORDS, tiny

from tests.files import lines, write_lines

THINGS = ("lamp", "boat", "garden", "letter", "bridge", "coat", "song")
RATES = {"encoder": "3e-3", "encoder-decoder": "5e-3", "decoder": "5e-3"}


def sentences(count, *, seed=0, labels=("praise", "blame")):
    rng = random.Random(seed)
    for idx in range(count):
        label = labels[idx % len(labels)]
        one, two = rng.sample(THINGS, 2)
        text = f"The {one} by the {two} is {rng.choice(WORDS[label])}."
        yield {"text": text, "label": label, "idx": idx}


@pytest.fixture
def train(targen, jsonl, tmp_path):
    """Train on sentences with a small model of a kind."""
    (tmp_path / "mood.yaml").write_text(TASK)
    jsonl("train.jsonl", list(sentences(80)))
    jsonl("test.jsonl", list(sentences(40, seed=1)))

    def run(
        kind, *more, out="m", model=None, data="train.jsonl", epochs=10, by=targen, device="cpu",
        code=0,
    ):  # fmt: skip
        done = by(
            "train", data, "--task", "mood.yaml", "--out", out,
            *(() if model is False else ("--model", model or tiny(kind))),
            "-o", f"learning_rate={RATES[kind]}", "-o", f"epochs={epochs}", "-o", "batch=8",
            "-o", f"device={device}", *more,
        )  # fmt: skip
        assert done.code == code, done.err
        return done

    return run


def accuracy(works, model="m", data="test.jsonl", task="mood.yaml"):
    return works("evaluate", model, data, "--task", task, "--json").json["figures"]


@pytest.mark.parametrize("kind", RATES)
def test_the_kind_of_a_model_says_how_it_is_trained(train, works, kind):
    import transformers

    done = train(kind)
    assert f"targen-training:{kind} on 80 rows of mood" in done.out
    figures = accuracy(works)
    assert figures["accuracy"]["value"] >= 0.9
    assert ("illegal" in figures) == (kind != "encoder")
    # What is left is a folder that transformers loads.
    auto = {
        "encoder": transformers.AutoModelForSequenceClassification,
        "encoder-decoder": transformers.AutoModelForSeq2SeqLM,
        "decoder": transformers.AutoModelForCausalLM,
    }[kind]
    model, info = auto.from_pretrained("m/model", output_loading_info=True)
    assert not info["missing_keys"]
    if kind == "encoder":
        assert model.config.id2label == {0: "praise", 1: "blame"}
    assert not Path(".m.training").exists()


LORA = ("-o", "lora=8")
QLORA = (*LORA, "-o", "quantize=4bit")


@pytest.mark.parametrize("kind", RATES)
def test_qlora(train, works, kind):
    """bitsandbytes also quantizes on a processor.

    `scripts/test` does not install it: peft would import it, which takes each process six seconds.
    """
    pytest.importorskip("bitsandbytes")
    train(kind, *QLORA, epochs=30)
    assert accuracy(works)["accuracy"]["value"] >= 0.9


CHAT = (
    "{% for m in messages %}A : {{ m.content }} {% endfor %}"
    "{% if add_generation_prompt %}Output :{% endif %}"
)


def test_a_chat_template_stands_around_prompts(train, works, tmp_path):
    """Of a prompt that is too long, what the template begins with stays too."""
    from transformers import AutoTokenizer

    bare = train("decoder", "-o", "chat=true", code=2)
    assert "the model's tokenizer has no chat template" in bare.err
    shutil.copytree(tiny("decoder"), tmp_path / "chatty")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "chatty")
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(tmp_path / "chatty")
    chat = ("-o", "chat=true", "-o", "max_length=22")
    train("decoder", *chat, model="./chatty")
    assert json.loads(Path("m/model/targen.json").read_text())["chat"] is True
    assert accuracy(works)["accuracy"]["value"] >= 0.9


def test_instructions_and_a_mixture_then_one_task(train, works, jsonl, tmp_path):
    (tmp_path / "thing.yaml").write_text(
        "description: A thing.\nlabels:\n  right: it is a boat\n  wrong: it is none\n"
    )
    things = [
        {"text": f"{thing} {at}", "label": label, "idx": at}
        for at, (thing, label) in enumerate([("boat", "right"), ("lamp", "wrong")] * 20)
    ]
    jsonl("things.jsonl", things)
    both = ("thing.yaml=things.jsonl", "--style", "instructions")
    done = train("decoder", *both, out="pre", data="mood.yaml=train.jsonl")
    assert "mood+thing" in done.out
    assert accuracy(works, "pre")["accuracy"]["value"] >= 0.9
    assert accuracy(works, "pre", "things.jsonl", "thing.yaml")["accuracy"]["value"] >= 0.9
    # Pre-finetuning, then fine-tuning.
    train("decoder", "--from", "pre", model=False, epochs=2, out="tuned")
    facts = json.loads(Path("tuned/model.json").read_text())
    assert facts["started_from"].startswith("pre ") and facts["task"] == "mood"
    assert accuracy(works, "tuned")["accuracy"]["value"] >= 0.9


def test_lora_leaves_an_adapter_and_goes_on_with_it(train, works):
    train("decoder", out="whole", epochs=6)
    lora = ("-o", "lora=4", "-o", "lora_dropout=0", "-o", "learning_rate=1e-2")
    train("decoder", *lora, model="./whole/model", out="adapted", epochs=4)
    left = {path.name for path in Path("adapted/model").iterdir()}
    assert "adapter_model.safetensors" in left and "model.safetensors" not in left
    assert accuracy(works, "adapted")["accuracy"]["value"] >= 0.9
    for more, adapter in ((lora, True), ((), False)):
        train("decoder", *more, "--from", "adapted", model=False, out="n", epochs=1)
        assert Path("n/model/adapter_config.json").exists() == adapter
        assert accuracy(works, "n")["accuracy"]["value"] >= 0.9
        Path("n").rename(f"n{adapter}")


def test_a_search_keeps_the_values_of_the_lowest_held_out_loss(train):
    """Of two rates one learns nothing, so that the other's loss is lower."""
    search = ("-o", "search=learning_rate=1e-9/5e-3 lora_alpha=16/24", "-o", "lora=4")
    done = train("decoder", *search, epochs=2)
    losses = dict(re.findall(r"(learning_rate=\S+, lora_alpha=\d+): held-out loss (\S+)", done.err))
    assert list(losses) == [
        f"learning_rate={rate}, lora_alpha={alpha}"
        for rate in ("1e-9", "5e-3")
        for alpha in (16, 24)
    ]
    kept = re.search(r"kept: (.+)", done.err)[1]
    assert losses[kept] == min(losses.values()) and "5e-3" in kept
    for odd in ("model=a/b", "learning_rate=-1", "learning_rate="):
        train("decoder", "-o", f"search={odd}", code=2)


RUNS = Path(__file__).parents[2] / "examples/runs"


def original(name, train, test):
    """Write rows of this repository in the place of the originals; return all of them."""
    rows = lines(RUNS / name.lower() / "dataset.jsonl")
    write_lines(Path("superglue", name, "train.jsonl"), rows[:train])
    write_lines(Path("superglue", name, "val.jsonl"), rows[200 : 200 + test])
    return rows


def test_some_tasks_are_learned_before_others(works):
    """Table 8's small form."""
    for name in ("CB", "RTE", "COPA"):
        original(name, 40, 20)
    small = f"encoder,model={tiny('encoder')},max_steps=2,batch=4,device=cpu"
    asked = ("reproduce", "table8", "--original", "superglue", "--synthetic", RUNS, "--repeats",
             1, "--trainer", small, "-n", 16, "--tasks", "copa",
             "--generator", "scripted")  # fmt: skip
    done = works(*asked, "--json")
    (part,) = done.json["parts"]
    assert part["key"] == "copa"
    models = [group["model"] for group in part["groups"]]
    assert models == ["fine-tuned alone", "Syn before", "Og before", "Self-Instruct before"]
    facts = json.loads(Path("reproductions/table8/models/Syn before/model.json").read_text())
    assert [(each["task"], each["rows"]) for each in facts["data"]] == [("cb", 16), ("rte", 16)]
    assert any("OpenLLM" in line for line in done.json["paper"]["differs"])
    again = works(*asked)
    assert "0 of 4 training runs to do" in again.err
    assert "54.65" in again.out and "Pre-finetuned on cb, rte" in again.out


TINY = {
    "roberta-large": "encoder",
    "google/flan-t5-large": "encoder-decoder",
    "google-t5/t5-large": "encoder-decoder",
    "EleutherAI/pythia-410m": "gpt_neox",
    "cerebras/Cerebras-GPT-590M": "gpt2",
    "google-t5/t5-3b": "encoder-decoder",
    "meta-llama/Llama-2-7b-hf": "decoder",
    "mistralai/Mistral-7B-v0.1": "mistral",
}


@pytest.mark.parametrize(
    ("table", "models"),
    [
        ("table3", ("RoBERTa", "Flan-T5", "T5", "Pythia", "Cerebras")),
        ("table4", ("T5-3B", "Llama-2-7B", "Mistral-7B")),
    ],
)
def test_the_paper_s_models_take_their_own_path_with_tiny_weights(works, hub, table, models):
    for name, kind in TINY.items():
        shutil.copytree(tiny(kind), hub(name))
    for name in ("CB", "RTE") if table == "table4" else ("CB",):
        rows = original(name, 12, 12)
        write_lines(Path("syn", name.lower(), "train.jsonl"), rows[20:32])
    asked = ("reproduce", table, "--original", "superglue", "--synthetic", "syn", "--models",
             "paper", "--repeats", 1)  # fmt: skip
    plan = works(*asked, "--plan")
    for name in models:
        assert f"model {name}: " in plan.err
    done = works(*asked, "--json")
    for part in done.json["parts"]:
        groups = {(group["model"], group["arm"]) for group in part["groups"]}
        assert {model for model, _ in groups} == set(models)
        assert {"Og", "Syn"} <= {arm for _, arm in groups}
    assert ("LoRA" in " ".join(done.json["paper"]["differs"])) is (table == "table4")
