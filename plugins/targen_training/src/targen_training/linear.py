"""The trainer that is always there: logistic regression on TF-IDF of words and word pairs.

Each text of a decision has features of its own, so that a word in a premise is
another than the same word in a hypothesis; beside them stand, for each pair of
texts, the shares of the words of one that the other has. What is written are
numbers and words: no pickle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from targen_core.training.model import Decision, Predictor, Trainer, TrainerOptions, TrainingSet

__all__ = ["TFIDF", "TfidfOptions"]

_WORD = re.compile(r"\w+(?:'\w+)?")
_FORMAT = 1


class TfidfOptions(TrainerOptions):
    """Options of `tfidf`."""

    regularization: float = Field(
        1.0, gt=0, allow_inf_nan=False, description="inverse of the strength; larger fits closer"
    )
    max_features: int = Field(50_000, ge=1, description="n-grams of each text, the commonest")
    min_rows: int = Field(2, ge=1, description="rows that an n-gram must occur in")
    class_weight: bool = Field(False, description="weigh labels by how rare they are")


def _grams(text: str) -> list[str]:
    words = _WORD.findall(text.casefold())
    return words + [f"{one} {two}" for one, two in pairwise(words)]


def _split(texts: Iterable[str]) -> Callable[[str], list[str]]:
    """Splits these texts, each once: the options of a question stand under the same passage."""
    return {text: _grams(text) for text in set(texts)}.__getitem__


class _Features:
    """Texts as numbers: TF-IDF by field, and what two fields share."""

    def __init__(self, fields: Sequence[str], known: dict[str, tuple[dict[str, int], Any]]) -> None:
        self.fields = tuple(fields)
        self.known = known

    @classmethod
    def learn(cls, decisions: Sequence[Decision], options: TfidfOptions) -> _Features:
        from sklearn.feature_extraction.text import TfidfVectorizer

        fields = tuple(dict.fromkeys(field for decision in decisions for field in decision.texts))
        known: dict[str, tuple[dict[str, int], Any]] = {}
        for field in fields:
            texts = [decision.texts.get(field, "") for decision in decisions]
            counted = TfidfVectorizer(
                analyzer=_split(texts),
                min_df=options.min_rows,
                max_features=options.max_features,
                sublinear_tf=True,
            )
            try:
                counted.fit(texts)
            except ValueError:
                continue  # no n-gram stands in so many rows
            words = {word: int(at) for word, at in counted.vocabulary_.items()}
            known[field] = words, counted.idf_.astype(np.float64)
        return cls(fields, known)

    def of(self, decisions: Sequence[Decision]) -> Any:
        """A sparse matrix, a line a decision."""
        from scipy.sparse import csr_matrix, hstack

        parts: list[Any] = [
            self._tfidf(words, idf, [decision.texts.get(field, "") for decision in decisions])
            for field, (words, idf) in self.known.items()
        ]
        shared = [_shared(decision, self.fields) for decision in decisions]
        return hstack([*parts, csr_matrix(np.array(shared, dtype=np.float64))], format="csr")

    @staticmethod
    def _tfidf(words: dict[str, int], idf: NDArray[np.float64], texts: Sequence[str]) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        weighted = TfidfVectorizer(analyzer=_split(texts), vocabulary=words, sublinear_tf=True)
        weighted.idf_ = idf
        return weighted.transform(texts)


def _shared(decision: Decision, fields: Sequence[str]) -> list[float]:
    """1, and of each pair of texts how much of the one's words the other has, both ways."""
    words = [set(_WORD.findall(decision.texts.get(field, "").casefold())) for field in fields]
    shares = [1.0]
    for one, two in combinations(words, 2):
        common = len(one & two)
        shares += [common / max(1, len(one)), common / max(1, len(two))]
    return shares


def train(data: TrainingSet, options: TfidfOptions, folder: Path) -> None:
    """Fit and write `words.json` and `numbers.npz`."""
    from sklearn.linear_model import LogisticRegression

    features = _Features.learn(data.decisions, options)
    inputs = features.of(data.decisions)
    at = {label: number for number, label in enumerate(data.labels)}
    targets = np.array([at[decision.label] for decision in data.decisions])
    model = LogisticRegression(
        C=options.regularization,
        class_weight="balanced" if options.class_weight else None,
        max_iter=2000,
        random_state=data.seed,
    ).fit(inputs, targets)
    weights, bias = model.coef_, model.intercept_
    if len(data.labels) == 2:  # one line stands for both
        weights, bias = np.vstack([0 * weights, weights]), np.append(0 * bias, bias)
    numbers = {f"idf{number}": idf for number, (_, idf) in enumerate(features.known.values())}
    np.savez(folder / "numbers.npz", weights=weights, bias=bias, **numbers)
    words = {field: list(known) for field, (known, _) in _in_order(features.known).items()}
    facts = {"format": _FORMAT, "fields": features.fields, "words": words}
    (folder / "words.json").write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


def _in_order(
    known: dict[str, tuple[dict[str, int], Any]],
) -> dict[str, tuple[dict[str, int], Any]]:
    return {
        field: (dict(sorted(words.items(), key=lambda item: item[1])), idf)
        for field, (words, idf) in known.items()
    }


def load(folder: Path) -> Predictor:
    """The predictor that `train` wrote.

    Raises:
        ValueError: the folder holds something else.
    """
    try:
        facts = json.loads((folder / "words.json").read_text(encoding="utf-8"))
        with np.load(folder / "numbers.npz", allow_pickle=False) as held:
            numbers = {name: np.asarray(held[name], dtype=np.float64) for name in held.files}
        weights, bias = numbers["weights"], numbers["bias"]
        known = {
            str(field): ({str(word): at for at, word in enumerate(words)}, numbers[f"idf{number}"])
            for number, (field, words) in enumerate(facts["words"].items())
        }
        fields = [str(field) for field in facts["fields"]]
        whole = facts["format"] == _FORMAT and weights.shape == (
            len(bias),
            sum(len(words) for words, _ in known.values()) + 1 + len(fields) * (len(fields) - 1),
        )
        whole = whole and all(idf.shape == (len(words),) for words, idf in known.values())
    except (OSError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{folder} holds no model of tfidf: {error}") from error
    if not whole:
        raise ValueError(f"{folder} holds no model of tfidf that fits together")
    features = _Features(fields, known)

    def predict(decisions: Sequence[Decision], /) -> Sequence[Sequence[float]]:
        if not decisions:
            return []
        scores = features.of(decisions) @ weights.T + bias
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: list[list[float]] = (likely / likely.sum(axis=1, keepdims=True)).tolist()
        return shares

    return predict


TFIDF = Trainer(
    summary="logistic regression on words and word pairs, by field, and on what fields share",
    version="1",
    train=train,
    load=load,
    options=TfidfOptions,
)
