"""Planted differences of names, found by a pipeline that knows a few names."""

from __future__ import annotations

import json
import random
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_analysis.bias.divergence import Part, compare, jensen_shannon, top_share
from targen_analysis.bias.entities import ENTITIES
from targen_analysis.bias.mentions import mentions, texts_of
from targen_analysis.statistics import entropy
from targen_analysis.testing.suite import MetricSuite as Suite
from targen_core.errors import UsageError
from targen_core.origin import trusting

from ...tables import table

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


counts = st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any)


@given(st.data(), counts)
def test_the_divergence_is_symmetric_and_bounded(data, one):
    size = {"min_size": len(one), "max_size": len(one)}
    a, b = np.array(one), np.array(data.draw(st.lists(st.integers(0, 50), **size).filter(any)))
    away = jensen_shannon(a, b)
    assert 0 <= away <= 1
    assert away == pytest.approx(jensen_shannon(b, a), abs=1e-12)
    assert jensen_shannon(a, 3 * a) == pytest.approx(0, abs=1e-12)


def test_the_divergence_in_closed_form():
    assert jensen_shannon(np.array([3, 5, 0, 0]), np.array([0, 0, 1, 9])) == 1
    # All on one of two against half on each: H(3/4, 1/4) - H(1/2, 1/2) / 2.
    half = entropy(np.array([3, 1])) - 0.5
    assert jensen_shannon(np.array([7, 0]), np.array([2, 2])) == pytest.approx(half)
    assert entropy(np.array([4, 4, 0, 4, 4])) == 2
    assert top_share(np.array([5, 3, 2]), top=1) == 0.5


def part(rng, rows, kinds):
    return Part(np.repeat(np.arange(rows), 2), rng.integers(0, kinds, 2 * rows))


def test_sizes_are_made_equal():
    rng = np.random.default_rng(0)
    few, many = part(rng, 60, 30), part(rng, 400, 30)
    size, (mine, other) = compare([few, many], rows=400, times=60, rng=rng, referenced=True)
    # Sixty against four hundred would diverge more than halves of four hundred do.
    assert size == 60
    assert mine.divergence.low < other.divergence.value < mine.divergence.high
    sides = [part(rng, 10, 3), many]
    scarce, (less, rest) = compare(sides, rows=400, times=9, rng=rng, referenced=True)
    assert (scarce, less.divergence.value) == (400, None)
    assert rest.divergence.value is not None
    lone = Part(np.zeros(120, dtype=np.int64), np.zeros(120, dtype=np.int64))
    _, (within, _) = compare([lone, many], rows=400, times=9, rng=rng, referenced=True)
    assert within.divergence.value is None, "all of its mentions are in one row, so in one half"


def test_nothing_planted_nothing_found(measure):
    findings = measure(texts(300), against=texts(300, 1))
    figures, other = findings.figures["mine"], findings.figures["original"]
    for name in ("divergence of types", "divergence of GPE", "divergence of PERSON"):
        assert figures[name].low <= other[name].high, name
    assert findings.warnings == ()
    assert figures["rows with an entity"].value == 1
    assert any("does not find entities of type PRODUCT" in note for note in findings.notes)
    assert figures["share of GPE"].low < 4 / 8 < figures["share of GPE"].high
    assert sum(figures[f"share of {kind}"].value for kind in NAMES) == pytest.approx(1)


def test_other_names_of_one_type_are_found(measure):
    mine = texts(300, names=NAMES | {"GPE": ["Oslo"]})
    findings = measure(mine, against=texts(300, 1), types="GPE,NORP")
    figures, other = findings.figures["mine"], findings.figures["original"]
    assert figures["divergence of GPE"].low > other["divergence of GPE"].high
    assert figures["divergence of NORP"].low <= other["divergence of NORP"].high
    assert figures["divergence of types"].low <= other["divergence of types"].high
    assert figures["entropy of GPE"].high < other["entropy of GPE"].low
    tables = {table.title: table for table in findings.tables}
    assert tables["The most frequent entities of type GPE"].rows[0][1].startswith("Oslo ")
    assert "divergence of PERSON" not in figures


