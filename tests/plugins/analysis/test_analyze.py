"""`targen analyze`, from the command line."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest
from pydantic import Field

from targen_analysis.metrics import Metric, MetricOptions
from targen_analysis.semantic.metric import SEMANTIC
from targen_core import hookimpl
from targen_core.cli.findings import Findings
from targen_core.hints import install
from targen_core.plugins import loader
from targen_core.plugins.loader import Source, installed_sources
from tests.tables import table

OWN = (
    "artifacts datatune differences difficulty entities gender judged labels "
    "leakage lexical paper-vocabulary repetition semantic"
).split()


@pytest.fixture
def rows(jsonl, sentences):
    """A file of labelled rows."""

    def write(name="mine.jsonl", count=60, seed=0):
        texts = enumerate(sentences(count, seed=seed))
        return jsonl(name, [{"text": text, "label": "ab"[at % 2]} for at, text in texts])

    return write


def test_all_metrics_side_by_side(works, refuses, rows, tmp_path):
    pytest.importorskip("spacy")
    pytest.importorskip("sklearn")
    data = (rows(), rows("other.jsonl", seed=1), "--against", rows("original.jsonl", 90, 2))
    options = "-o lexical.replicates=5 -o differences.replicates=100 --pictures svg"
    left_out = "--without entities --without semantic"
    done = works("analyze", *data, *options.split(), *left_out.split())
    assert done.err == ""
    folder = tmp_path / "analyses" / "mine"
    analysis = json.loads((folder / "analysis.json").read_text())
    assert [each["name"] for each in analysis["datasets"]] == ["mine", "other"]
    assert analysis["reference"]["rows"] == 90
    own = {f"targen-analysis:{name}" for name in OWN if name not in ("entities", "semantic")}
    assert set(analysis["metrics"]) >= own
    unmeasured = [name for name, part in analysis["metrics"].items() if not part["findings"]]
    assert {*unmeasured} & own == {"targen-analysis:difficulty", "targen-analysis:judged"}
    assert "  try: -o difficulty.model=google-bert/bert-base-uncased\n" in done.out
    for name in unmeasured:  # each needs an option, and `describe` shows it
        name = name.rpartition(":")[2]
        alone = ("analyze", rows(), "--metric", name, "--out", f"{name}s")
        said = "1 of 1 metrics could not be measured"
        refuses(alone, said, f"-o {name}.", code=1, keeps=False)
        assert f"--metric {name} -o {name}." in works("describe", name).out
    assert "<!doctype html>" in (folder / "report.html").read_text()
    assert len(list((folder / "pictures").glob("*.svg"))) >= 5
    assert "analyses/mine/report.html" in done.out
    refuses(("analyze", rows(), "--metric", "labels"), "", "--force replaces it")


def test_the_seed_decides_what_is_drawn(works, rows):
    args = ("analyze", rows(), "--metric", "lexical", "-o", "lexical.replicates=5", "--json")
    one, other = (works(*args, "--seed", seed, "--out", f"{seed}").json for seed in (0, 1))
    assert one["metrics"] != other["metrics"]


def test_a_table_with_columns_and_an_encoding_of_the_users_own(works, tmp_path):
    lines = [f"it was good at café {at},{at % 2},{at % 3}" for at in range(30)]
    text = "\n".join(["review,stars,asked", *lines])
    (tmp_path / "reviews.csv").write_text(text, encoding="latin-1")
    columns = "--text review --label stars --intended asked --encoding latin-1"
    done = works(f"analyze reviews.csv {columns} --metric labels")
    assert "Label flow of reviews" in done.out
    (tmp_path / "reviews.csv").write_text(text.replace("stars", "label"), encoding="latin-1")
    works("sample reviews.csv --encoding latin-1 -n 3 --out sheet.csv")
    assert "café" in (tmp_path / "sheet.csv").read_text("utf-8-sig")


EXTRAS = [
    ("spacy", "paper-vocabulary", "spacy"),
    ("sklearn", "artifacts", "sklearn"),
    ("torch", "difficulty", "difficulty"),
    ("sentence_transformers", "semantic", SEMANTIC.extra),
]


@pytest.mark.parametrize(("package", "metric", "extra"), EXTRAS)
def test_a_missing_extra_stops_no_other_metric(
    package, metric, extra, refuses, rows, monkeypatch, tmp_path
):
    for name in [n for n in sys.modules if n == package or n.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    of_metric = ("-o", "difficulty.model=some/model") if metric == "difficulty" else ()
    line = ("analyze", rows(), "--metric", metric, "--metric", "labels", *of_metric)
    missing = f"1 of 2 metrics could not be measured: {metric}"
    done = refuses(line, missing, install(f"targen-analysis[{extra}]"), code=1, keeps=False)
    assert "Rows by label" in done.out
    assert f"not measured: {metric}: " in done.out
    page = (tmp_path / "analyses" / "mine" / "report.html").read_text()
    assert "Not measured" in page
    assert f"targen-analysis[{extra}]" in page


class Loud(MetricOptions):
    """Options of a third party's metric."""

    times: int = 1
    marks: list[str] = Field(["?"])
    most: int | None = 9
    name: str = ""


