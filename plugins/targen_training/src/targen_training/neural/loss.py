"""The loss of rows that have weights, or whose earlier predictions are averaged."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_core.outputs import write_file
from targen_core.reading.arrays import read_arrays
from targen_standard.pretrained import device_of
from targen_training.ensembling import Ensemble, smoothed
from targen_training.neural.options import EncoderOptions

OWN = ("weight", "row")
"""Entries of an example that are not for the model."""

_IGNORED = -100
_BATCH = 32


def weighed_loss(logits: Any, labels: Any, weights: Any, *, smoothing: float, shift: bool) -> Any:
    """The mean of the cross entropies of labels, or of tokens, each times its row's weight.

    Args:
        logits: (rows, labels), or (rows, tokens, vocabulary).
        labels: (rows,), or (rows, tokens), where -100 is left out.
        weights: (rows,).
        smoothing: the share of each label that is given to all.
        shift: whether the logits at a token are of the next.
    """
    if shift:
        logits, labels = logits[:, :-1], labels[:, 1:]
    likely = logits.float().log_softmax(dim=-1)
    known = labels != _IGNORED
    own = likely.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    entropy = -(1 - smoothing) * own - smoothing * likely.mean(dim=-1)
    counts = weights.view(-1, *[1] * (labels.dim() - 1)) * known
    return (entropy * counts).sum() / known.sum().clamp(min=1)


class Ensembling:
    """Temporal ensembling of an encoder: predicts all rows now and then, and learns the average.

    Its state after each interval is in a file, so that a killed training continues from a
    checkpoint with the averages of that time.
    """

    def __init__(
        self,
        targets: NDArray[np.int64],
        labels: int,
        weights: NDArray[np.float64],
        options: EncoderOptions,
    ) -> None:
        """Start with only the labels."""
        self._weights, self._options = weights, options
        self._soft = smoothed(targets, labels, options.label_smoothing)
        self._ensemble = Ensemble(targets, labels, options)

    def loss(self, logits: Any, rows: Any) -> Any:
        """The loss of rows by their numbers: a mean over those that are kept."""
        import torch

        at = rows.cpu().numpy()
        targets, scale = self._ensemble.targets(self._soft)
        kept = self._ensemble.kept[at]

        def tensor(values: NDArray[Any]) -> Any:
            return torch.as_tensor(values, dtype=torch.float32, device=logits.device)

        entropy = -(tensor(targets[at]) * logits.float().log_softmax(dim=-1)).sum(dim=-1)
        counts = tensor(self._weights[at] * kept)
        return scale * (entropy * counts).sum() / max(1, int(kept.sum()))

    def end_interval(self, model: Any, examples: Any, collate: Any) -> None:
        """Predict all rows, without dropout, and average."""
        import torch

        training, parts = model.training, []
        model.eval()
        device = device_of(self._options.device)
        for start in range(0, len(examples), _BATCH):
            batch = collate([*examples[start : start + _BATCH]])
            inputs = {key: part.to(device) for key, part in batch.items() if key not in OWN}
            with torch.inference_mode():
                parts.append(model(**inputs).logits.double().softmax(dim=-1).cpu().numpy())
        model.train(training)
        self._ensemble.update(np.concatenate(parts))

    def save(self, folder: Path, step: int) -> None:
        """Write the averages, whole or not at all."""
        content = io.BytesIO()
        np.savez(content, **self._ensemble.state())
        write_file(folder / f"ensemble-{step}.npz", content.getvalue())

    def restore(self, folder: Path, step: int) -> None:
        """Go on with the averages of a step, if an interval had ended by then."""
        ended = step // self._options.ensemble_interval * self._options.ensemble_interval
        if not ended:
            return
        self._ensemble.restore(read_arrays(folder / f"ensemble-{ended}.npz", inside=folder))


def own_trainer(ensembling: Ensembling | None, *, smoothing: float, shift: bool) -> Any:
    """A class of transformers' `Trainer` with one of these losses."""
    from transformers import Trainer

    class Own(Trainer):  # type: ignore[misc]
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            # Each batch's loss is already a mean: average again over accumulated batches.
            self.model_accepts_loss_kwargs = False

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, **_: Any
        ) -> Any:
            outputs = model(**{key: part for key, part in inputs.items() if key not in OWN})
            if ensembling is not None and model.training:
                loss = ensembling.loss(outputs.logits, inputs["row"])
            else:
                labels = inputs["labels"]
                weights = inputs.get("weight", labels.new_ones(len(labels)))
                loss = weighed_loss(
                    outputs.logits, labels, weights, smoothing=smoothing, shift=shift
                )
            return (loss, outputs) if return_outputs else loss

    return Own
