"""Runs from strangers: what they bring is read as data or refused, never executed or followed."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from targen_testing.fault_server import FaultServer, Response

from ...files import lines, write_lines
from ...runs import edit, journal, manifest, write_journal
from ...tables import mistakes, table

OPENING = """
    resume run -q
    report run
    show run
    runs rm run --yes
    show run 0
    show run --rejected
    export run --out rows.jsonl
    validate run
    analyze run --metric labels
    batch export run
    estimate rte -n 4 -b scripted --from run
    trace run 0
    diff run run
    replay run --out again
    merge run --out merged
""".strip().splitlines()
"""Every command that opens a run."""

SECRET = "the canary sings\n"


@pytest.fixture
def run(finished):
    """A good run of four rows, and beside it a canary and code that a stranger would like run."""
    Path("canary").write_text(SECRET)
    Path("by").mkdir()
    Path("by/task.py").write_text("open('EXECUTED', 'w').close()\n")
    return finished("rte", "-n", 4)


def first_line(path: Path, change: dict[str, object]) -> None:
    """Change the first record of a file of lines."""
    first, *others = lines(path) or [{}]
    record = {name: value for name, value in {**first, **change}.items() if value != "absent"}
    write_lines(path, [record, *others])


def first_call(run, change):
    """Change the first record of a journal, under a right check sum."""
    first, *others = journal(run)
    write_journal(run, [first | change, *others])
    return first | change


def untouched() -> None:
    assert Path("canary").read_text() == SECRET
    assert not Path("EXECUTED").exists()
    assert not Path("MADE").exists()


# --- code -------------------------------------------------------------------


@pytest.mark.parametrize("command", OPENING)
def test_a_task_that_is_a_file_is_opened_by_no_command(command, run, refuses):
    names = ["by/task.py", "./by/task.py", "by/task.py:TASK", "file:x.yaml"]
    odd = ["../by/task.py", "/etc/passwd", "journal"]
    for way, wrong in (("config.task", [*names, *odd]), ("lock.task.id", names)):
        for name in wrong if command == OPENING[0] else names[:1]:
            edit(run, way, name)
            refuses(command.strip(), f"run/manifest.json cannot be read: {way}", code=1)
        edit(run, way, "targen-tasks-superglue:rte")
    untouched()


@pytest.mark.parametrize(("where", "value", "line", "error", "hint"), mistakes("edited", 5))
def test_a_value_that_no_run_of_this_installation_has(
    where, value, line, error, hint, run, refuses
):
    name, _, way = where.partition(" ")
    edit(run, way, json.loads(value), name)
    refuses(line, error, hint)
    untouched()


NO_JSON = ["[" * 10**5, '{"a":' * 5000 + "1" + "}" * 5000, "NaN", "\ufeff", "[{}]", "\udcff\udcfe"]


@pytest.mark.parametrize("text", NO_JSON)
def test_a_manifest_that_is_no_json(text, run, refuses):
    (run / "manifest.json").write_text(text, "utf-8", "surrogateescape")
    hint = "" if text == "[{}]" else "restore it from a backup"
    refuses("report run", "run/manifest.json cannot be read", hint, code=1)


DAMAGED = """
                   | of-file/task.json, line 1: it is not JSON
    {"description": | of-file/task.json, line 1: it is not JSON
    \udcff         | of-file/task.json, line 1: it is not UTF-8 text
    null           | of-file/task.json, line 1: it has no keys
"""


@pytest.mark.usefixtures("alone")
def test_a_run_with_a_damaged_copy_of_its_task_or_none(works, refuses):
    Path("t.yaml").write_text("description: Mails.\nlabels: {a: b c, d: e f}\n")
    works("generate t.yaml -n 2 -b scripted --out of-file")
    for text, wrong in table(DAMAGED, 2):
        Path("of-file/task.json").write_text(text, "utf-8", "surrogateescape")
        for command in ("resume of-file", "export of-file --as csv --out new"):
            refuses(command, wrong, "restore it from a backup")
    Path("of-file/task.json").unlink()
    wrong = "of-file has no task.json, the copy of its task"
    refuses("resume of-file", wrong, "restore it from a backup", code=1)


USED_BEFORE = """
    config.options | {"script": "by/task.py:replies"} | this run asks for script=by/task.py:replies
    config.backend | "langchain:by.task.Fly" | targen backends check langchain:by.task.Fly
    config.backend | "targen-backends:local" | this run asks for
"""


@pytest.mark.parametrize(("way", "value", "said"), table(USED_BEFORE))
def test_code_is_only_run_where_it_was_run_before(way, value, said, run, targen):
    edit(run, way, json.loads(value))
    if "local" in value:
        edit(run, "config.options", {"model": "./evil.gguf"})
    for _ in range(2):
        result = targen("resume", "run", "-q", "-n", "8")
        assert (result.code, said in result.err) == (2, True), result.err
        edit(run, "lock.steps", {})  # whatever the lock says of it
    untouched()


# --- links, and what is no file ---------------------------------------------

MEMBERS = (
    "manifest.json journal dataset.jsonl provenance.jsonl rejects.jsonl report.json README.md "
    "batches.jsonl .lock"
).split()


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
def test_what_is_no_file_is_refused_at_once(name, kind, run, refuses):
    in_place_of(run / name, kind)
    # All commands look at all members in one way.
    for command in OPENING if (name, kind) == ("rejects.jsonl", "a link") else OPENING[:1]:
        done = refuses(command.strip(), f"run/{name} is {kind}", code=1)
        assert SECRET.strip() not in done.out + done.err
    untouched()


@pytest.mark.parametrize("name", [*MEMBERS[1:5], ".lock"])
def test_a_second_name_of_another_file_is_not_written_to(name, run, targen):
    kept = (run / name).read_bytes()
    Path("other").write_bytes(kept)
    (run / name).unlink()
    (run / name).hardlink_to("other")
    result = targen("resume", "run", "-q", "-n", "6")
    assert result.code == 1
    assert ": the file has a second name (a hard link)" in result.err
    assert Path("other").read_bytes() == kept


def test_an_export_only_replaces_files_and_folders(run, refuses, tmp_path):
    os.mkfifo("FIFO")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
    Path("link").symlink_to("/dev/null")
    places = {"FIFO": "FIFO", "socket": "socket", "link": "link", "device": "/dev/null"}
    for kind, out in places.items():
        for form in ("csv", "openai"):
            refuses(f"export run --as {form} --out {out} --force", f"{out} is a {kind}")


@pytest.mark.parametrize("name", ["merged", ".merged.merging", ".merged.before"])
def test_a_merge_empties_and_moves_nothing_that_a_link_points_to(name, run, refuses):
    Path("precious").mkdir()
    Path("precious/rows.csv").write_text(SECRET)
    Path(name).symlink_to("precious")
    refuses("merge run --out merged", f"{name} is a link, not a folder")


def test_a_run_in_the_working_folder_is_replayed_beside_it_and_merged_elsewhere(
    run, refuses, monkeypatch, works
):
    monkeypatch.chdir(run)
    works("replay", ".", "-q")
    assert Path("../run-replay/dataset.jsonl").exists()
    for out in (".", "..", "/"):
        refuses(
            f"merge ../run --out {out}", f"--out {out} cannot be used as the name of a new folder"
        )


# --- keys and addresses -----------------------------------------------------


@pytest.fixture
def thief():
    """The address of a stranger's server, and what it got."""
    with FaultServer(Response({}, 401)) as server:
        yield f"{server.url}/v1", server.seen


@pytest.fixture
def waiting(works, monkeypatch):
    """A run of somebody's on the llama backend, in which no call was answered yet."""
    monkeypatch.setenv("TARGEN_LLAMA_API_KEY", "sk-mine-0815")
    backend = ["-b", "llama", "-o", "model=tiny"]
    works("generate", "rte", "-n", "2", *backend, "--batch-offline", "--out", "run")
    return Path("run")


RESUME = "resume run -q --no-batch --max-outage 1"
NEW_HERE = "but targen did not start it here"


def every_step(run: Path, **options: object) -> None:
    edit(run, "config.options", {**manifest(run)["config"]["options"], **options})


def test_a_key_goes_to_no_address_that_only_a_manifest_names(waiting, thief, refuses, targen):
    """Whatever the manifest calls the backend."""
    address, taken = thief
    every_step(waiting, base_url=address)
    asked = f"this run asks for base_url={address}"
    refuses(RESUME, f"{asked}, {NEW_HERE}", f"-o base_url={address}")
    steps = ("contexts", "seeds", "generate", "correct")
    names = ("llama", "targen-backends:llama")
    for main, others in (names, reversed(names)):
        edit(waiting, "config.backend", main)
        edit(waiting, "config.backend_for", dict.fromkeys(steps, others))
        assert asked in targen(RESUME).err
        every_step(waiting, **{"correct.base_url": address})
        targen(f"{RESUME} -o base_url=http://127.0.0.1:9/v1")
    assert taken == []


def test_the_owner_of_a_run_types_nothing_again(targen, works, thief, monkeypatch):
    address, taken = thief
    Path("key").write_text("sk-mine-0815\n")
    chosen = f"-b llama -o model=tiny -o base_url={address} --key-file key"
    generate = f"generate rte -n 2 {chosen} --out run"
    targen(f"{generate} -q --max-outage 1")
    works(f"{generate} --batch-offline")
    targen(RESUME)
    assert ["sk-mine-0815" in str(each.headers) for each in taken] == [True] * len(taken)
    assert len(taken) >= 2
    taken.clear()
    monkeypatch.setenv("TARGEN_CONFIG_DIR", str(Path("another").resolve()))
    refused = targen(RESUME)
    assert "-o base_url=" in refused.err and "api_key_file=key" in refused.err
    assert taken == []


def test_what_the_environment_names_is_the_user_s_own(waiting, thief, targen, monkeypatch):
    every_step(waiting, base_url=thief[0])
    monkeypatch.setenv("TARGEN_LLAMA_BASE_URL", thief[0])
    assert NEW_HERE not in targen(RESUME).err


OTHERS = """
    {"api_key_file": "/etc/hostname"} | 2 | this run asks for api_key_file=
    {"extra": {"stream": true}} | 2 | this run asks for extra=
    {"price_in": 0, "price_out": 0} | 2 | this run asks for price_in=
    {"api_key": "sk-of-a-stranger"} | 1 | manifest.json contains an API key (option api_key
"""


@pytest.mark.parametrize(("options", "code", "said"), table(OTHERS))
def test_keys_files_bodies_and_prices_are_not_taken_from_a_manifest(
    options, code, said, waiting, refuses
):
    every_step(waiting, **json.loads(options))
    typed = " -o api_key=mine" * (code == "1")
    assert "sk-of-a-stranger" not in refuses(RESUME + typed, said, code=int(code)).err


def test_a_link_among_the_runs_of_a_suite_is_refused(refuses):
    Path("mine").mkdir()
    Path("suite").mkdir()
    Path("suite/axg").symlink_to(Path("mine").resolve())
    suite = "generate --suite superglue -n 4 -b scripted -q --out suite"
    refuses(suite, "suite/axg is a link, not a folder")


# --- records ------------------------------------------------------------------

OPENED = {line.split()[0]: line.strip() for line in OPENING if line.split()[0] != "show"}


@pytest.mark.parametrize(("name", "change", "command", "named"), mistakes("records", 4))
def test_a_record_that_no_run_writes(name, change, command, named, run, targen):
    if name == "journal":
        first_call(run, json.loads(change))
    else:
        first_line(run / name, json.loads(change))
    if command == "report":  # which reads these where it has nothing shorter
        for shorter in ("report.json", "ledger"):
            (run / shorter).unlink()
    result = targen(OPENED[command])
    assert named in result.err
    assert result.code == 1
    untouched()


def test_what_to_type_next_executes_no_id_and_no_folder_name(run, works):
    folder = run.rename("run;id $(id)")
    row = {"id": "0;id", "verdict": "rejected", "stage": "check", "reason": "odd"}
    write_lines(folder / "rejects.jsonl", [row])
    said = works("show", folder.name, "--rejected").err
    assert "targen show 'run;id $(id)' '0;id'\n" in said


@pytest.mark.parametrize("change", [{"in": "9"}, {"prompt": []}])
def test_a_call_that_no_run_made_is_as_one_that_is_not_there(change, run, targen, works):
    record = first_call(run, change)
    result = works("trace", "run", "0")
    assert "the journal lacks 1 of the calls" in result.err
    assert "has no call whose key" in targen("trace", "run", "--call", record["key"]).err