def plug(monkeypatch, measure, target=None):
    module = ModuleType("third_party")
    metric = target or Metric(title="Third", measure=measure, options=Loud, order=1)
    module.register_metrics = hookimpl(lambda register: register("third", metric))
    sources = [*installed_sources(), Source("acme", "1", "third", module)]
    monkeypatch.setattr(loader, "installed_sources", lambda: sources)


FAILING = [
    (lambda study, options: None, "TypeError: measure() returned a NoneType"),
    (lambda study, options: {}["oops"], "KeyError: 'oops'"),
]


@pytest.mark.parametrize(("measure", "said"), FAILING)
def test_a_metric_that_fails_is_the_authors_fault(measure, said, targen, rows, monkeypatch):
    plug(monkeypatch, measure)
    done = targen("analyze", rows(), "--metric", "third", "--metric", "labels")
    assert done.code == 1
    assert f"metric acme:third failed: {said}" in done.err
    assert "report it to the authors of acme" in done.err
    assert "Rows by label" in done.out
    with pytest.raises((KeyError, TypeError)):
        targen("--debug", "analyze", rows(), "--metric", "third", "--force")


REFUSED = """
    folder | is a folder that does not contain a dataset
    mine.jsonl -o labels | 'labels' is not KEY=VALUE
    mine.jsonl -o labels=3 | 'labels' does not name a metric
    mine.jsonl -o lexikal.replicates=3 | | did you mean lexical?
    mine.jsonl -o lexical.replicates=-1 | replicates
    mine.jsonl -o third.times=x | third
    mine.jsonl -o third.tims=3 | metric third has no option 'tims' | did you mean times?
    mine.jsonl --intended meant | none of the files have a column 'meant' (--intended)
    mine.jsonl --pictures gif | choose svg or png
    mine.jsonl --task no-such-task | no task named 'no-such-task' is installed
    mine.jsonl --metric labels --without labels | no metrics are left
    mine.jsonl --out mine.jsonl | is a file, but an analysis needs a folder
"""


@pytest.mark.parametrize(("args", "error", "hint"), table(REFUSED))
def test_wrong_usage_writes_nothing(args, error, hint, refuses, rows, tmp_path, monkeypatch):
    plug(monkeypatch, lambda study, options: Findings())
    rows()
    (tmp_path / "folder").mkdir()
    refuses(f"analyze {args}", error, hint, code=1 if args == "folder" else 2)


def test_a_report_without_texts_holds_no_row(works, jsonl, tmp_path):
    mine = [{"text": f"row{at % 40} speaks of zanzibar", "label": "ab"[at % 2]} for at in range(60)]
    args = ("analyze", jsonl("mine.jsonl", mine), "--against", jsonl("other.jsonl", mine))
    args = (*args, "--metric", "repetition", "--metric", "leakage", "--out")
    shown, hidden = works(*args, "open"), works(*args, "closed", "--no-texts")
    for name in ("analysis.json", "report.html"):
        assert "speaks of zanzibar" in (tmp_path / "open" / name).read_text(encoding="utf-8")
        assert "zanzibar" not in (tmp_path / "closed" / name).read_text(encoding="utf-8")
    assert "speaks of zanzibar" in shown.out
    assert "zanzibar" not in hidden.out
    assert "Repeated word for word" in hidden.out  # a table keeps its other columns
    assert "Most similar pairs" not in hidden.out
