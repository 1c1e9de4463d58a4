"""Parts of a stranger's package: chosen by command, file and program, with options, on record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ...runs import manifest, outputs, read, records

CODE = (Path(__file__).parent / "strangers/acme.py").read_text(encoding="utf-8")
MAIL = """
description: A short message to a parcel service.
labels:
  complaint: the writer is angry
  praise: the writer is pleased
fields:
  text: the message
seeds: none
"""
PARTS = """
corrector: majority
filters: [acme:openings, plain]
checks: [no-she, short]
generators:
  praise: acme:letters
contexts:
  use: acme:table
options:
  table.path: places.csv
  table.column: place
  majority.times: 5
  openings: {letters: 3, most: 2}
  short.most: 30
"""
OPTIONS = """
    table.path=places.csv acme:table.column=place majority.times=5
    openings.letters=3 acme:openings.most=2 short.most=30
""".split()
CHOSEN = [
    *"--contexts-from table --generators-from letters --corrector majority".split(),
    *"--filter openings --filter plain --check no-she --check acme:short".split(),
    *(word for option in OPTIONS for word in ("-o", option)),
]


@pytest.fixture
def acme(install, targen, tmp_path, monkeypatch):
    """Run a command beside the package."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mail.yaml").write_text(MAIL)
    (tmp_path / "using.yaml").write_text(MAIL + PARTS)
    places = "".join(f"{n},town {n}\n" for n in range(60))
    (tmp_path / "places.csv").write_text(f"id,place\n{places}")
    (tmp_path / "rows.jsonl").write_text('{"text": "The parcel is late.", "label": "complaint"}\n')
    site = [install("acme", "[targen.v1]\nacme = acme\n", {"acme": CODE})]

    def run(line, *more, code=0, **environment):
        done = targen(*line.split(), *more, path=site, **environment)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Where the run of `chosen` is kept, and what its user's cache then held."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture
def chosen(acme, made, tmp_path):
    """A run of 8 rows that uses every part: generated once, and copied from then on."""
    if not (made / "run").exists():
        acme("generate mail.yaml -n 8 -b scripted --out run", *CHOSEN)
        for name in ("run", "cache"):
            shutil.copytree(tmp_path / name, made / name)
    else:
        for name in ("run", "cache"):
            shutil.copytree(made / name, tmp_path / name)
    return acme


def parts_of(run):
    """The parts that a run's manifest locks."""
    return manifest(run)["lock"]["parts"]


WITHIN = {"options": {}, "prompts": {}, "files": {}, "sources": []}


def test_a_run_uses_all_records_them_and_grows_to_the_same_bytes(chosen):
    lock, parts = manifest("run")["lock"], parts_of("run")
    openings = {"id": "acme:openings", "options": {"letters": 3, "most": 2}}
    assert parts["filter openings"] == {**WITHIN, **openings}
    assert parts["filter plain"] == {**WITHIN, "id": "acme:plain"}
    assert parts["check short"]["options"] == {"most": 30}
    assert parts["check no-she"]["id"] == "acme:no-she"
    corrector = parts["corrector"]
    assert (corrector["id"], corrector["options"]) == ("acme:majority", {"times": 5})
    assert [*corrector["prompts"]] == ["acme-doubt"]
    assert parts["contexts"]["options"]["column"] == "place"
    assert [*parts["generator of praise"]["prompts"]] == ["acme-write"]
    assert lock["distributions"]["acme"] == "1.0"
    rows = records("run", "dataset.jsonl")
    assert [row["label"] for row in rows].count("praise") == 4
    assert all("parcel number" in row["text"] for row in rows)
    rejected = [r for r in records("run", "rejects.jsonl") if r["verdict"] == "rejected"]
    assert {(r.get("stage"), r["reason"]) for r in rejected} >= {("filter", "my"), ("check", "she")}

    chosen("generate mail.yaml -n 8 -b scripted --out run", *CHOSEN)  # the very run
    chosen("resume run -n 18")
    report = read("run", "report.json")["openings"]
    refused = [r for r in records("run", "rejects.jsonl") if r["reason"] == "same-opening"]
    assert report["restored"] == 8, "by its ledger"
    assert report["refused"] == len(refused) > 0
    assert refused[0]["notes"]["opening"] == refused[0]["instance"]["text"][:3]
    begins = [row["text"][:3] for row in records("run", "dataset.jsonl")]
    assert max(map(begins.count, begins)) == 2
    chosen("generate mail.yaml -n 8 -b scripted --out whole", *CHOSEN)
    chosen("resume whole -n 18 --verify")
    assert outputs("whole") == outputs("run")
    traced = chosen("trace run 1").stdout
    assert "Of 5 readers" in traced and "changed since" not in traced
    assert "90% or more similar; accepted by openings, plain" in traced


