"""Likelihoods that a decoder gives each choice after a prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from targen_core.errors import UsageError
from targen_core.hints import install
from targen_standard.pretrained import device_of, named_place
from targen_training.neural.weights import Weights, find_weights, kind_of


def decoder_in(place: str) -> Weights:
    """The decoder that `targen train` left in a folder, or pretrained weights.

    Raises:
        UsageError: it does not exist, or is of another kind.
    """
    folder = Path(place)
    left = (folder / "model.json").is_file()
    folder = folder / "model" if left else folder
    try:
        weights = find_weights(named_place(folder) if folder.is_dir() else place)
    except (UsageError, ModuleNotFoundError) as error:
        if folder.exists():
            raise
        download = f"run hf download {place}"
        if isinstance(error, ModuleNotFoundError):
            download = f"run {install('targen-training[torch]')}, then {download[4:]}"
        raise UsageError(
            f"there is no folder {place}, and the hub's cache has no model with this name",
            hint=f"for a model on the hub, {download}",
        ) from error
    if kind_of(weights) != "decoder":
        raise UsageError(
            f"{place} is of type {kind_of(weights)}, but worked examples are only for decoders"
        )
    return weights


class Chooser:
    """A decoder that chooses by likelihood: the sum over a choice's tokens, as BIG-bench has it."""

    def __init__(self, weights: Weights) -> None:
        """Load it.

        Raises:
            UsageError: the weights do not contain such a model.
        """
        import torch
        from transformers import AutoModelForCausalLM

        from targen_training.neural.loading import load_saved, tokenizer_of

        self._device = device_of("")
        dtype = torch.bfloat16 if self._device.type == "cuda" else torch.float32
        try:
            self._model = load_saved(
                AutoModelForCausalLM, weights, device=self._device, dtype=dtype
            )
        except ValueError as error:
            raise UsageError(f"{weights.name}: {error}") from error
        self._tokenizer = tokenizer_of(weights)
        positions = getattr(self._model.config, "max_position_embeddings", None)
        self._most = int(positions) if isinstance(positions, int) else 2048
        self.cut = 0
        """Prompts that were too long, and lost their beginning."""

    def choose(
        self,
        prompts: Sequence[str],
        choices: Sequence[Sequence[str]],
        tell: Callable[[int, int], None] = lambda _done, _of: None,
    ) -> list[str]:
        """For each prompt the likeliest of its choices; of equals the first."""
        picks = []
        for at, (prompt, of) in enumerate(zip(prompts, choices, strict=True)):
            tell(at, len(prompts))
            ids = self._ids(prompt, special=True)
            answers = [self._ids(choice, special=False) for choice in of]
            room = self._most - max(map(len, answers))
            self.cut += len(ids) > room
            scores = self._scores(ids[-room:], answers)
            picks.append(of[scores.index(max(scores))])
        return picks

    def _ids(self, text: str, *, special: bool) -> list[int]:
        ids: list[int] = self._tokenizer(text, add_special_tokens=special, verbose=False)[
            "input_ids"
        ]
        while special and len(ids) > 1 and ids[-1] == self._tokenizer.eos_token_id:
            ids = ids[:-1]  # some tokenizers end each text
        return ids

    def _scores(self, prompt: list[int], answers: Sequence[list[int]]) -> list[float]:
        """The log-probability of each answer; the prompt, which they share, is read once."""
        import torch

        longest = max(map(len, answers))
        padded = [answer + [0] * (longest - len(answer)) for answer in answers]
        tokens = torch.tensor(padded, device=self._device)
        with torch.inference_mode():
            read = self._model(torch.tensor([prompt], device=self._device), use_cache=True)
            logits = read.logits[:, -1:].expand(len(answers), -1, -1)
            if longest > 1:
                cache = read.past_key_values
                cache.batch_repeat_interleave(len(answers))
                more = self._model(tokens[:, :-1], past_key_values=cache, use_cache=True).logits
                logits = torch.cat([logits, more], dim=1)
            known = logits.float().log_softmax(-1).gather(-1, tokens[..., None])[..., 0].cpu()
        return [float(known[at, : len(answer)].sum()) for at, answer in enumerate(answers)]
