"""Training as a targen plugin: this module only registers it, without other imports."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from targen_core import hookimpl
from targen_core.plugins.kinds import Kind
from targen_core.plugins.register import Register

if TYPE_CHECKING:
    from targen_core.plugins.kinds import KindRegister
    from targen_standard.task_files.forms import TaskForm
    from targen_training.trainers import Trainer


@hookimpl
def register_kinds(register: KindRegister) -> None:
    """Trainers: what `targen train` trains."""
    register.register(
        Kind(
            "trainer",
            "register_trainers",
            "targen_training.trainers:Trainer",
            "list-trainers",
            "targen_training.testing.suite:TrainerSuite",
            "targen_training.kinds",
        )
    )


@hookimpl
def register_commands(register: Register[Callable[..., Any]]) -> None:
    """The commands from training to the paper's tables."""
    register.register("train", "targen_training.cli:train", summary="Train a model on a dataset.")
    register.register(
        "reweigh",
        "targen_training.reweighing:reweigh",
        summary="Weight rows by their effect on a model.",
        panel="Data",
    )
    register.register(
        "evaluate",
        "targen_training.evaluating:evaluate",
        summary="Evaluate a trained model on labelled rows.",
        panel="Models",
    )
    register.register(
        "predict",
        "targen_training.predicting:predict",
        summary="Predict the labels of new rows with a trained model.",
        panel="Models",
    )
    register.register(
        "answer",
        "targen_training.bigbench.answer:answer",
        summary="Answer a BIG-bench task with a model.",
        panel="Models",
    )
    register.register(
        "compare",
        "targen_training.comparing:compare",
        summary="Compare datasets by the models trained on them.",
    )
    register.register(
        "ablate",
        "targen_training.ablating:ablate",
        summary="Measure the contribution of each part of generation.",
        panel="Methods and papers",
    )
    register.register(
        "reproduce",
        "targen_training.reproducing:reproduce",
        summary="Reproduce an experiment from the papers.",
        panel="Methods and papers",
    )


@hookimpl
def register_task_forms(register: Register[TaskForm[Any]]) -> None:
    """Register files that state which task of BIG-bench to answer."""
    register.register(
        "answer",
        "targen_training.bigbench.answering:ANSWER",
        summary="a model's answers to a BIG-bench task",
    )


@hookimpl
def register_trainers(register: Register[Trainer]) -> None:
    """Register trainers for `targen train`."""
    register.register(
        "tfidf",
        "targen_training.linear:TFIDF",
        summary="logistic regression on words and word pairs: takes seconds, no download",
    )
    register.register(
        "vectors",
        "targen_training.vectors:VECTORS",
        summary="logistic regression on MiniLM embeddings: suits small datasets and takes "
        "seconds; [vectors]",
    )
    register.register(
        "encoder",
        "targen_training.neural.encoder:ENCODER",
        summary="a pretrained encoder with a head for the labels: MiniLM, RoBERTa",
    )
    register.register(
        "encoder-decoder",
        "targen_training.neural.writer:ENCODER_DECODER",
        summary="a pretrained model that reads the text and writes its answer: T5",
    )
    register.register(
        "decoder",
        "targen_training.neural.writer:DECODER",
        summary="a pretrained model that writes its answer: Llama, Pythia; LoRA, QLoRA",
    )
