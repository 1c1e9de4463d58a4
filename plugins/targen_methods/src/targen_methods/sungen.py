"""SunGen as a method: the rows are ZeroGen's, with weights computed from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from targen_core import Task, read_dataset
from targen_core.errors import MissingDependency
from targen_core.hints import install
from targen_core.plugins.loader import load_registry
from targen_methods.zerogen import Options as ZeroGenOptions
from targen_methods.zerogen import zerogen_task
from targen_standard.methods.form import task_of_rows
from targen_standard.methods.model import Base, Method


def embedder_of(features: str) -> tuple[str, ...]:
    """Return the id of the embedder that an option `features` names; empty for words.

    Raises:
        UnknownName: the embedder is unknown.
    """
    return () if features == "tfidf" else (load_registry().find("embedder", features).id,)


class Options(ZeroGenOptions):
    """Options of SunGen: those of ZeroGen, and of the weights."""

    iterations: int = Field(100, ge=1, le=10_000, description="maximum number of outer steps")
    balance: bool = Field(True, description="whether labels keep their shares of the total weight")
    features: str = Field(
        "tfidf", description="the weighting model's features: tfidf, or an embedder"
    )


def _finish(run: Path, options: Options, out: Path) -> None:
    """Weight the rows of a run.

    Raises:
        MissingDependency: targen-training is not installed.
        UsageError: the rows give no basis for weights.
    """
    try:
        from targen_training.weighing.bilevel import SunGenOptions
        from targen_training.weighing.rows import weigh
    except ModuleNotFoundError as error:
        raise MissingDependency(
            "sungen needs targen-training to weight rows, but it is not installed",
            distribution="targen-training",
            hint=install("targen-methods[sungen]"),
        ) from error
    dataset = read_dataset(run)
    values = {"iterations": options.iterations, "balance": options.balance}
    weighed = weigh(dataset, SunGenOptions.model_validate(values), features=options.features)
    task, variants = task_of_rows(run)
    weighed.write(out, task=task, variants=variants)


def _task(base: Base, options: Options) -> Task[Any, Any]:
    embedder_of(options.features)  # fail before paying for rows if they cannot be weighted
    return zerogen_task(base, options)


SUNGEN = Method(
    summary="generates rows as ZeroGen does, and weights each by its effect on a model",
    version="1",
    task=_task,
    options=Options,
    presets={"paper": {"per_condition": 32, "min_words": 10, "ends": ".", "balance": False}},
    given="pairs",
    finish=_finish,
    source=(
        "SunGen, arXiv:2205.12679, with our own prompts: ZeroGen's texts, and a weight for "
        "each text, found by bilevel optimisation of a noise-robust loss. The model is a linear "
        "head on words with exact gradients; SunGen's authors used an LSTM and DistilBERT, and no "
        "pair tasks. "
        "`targen finish` computes the weights, and `targen reweigh --by sungen` those of any run."
    ),
    citation="""
@inproceedings{gao2023self,
  title     = {Self-Guided Noise-Free Data Generation for Efficient Zero-Shot Learning},
  author    = {Gao, Jiahui and Pi, Renjie and Lin, Yong and Xu, Hang and Ye, Jiacheng and Wu,
               Zhiyong and Zhang, Weizhong and Liang, Xiaodan and Li, Zhenguo and Kong, Lingpeng},
  booktitle = {International Conference on Learning Representations},
  year      = {2023},
  eprint    = {2205.12679}
}""",
)