def test_a_replay_makes_the_same_rows_and_names_what_is_changed(chosen):
    same = chosen("replay run --out same -o majority.times=5")
    assert "changed: nothing" in same.stdout, same.stderr
    assert outputs("same") == outputs("run")
    because = same.stdout.partition("Rejected because")[2].partition("Compared with")[0]
    assert {"my", "she"} <= {*because.split()}
    other = chosen("replay run --out other -o majority.times=7")
    assert "changed: parts.corrector.options.times: 5 -> 7" in other.stdout
    assert "the options of the corrector acme:majority have changed" in other.stdout
    assert parts_of("other")["corrector"]["options"] == {"times": 7}
    chosen("resume other")
    chosen("replay run --filter plain --out free")
    assert "filter openings" not in parts_of("free")
    assert "same-opening" not in {r["reason"] for r in records("free", "rejects.jsonl")}
    chosen("replay run --out meta --corrector meta")
    model = chosen("replay run --out model -o temperature=1", code=2)
    assert "only accepts options of parts" in model.stderr


def test_a_run_keeps_the_files_that_options_name(chosen, tmp_path):
    part = parts_of("run")["contexts"]
    name, places = part["options"]["path"], Path("places.csv")
    before = places.read_text()
    assert Path("run", name).read_text() == before
    assert len(part["files"]["path"]) == 64
    assert str(tmp_path) not in Path("run/manifest.json").read_text()
    # The file is edited and the folder moved: the run has its own.
    places.write_text(before.replace("town", "village"))
    other = chosen("generate mail.yaml -n 8 -b scripted --out run", *CHOSEN, code=2)
    assert "a different contexts" in other.stderr
    Path("elsewhere").mkdir()
    Path("run").rename("elsewhere/moved")
    places.unlink()
    chosen("resume elsewhere/moved -n 10")
    chosen("resume elsewhere/moved --verify")
    assert "town" in chosen("trace elsewhere/moved 1").stdout
    chosen("replay elsewhere/moved --out again")
    assert Path("again", name).exists()
    Path("elsewhere/moved", name).write_text(before.replace("town", "village"))
    changed = chosen("resume elsewhere/moved -n 12", code=2)
    assert "started with a different contexts" in changed.stderr


def test_a_file_uses_them_wherever_it_lies_and_what_is_typed_wins(acme, tmp_path):
    Path("mine").mkdir()
    for name in ("using.yaml", "places.csv"):
        Path(name).rename(f"mine/{name}")
    acme("generate mine/using.yaml -n 8 -b scripted --out run")
    parts = parts_of("run")
    assert parts["corrector"]["options"] == {"times": 5}
    assert parts["filter openings"]["options"] == {"letters": 3, "most": 2}
    assert [*parts][-2:] == ["filter openings", "filter plain"]
    assert parts["generator of praise"]["id"] == "acme:letters"
    assert "generator of complaint" not in parts
    rows = records("run", "dataset.jsonl")
    assert all(("parcel number" in row["text"]) == (row["label"] == "praise") for row in rows)
    assert not any(" she " in row["text"] or " my " in row["text"] for row in rows)
    acme("resume run -n 10 --verify")
    typed = "-o majority.times=9 -o acme:majority.times=9 -o openings.most=3 --filter plain"
    typed += " -o short.most=null"
    acme(f"generate mine/using.yaml -n 4 -b scripted --out typed {typed}")
    parts = parts_of("typed")
    assert parts["corrector"]["options"] == {"times": 9}, "one option has two spellings"
    assert parts["filter openings"]["options"] == {"letters": 3, "most": 3}
    assert parts["check short"]["options"] == {"most": None}, "null takes the place of the file's"
    assert [name for name in parts if "plain" in name] == ["filter plain"]
    # A run has its own copy of the file, and its task's version tells of no folder.
    versions = [manifest(run)["lock"]["task"]["version"] for run in ("run", "typed")]
    assert versions[0] in versions[1]
    texts = [Path("run", name).read_text() for name in ("manifest.json", "task.json")]
    assert str(tmp_path) not in "".join(texts)
    Path("mine").rename("theirs")
    acme("resume run -n 12")


