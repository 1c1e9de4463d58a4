"""Runs from strangers: what they bring is read as data or refused, never executed or followed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from zlib import crc32

import pytest

from targen_core import Job, RunSpec, load_registry
from targen_core.errors import BadRequest

OPENING = [
    ["resume", "run", "-q"],
    ["report", "run"],
    ["show", "run"],
    ["runs", "rm", "run", "--yes"],
    ["show", "run", "0"],
    ["show", "run", "--rejected"],
    ["export", "run", "--out", "rows.jsonl"],
    ["validate", "run"],
    ["analyze", "run", "--metric", "labels"],
    ["batch", "export", "run"],
    ["estimate", "rte", "-n", "4", "-b", "scripted", "--from", "run"],
    ["trace", "run", "0"],
    ["diff", "run", "run"],
    ["replay", "run", "--out", "again"],
    ["merge", "run", "--out", "merged"],
]
"""Every command that opens a run."""

SECRET = "the canary sings\n"


@pytest.fixture
def run(rte) -> Path:
    """A good run of four rows, and beside it a canary and code that a stranger would like run."""
    assert rte("-n", "4", "--out", "run", "--no-cache").code == 0
    Path("canary").write_text(SECRET)
    Path("by").mkdir()
    Path("by/task.py").write_text("open('EXECUTED', 'w').close()\n")
    return Path("run")


def edit(run: Path, *way: str, value: object) -> None:
    """Change one value of the manifest."""
    path = run / "manifest.json"
    manifest = json.loads(path.read_text())
    holder = manifest
    for part in way[:-1]:
        holder = holder[part] if isinstance(holder, dict) else holder[int(part)]
    holder[way[-1]] = value
    path.write_text(json.dumps(manifest))


def untouched() -> None:
    assert Path("canary").read_text() == SECRET
    assert not Path("EXECUTED").exists()
    assert not Path("MADE").exists()


# --- code -------------------------------------------------------------------


@pytest.mark.parametrize("command", OPENING, ids=lambda args: args[0])
@pytest.mark.parametrize("name", ["by/task.py", "./by/task.py", "by/task.py:TASK", "file:x.yaml"])
def test_a_task_id_that_is_a_file_is_refused(name, command, run, targen):
    for way in (("spec", "task"), ("lock", "task", "id")):
        edit(run, *way, value=name)
        result = targen(*command)
        assert result.code == 1
        assert f"run/manifest.json cannot be read: {'.'.join(way)}" in result.err
        untouched()
        edit(run, *way, value="targen-tasks-superglue:rte")


@pytest.mark.parametrize("command", OPENING, ids=lambda args: args[0])
@pytest.mark.parametrize("name", ["../by/task.py", "by/task.py", "/etc/passwd", "journal"])
def test_a_copy_of_the_task_that_is_elsewhere_is_refused(name, command, run, targen):
    edit(run, "spec", "task", value=name)
    result = targen(*command)
    assert result.code == 1
    assert "spec.task" in result.err
    untouched()


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (("spec", "corrector"), "./by/task.py"),
        (("spec", "backend"), "langchain:./by/task.py:Fly"),
        (("spec", "backend_for"), {"generate": "langchain:../by.Fly"}),
        (("lock", "steps", "generate", "backend"), "langchain:../by.Fly"),
        (("spec", "options"), {"x=1 base_url": "http://127.0.0.1:9"}),
        (("spec", "options"), {"temperature=0 -o script": "by/task.py:f"}),
        (("lock", "corrector"), "./by/task.py"),
        (("spec", "contexts"), "canary"),
        (("spec", "seeds"), "../canary"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_ids_and_names_that_are_none(way, value, run, targen):
    edit(run, *way, value=value)
    result = targen("resume", "run", "-q")
    assert result.code == 1
    assert f"run/manifest.json cannot be read: {'.'.join(way)}" in result.err
    untouched()


def test_a_script_is_only_run_where_it_was_run_before(run, targen):
    edit(run, "spec", "options", value={"script": "by/task.py:replies"})
    result = targen("resume", "run", "-q", "-n", "8")
    assert result.code == 2
    assert "script=by/task.py:replies, which has not been used on this machine before" in result.err
    assert "-o script=by/task.py:replies" in result.err
    untouched()


def test_a_script_that_changed_is_another_one(rte, targen):
    code = "def replies(request):\n    return request.dry_run()\n"
    Path("mine.py").write_text(code)
    assert rte("-n", "2", "-o", "script=./mine.py:replies", "--out", "run").code == 0
    assert targen("resume", "run", "-q").code == 0
    Path("mine.py").write_text(f"open('EXECUTED', 'w').close()\n{code}")
    assert "which has not been used on this machine before" in targen("resume", "run", "-q").err
    assert not Path("EXECUTED").exists()


def test_a_class_is_only_imported_where_it_was_used_before(run, targen):
    edit(run, "spec", "backend", value="langchain:by.task.Fly")
    for steps in (None, {}):  # whatever the lock says of it
        if steps is not None:
            edit(run, "lock", "steps", value=steps)
        result = targen("resume", "run", "-q", "-n", "8")
        assert result.code == 2
        assert "targen backends check langchain:by.task.Fly" in result.err
        untouched()


# --- links, and what is no file ---------------------------------------------

MEMBERS = [
    "manifest.json",
    "journal",
    "dataset.jsonl",
    "provenance.jsonl",
    "rejects.jsonl",
    "report.json",
    "README.md",
    "batches.jsonl",
    ".lock",
]


def in_place_of(path: Path, kind: str) -> None:
    path.unlink(missing_ok=True)
    if kind == "a link":
        path.symlink_to(Path("canary").resolve())
    elif kind == "a FIFO":
        os.mkfifo(path)
    else:
        path.mkdir()


@pytest.mark.parametrize("kind", ["a link", "a FIFO", "a folder"])
@pytest.mark.parametrize("name", MEMBERS)
def test_what_is_no_file_is_refused_at_once(name, kind, run, targen):
    in_place_of(run / name, kind)
    for command in OPENING:
        result = targen(*command)
        assert result.code == 1, command
        assert f"run/{name} is {kind}" in result.err
        assert SECRET.strip() not in result.out + result.err
    untouched()


@pytest.mark.parametrize("name", ["README.md", "report.json", "manifest.json"])
@pytest.mark.parametrize("target", ["canary", "MADE"])
def test_the_link_of_a_part_is_not_written_through(name, target, run, targen):
    (run / f".{name}.part").symlink_to(Path(target).resolve())
    assert targen("resume", "run", "-q", "-n", "6").code == 0
    assert not (run / name).is_symlink()
    untouched()


@pytest.mark.parametrize(
    "name", ["journal", "dataset.jsonl", "provenance.jsonl", "rejects.jsonl", ".lock"]
)
def test_a_second_name_of_another_file_is_not_written_to(name, run, targen):
    kept = (run / name).read_bytes()
    Path("other").write_bytes(kept)
    (run / name).unlink()
    (run / name).hardlink_to("other")
    result = targen("resume", "run", "-q", "-n", "6")
    assert result.code == 1
    assert f"run/{name}: the file has a second name (a hard link)" in result.err.replace(
        "cannot write to run:", f"run/{name}:"
    )
    assert Path("other").read_bytes() == kept


def test_a_correction_s_folder_likewise(run, targen):
    command = ["correct", "run/dataset.jsonl", "--task", "rte", "-b", "scripted", "-q"]
    assert targen(*command, "--out", "corrected").code == 0
    for name in ("journal", "dataset.jsonl", "changes.jsonl", "correction.json"):
        kept = Path("corrected", name).read_bytes()
        in_place_of(Path("corrected", name), "a link")
        result = targen(*command, "--out", "corrected")
        assert result.code == 1
        assert f"corrected/{name} is a link" in result.err
        Path("corrected", name).unlink()
        Path("corrected", name).write_bytes(kept)
    untouched()


@pytest.fixture(params=["FIFO", "socket", "link", "device"])
def no_file(request, tmp_path) -> tuple[str, Path]:
    """Something that no command may replace."""
    out = tmp_path / "there"
    if request.param == "FIFO":
        os.mkfifo(out)
    elif request.param == "socket":
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("there")
    elif request.param == "link":
        out.symlink_to("/dev/null")
    else:
        out = Path("/dev/null")
    return request.param, out


def test_an_export_only_replaces_files_and_folders(no_file, run, targen):
    kind, out = no_file
    before = os.lstat(out)
    for form in ("csv", "openai"):
        result = targen("export", "run", "--as", form, "--out", out, "--force")
        assert result.code == 2
        assert f"{out} is a {kind}" in result.err
    after = os.lstat(out)
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


@pytest.mark.parametrize("name", ["merged", ".merged.merging", ".merged.before"])
def test_a_merge_empties_and_moves_nothing_that_a_link_points_to(name, run, targen):
    Path("precious/below").mkdir(parents=True)
    Path("precious/below/file").write_text(SECRET)
    Path("precious/rows.csv").write_text(SECRET)
    Path(name).symlink_to("precious")
    result = targen("merge", "run", "--out", "merged")
    assert result.code == 2
    assert f"{name} is a link, not a folder" in result.err
    assert Path(name).is_symlink()
    assert sorted(path.name for path in Path("precious").rglob("*")) == [
        "below",
        "file",
        "rows.csv",
    ]


def test_a_run_in_the_working_folder_is_replayed_beside_it_and_merged_elsewhere(
    run, targen, monkeypatch
):
    monkeypatch.chdir(run)
    assert targen("replay", ".", "-q").code == 0
    assert Path("../run-replay/dataset.jsonl").exists()
    for out in (".", "..", "/"):
        result = targen("merge", "../run", "--out", out)
        assert result.code == 2
        assert f"--out {out} is no name for a new folder" in result.err


def test_a_file_of_requests_only_replaces_files(no_file, waiting, targen):
    kind, out = no_file
    before = os.lstat(out)
    result = targen("batch", "export", "run", "--out", out)
    assert result.code == 1
    assert f"cannot write {out}: it is a {kind}" in result.err
    after = os.lstat(out)
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)


# --- keys and addresses -----------------------------------------------------


class _Thief(BaseHTTPRequestHandler):
    """Answers nothing useful, and notes what it was sent."""

    taken: list[str]

    def do_POST(self) -> None:
        self.taken.append(f"{self.headers} {self.rfile.read(int(self.headers['content-length']))}")
        self.send_response(401)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def thief():
    """The address of a stranger's server, and what it got."""
    taken: list[str] = []
    server = HTTPServer(("127.0.0.1", 0), type("_One", (_Thief,), {"taken": taken}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1", taken
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def waiting(targen, monkeypatch) -> Path:
    """A run of somebody's on the llama backend, in which no call was answered yet."""
    monkeypatch.setenv("TARGEN_LLAMA_API_KEY", "sk-mine-0815")
    backend = ["-b", "llama", "-o", "model=tiny"]
    made = targen("generate", "rte", "-n", "2", *backend, "--batch-offline", "--out", "run")
    assert made.code == 0
    return Path("run")


def every_step(run: Path, **options: object) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["spec"]["options"] |= options
    (run / "manifest.json").write_text(json.dumps(manifest))


def test_a_key_goes_to_no_address_that_only_a_manifest_names(waiting, thief, targen):
    address, taken = thief
    every_step(waiting, base_url=address)
    result = targen("resume", "run", "-q", "--max-outage", "1")
    assert result.code == 2
    assert (
        f"this run asks for base_url={address}, which has not been used on this machine before"
        in result.err
    )
    assert f"-o base_url={address}" in result.err
    assert taken == []


def test_an_address_that_is_typed_is_asked_and_known_from_then_on(waiting, thief, targen):
    address, taken = thief
    every_step(waiting, base_url=address)
    manifest = json.loads((waiting / "manifest.json").read_text())
    for plan in manifest["lock"]["steps"].values():
        plan["identity"] = plan["identity"].replace("http://127.0.0.1:11434/v1", address)
    (waiting / "manifest.json").write_text(json.dumps(manifest))
    output = targen("resume", "run", "-q", "--max-outage", "1", "-o", f"base_url={address}")
    assert "not been used on this machine before" not in output.err
    assert taken
    taken.clear()
    targen("resume", "run", "-q", "--max-outage", "1")
    assert taken


def test_the_owner_of_a_run_types_nothing_again(targen, thief, monkeypatch):
    address, taken = thief
    Path("key").write_text("sk-mine-0815\n")
    chosen = ["-b", "llama", "-o", "model=tiny", "-o", f"base_url={address}", "--key-file", "key"]
    targen("generate", "rte", "-n", "2", *chosen, "--out", "run", "-q", "--max-outage", "1")
    assert "sk-mine-0815" in taken[0]
    taken.clear()
    targen("resume", "run", "-q", "--max-outage", "1")
    assert "sk-mine-0815" in taken[0]
    taken.clear()
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(Path("another").resolve()))
    refused = targen("resume", "run", "-q", "--max-outage", "1")
    assert "-o base_url=" in refused.err
    assert "api_key_file=key" in refused.err
    assert taken == []


def test_what_the_environment_names_is_the_user_s_own(waiting, thief, targen, monkeypatch):
    address, _ = thief
    every_step(waiting, base_url=address)
    monkeypatch.setenv("TARGEN_LLAMA_BASE_URL", address)
    assert (
        "not been used on this machine"
        not in targen("resume", "run", "-q", "--max-outage", "1").err
    )


@pytest.mark.parametrize(
    "options",
    [
        {"api_key_file": "/etc/hostname"},
        {"extra": {"stream": True}},
        {"price_in": 0, "price_out": 0},
    ],
    ids=lambda options: next(iter(options)),
)
def test_files_bodies_and_prices_are_not_taken_from_a_manifest(options, waiting, targen):
    every_step(waiting, **options)
    result = targen("resume", "run", "-q", "--max-outage", "1")
    assert result.code == 2
    assert f"this run asks for {next(iter(options))}=" in result.err


def test_weights_that_only_a_manifest_names_are_not_loaded(run, targen):
    edit(run, "spec", "backend", value="targen-backends:local")
    edit(run, "spec", "options", value={"model": "./evil.gguf"})
    result = targen("resume", "run", "-q", "-n", "8")
    assert result.code == 2
    assert "this run asks for" in result.err
    assert "model=./evil.gguf" in result.err


def test_a_link_among_the_runs_of_a_suite_is_refused(targen):
    Path("mine").mkdir()
    Path("suite").mkdir()
    Path("suite/axg").symlink_to(Path("mine").resolve())
    suite = ["--suite", "superglue", "-n", "4", "-b", "scripted", "-q"]
    result = targen("generate", *suite, "--out", "suite")
    assert result.code == 2
    assert "suite/axg is a link, not a folder" in result.err
    assert not any(Path("mine").iterdir())


def test_two_names_of_one_backend_hide_no_option(waiting, thief, targen):
    """Options without a step are about the main backend, whatever a manifest calls it."""
    address, taken = thief
    steps = ("contexts", "seeds", "generate", "correct")
    for main, others in (("llama", "targen-backends:llama"), ("targen-backends:llama", "llama")):
        edit(waiting, "spec", "backend", value=main)
        edit(waiting, "spec", "backend_for", value=dict.fromkeys(steps, others))
        every_step(waiting, base_url=address)
        result = targen("resume", "run", "-q", "--max-outage", "1")
        assert f"this run asks for base_url={address}" in result.err
        every_step(waiting, **{"correct.base_url": address})
        typed = ("-o", "base_url=http://127.0.0.1:9/v1")
        targen("resume", "run", "-q", "--max-outage", "1", *typed)
    assert taken == []


def test_a_key_in_a_manifest_is_refused(waiting, targen):
    every_step(waiting, api_key="sk-of-a-stranger")
    result = targen("resume", "run", "-q", "--max-outage", "1", "-o", "api_key=mine")
    assert result.code == 1
    assert "manifest.json holds an API key (option api_key" in result.err
    assert "sk-of-a-stranger" not in result.err


# --- numbers and types --------------------------------------------------------


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--rpm", "nan"),
        ("--tpm", "inf"),
        ("--max-cost", "nan"),
        ("--max-cost", "inf"),
        ("--max-outage", "nan"),
        ("--rpm", "1e-300"),
        ("--concurrency", "100000000"),
        ("--max-tokens", "1" + "0" * 40),
    ],
)
def test_a_limit_that_is_no_limit(flag, value, rte):
    result = rte("-n", "2", flag, value, "--out", "run")
    assert result.code == 2
    assert f"{flag} is " in result.err
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["-n", str(10**12)], "label entailment has a quota above 1,000,000,000 rows"),
        (["-n", "2", "--give-up-after", str(10**12)], "--give-up-after is"),
        (["-n", "2", "-o", f"seeds.batch={10**12}"], "seeds.batch"),
    ],
)
def test_a_number_that_no_run_could_be_opened_with_again(args, named, rte):
    result = rte(*args, "--out", "run")
    assert result.code == 2
    assert named in result.err
    assert not Path("run").exists()


