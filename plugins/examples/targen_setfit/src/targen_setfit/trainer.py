"""SetFit (Tunstall et al., 2022, arXiv:2209.11055) behind the interface of a trainer."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from targen_core.errors import UnreadableFile
from targen_core.reading.arrays import read_arrays
from targen_standard.pretrained import MINILM, device_of, model_folder, quiet, sentence_model
from targen_training.trainers import Decision, Predictor, Trainer, TrainerOptions, TrainingSet


class SetFitOptions(TrainerOptions):
    """The encoder, and how long it is fine-tuned."""

    model: str = Field(MINILM, description="a sentence-transformers model: a folder, or a name")
    iterations: int = Field(5, ge=1, description="number of pairs of each kind for each row")
    batch: int = Field(16, ge=1, description="pairs per step")
    learning_rate: float = Field(
        2e-5, gt=0, allow_inf_nan=False, description="learning rate of the encoder"
    )
    device: str = Field("", description="cpu or cuda [default: a GPU if there is one]")


def text_of(decision: Decision) -> str:
    """SetFit reads one text: several get their names as headings."""
    texts = decision.texts
    if len(texts) == 1:
        return next(iter(texts.values()))
    return "\n".join(f"{name}: {text}" for name, text in texts.items())


def train(data: TrainingSet, options: SetFitOptions, folder: Path) -> None:
    """Tune the encoder on pairs, fit the head on its vectors, and write both as data."""
    with quiet():
        from datasets import Dataset
        from setfit import SetFitModel, TrainingArguments
        from setfit import Trainer as SetFitTrainer
        from sklearn.linear_model import LogisticRegression

        encoder = model_folder(
            options.model,
            "-o model=",
            extra="targen-training[minilm]",
            owner="sentence-transformers",
        )
        device = str(device_of(options.device))
        body = sentence_model(encoder, device)
        model = SetFitModel(body, LogisticRegression(max_iter=1000), labels=list(data.labels))
        rows = {
            "text": [text_of(decision) for decision in data.decisions],
            "label": [data.labels.index(decision.label) for decision in data.decisions],
        }
        with tempfile.TemporaryDirectory(prefix="targen-setfit-") as scratch:
            arguments = TrainingArguments(
                output_dir=scratch,
                batch_size=options.batch,
                num_epochs=1,
                num_iterations=options.iterations,
                body_learning_rate=options.learning_rate,
                seed=data.seed,
                use_amp=False,
                report_to="none",
                save_strategy="no",
                show_progress_bar=False,
            )
            SetFitTrainer(model, arguments, Dataset.from_dict(rows)).train()
        model.model_body.save(str(folder / "encoder"), safe_serialization=True)
    head = model.model_head
    np.savez(folder / "head.npz", weights=head.coef_, bias=head.intercept_)


def load(folder: Path) -> Predictor:
    """The encoder and the head's numbers; softmax of what they give."""
    try:
        head = read_arrays(folder / "head.npz", inside=folder)
        weights, bias = head["weights"], head["bias"]
        body = sentence_model(folder / "encoder")
    except (OSError, UnreadableFile, LookupError) as error:
        raise ValueError(f"{folder} does not contain a setfit model: {error}") from error
    if len(bias) == 1:  # for two labels the head has one row, which belongs to the second
        weights, bias = np.vstack([np.zeros_like(weights), weights]), np.array([0.0, bias[0]])

    def predict(decisions: Sequence[Decision], /) -> Sequence[Sequence[float]]:
        if not decisions:
            return []
        with quiet():
            texts = [text_of(decision) for decision in decisions]
            vectors: Any = body.encode(texts, show_progress_bar=False)
        logits = np.asarray(vectors, np.float64) @ weights.T + bias
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores: list[list[float]] = (shares / shares.sum(axis=1, keepdims=True)).tolist()
        return scores

    return predict


SETFIT = Trainer(
    summary="a sentence encoder fine-tuned on pairs of rows, and a logistic regression: SetFit",
    version="1",
    train=train,
    load=load,
    options=SetFitOptions,
)
