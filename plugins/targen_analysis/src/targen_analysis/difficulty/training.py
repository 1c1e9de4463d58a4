"""Fine-tuning with cross-fitting: each row is judged by a model that has not seen it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_core.errors import UsageError
from targen_standard.pretrained import first_line, model_folder, quiet

_OWN_CODE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}

_WARM_UP = 0.1
"""Share of the steps in which the learning rate rises."""

_DECAY = 0.01
_CLIP = 1.0

_POOL = 8
"""Batches that are drawn at random together and then parted by length."""

_LN2 = float(np.log(2))


@dataclass(frozen=True, slots=True)
class Classifier:
    """A pretrained model, which each use trains from the same start.

    Attributes:
        name: as the user calls it.
        folder: where it is.
        tokenizer: its tokenizer.
        longest: tokens that it reads, at most.
    """

    name: str
    folder: Path
    tokenizer: Any
    longest: int

    @property
    def pad(self) -> int:
        """The number of the token that fills short texts up."""
        return int(self.tokenizer.pad_token_id)

    def encode(self, texts: Sequence[str], length: int) -> tuple[list[list[int]], int]:
        """Return the tokens of each text, cut at its start beyond `length`, and how many were cut.

        A row ends with the question about its long text: the hypothesis, the question, the choices.
        """
        limit = min(length, self.longest)
        with quiet():
            tokens = self.tokenizer(list(texts), truncation=True, max_length=limit)["input_ids"]
            full = [text for text, ids in zip(texts, tokens, strict=True) if len(ids) >= limit]
            whole = self.tokenizer(full)["input_ids"] if full else []
        # A tokenizer without start and end tokens returns no tokens for an empty text.
        return [ids or [self.pad] for ids in tokens], sum(len(ids) > limit for ids in whole)

    def new(self, labels: int) -> Any:
        """The model with a head for so many labels, its numbers in 32 bits."""
        from transformers import AutoModelForSequenceClassification

        with quiet(), _explained(self.name):
            model = AutoModelForSequenceClassification.from_pretrained(
                self.folder,
                num_labels=labels,
                ignore_mismatched_sizes=True,
                use_safetensors=True,
                **_OWN_CODE,
            )
        model.config.pad_token_id = self.pad
        return model.float()


def find_classifier(name: str) -> Classifier:
    """The model of this name.

    Raises:
        ModuleNotFoundError: torch or transformers is not installed.
        UsageError: the model is not on this machine, or cannot be loaded.
    """
    import torch  # noqa: F401 - said to be missing before anything is looked for
    from transformers import AutoConfig, AutoTokenizer

    folder = model_folder(name, "-o difficulty.model=")
    with quiet(), _explained(name):
        config = AutoConfig.from_pretrained(folder, **_OWN_CODE)
        tokenizer = AutoTokenizer.from_pretrained(folder, truncation_side="left", **_OWN_CODE)
        if tokenizer.pad_token is None:
            if tokenizer.eos_token is None:
                raise ValueError("its tokenizer does not have a padding token")
            tokenizer.pad_token = tokenizer.eos_token
    # A tokenizer that does not know its limit gives an enormous one.
    places = getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length
    return Classifier(name, folder, tokenizer, min(tokenizer.model_max_length, places))


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Raise the library's complaint about files as an error of the user's."""
    try:
        yield
    except Exception as error:  # what loaders raise over strange files has no end
        raise UsageError(
            f"the model {name} cannot be loaded: {first_line(error)}",
            hint="-o difficulty.model=./FOLDER"
            ", a folder with the tokenizer and weights of a model that transformers can use to "
            "classify texts",
        ) from error


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of training: AdamW, a linear rise and fall, clipped gradients.

    Attributes:
        epochs: times that it sees its rows.
        batch: rows of a step.
        rate: the highest learning rate.
        device: where, as torch calls it.
    """

    epochs: int
    batch: int
    rate: float
    device: Any


@dataclass(frozen=True, slots=True)
class Fitted:
    """Predictions of models, one per fold; logarithms are of base 2.

    Attributes:
        unseen: of each row by the model that was not trained on it, after each
            epoch, shape (epochs, rows, labels).
        learned: for each row by each model while it was trained on it, shape (folds, epochs, rows,
            labels). It is NaN for rows that the model was not trained on.
    """

    unseen: NDArray[np.float64]
    learned: NDArray[np.float64]


def fit(
    classifier: Classifier,
    encoded: Sequence[Sequence[int]],
    gold: NDArray[np.int64],
    folds: NDArray[np.int64],
    recipe: Recipe,
    seed: int,
) -> Fitted:
    """Train a model on all folds but one, for each fold, and ask it about that one.

    Args:
        classifier: what is trained.
        encoded: tokens of each row.
        gold: labels from 0 on, shape (rows,).
        folds: of each row, shape (rows,).
        recipe: how.
        seed: decides new weights, dropout and the order of rows.

    Raises:
        UsageError: the memory does not hold a step, or the model diverged.
    """
    import torch

    labels = int(gold.max()) + 1
    count = int(folds.max()) + 1
    shape = (recipe.epochs, len(gold), labels)
    unseen = np.full(shape, np.nan)
    learned = np.full((count, *shape), np.nan)
    cuda = [recipe.device] if recipe.device.type == "cuda" else []
    try:
        for fold in range(count):
            with torch.random.fork_rng(devices=cuda):
                torch.manual_seed(seed + fold)
                _fit_one(
                    classifier.new(labels).to(recipe.device),
                    _Rows(encoded, gold, classifier.pad, recipe.device),
                    (np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)),
                    recipe,
                    unseen,
                    learned[fold],
                )
    except torch.cuda.OutOfMemoryError as error:
        raise UsageError(
            f"{recipe.device} does not have enough memory for a batch of {recipe.batch} rows",
            hint="-o difficulty.batch=4, a smaller difficulty.length, or a smaller model",
        ) from error
    if not np.isfinite(unseen).all():
        raise UsageError(
            f"{classifier.name} diverged at a learning rate of {recipe.rate:g}",
            hint=f"-o difficulty.learning_rate={recipe.rate / 10:g}",
        )
    return Fitted(unseen / _LN2, learned / _LN2)


def _fit_one(
    model: Any,
    rows: _Rows,
    parts: tuple[NDArray[np.int64], NDArray[np.int64]],
    recipe: Recipe,
    unseen: NDArray[np.float64],
    learned: NDArray[np.float64],
) -> None:
    """Train on the rows of one part and write down natural logarithms for both."""
    import torch
    from transformers import get_linear_schedule_with_warmup

    train, held_out = parts
    steps = recipe.epochs * -(-len(train) // recipe.batch)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=recipe.rate,
        weight_decay=_DECAY,
        fused=recipe.device.type in ("cpu", "cuda"),  # a small model spends most of a step here
    )
    schedule = get_linear_schedule_with_warmup(optimizer, int(_WARM_UP * steps), steps)
    for epoch in range(recipe.epochs):
        model.train()
        for batch in rows.shuffled(train, recipe.batch):
            inputs, gold = rows.take(batch)
            logits = model(**inputs).logits
            torch.nn.functional.cross_entropy(logits, gold).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), _CLIP)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            learned[epoch, batch] = _logs(logits)
        model.eval()
        with torch.no_grad():
            for batch in _batches(rows.by_length(held_out), recipe.batch):
                unseen[epoch, batch] = _logs(model(**rows.take(batch)[0]).logits)


def _batches(rows: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    for begin in range(0, len(rows), size):
        yield rows[begin : begin + size]


def _logs(logits: Any) -> NDArray[np.float64]:
    logs: NDArray[np.float64] = logits.detach().cpu().double().log_softmax(-1).numpy()
    return logs


@dataclass(frozen=True, slots=True)
class _Rows:
    """Tokens and labels of all rows."""

    encoded: Sequence[Sequence[int]]
    gold: NDArray[np.int64]
    pad: int
    device: Any

    def shuffled(self, rows: NDArray[np.int64], size: int) -> list[NDArray[np.int64]]:
        """Batches by torch's chance: rows of like length, which need little filling up."""
        import torch

        order = rows[torch.randperm(len(rows)).numpy()]
        pools = [self.by_length(pool) for pool in _batches(order, _POOL * size)]
        batches = [batch for pool in pools for batch in _batches(pool, size)]
        return [batches[at] for at in torch.randperm(len(batches)).tolist()]

    def by_length(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The same rows, the shortest first."""
        lengths = [len(self.encoded[row]) for row in rows.tolist()]
        return rows[np.argsort(lengths, kind="stable")]

    def take(self, rows: NDArray[np.int64]) -> tuple[dict[str, Any], Any]:
        """Return a model's input for some rows, and their labels."""
        import torch
        from torch.nn.utils.rnn import pad_sequence

        texts = [torch.tensor(self.encoded[row]) for row in rows.tolist()]
        masks = [torch.ones_like(ids) for ids in texts]
        inputs = {
            "input_ids": pad_sequence(texts, batch_first=True, padding_value=self.pad),
            "attention_mask": pad_sequence(masks, batch_first=True),
        }
        moved = {name: part.to(self.device) for name, part in inputs.items()}
        return moved, torch.tensor(self.gold[rows], device=self.device)
