"""Planted differences of names, found by a small pipeline that the tests train."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from targen_analysis.bias.divergence import Part, compare, jensen_shannon, top_share
from targen_analysis.bias.entities import ENTITIES
from targen_analysis.bias.mentions import mentions, texts_of
from targen_analysis.statistics import entropy
from targen_analysis.testing import MetricSuite as Suite
from targen_core.errors import UsageError
from targen_core.origin import Untrusted, trusting

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


def sentence(rng, frames=FRAMES, names=NAMES):
    """A sentence, and where its entities stand."""
    pattern, *types = rng.choice(frames)
    chosen = [rng.choice(names[each]) for each in types]
    text, places = "", []
    for part, name, kind in zip(pattern.split("{}"), [*chosen, ""], [*types, ""], strict=True):
        text += part
        places.append((len(text), len(text) + len(name), kind))
        text += name
    return text, places[:-1]


def texts(count, seed=0, **more):
    rng = random.Random(seed)
    # Numbered, since a text that stands there twice counts once.
    return [f"{sentence(rng, **more)[0]} ({at})" for at in range(count)]


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory):
    """A pipeline that knows these names."""
    from spacy.training import Example
    from spacy.util import fix_random_seed, minibatch

    fix_random_seed(0)
    rng = random.Random(0)
    nlp = spacy.blank("en")
    small = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, "width": 32,
             "depth": 2, "embed_size": 500, "window_size": 1, "maxout_pieces": 2,
             "subword_features": True}  # fmt: skip
    ner = nlp.add_pipe("ner", config={"model": {"tok2vec": small, "hidden_width": 32}})
    nlp.add_pipe("sentencizer")
    examples = []
    for at in range(160):
        text, places = sentence(rng)
        doc = nlp.make_doc(f"{text} ({at})")
        examples.append(Example.from_dict(doc, {"entities": places}))
    for kind in NAMES:
        ner.add_label(kind)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(12):
        rng.shuffle(examples)
        for batch in minibatch(examples, 16):
            nlp.update(batch, sgd=optimizer)
    folder = tmp_path_factory.mktemp("spacy") / "names"
    nlp.to_disk(folder)
    return folder


@pytest.fixture
def measure(pipeline, study):
    def run(*corpora, against=None, **options):
        options = {"model": str(pipeline)} | options
        with trusting():  # a pipeline in a folder needs it
            return ENTITIES.measure(study(*corpora, against=against), ENTITIES.options(**options))

    return run


counts = st.lists(st.integers(0, 50), min_size=1, max_size=8).filter(any)


@given(st.data(), counts)
def test_the_divergence_is_symmetric_and_bounded(data, one):
    other = data.draw(
        st.lists(st.integers(0, 50), min_size=len(one), max_size=len(one)).filter(any)
    )
    a, b = np.array(one), np.array(other)
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
    scarce, (less, rest) = compare([part(rng, 10, 3), many], rows=400, times=9, rng=rng,
                                   referenced=True)  # fmt: skip
    assert (scarce, less.divergence.value) == (400, None)
    assert rest.divergence.value is not None


def test_nothing_planted_nothing_found(measure, corpus):
    mine, original = corpus(texts(300)), corpus(texts(300, seed=1), name="original")
    findings = measure(mine, against=original)
    figures, other = findings.figures["mine"], findings.figures["original"]
    for name in ("divergence of types", "divergence of GPE", "divergence of PERSON"):
        assert figures[name].low <= other[name].high, name
    assert findings.warnings == ()
    assert figures["rows with an entity"].value > 0.95
    assert any("does not find entities of type PRODUCT" in note for note in findings.notes)
    assert figures["share of GPE"].low < 4 / 8 < figures["share of GPE"].high
    assert sum(figures[f"share of {kind}"].value for kind in NAMES) == pytest.approx(1)


def test_other_types_are_found(measure, corpus):
    mine = corpus(texts(200, frames=FRAMES[2:3]))
    findings = measure(mine, against=corpus(texts(200, seed=1), name="original"))
    away, within = (findings.figures[n]["divergence of types"] for n in ("mine", "original"))
    assert away.low > within.high
    assert "are PERSON, compared with" in findings.headlines[0]
    assert findings.plots[1].data


def test_other_names_of_one_type_are_found(measure, corpus):
    few = NAMES | {"GPE": ["Oslo"]}
    mine = corpus(texts(300, names=few))
    findings = measure(mine, against=corpus(texts(300, seed=1), name="original"), types="GPE,NORP")
    figures, other = findings.figures["mine"], findings.figures["original"]
    assert figures["divergence of GPE"].low > other["divergence of GPE"].high
    assert figures["divergence of NORP"].low <= other["divergence of NORP"].high
    assert figures["divergence of types"].low <= other["divergence of types"].high
    assert figures["entropy of GPE"].high < other["entropy of GPE"].low
    top = next(
        table
        for table in findings.tables
        if table.title == "The most frequent entities of type GPE"
    )
    assert top.rows[0][1].startswith("Oslo ")
    assert "divergence of PERSON" not in figures


def test_ten_names_that_are_most_of_all(measure, corpus):
    many = [f"{one} {two}" for one in ("Mara", "Tobin", "Ines", "Oskar", "Lena", "Piet")
            for two in ("Quill", "Ash", "Vale", "Thorn", "Brook", "Marsh")]  # fmt: skip
    frames = FRAMES[2:3]
    mine = corpus(texts(300, frames=frames))
    original = corpus(texts(300, 1, frames=frames, names={"PERSON": many}), name="original")
    (warning,) = measure(mine, against=original).warnings
    assert warning.startswith("The ten most frequent PERSON account for 100% of all PERSON in mine")


def test_without_a_reference_and_with_several(measure, corpus):
    one, two = corpus(texts(60), name="one"), corpus(texts(60, seed=1), name="two")
    findings = measure(one, two)
    assert "divergence of types" not in findings.figures["one"]
    assert "named entities per 100 words" in findings.headlines[0]
    assert findings.figures["two"]["share of PERSON"].low is not None
    plain = measure(one, replicates=0)
    assert plain.figures["one"]["share of PERSON"].low is None


def test_rows_without_names(measure, corpus):
    findings = measure(corpus(["it rains again."] * 3), against=corpus(texts(50), name="original"))
    assert findings.headlines == ("There are no named entities in mine.",)
    assert findings.figures["mine"]["share of GPE"].value is None
    assert findings.figures["mine"]["entities per 100 words"].value == 0
    assert measure(corpus(["it rains."])).figures["mine"]["rows with an entity"].value == 0


def test_a_text_counts_once():
    known = {"a": [("GPE", "the Oslo's")], "b": [("GPE", "OSLO"), ("NORP", "Dane")], "c": []}
    counted = mentions([["a", "b"], ["a"], ["c"]], known)
    assert len(counted) == 3
    assert counted.row.tolist() == [0, 0, 0]
    assert counted.named == 2
    assert counted.top("GPE", 5) == [("OSLO", 1.0)]
    assert counted.counts(["NORP", "GPE"]).tolist() == [[1, 2], [0, 0], [0, 0]]
    assert texts_of(["Mara met him", "Mara", "", "him", "him"]) == ["Mara met him"]


def test_from_the_command_line(targen, jsonl, pipeline, tmp_path):
    rows = jsonl("mine.jsonl", [{"text": text} for text in texts(80)])
    done = targen(
        "analyze", rows, "--against", jsonl("other.jsonl", [{"text": t} for t in texts(80, 1)]),
        "--metric", "entities", "-o", f"entities.model={pipeline}", "--trust",
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    assert "entities: divergence of types" in done.out
    assert "The most frequent entities of type GPE" in done.out
    analysis = json.loads((tmp_path / "analyses" / "mine" / "analysis.json").read_text())
    figures = analysis["metrics"]["targen-analysis:entities"]["findings"]["figures"]
    assert 0 < figures["mine"]["share of GPE"]["value"] < 1


MISSING = """
    no_such_names | the spaCy pipeline no_such_names is not installed | python -m spacy download no_
    ./gone | there is no spaCy pipeline at ./gone | as written by nlp.to_disk
    . | there is no spaCy pipeline at . | as written by nlp.to_disk
    pytest | the spaCy pipeline pytest cannot be loaded | python -m spacy validate
    en_core_web_none | the spaCy pipeline en_core_web_none is not installed