@pytest.mark.parametrize(
    "option",
    [
        "temperature=nan",
        "temperature=1e400",
        "max_tokens=1" + "0" * 40,
        "latency_ms=inf",
        "latency_ms=nan",
    ],
)
def test_an_option_that_is_no_number(option, rte):
    result = rte("-n", "2", "-o", option, "--out", "run")
    assert result.code == 2
    assert option.partition("=")[0] in result.err
    assert not Path("run").exists()


@pytest.mark.parametrize(
    ("way", "value", "named"),
    [
        (("spec", "limits", "concurrency"), 0, "concurrency is 0"),
        (("spec", "limits", "concurrency"), -1, "concurrency is -1"),
        (("spec", "limits", "concurrency"), 10**30, "concurrency is 1"),
        (("spec", "limits", "rpm"), 0, "rpm is 0"),
        (("spec", "limits", "rpm"), 1e308, "rpm is 1e+308"),
        (("spec", "limits", "max_cost"), "much", "max_cost"),
        (("spec", "limits", "max_outage"), [], "max_outage"),
        (("spec", "seed"), {}, "seed"),
        (("spec", "quotas"), {"nosuch": 1}, "quotas"),
        (("spec", "quotas"), {"entailment": 10**30}, "label entailment has a quota above"),
        (("spec", "quotas"), {"entailment": -1}, "label entailment has a quota of -1"),
        (("spec", "give_up_after"), 0, "give_up_after is 0"),
        (("spec", "lists_at_once"), -5, "lists_at_once is -5"),
        (("spec", "near_duplicates"), -1, "near_duplicates is -1"),
        (("spec", "contexts_fraction"), 0, "contexts_fraction is 0"),
        (("spec", "options"), {"seeds.batch": 0}, "spec.options"),
        (("spec", "options"), {"generate.temperature": "hot"}, "spec.options"),
        (("spec", "backend_for"), {"../later": "x"}, "steps"),
        (("spec", "surprise"), 1, "surprise"),
        (("extensions",), [{"quotas": {"nosuch": 1}}], "quotas"),
        (("extensions",), [{"quotas": {"entailment": 1}, "give_up_after": 0}], "extensions.0"),
        (("lock", "given"), {"../canary": "00"}, "lock.given"),
        (
            ("lock", "steps", "../later"),
            {"backend": "x", "identity": "", "options": {}, "params": {}},
            "steps",
        ),
        (("lock", "task", "labels"), "entailment", "lock.task.labels"),
        (("lock", "task"), None, "lock.task"),
        (("spec",), None, "spec"),
    ],
)
def test_a_field_of_a_manifest_that_no_run_has(way, value, named, run, targen):
    edit(run, *way, value=value)
    for command in (["resume", "run", "-q"], ["report", "run"]):
        result = targen(*command)
        assert result.code == 1
        assert f"run/manifest.json cannot be read: {named}" in result.err


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 5000 + "1" + "}" * 5000, "NaN", "\ufeff"]
)
def test_a_manifest_that_is_no_json(text, run, targen):
    (run / "manifest.json").write_text(text)
    result = targen("report", "run")
    assert result.code == 1
    assert "run/manifest.json cannot be read" in result.err


