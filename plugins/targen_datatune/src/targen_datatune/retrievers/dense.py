"""`dense`: entries whose vectors are near to the query's, by a bi-encoder.

Vectors are in a log, each after the digest of its text. A text is embedded once, and a killed index
continues. The index is searched in place, mapped into memory.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_core.cli.trust import require_trust
from targen_core.errors import UnreadableFile, UsageError
from targen_core.extras import hub_without_telemetry
from targen_core.outputs import remove, write_file
from targen_core.reading.arrays import read_array
from targen_core.reading.files import read_json, read_text
from targen_core.signing import sign
from targen_datatune.retrieval import DatasetEntry, Hit, Retriever, RetrieverOptions
from targen_datatune.retrievers.ranking import best
from targen_standard.pretrained import (
    MINILM,
    first_line,
    model_folder,
    quiet,
    sentence_model,
)

DEFAULT_MODEL = MINILM

_AT_ONCE = 512  # texts between two writes of the log
_DIGEST = 16  # bytes
_OWN: dict[str, dict[str, Any]] = {
    # DataFinder (Viswanathan et al. 2023) as Prompt2Model asks it: the first token's vector, inner
    # products, 128 tokens.
    "viswavi/datafinder-huggingface-prompt-queries": {
        "pooling": "cls",
        "similarity": "dot",
        "max_tokens": 128,
    }
}
"""Facts about models, by their names, that their files lack."""


class Options(RetrieverOptions):
    """The model, and how it is used."""

    model: str = Field(
        DEFAULT_MODEL, description="a folder, or a hub model that is already on this machine"
    )
    pooling: Literal["own", "mean", "cls"] = Field(
        "own",
        description="how to pool token vectors [default: as the model specifies, or the mean]",
    )
    similarity: Literal["own", "cosine", "dot"] = Field(
        "own", description="how to compare two vectors"
    )
    query_prefix: str = Field(
        "", description="prefix that the model needs for queries, such as 'query: '"
    )
    text_prefix: str = Field(
        "", description="prefix that the model needs for texts, such as 'passage: '"
    )
    max_tokens: int = Field(
        0, ge=0, description="maximum number of tokens read per text; 0: the model's own limit"
    )
    device: str = Field(
        "", description="device to run on, such as cpu or cuda [default: a GPU if there is one]"
    )
    batch: int = Field(32, ge=1, description="number of texts to embed at a time")


def _index(
    entries: Collection[DatasetEntry],
    options: Options,
    folder: Path,
    progress: Callable[[int, int], None],
) -> None:
    model = _model(options)
    remove(folder / "dense.json")
    log = _Log(folder, model.fingerprint)
    order: list[int] = []
    waiting: dict[bytes, str] = {}

    def embed() -> None:
        if waiting:
            log.append(list(waiting), model.encode(list(waiting.values()), options.text_prefix))
            waiting.clear()

    digests = []
    for at, entry in enumerate(entries):
        digest = hashlib.sha256(entry.text.encode("utf-8", "replace")).digest()[:_DIGEST]
        digests.append(digest)
        if digest not in log.places and digest not in waiting:
            waiting[digest] = entry.text
        if len(waiting) >= _AT_ONCE:
            embed()
        if at % _AT_ONCE == 0:
            progress(at, len(entries))
    embed()
    order = [log.places[digest] for digest in digests]
    np.save(folder / "order.npy", np.asarray(order, np.int64))
    facts = {"size": log.size, "fingerprint": model.fingerprint, "options": options.model_dump()}
    write_file(folder / "dense.json", json.dumps(facts))
    sign(folder / "dense.json", {"options.model": options.model})
    progress(len(digests), len(digests))


def _load(folder: Path) -> Any:
    try:
        facts = read_json(folder / "dense.json", inside=folder)
        options = Options.model_validate(facts["options"])
        fingerprint, size = str(facts["fingerprint"]), int(facts["size"])
        order: NDArray[Any] = read_array(folder / "order.npy", inside=folder)
        vectors = _vectors(folder, fingerprint, size)
    except (OSError, UnreadableFile, LookupError, TypeError) as error:
        raise ValueError(f"not a dense index: {error}") from error
    if order.dtype != np.int64 or order.ndim != 1 or (order < 0).any():
        raise ValueError("not a dense index: its order is invalid")
    if len(order) and int(order.max()) >= len(vectors):
        raise ValueError("not a dense index: vectors are missing")
    if not np.array_equal(order, np.arange(len(vectors))):
        vectors = vectors[order]  # a copy: what is not in this index is left out

    def search(query: str, k: int, /) -> Sequence[Hit]:
        if not len(vectors):
            return []
        if options.model not in (MINILM, MINILM.rpartition("/")[2]):
            require_trust(folder / "dense.json", {"options.model": options.model})
        model = _model(options)
        if model.fingerprint != fingerprint:
            raise UsageError(
                f"the model {options.model} has changed since the index was created",
                hint=f"delete {folder}; targen then recreates it",
            )
        (asked,) = model.encode([query], options.query_prefix)
        scores = vectors @ asked
        return [Hit(at, float(scores[at])) for at in map(int, best(scores, k))]

    return search


class _Log:
    """The vectors of a folder, one after another, each with the digest of its text.

    Attributes:
        places: digest -> the place of its vector.
        size: numbers per vector; 0 without vectors.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder, self._fingerprint = folder, fingerprint
        self.places: dict[bytes, int] = {}
        self.size = 0
        for path in folder.glob("vectors-*.bin"):
            size = path.stem.rpartition("-")[2]
            if path.stem == f"vectors-{fingerprint}-{size}" and size.isdecimal():
                self.size = int(size)
                whole = path.stat().st_size // self._record * self._record
                os.truncate(path, whole)  # a process that was killed leaves half a vector
                if whole:
                    records = np.memmap(path, _record(self.size), mode="r")
                    self.places = {bytes(one): at for at, one in enumerate(records["digest"])}
            else:
                remove(path)  # of another model

    @property
    def _record(self) -> int:
        return _DIGEST + 4 * self.size

    def append(self, digests: Sequence[bytes], vectors: NDArray[Any]) -> None:
        """Add vectors to the log."""
        self.size = int(vectors.shape[1])
        records = np.zeros(len(digests), _record(self.size))
        records["digest"] = np.frombuffer(b"".join(digests), f"V{_DIGEST}")
        records["vector"] = vectors
        with open(_path(self._folder, self._fingerprint, self.size), "ab") as file:
            file.write(records.tobytes())
        for digest in digests:
            self.places[digest] = len(self.places)