def test_ten_names_that_are_most_of_all(measure):
    frames = FRAMES[2:3]
    original = texts(300, 1, frames, {"PERSON": MANY})
    (warning,) = measure(texts(300, frames=frames), against=original).warnings
    assert warning.startswith("The ten most frequent PERSON account for 100% of all PERSON in mine")


def test_rows_without_names(measure):
    findings = measure(["it rains again."] * 3, against=texts(50))
    assert findings.headlines == ("There are no named entities in mine.",)
    assert findings.figures["mine"]["share of GPE"].value is None
    assert findings.figures["mine"]["entities per 100 words"].value == 0
    assert measure(["it rains."]).figures["mine"]["rows with an entity"].value == 0


def test_a_text_counts_once():
    known = {"a": [("GPE", "the Oslo's")], "b": [("GPE", "OSLO"), ("NORP", "Dane")], "c": []}
    counted = mentions([["a", "b"], ["a"], ["c"]], known)
    assert len(counted) == 3
    assert counted.row.tolist() == [0, 0, 0]
    assert counted.named == 2
    assert counted.top("GPE", 5) == [("OSLO", 1.0)]
    assert counted.counts(["NORP", "GPE"]).tolist() == [[1, 2], [0, 0], [0, 0]]
    assert texts_of(["Mara met him", "Mara", "", "him", "him"]) == ["Mara met him"]


@pytest.fixture
def rows(jsonl):
    """A file of rows with names."""
    return jsonl("mine.jsonl", [{"text": text} for text in texts(8)])


MISSING = """
    no_such_names | the spaCy pipeline no_such_names is not installed | python -m spacy download no_
    ./gone | there is no spaCy pipeline at ./gone | as written by nlp.to_disk
    pytest | the spaCy pipeline pytest cannot be loaded | python -m spacy validate
    en_core_web_none | the spaCy pipeline en_core_web_none is not installed
"""


@pytest.mark.parametrize(("model", "problem", "hint"), table(MISSING))
def test_a_model_that_is_not_there_stops_no_other(
    model, problem, hint, targen, rows, pipeline, tmp_path
):
    (tmp_path / "en_core_web_none").symlink_to(pipeline)  # a name is not a folder of that name
    metrics = ("--metric", "entities", "--metric", "gender")
    model = ("-o", f"entities.model={model}", f"--trust={pipeline}")
    done = targen("analyze", rows, *metrics, *model)
    assert done.code == 1
    for words in (problem, hint, "== Gender"):
        assert words in done.out


def test_a_pipeline_in_a_folder_needs_trust(targen, rows, pipeline):
    model = ("-o", f"entities.model={pipeline}")
    done = targen("analyze", rows, "--metric", "entities", *model)
    assert done.code == 1
    assert "config.cfg sets what it calls" in done.out


def test_a_pipeline_that_finds_no_entities_or_not_those_of_a_type(measure, tmp_path):
    nlp = spacy.blank("xx")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "bare")
    said = r"does not have a component that finds entities.*has: sentencizer"
    with pytest.raises(UsageError, match=said):
        measure(["Oslo"], model=str(tmp_path / "bare"))
    with pytest.raises(UsageError, match="does not find entities of type 'GPA'") as error:
        measure(["Oslo"], types="GPE,GPA")
    assert error.value.hint == "its types are: GPE, NORP, PERSON"


def test_another_versions_pipeline_is_a_note(measure, pipeline, tmp_path):
    old = shutil.copytree(pipeline, tmp_path / "old")
    meta = json.loads((old / "meta.json").read_text())
    (old / "meta.json").write_text(json.dumps({**meta, "spacy_version": ">=3.0.0,<3.1.0"}))
    findings = measure(["Oslo sleeps"], model=str(old))
    assert any("spaCy warns: [W095]" in note for note in findings.notes)


class TestEntities(Suite):
    """With a pipeline it passes the kit that other people's metrics pass."""

    metric = "entities"

    @pytest.fixture(autouse=True)
    def _piped(self, monkeypatch, pipeline):
        monkeypatch.setattr(type(self), "options", (f"model={pipeline}", "replicates=5"))
        with trusting(pipeline):
            yield

    def test_same_findings_in_another_process(self):
        """A permission holds for one process, so the kit's other process has none."""
        pytest.skip("a pipeline in a folder needs this process's permission")