def test_a_manifest_as_large_as_a_disk(run, targen):
    with open(run / "manifest.json", "wb") as file:
        file.truncate(1 << 40)
    assert "manifest.json: it is larger than 64 MiB" in targen("report", "run").err


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"in": -5}, "in is not a token count"),
        ({"out": "9"}, "out is not a token count"),
        ({"cost": -1.0}, "cost is not an amount in dollars"),
        ({"cost": float("nan")}, "cost is not an amount in dollars"),
        ({"step": ["generate"]}, "step is not a string"),
        ({"label": 7}, "label is not a string"),
        ({"key": "zz" * 16}, "hexadecimal"),
        ({"key": None}, "is not a valid record"),
        ({"text": None}, "text is not a string"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_record_of_the_journal_that_no_run_writes(change, named, run, targen):
    lines = (run / "journal").read_bytes().splitlines()
    body = json.dumps({**json.loads(lines[0][9:]), **change}).encode()
    lines[0] = b"%08x %s" % (crc32(body), body)
    (run / "journal").write_bytes(b"\n".join(lines) + b"\n")
    (run / "report.json").unlink()
    for command in (["resume", "run", "-q"], ["report", "run"]):
        result = targen(*command)
        assert result.code == 1
        assert "run/journal: record 1 (byte 0) is not a valid record" in result.err
        assert named in result.err


@pytest.mark.parametrize(
    ("way", "value"),
    [
        (("rows",), []),
        (("rows", "entailment"), "many"),
        (("flow", "entailment", "reasons"), None),
        (("usage", "total", "dollars"), "free"),
        (("usage", "by_step"), {"a": 1}),
        (("problem",), ["x"]),
        (("requested",), {"nosuch": 1}),
    ],
    ids=lambda value: str(value),
)
def test_a_report_that_no_run_writes(way, value, run, targen):
    report = json.loads((run / "report.json").read_text())
    holder = report
    for part in way[:-1]:
        holder = holder[part]
    holder[way[-1]] = value
    (run / "report.json").write_text(json.dumps(report))
    result = targen("report", "run")
    assert result.code == 1
    assert "run/report.json cannot be read: " in result.err
    assert way[0] in result.err or "rows" in result.err


@pytest.mark.parametrize(
    ("name", "change", "problem"),
    [
        ("provenance.jsonl", {"id": []}, "id is not a string"),
        ("provenance.jsonl", {"intended": "nosuch"}, "intended is not a branch of the run"),
        ("provenance.jsonl", {"rows": 10**30}, "rows is not a row count"),
        ("provenance.jsonl", {"label": None}, "label is not a string"),
        ("rejects.jsonl", {"verdict": {}}, "unknown verdict"),
        ("rejects.jsonl", {"verdict": "rejected", "stage": 1}, "id is not a string"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_line_of_the_outputs_that_no_run_writes(name, change, problem, run, targen):
    (run / "report.json").unlink()
    lines = (run / name).read_text().splitlines()
    first = json.loads(lines[0]) if lines else {}
    (run / name).write_text("\n".join([json.dumps({**first, **change}), *lines[1:]]) + "\n")
    result = targen("report", "run")
    assert result.code == 1
    assert f"run/{name}: line 1 is not a valid record: {problem}" in result.err


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"id": "1.1/entailment/999999999999"}, 0, "too many samples of its seed come before it"),
        ({"id": "generate/../.."}, 0, "is no id of a candidate"),
        ({"id": []}, 1, "line 1 is not a valid record: id or place is not a string"),
        ({"calls": 7}, 1, "line 1 is not a valid record: calls is not a list"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_candidate_that_no_run_has_is_not_traced(change, code, said, run, targen):
    path = run / "provenance.jsonl"
    first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps({**json.loads(first), **change}), *rest]) + "\n")
    result = targen("trace", "run", "0")
    assert result.code == code
    assert said in result.err