def _record(size: int) -> np.dtype[Any]:
    return np.dtype([("digest", f"V{_DIGEST}"), ("vector", np.float32, (size,))])


def _path(folder: Path, fingerprint: str, size: int) -> Path:
    return folder / f"vectors-{fingerprint}-{size}.bin"


def _vectors(folder: Path, fingerprint: str, size: int) -> NDArray[Any]:
    """The vectors of the log, shape (n, size), mapped.

    Raises:
        ValueError: the file does not contain such vectors.
        OSError: the file does not exist.
    """
    if not re.fullmatch(r"[0-9a-f]+", fingerprint):
        raise ValueError("not a dense index: its fingerprint is invalid")
    if size == 0:
        return np.zeros((0, 0), np.float32)
    path = _path(folder, fingerprint, size)
    whole = path.stat().st_size // _record(size).itemsize
    if not whole:
        return np.zeros((0, size), np.float32)
    vectors: NDArray[Any] = np.memmap(path, _record(size), mode="r", shape=(whole,))["vector"]
    return vectors


class _Model:
    """A bi-encoder, loaded.

    Attributes:
        fingerprint: changes with the model and how it is used.
    """

    def __init__(self, options: Options) -> None:
        hub_without_telemetry()
        with quiet():
            import sentence_transformers  # noqa: F401 - said to be missing before a model is
        own = _OWN.get(options.model, {})
        folder = model_folder(
            options.model,
            "-o model=",
            extra="targen-datatune[minilm]",
            owner="sentence-transformers",
        )
        self._options = options
        pooling = options.pooling if options.pooling != "own" else own.get("pooling", "own")
        similarity = options.similarity if options.similarity != "own" else own.get("similarity")
        tokens = options.max_tokens or own.get("max_tokens", 0)
        self._normalize = similarity != "dot"
        try:
            with quiet():
                if pooling == "own":
                    self._model = sentence_model(folder, options.device or None)
                else:
                    self._model = _pooled(str(folder), pooling, options.device)
        except UsageError:
            raise
        except Exception as error:  # what loaders raise over strange files has no end
            raise UsageError(
                f"the embedding model {options.model} cannot be loaded: {first_line(error)}",
                hint="-o model=./FOLDER, a folder with a sentence-transformers model",
            ) from error
        if tokens:
            self._model.max_seq_length = tokens
        made = [options.text_prefix, pooling, similarity or "", tokens, options.model]
        weights = sorted(folder.rglob("*.safetensors")) + sorted(folder.rglob("*.bin"))
        made += [(path.name, path.stat().st_size) for path in weights]
        made += [read_text(path) for path in sorted(folder.glob("config*.json"))]
        self.fingerprint = hashlib.sha256(repr(made).encode()).hexdigest()[:12]

    def encode(self, texts: Sequence[str], prefix: str) -> NDArray[Any]:
        """A vector for each text, shape (n, d)."""
        with quiet():
            vectors = np.asarray(
                self._model.encode(
                    [prefix + text for text in texts],
                    batch_size=self._options.batch,
                    show_progress_bar=False,
                    normalize_embeddings=self._normalize,
                ),
                np.float32,
            )
        if not np.isfinite(vectors).all():
            raise UsageError(
                f"the embedding model {self._options.model} produces vectors with NaN or infinite "
                "values",
                hint="use a different model with -o model=NAME",
            )
        return vectors


@functools.lru_cache(maxsize=1)
def _model(options: Options) -> _Model:
    """The model of these options, loaded once a process."""
    return _Model(options)


def _pooled(folder: str, pooling: str, device: str) -> Any:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer

    own: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    weights = {**own, "use_safetensors": True}
    words = Transformer(folder, model_args=weights, config_args=own, tokenizer_args=own)
    size = words.get_word_embedding_dimension()
    modules = [words, Pooling(size, pooling_mode=pooling)]
    return SentenceTransformer(modules=modules, device=device or None)


DENSE = Retriever(
    summary="bi-encoder embeddings, which also match paraphrases: MiniLM, DataFinder's model",
    version="1",
    index=_index,
    load=_load,
    options=Options,
    extra="minilm",
)
