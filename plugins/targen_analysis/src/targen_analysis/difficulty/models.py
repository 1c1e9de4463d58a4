"""Pretrained models that classify texts once they are trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from targen_core.errors import UsageError
from targen_standard.pretrained import first_line, model_folder, quiet

_OWN_CODE: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}


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