@pytest.mark.parametrize("change", [{"in": "9"}, {"cost": "1"}, {"prompt": []}, {"step": []}])
def test_a_call_that_no_run_made_is_as_one_that_is_not_there(change, run, targen):
    lines = (run / "journal").read_bytes().splitlines()
    record = {**json.loads(lines[0][9:]), **change}
    body = json.dumps(record, separators=(",", ":")).encode()
    lines[0] = b"%08x %s" % (crc32(body), body)
    (run / "journal").write_bytes(b"\n".join(lines) + b"\n")
    result = targen("trace", "run", "0")
    assert result.code == 0
    assert "1 of its calls are not in the journal" in result.err
    assert "has no call whose key" in targen("trace", "run", "--call", record["key"]).err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"intended": "x"}, "is of an unknown"),
        ({"label": "nosuch"}, "is of an unknown"),
        ({"intended": None}, "a row is on record without intended"),
        ({"id": 7}, "id or place is not a string"),
        ({"id": "absent", "place": "x"}, "a row is on record without id"),
    ],
    ids=str,
)
def test_a_row_of_no_known_label_is_not_merged(change, said, run, targen):
    path = run / "provenance.jsonl"
    first, *rest = path.read_text().splitlines()
    record = {name: v for name, v in {**json.loads(first), **change}.items() if v != "absent"}
    path.write_text("\n".join([json.dumps(record), *rest]) + "\n")
    result = targen("merge", "run", "--out", "merged")
    assert result.code == 1
    assert said in result.err
    assert not Path("merged").exists()