def test_a_reader_opens_a_dataset_for_every_command(acme):
    Path("night.ledger").write_text("complaint | It is late.\nloud | It came.\n")
    acme("export night.ledger --task mail.yaml --as csv --out out.csv", code=2)
    found = acme("validate night.ledger --task mail.yaml", code=1).stdout
    assert "2    1  label: 'loud' is not" in found
    Path("night.ledger").write_text("complaint | It is late.\npraise | It came.\n")
    acme("export night.ledger --task mail.yaml --as csv --out out.csv")
    assert "It came." in Path("out.csv").read_text()
    Path("wrong.ledger").write_text("no entry\n")
    refused = acme("validate wrong.ledger --task mail.yaml", code=2).stderr
    assert "start it with LABEL | TEXT" in refused


def test_a_reporter_adds_to_the_report_and_the_folder_and_replaces_nothing(acme, targen):
    made = acme("generate mail.yaml -n 4 -b scripted --out run")
    assert "mail has a lineage of 4" in made.stderr
    report, rows = read("run", "report.json"), records("run", "dataset.jsonl")
    assert (report["lineage"], report["status"]) == ({"rows": 4}, "complete")
    assert (Path("run/lineage.txt").read_text(), len(rows)) == (rows[0]["label"], 4)
    assert not Path("out").exists()
    shown = json.loads(acme("report run --json").stdout)
    assert [each["kind"] for each in shown["concerns"]] == ["pedigree"]
    acme("report run --strict", code=1)
    assert json.loads(targen("report", "run", "--json").stdout)["concerns"] == []


SUITES = """
from pathlib import Path
from targen_testing.steps import ContextsSuite as Contexts

class TestTable(Contexts):
    contexts = "table"
    options = (f"path={Path(__file__).parent / 'places.csv'}", "column=place", 'skip=["town 1"]')
"""


def test_the_kit_checks_each_and_lists_what_it_did_not_check(acme, author, tmp_path):
    folder = author("acme", {"src/acme/__init__.py": CODE})

    def checked(code):
        of: dict[str, dict[str, set[str]]] = {}
        for each in json.loads(acme(f"plugins check {folder} --json", code=code).stdout)["checks"]:
            outcomes = of.setdefault(each["about"], {})
            outcomes.setdefault(each["outcome"], set()).add(each["check"])
        return of

    of = checked(0)
    assert of["contexts table"]["skipped"] == {"needs-an-option"}
    assert of["check no-she"]["skipped"] == {"refuses"}  # no row of the kit has "she"
    assert of["filter openings"]["skipped"] == {"refuses"}  # its suite names no text
    assert of["generator letters"].keys() == {"passed"}
    assert of["filter openings"].keys() == {"passed", "skipped"}
    assert {"remembers", "same-rows-again"} <= of["filter openings"]["passed"]
    assert len(of["corrector majority"]["passed"]) > 5  # with its own prompts
    head, *hooks = CODE.split("@hookimpl\n")
    (only,) = (hook for hook in hooks if "register_contexts" in hook)
    (folder / "src/acme/__init__.py").write_text(f"{head}@hookimpl\n{only}")
    (folder / "tests").mkdir()
    (folder / "tests/test_table.py").write_text(SUITES)
    (tmp_path / "places.csv").rename(folder / "tests/places.csv")
    assert checked(0)["contexts table"].keys() == {"passed"}, "its suite sets the option it needs"
    (folder / "tests/places.csv").unlink()
    printed = acme(f"plugins check {folder}", code=1).stdout.splitlines()
    (at,) = (n for n, line in enumerate(printed) if "makes-rows: contexts table: " in line)
    assert "places.csv: No such file" in printed[at]
    assert printed[at + 1].strip().startswith(("also: ", "verifies"))
