"""Planted differences of names, found by a pipeline that knows a few names."""

from __future__ import annotations

import random

import numpy as np
import pytest

from targen_analysis.entities import ENTITIES, jensen_shannon
from targen_analysis.statistics import entropy
from targen_analysis.testing.suite import MetricSuite as Suite
from targen_core.origin import trusting

spacy = pytest.importorskip("spacy")

NAMES = {
    "PERSON": ["Mara Quill", "Tobin Ash", "Ines Vale", "Oskar Thorn", "Lena Brook", "Piet Marsh"],
    "GPE": ["Norway", "Chile", "Kenya", "Peru", "Lisbon", "Osaka", "Quito", "Oslo"],
    "NORP": ["Norwegian", "Chilean", "Kenyan", "Peruvian"],
}
FRAMES = [
    ("{} moved to {} in spring.", "PERSON", "GPE"),
    ("A {} cook works in {} now.", "NORP", "GPE"),
    ("{} met {} at noon.", "PERSON", "PERSON"),
    ("The road from {} to {} is long.", "GPE", "GPE"),
]


MANY = [f"{one} {two}" for one in ("Mara", "Tobin", "Ines", "Oskar", "Lena", "Piet")
        for two in ("Quill", "Ash", "Vale", "Thorn", "Brook", "Marsh")]  # fmt: skip


def texts(count, seed=0, frames=FRAMES, names=NAMES):
    """Sentences, numbered since a text that stands there twice counts once."""
    rng, made = random.Random(seed), []
    for at in range(count):
        pattern, *kinds = rng.choice(frames)
        made.append(f"{pattern.format(*(rng.choice(names[kind]) for kind in kinds))} ({at})")
    return made


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory):
    """A pipeline that knows these names."""
    nlp = spacy.blank("xx")  # loaded for each test, and English has a thousand exceptions
    known = {**NAMES, "PERSON": [*NAMES["PERSON"], *MANY, "doctor", "teacher"]}
    known["GPE"] = [*NAMES["GPE"], "island", "market", "garden"]  # of the kit's rows, as those two
    patterns = [{"label": kind, "pattern": name} for kind, of in known.items() for name in of]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    nlp.add_pipe("sentencizer")
    folder = tmp_path_factory.mktemp("spacy") / "names"
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def measure(pipeline, corpus, study):
    """The findings on one or two datasets of texts, and a reference."""

    def run(*datasets, against=None, **options):
        names = ("mine", "other")[: len(datasets)]
        mine = (corpus(of, name=name) for name, of in zip(names, datasets, strict=True))
        reference = corpus(against, name="original") if against else None
        chosen = ENTITIES.options(**{"model": str(pipeline), **options})
        with trusting(chosen.model):  # a pipeline in a folder needs it
            return ENTITIES.measure(study(*mine, against=reference), chosen)

    return run


def test_the_divergence_in_closed_form():
    assert jensen_shannon(np.array([3, 5, 0, 0]), np.array([0, 0, 1, 9])) == 1
    assert jensen_shannon(np.array([3, 5]), np.array([6, 10])) == pytest.approx(0)
    # All on one of two against half on each: H(3/4, 1/4) - H(1/2, 1/2) / 2.
    half = entropy(np.array([3, 1])) - 0.5
    assert jensen_shannon(np.array([7, 0]), np.array([2, 2])) == pytest.approx(half)


def test_nothing_planted_nothing_found(measure):
    findings = measure(texts(300), against=texts(300, 1))
    figures, other = findings.figures["mine"], findings.figures["original"]
    assert figures["divergence of types"].low <= other["divergence of types"].high
    assert findings.warnings == ()
    assert figures["rows with an entity"].value == 1
    assert any("does not find entities of type PRODUCT" in note for note in findings.notes)
    assert figures["share of GPE"].low < 4 / 8 < figures["share of GPE"].high
    assert sum(figures[f"share of {kind}"].value for kind in NAMES) == pytest.approx(1)


def test_other_names_of_one_type_are_found(measure):
    mine = texts(300, names=NAMES | {"GPE": ["Oslo"]})
    findings = measure(mine, against=texts(300, 1), types="GPE,NORP")
    figures, other = findings.figures["mine"], findings.figures["original"]
    assert figures["divergence of types"].low <= other["divergence of types"].high
    assert figures["share of the ten most frequent GPE"].value == 1
    tables = {table.title: table for table in findings.tables}
    assert tables["The most frequent entities of type GPE"].rows[0][1].startswith("Oslo ")
    assert "share of the ten most frequent PERSON" not in figures


def test_other_types_are_found(measure):
    findings = measure(texts(300, frames=FRAMES[2:3]), against=texts(300, 1))
    mine, other = (findings.figures[name]["divergence of types"] for name in ("mine", "original"))
    assert mine.low > other.high


@pytest.fixture
def rows(jsonl):
    """A file of rows with names."""
    return jsonl("mine.jsonl", [{"text": text} for text in texts(8)])


def test_a_pipeline_in_a_folder_needs_trust(targen, rows, pipeline):
    model = ("-o", f"entities.model={pipeline}")
    done = targen("analyze", rows, "--metric", "entities", *model)
    assert done.code == 1
    assert "config.cfg sets what it calls" in done.out


class TestEntities(Suite):
    """With a pipeline it passes the kit that other people's metrics pass."""

    metric = "entities"

    @pytest.fixture(autouse=True)
    def _piped(self, monkeypatch, pipeline):
        monkeypatch.setattr(type(self), "options", (f"model={pipeline}",))
        with trusting(pipeline):
            yield

    def test_same_findings_in_another_process(self):
        """A permission holds for one process, so the kit's other process has none."""
        pytest.skip("a pipeline in a folder needs this process's permission")