def test_a_candidate_of_another_branch_is_in_no_report(run, targen):
    (run / "report.json").unlink()
    (run / "ledger").unlink()
    path = run / "provenance.jsonl"
    first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps({**json.loads(first), "id": "0/x/0"}), *rest]) + "\n")
    result = targen("report", "run")
    assert result.code == 1
    assert "line 1 is not a valid record: id is not of the branch" in result.err


@pytest.mark.parametrize("prices", [[], {"generate": []}, {"generate": {"in": "1", "out": 2}}])
def test_a_report_with_odd_prices_is_not_shown(prices, run, targen):
    path = run / "report.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "prices": prices}))
    result = targen("report", "run")
    assert result.code == 1
    assert "report.json cannot be read: prices" in result.err


def test_a_key_that_is_no_number_is_not_merged(run, targen):
    lines = (run / "journal").read_bytes().splitlines()
    record = {**json.loads(lines[0][9:]), "key": "-" + "0" * 31}
    body = json.dumps(record, separators=(",", ":")).encode()
    (run / "journal").write_bytes(b"%08x %s\n" % (crc32(body), body))
    result = targen("merge", "run", "--out", "merged")
    assert result.code == 1
    assert "run/journal: a record is not valid" in result.err


def test_half_of_a_character_hinders_no_report():
    Path("mine.py").write_text(
        "from targen_core.errors import BadRequest\n"
        "def replies(request):\n"
        "    raise BadRequest('odd \\ud83d words')\n"
    )
    options = {"script": "./mine.py:replies"}
    spec = RunSpec(task="rte", quotas={"entailment": 1}, backend="scripted", options=options)
    with (
        Job.create(load_registry(), spec, Path("run")) as job,
        pytest.raises(BadRequest, match="odd"),
    ):
        job.run()
    report = json.loads(Path("run/report.json").read_text(encoding="utf-8"))
    assert report["status"] == "stopped"
    assert report["problem"].startswith("odd ")
    assert Path("run/README.md").read_text(encoding="utf-8").startswith("---")


# --- the command as a process of its own ---------------------------------------


@pytest.mark.parametrize("name", ["journal", "manifest.json", "report.json"])
def test_a_fifo_holds_no_process_up(name, run, tmp_path):
    in_place_of(run / name, "a FIFO")
    for command in ("resume", "report"):
        actual = subprocess.run(
            [sys.executable, "-m", "targen_cli", command, "run"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert actual.returncode == 1
        assert f"run/{name} is a FIFO" in actual.stderr


@pytest.mark.parametrize("text", ["{}", "name: notes", '{"name": {}}'])
def test_a_declaration_that_says_nothing_is_refused(text, targen):
    Path("notes.yaml").write_text(text)
    result = targen("describe", "./notes.yaml")
    assert result.code == 2
    assert "notes.yaml" in result.err
    assert "failed" not in result.err
