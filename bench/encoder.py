"""A small encoder, fine-tuned on few rows: the third classifier of `contest.py`.

The upper three of MiniLM's six layers and a linear head on the mean of its last hidden states learn
for eight epochs (AdamW, head 1e-2, batches of 16, linear decay). The lower layers stay as they are,
so each text goes through them once. Texts end after 64 tokens. It needs what `scripts/test --torch`
installs.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer

from targen_standard.pretrained import MINILM, model_folder

FROZEN, LENGTH, BATCH, EPOCHS, RATE, HEAD_RATE = 3, 64, 16, 8, 2e-4, 1e-2
Texts = tuple[str, ...]
"""The text of a row, or its two texts."""


def padded(states: Sequence[Any]) -> tuple[Any, Any]:
    """States of texts as one tensor, and which of its tokens are there."""
    lengths = torch.tensor([len(each) for each in states])
    there = torch.arange(int(lengths.max())) < lengths[:, None]
    return torch.nn.utils.rnn.pad_sequence(list(states), batch_first=True), there


class Encoder:
    """MiniLM's weights, and what its lower layers make of each text."""

    def __init__(self) -> None:
        folder = model_folder(MINILM, "")
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModel.from_pretrained(folder, add_pooling_layer=False).eval()
        self.known: dict[Texts, Any] = {}

    @torch.inference_mode()
    def lower(self, rows: Sequence[Texts]) -> list[Any]:
        """The states of texts after the lower layers."""
        for texts in {*rows} - self.known.keys():
            inputs = self.tokenizer(*texts, truncation=True, max_length=LENGTH, return_tensors="pt")
            inputs.pop("attention_mask")
            states = self.model.embeddings(**inputs)
            for layer in self.model.encoder.layer[:FROZEN]:
                states = layer(states)
            self.known[texts] = states[0]
        return [self.known[texts] for texts in rows]

    def labels(self, train: Sequence[Texts], names: Sequence[str], test: Sequence[Texts]) -> Any:
        """Learn the labels of texts, and return those of test texts."""
        torch.manual_seed(0)
        known, targets = np.unique(names, return_inverse=True)
        right = torch.tensor(targets)
        layers = deepcopy(self.model.encoder.layer[FROZEN:]).train()
        head = torch.nn.Linear(self.model.config.hidden_size, len(known))
        groups = [
            {"params": layers.parameters()},
            {"params": head.parameters(), "lr": HEAD_RATE},
        ]
        optimizer = torch.optim.AdamW(groups, lr=RATE, fused=True)
        steps = EPOCHS * -(-len(names) // BATCH)
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, steps)

        def logits(some: Sequence[Any]) -> Any:
            states, there = padded(some)
            for layer in layers:
                states = layer(states, there[:, None, None])
            return head((states * there[..., None]).sum(1) / there.sum(1, keepdim=True))

        states = [each.clone() for each in self.lower(train)]  # which may learn
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(names)).split(BATCH):
                said = logits([states[row] for row in rows])
                torch.nn.functional.cross_entropy(said, right[rows]).backward()
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
        layers.eval()
        tested = self.lower(test)
        order = np.argsort([len(each) for each in tested])
        found = np.empty(len(test), dtype=int)
        with torch.inference_mode():
            for rows in np.split(order, range(BATCH, len(order), BATCH)):
                found[rows] = logits([tested[row] for row in rows]).argmax(1).numpy()
        return known[found]