"""


@pytest.mark.parametrize(("model", "problem", "hint"), table(MISSING))
def test_a_model_that_is_not_there_stops_no_other(
    model, problem, hint, targen, jsonl, pipeline, tmp_path
):
    (tmp_path / "en_core_web_none").symlink_to(pipeline)  # a name is not a folder of that name
    rows = jsonl("mine.jsonl", [{"text": text} for text in texts(8)])
    metrics = ("--metric", "entities", "--metric", "gender")
    done = targen("analyze", rows, *metrics, "-o", f"entities.model={model}", "--trust")
    assert done.code == 1
    assert problem in done.out
    assert hint in done.out
    assert "== Gender" in done.out


def test_a_pipeline_in_a_folder_needs_trust(targen, jsonl, pipeline, study, corpus):
    with pytest.raises(Untrusted, match=r"config\.cfg sets what it calls"):
        ENTITIES.measure(study(corpus(["Oslo"])), ENTITIES.options(model=str(pipeline)))
    rows = jsonl("mine.jsonl", [{"text": text} for text in texts(8)])
    done = targen("analyze", rows, "--metric", "entities", "-o", f"entities.model={pipeline}")
    assert done.code == 1
    assert "config.cfg sets what it calls" in done.out + done.err


def test_a_pipeline_that_finds_no_entities(measure, corpus, tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "bare")
    with pytest.raises(
        UsageError, match=r"does not have a component that finds entities.*has: sentencizer"
    ):
        measure(corpus(["Oslo"]), model=str(tmp_path / "bare"))


def test_a_type_that_the_pipeline_does_not_know(measure, corpus):
    with pytest.raises(UsageError, match="does not find entities of type 'GPA'") as error:
        measure(corpus(["Oslo"]), types="GPE,GPA")
    assert error.value.hint == "its types are: GPE, NORP, PERSON"


def test_another_versions_pipeline_is_a_note(measure, corpus, pipeline, tmp_path):
    nlp = spacy.load(pipeline)
    nlp.to_disk(tmp_path / "old")
    meta = tmp_path / "old" / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"spacy_version": ">=3.0.0,<3.1.0"}))
    findings = measure(corpus(["Oslo sleeps"]), model=str(tmp_path / "old"))
    assert any("spaCy warns: [W095]" in note for note in findings.notes)


class TestEntities(Suite):
    """With a pipeline it passes the kit that other people's metrics pass."""

    metric = "entities"

    @pytest.fixture(autouse=True)
    def _piped(self, monkeypatch, pipeline):
        monkeypatch.setattr(type(self), "options", (f"model={pipeline}", "replicates=5"))
        with trusting():
            yield
