"""Training as a targen plugin: this module only registers it, without other imports."""

from __future__ import annotations

from targen_core import Register, hookimpl
from targen_core.plugins.kinds import Kind, KindRegister

_PAPERS = "Methods and papers"


@hookimpl
def register_kinds(register: KindRegister) -> None:
    """Trainers: what `targen train` trains."""
    register(
        Kind(
            "trainer",
            "register_trainers",
            "targen_training.trainers:Trainer",
            "list-trainers",
            "targen_training.testing.suite:TrainerSuite",
            "targen_training.kinds",
        )
    )


_COMMANDS = (
    ("train", "cli:train", "Train a model on a dataset.", ""),
    ("reweigh", "reweighing:reweigh", "Weight rows by their effect on a model.", "Data"),
    ("evaluate", "evaluating:evaluate", "Evaluate a trained model on labelled rows.", "Models"),
    ("predict", "evaluating:predict", "Predict the labels of new rows.", "Models"),
    (
        "answer-bigbench",
        "bigbench.answer:answer",
        "Have a model answer a BIG-bench task.",
        "Models",
    ),
    ("compare", "comparing:compare", "Compare datasets by the models trained on them.", ""),
    ("ablate", "ablating:ablate", "Measure the contribution of each part of generation.", _PAPERS),
    ("reproduce", "reproducing:reproduce", "Reproduce an experiment from the papers.", _PAPERS),
)


@hookimpl
def register_commands(register: Register) -> None:
    """The commands from training to the paper's tables."""
    for name, place, summary, panel in _COMMANDS:
        register(name, f"targen_training.{place}", summary=summary, panel=panel)


@hookimpl
def register_task_forms(register: Register) -> None:
    """Register files that state which task of BIG-bench to answer."""
    register(
        "answer",
        "targen_training.bigbench.answering:ANSWER",
        summary="a model's answers to a BIG-bench task",
    )


_TRAINERS = (
    ("tfidf", "linear:TFIDF", "logistic regression on words: takes seconds, no download"),
    ("vectors", "vectors:VECTORS", "logistic regression on MiniLM embeddings; needs [vectors]"),
    ("encoder", "neural.encoder:ENCODER", "a fine-tuned encoder with a head: MiniLM, RoBERTa"),
    ("encoder-decoder", "neural.writer:ENCODER_DECODER", "a model that writes its answer: T5"),
    ("decoder", "neural.writer:DECODER", "a model that writes its answer: Llama; LoRA, QLoRA"),
)


@hookimpl
def register_trainers(register: Register) -> None:
    """Register trainers for `targen train`."""
    for name, place, summary in _TRAINERS:
        register(name, f"targen_training.{place}", summary=summary)
