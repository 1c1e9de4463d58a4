"""Semantic figures against closed forms, definitions written out, and planted differences."""

from __future__ import annotations

import math
import random
import zlib
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from targen_analysis.semantic import minilm
from targen_analysis.semantic.embedding import Embedder
from targen_analysis.semantic.metric import SEMANTIC, SemanticOptions, semantic_findings
from targen_analysis.semantic.vectors import (
    kth_nearest,
    mean_cosine,
    nearest,
    overlaps,
    pair_mean,
    pair_shares,
    unit,
    vendi,
)
from targen_analysis.testing.suite import MetricSuite as Suite
from targen_core.cli.findings import Excerpt
from targen_core.errors import UsageError
from targen_core.hints import install
from targen_core.plugins.loader import load_registry


def vectors(count, dimensions=8, *, seed=0, about=0.0):
    """Directions at random; with `about`, all of them nearer to the first axis."""
    drawn = np.random.default_rng(seed).normal(size=(count, dimensions))
    drawn[:, 0] += about
    return unit(drawn)


@cache
def direction(word):
    return np.random.default_rng(zlib.crc32(word.encode())).normal(size=32)


def words_as_vectors(texts):
    """A model that knows words, and what they mean not at all."""
    return np.array([sum(map(direction, text.split()), np.zeros(32)) for text in texts])


WORDS = Embedder("words", words_as_vectors)


def measure(study, embed=WORDS, **options):
    return semantic_findings(study, SemanticOptions(**options), embed)


# --- one set of vectors ----------------------------------------------------


KINDS = {
    "more rows than dimensions": vectors(30, 5),
    "fewer rows than dimensions": vectors(5, 30),
    "about one direction": vectors(40, about=1),
    "orthogonal": np.eye(6),
    "equal": np.repeat(vectors(1), 7, axis=0),
}


@pytest.mark.parametrize("kind", KINDS)
def test_figures_of_one_set_are_those_of_their_definitions(kind):
    rows, count = KINDS[kind], len(KINDS[kind])
    values = np.linalg.eigvalsh(rows @ rows.T / count)
    values = values[values > 1e-15]
    assert vendi(rows) == pytest.approx(math.exp(-sum(values * np.log(values))))
    pairs = [float(rows[i] @ rows[j]) for i in range(count) for j in range(i)]
    estimate = mean_cosine(rows)
    assert estimate.value == pytest.approx(np.mean(pairs), abs=1e-12)
    without = np.array([pair_mean(np.delete(rows, at, axis=0)) for at in range(count)])
    error = math.sqrt((count - 1) / count * ((without - without.mean()) ** 2).sum())
    high = min(1, estimate.value + 1.959964 * error)
    assert estimate.high == pytest.approx(high, abs=1e-6)
    if kind in ("orthogonal", "equal"):  # as many different rows as there are, or one
        assert vendi(rows) == pytest.approx(6 if kind == "orthogonal" else 1)


def test_neighbours_in_blocks_are_those_of_all_pairs():
    rows, others = vectors(1100), vectors(70, seed=1)  # more rows than a block
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -np.inf)
    best, which = nearest(rows)
    assert best == pytest.approx(cosines.max(axis=1))
    assert which.tolist() == cosines.argmax(axis=1).tolist()
    assert kth_nearest(rows, 3) == pytest.approx(np.sort(cosines, axis=1)[:, -3])
    assert nearest(rows, others)[0] == pytest.approx((rows @ others.T).max(axis=1))
    edges = np.linspace(-1, 1, 21)
    pairs = cosines[np.triu_indices(1100, 1)]
    shares = np.histogram(pairs, bins=edges)[0] / len(pairs)
    assert pair_shares(rows, edges) == pytest.approx(shares)


# --- two sets --------------------------------------------------------------


