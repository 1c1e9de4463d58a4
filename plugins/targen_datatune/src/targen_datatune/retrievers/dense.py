"""`dense`: entries whose vectors are near to the query's, by a bi-encoder.

A text is embedded once: a new index takes the vectors of known texts from the one before. The index
is searched in place, mapped into memory.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
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

_AT_ONCE = 512  # texts between two reports of progress
_DIGEST = 32  # hexadecimal digits
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
    texts: dict[str, str] = {}
    digests = []
    for entry in entries:
        digests.append(hashlib.sha256(entry.text.encode("utf-8", "replace")).hexdigest()[:_DIGEST])
        texts.setdefault(digests[-1], entry.text)
    known = _known(folder, model.fingerprint)
    remove(folder / "dense.json")
    new = [digest for digest in texts if digest not in known]
    for start in range(0, len(new), _AT_ONCE):
        progress(len(texts) - len(new) + start, len(texts))
        part = new[start : start + _AT_ONCE]
        encoded = model.encode([texts[digest] for digest in part], options.text_prefix)
        known.update(zip(part, encoded, strict=True))
    vectors = np.stack([known[digest] for digest in digests]) if digests else np.zeros((0, 0))
    data = io.BytesIO()
    np.save(data, vectors.astype(np.float32))
    write_file(folder / "vectors.npy", data.getvalue())  # another process may map the old file
    facts = {
        "digests": digests,
        "fingerprint": model.fingerprint,
        "options": options.model_dump(),
    }
    write_file(folder / "dense.json", json.dumps(facts))
    sign(folder / "dense.json", {"options.model": options.model})
    progress(len(texts), len(texts))


def _known(folder: Path, fingerprint: str) -> dict[str, NDArray[Any]]:
    """Return the vectors of an earlier index of the same model, by the digests of their texts."""
    try:
        facts, vectors = _read(folder)
    except ValueError:
        return {}
    if facts["fingerprint"] != fingerprint:
        return {}
    return dict(zip(facts["digests"], np.array(vectors), strict=True))


def _read(folder: Path) -> tuple[dict[str, Any], NDArray[Any]]:
    """Return the facts of an index and its vectors, shape (n, d), mapped into memory.

    Raises:
        ValueError: the folder does not contain such an index.
    """
    try:
        facts = read_json(folder / "dense.json", inside=folder)
        vectors = read_array(folder / "vectors.npy", inside=folder, mapped=True)
        if vectors.shape[:1] != (len(facts["digests"]),) or vectors.ndim != 2:
            raise ValueError("not a dense index: vectors are missing")
        return {**facts, "fingerprint": str(facts["fingerprint"])}, vectors
    except (UnreadableFile, LookupError, TypeError) as error:
        raise ValueError(f"not a dense index: {error}") from error


def _load(folder: Path) -> Any:
    facts, vectors = _read(folder)
    options = Options.model_validate(facts.get("options"))

    def search(query: str, k: int, /) -> Sequence[Hit]:
        if not len(vectors):
            return []
        if options.model not in (MINILM, MINILM.rpartition("/")[2]):
            require_trust(folder / "dense.json", {"options.model": options.model})
        model = _model(options)
        if model.fingerprint != facts["fingerprint"]:
            raise UsageError(
                f"the model {options.model} has changed since the index was created",
                hint=f"delete {folder}; targen then recreates it",
            )
        (encoded,) = model.encode([query], options.query_prefix)
        scores = vectors @ encoded
        return [Hit(at, float(scores[at])) for at in map(int, best(scores, k))]

    return search


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
