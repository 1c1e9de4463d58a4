"""Models that turn texts into vectors, from folders and from the hub's cache."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_core.errors import UsageError
from targen_standard.pretrained import (
    MINILM,
    device_of,
    first_line,
    model_folder,
    quiet,
    sentence_model,
)

DEFAULT_MODEL = MINILM


@dataclass(frozen=True, slots=True)
class Embedder:
    """Texts to vectors.

    Attributes:
        name: what it is, for people.
        encode: texts -> a vector each, of any length; shape (n, d).
        max_tokens: it reads no further than this, if that is known.
    """

    name: str
    encode: Callable[[Sequence[str]], NDArray[Any]]
    max_tokens: int | None = None


def load_embedder(model: str = DEFAULT_MODEL, *, device: str = "", batch: int = 32) -> Embedder:
    """Load an embedding model without using the network.

    Args:
        model: a folder, or the name of a model in the cache of the hub; a package also has the
            default one.
        device: "cpu", "cuda", "cuda:1"; by default a GPU if there is one.
        batch: texts that are embedded at a time.

    Raises:
        ModuleNotFoundError: sentence-transformers is not installed.
        UsageError: the model or the device does not exist, or it cannot be loaded.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sentence_transformers  # noqa: F401 - said to be missing before a model is

    folder = model_folder(
        model,
        "-o semantic.model=",
        extra="targen-analysis[minilm]",
        owner="sentence-transformers",
    )
    place = str(device_of(device, "semantic.device"))
    try:
        loaded = sentence_model(folder, place)
    except UsageError:
        raise
    except Exception as error:  # what loaders raise over strange files has no end
        raise UsageError(
            f"the embedding model {model} cannot be loaded from {folder}: {first_line(error)}",
            hint="-o semantic.model=./FOLDER, the folder of a sentence-transformers model",
        ) from error

    def encode(texts: Sequence[str]) -> NDArray[Any]:
        try:
            with quiet():
                return np.asarray(
                    loaded.encode(list(texts), batch_size=batch, show_progress_bar=False)
                )
        except RuntimeError as error:
            raise UsageError(
                f"the embedding model {model} failed: {first_line(error)}",
                hint="-o semantic.device=cpu does not need a GPU",
            ) from error

    return Embedder(model, encode, max_tokens=loaded.max_seq_length or None)