def by_definition(reference, rows, k):
    """Precision, recall, density and coverage by distances, one pair after the other."""

    def distance(one, other):
        return float(np.linalg.norm(one - other))

    def radii(of):
        return [sorted(distance(one, other) for other in of)[k] for one in of]  # 0 is its own

    near, far = radii(reference), radii(rows)
    inside = [sum(distance(r, row) <= near[at] for at, r in enumerate(reference)) for row in rows]
    recalled = [any(distance(r, row) <= far[at] for at, row in enumerate(rows)) for r in reference]
    covered = [any(distance(r, row) <= near[at] for row in rows) for at, r in enumerate(reference)]
    return [np.mean(np.sign(inside)), np.mean(recalled), np.mean(inside) / k, np.mean(covered)]


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("about", [0.0, 1.5])
def test_coverage_is_that_of_its_definition(k, about):
    reference, rows = vectors(40, 4), vectors(30, 4, seed=1, about=about)
    assert overlaps(reference, rows, k) == pytest.approx(by_definition(reference, rows, k))


# --- maps ------------------------------------------------------------------


class TestConformance(Suite):
    """The kit that every metric must pass, without a model that takes seconds to load."""

    metric = "semantic"
    options = ("map=pca",)  # t-SNE takes seconds, and the kit measures thirty times

    def target(self):
        return replace(SEMANTIC, measure=lambda s, options: semantic_findings(s, options, WORDS))


# --- the metric ------------------------------------------------------------

TOPICS = [f"{a} {b}" for a in ("sea", "salt", "wave", "tide") for b in ("boat", "sail", "net")]
OTHERS = [f"{a} {b}" for a in ("court", "law", "judge", "oath") for b in ("case", "jury", "bar")]


def about_topics(count, *topics, seed=0):
    rng = random.Random(seed)
    return [f"{rng.choice(rng.choice(topics))} {rng.choice('abcdefgh')}x" for _ in range(count)]


def test_a_narrow_dataset_is_less_varied_and_leaves_its_reference_uncovered(corpus, study):
    narrow = corpus(about_topics(150, TOPICS), name="narrow")
    wide = corpus(about_topics(150, TOPICS, OTHERS, seed=1), name="wide")
    original = corpus(about_topics(200, TOPICS, OTHERS, seed=2), name="original")
    findings = measure(study(narrow, wide, against=original), map="none")
    mine, other, theirs = (findings.figures[name] for name in ("narrow", "wide", "original"))
    assert mine["mean cosine"].low > other["mean cosine"].high
    assert mine["Vendi score"].high < other["Vendi score"].low
    assert mine["coverage"].high < other["coverage"].low
    assert mine["precision"].value > 0.8
    assert theirs["coverage"].value == pytest.approx(other["coverage"].value, abs=0.15)
    (warning,) = [line for line in findings.warnings if "See the missing rows below" in line]
    assert warning.startswith("The rows of narrow cover")
    missing = next(t for t in findings.tables if "far from all rows of narrow" in t.title)
    assert all(isinstance(text, Excerpt) for row in missing.rows for text in row[1:])
    assert all(set(row[1].split()) & {"court", "law", "judge", "oath"} for row in missing.rows)
    assert len(findings.headlines) == 2
    assert "one half of original covers" in findings.headlines[0]
    assert set(findings.glance) <= set(mine)


def test_rows_that_say_the_same_are_found(corpus, study, sentences):
    texts = sentences(50)
    again = corpus([*texts, *(" ".join(reversed(text.split())) for text in texts)])
    original = corpus(sentences(100, seed=1), name="original")
    findings = measure(study(again, against=original), map="none")
    assert findings.figures["mine"]["near repeats"].value == 1
    assert findings.figures["original"]["near repeats"].value == 0
    said = "100% of the rows of mine say nearly the same thing as another row"
    assert said in findings.warnings[0]


@pytest.mark.parametrize(
    ("there", "hint"), [(None, "analysis[embeddings,minilm]"), (object(), "hf download")]
)
def test_what_is_missing_is_said_before_a_run_begins(there, hint, monkeypatch):
    def no_model(name, option):
        raise UsageError(f"the model {name} is not in the hub cache")

    monkeypatch.setattr(minilm, "find_spec", lambda name: there)
    monkeypatch.setattr(minilm, "model_folder", no_model)
    with pytest.raises(UsageError) as caught:
        load_registry().get("embedder", "minilm").open()
    assert install("targen-analysis").rpartition(" ")[2].strip("'") in caught.value.hint
    assert hint in caught.value.hint
