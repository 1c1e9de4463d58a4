"""Bad input: an exit code, a message that names the matter, a way out, and nothing changed.

`refuses` checks all of these; no message comes with a traceback, as `in_process` checks.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest

from targen_core.options import Limits, ListOptions, RowOptions

from ...runs import edit
from ...tables import table

GOOD = "The mill of Dunmore was rebuilt by Ada Brenner in 1993 after a storm."
ROW = {"premise": "It rains.", "hypothesis": "It is wet.", "label": "entailment", "idx": 0}
FILES = {
    "file": "here",
    "folder/thesis.tex": "years of work",
    "empty.txt": "",
    "blank.jsonl": "\n\n  \n",
    "here.py": "",
    "wrong.py": "def (",
    "good.txt": f"{GOOD}\n",
    "rows.jsonl": f"{json.dumps(ROW)}\n",
}


@pytest.fixture
def _files():
    for name, text in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)


# --- what is typed ----------------------------------------------------------

LINES = """
    generate acme:rte -n 2 -b scripted | no task named 'acme:rte' is installed
    list-runs | no command 'list-runs' | targen runs
    push | no command 'push' | targen export RUN --push
    # names with a typing error, wherever they are typed
    describe rtee | | did you mean rte
    describe voet | | did you mean vote
    describe article-tilte | | did you mean article-titles
    describe rte --kind taks | | did you mean task
    preview rtw | | did you mean rte
    generate rte -b scripted --preset papre | | did you mean paper
    generate --suite superglu -n 2 -b scripted | | did you mean superglue
    export rows.jsonl --task rte --as jsnl | | did you mean jsonl
    correct rows.jsonl --task rtte | | did you mean rte
    generate x --patience 1 | targen generate has no option --patience | mean --max-outage?
    generate x --contexts-share 1 | has no option --contexts-share | mean --contexts-fraction?
    validate x --most 1 | targen validate has no option --most | did you mean --limit?
    runs x --temperature 1 | targen runs has no option --temperature | targen runs --help

    # numbers of rows
    preview rte -n 0 | -n is 0; it must be at least 1
    generate rte --label =4 | '=4' is not NAME=VALUE | --label LABEL=40
    generate rte --label entailment=1.5 | '1.5' is not a number of rows
    generate rte --label entailment=-2 | label entailment has a quota of -2
    estimate rte -b scripted -n 2 --yield 0 | --yield is 0.0; it must be above 0 and at most 1
    estimate rte -b scripted -n 2 --yield 1.5 | --yield is 1.5; it must be above 0 and at most 1

    # what a command needs
    generate rte -n 2 -b scripted --max-outage 0 | --max-outage is 0
    preview rte -b scripted --max-outage 0 | --max-outage is 0
    correct rows.jsonl --task rte -b scripted --max-outage 0 | --max-outage is 0
    init-task 'A task.' -b scripted --max-outage 0 | --max-outage is 0

    # where to write
    generate --suite superglue --out '' | --out is empty | or leave --out out
    export run --out= | --out is empty | or leave --out out
    new task x --out= | --out is empty | or leave --out out
"""
WITHOUT_A_FOLDER = """
    resume folder | folder is not a run directory | targen generate --out creates
    report folder | folder is not a run directory | targen generate --out creates
    generate rte -b scripted -n 4 {out} | file is a file, not a folder | --out
    generate --suite superglue -b scripted -n 4 {out} | file is a file, not a folder | --out
    correct rows.jsonl --task rte -b scripted {out} | file is a file, not a folder | --out
    export rows.jsonl --task rte {out} | file is a file, not a folder | --out
    init-task --blank {out} | file is a file, not a folder | --out
    new task demo {out} | file is a file, not a folder | --out
"""
"""These have exit code 1: what is typed may be right on another day."""
OPTIONS = """
    --backend-for correct=scriptd | | did you mean scripted
    -o seed.batch=2 | | did you mean seeds
    --corrector mta | | did you mean meta
    --variant papr | | did you mean paper
    --no-correct --corrector meta | --no-correct and --corrector exclude each other
    -o '' | option '' is not KEY=VALUE | -o temperature=0.7
    -o correct.nonsense=1 | backend scripted has no option 'nonsense' | latency_ms
    --backend-for correct | --backend-for 'correct' is not NAME=VALUE | --backend-for correct=llama
    --backend-for =scripted | '=scripted' is not NAME=VALUE | --backend-for correct=llama
    -o top_k=1.5 | option top_k=1.5: it must be a whole number
    -o garbage_rate=2 | option garbage_rate of backend scripted
    -o latency_ms=soon | option latency_ms of backend scripted
    -o seeds.candidates=0 | seeds.candidates=0: it must be a whole number from 1 to 50
    -o script=nosuch.py:reply | there is no file nosuch.py
    -o script=here.py:nosuch | nosuch
    -o script=here.py | pass FILE.py:FUNCTION or MODULE:FUNCTION
    -o script=no_such_module:reply | no_such_module
    -o script=wrong.py:reply | invalid syntax
    --near-duplicates 101 | --near-duplicates is 101.0; it must be
    --seeds good.txt --contexts good.txt | --seeds also replaces the contexts: give one or the other
    --seeds folder | --seeds file folder: Is a directory
    --contexts empty.txt | --contexts file empty.txt is empty
    --contexts blank.jsonl | --contexts file blank.jsonl is empty
    -o seeds.batch=1000000000000 | seeds.batch
    -o max_tokens=10000000000000000000000000000000000000000 | max_tokens
    -o latency_ms=inf | latency_ms
    -o latency_ms=nan | latency_ms
    # of one's own executor, filters and embedder
    --executor besid | no executor named 'besid' is installed
    --workers 2 | --workers is for --executor
    --replica http://one/v1 | --replica is for --executor
    --executor beside --workers 0 | --workers 0: it must be a number of workers
    --executor beside --resources gpu | it must be amounts above 0 by name
    --executor beside --replica one | --replica one: it is not the address
    --executor beside --batch | --executor beside and --batch exclude each other
    --max-cosine 0.8 --max-refused 1 | --max-refused is 1.0; it must be at most
    --max-refused 0.1 | --max-refused is for --max-cosine
    --max-cosine 0.8 --embedder word | no embedder named 'word' is installed
    --filter distance | needs the option 'max_cosine'
    --exclude owner/name | there is no file owner/name | --exclude hf:owner/name
    --shard 3/2 | no shard 3 of 2
    --shard two | is not NUMBER/COUNT
    --shard 9/9 | 2 rows are too few for 9 shards
    --shard 2/2 --contexts-limit 1 | shards divide it by whole items
    --corrector none | | --no-correct
"""


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize(("line", "error", "hint"), table(LINES))
def test_a_line_is_refused(line, error, hint, refuses, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    hosted = "-b llama -o model=m -o base_url=https://llm.example/v1"
    refuses(line.format(hosted=hosted), error, hint)


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize(("line", "error", "hint"), table(WITHOUT_A_FOLDER))
def test_a_line_without_its_folder_is_refused(line, error, hint, refuses):
    refuses(line.format(out="--out file/a/made.yaml"), error, hint, code=1)


@pytest.mark.usefixtures("_files")
@pytest.mark.parametrize(("options", "error", "hint"), table(OPTIONS))
def test_options_are_refused(options, error, hint, refuses):
    refuses(f"generate rte -b scripted -n 2 {options}", error, hint)


def beyond():
    """Each number that a run is asked with, just outside of its range, and what is no number."""
    for model in (RowOptions, ListOptions, Limits):
        for name, field in model.model_json_schema()["properties"].items():
            for kind in field.get("anyOf", [field]):
                if not kind.keys() & {"minimum", "exclusiveMinimum"}:
                    continue
                whole = kind["type"] == "integer"
                least = kind.get("minimum", 0) - (1 if whole else 1e-9)
                low = kind.get("exclusiveMinimum", least)
                high = [10 * kind["maximum"] + 1] if "maximum" in kind else []
                for value in [low, low - 5, *high, *([] if whole else [math.nan])]:
                    yield f"--{name.replace('_', '-')}", value


@pytest.mark.parametrize(("flag", "value"), [*beyond()])
def test_a_number_beyond_its_range_is_refused(flag, value, refuses):
    more = {"--contexts-fraction": " --contexts-limit 4", "--rounds": " --batch"}.get(flag, "")
    refuses(f"generate rte -b scripted -n 2 {flag} {value}{more}", f"{flag} is {value}")


ITEMS = f"""
    --contexts mine.jsonl | "a topic"\\n7 | line 2: 7 is not a str
    --contexts mine.jsonl | "a topic"\\n\\n{{}} | line 3: {{}} is not a str
    --contexts mine.jsonl | a topic | line 1: it is not JSON: Expecting value
    --contexts mine.jsonl | "half \\ud83d" | line 1: 'utf-8' codec can't encode
    --seeds mine.jsonl | "{GOOD}"\\n{{"premise": 7}} | line 2: premise:
    --seeds mine.jsonl | "{GOOD}"\\n{{"text": "x"}} | line 2: premise: Field
    --seeds mine.jsonl | {{"premise": "x" | line 1: it is not JSON: Expecting
    --seeds mine.jsonl | "{GOOD}"\\n[] | line 2: premise:
    --seeds mine.txt | {GOOD}\\nToo short. | line 2: the premise has 2 words
    --seeds mine.txt | {GOOD}\\n{GOOD[:-1]} | line 2: the premise ends mid-sentence
"""


@pytest.mark.parametrize(("option", "lines", "error"), table(ITEMS))
def test_an_item_of_the_wrong_kind_is_named_by_its_line(option, lines, error, refuses):
    flag, name = option.split()
    Path(name).write_text(lines + "\n")
    refuses(f"generate rte -n 2 -b scripted {option}", f"{flag} file {name}, {error}")


def test_a_file_that_is_no_utf8(refuses):
    Path("mine.txt").write_bytes(b"caf\xe9\n")
    line = "generate rte -n 2 -b scripted --contexts mine.txt"
    refuses(line, "--contexts file mine.txt: it is not UTF-8 text")


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd there")
def test_a_pipe_from_a_shell_is_read(targen):
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as rows:
        rows.write(json.dumps(ROW))
    result = targen("validate", f"/dev/fd/{reader}", "--task", "rte")
    os.close(reader)
    assert "1 row of rte" in result.out


def test_too_few_seeds_end_the_run_with_what_there_is(rte, rows):
    Path("mine.txt").write_text(GOOD + "\n")
    result = rte("-n", "20", "--seeds", "mine.txt", "--out", "run")
    assert result.code == 1
    for words in (
        "labels entailment, not_entailment have 1 of 10 rows each",
        "rejects.jsonl",
        "all given seeds were used",
    ):
        assert words in result.err
    assert len(rows("run")) == 2


# --- the run directory ------------------------------------------------------

AGAIN = "generate rte -b scripted --out run"
EDITED = """
    lock.task.version | "0" | resume run -q | version 0; version 3 is installed | install the versio
    lock.task.version | "0" | {again} | started with task version 0; you asked for 3 | another --out
    lock.task.prompts.entailment | "ab" | {again} | started with task prompts entailment ab; you ask
    format | 99 | resume run | format 99, but this version of targen reads format 3 | targen-core
    spec.task | "acme:parcels" | resume run -q | no task named 'acme:parcels' is installed
"""


def test_a_run_of_another_task_is_told_by_its_task(finished, refuses):
    finished("rte", "-n", 4)
    said = "started with task targen-tasks-superglue:rte; you asked for targen-tasks-superglue:cb"
    refuses("generate cb -n 3 -b scripted --out run", said, "choose another --out")


@pytest.mark.parametrize("left", [(), (".lock", ".manifest.json.part", "given-contexts.jsonl")])
def test_an_empty_folder_and_what_a_run_killed_at_its_start_leaves_are_fine(left, rte, rows):
    Path("run").mkdir()
    for name in left:
        Path("run", name).write_text("")
    assert rte("-n", "4", "--out", "run").code == 0
    assert len(rows("run")) == 4


def test_the_folder_that_is_proposed_is_free_and_can_be_typed(finished, refuses, monkeypatch):
    Path("my run-2").mkdir()
    finished("rte", "-n", 4, out="my run")
    line = "generate rte -b scripted -n 4 --seed 1 --out"
    refused = refuses(f"{line} 'my run'", "my run contains another run", "targen resume 'my run'")
    assert "--out 'my run-3'" in refused.err
    monkeypatch.chdir("my run")
    refuses(f"{line} .", ". contains another run", f"--out '{Path.cwd()}-3'")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_out_is_not_writable(refuses):
    Path("locked").mkdir(mode=0o555)
    line = "generate rte -b scripted -n 4 --out locked/run"
    refuses(line, "cannot write to locked/run: Permission denied", code=1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_run_is_not_writable(finished, refuses):
    finished("rte", "-n", 4)
    Path("run").chmod(0o555)
    said = "cannot write to run: Permission denied"
    refuses("resume run -n 8", said, "chmod -R u+w run, or copy the run", code=1)
    said = "cannot write run/analysis: Permission denied"
    refuses("analyze run --out run/analysis", said, "choose another --out", code=1)


@pytest.mark.parametrize(("way", "value", "line", "error", "hint"), table(EDITED, 5))
def test_a_run_that_this_installation_would_not_make(
    way, value, line, error, hint, finished, refuses
):
    finished("rte", "-n", 4)
    edit("run", way, json.loads(value))
    refuses(line.format(again=f"{AGAIN} -n 4"), error, hint)


def test_an_estimate_from_another_task_s_run(finished, refuses):
    finished("rte", "-n", 4)
    edit("run", "spec.task", "acme:parcels")
    edit("run", "task", "acme:parcels", "report.json")
    said = "run is a run of acme:parcels, not of targen-tasks-superglue:rte"
    refuses("estimate rte -n 4 -b scripted --from run", said)


@pytest.mark.parametrize("flag", ["contexts", "seeds"])
def test_a_run_s_own_copy_of_contexts_or_seeds_was_edited(flag, rte, refuses):
    item = GOOD if flag == "seeds" else "school meals in Dunmore of 1993"
    lines = [item.replace("1993", str(year)) + "\n" for year in range(1950, 1960)]
    Path("mine.txt").write_text("".join(lines))
    rte("-n", "2", f"--{flag}", "mine.txt", "--out", "run")
    path = Path(f"run/given-{flag}.jsonl")
    path.write_text(path.read_text().replace("Dunmore", "Oberau"))
    said = f"the {flag} of this run, given-{flag}.jsonl, have changed"
    refuses("resume run -n 4 -q", said, "put the file back as it was, or generate a new run")
    path.unlink()
    refuses("resume run -q", f"--{flag} file run/given-{flag}.jsonl: No such file")


def _journal_lines() -> list[bytes]:
    return Path("run/journal").read_bytes().splitlines(keepends=True)


def test_a_damaged_record_in_the_journal_is_reported(finished, refuses):
    finished("rte", "-n", 10)
    lines = _journal_lines()
    lines[4] = lines[4][:20] + b"#" + lines[4][21:]
    Path("run/journal").write_bytes(b"".join(lines))
    at = len(b"".join(lines[:4]))
    for line in ("resume run -q", f"{AGAIN} -n 10"):
        refuses(
            line,
            f"run/journal: record 5 (byte {at}) is damaged",
            "restore the file from a backup, or delete the run directory",
            code=1,
        )


def test_a_torn_last_record_is_tolerated(finished, targen):
    finished("rte", "-n", 10)
    whole = Path("run/dataset.jsonl").read_bytes()
    lines = _journal_lines()
    Path("run/journal").write_bytes(b"".join(lines[:12]) + lines[12][:30])
    for name in ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl"):
        Path("run", name).unlink()
    result = targen("resume", "run", "-q", "--no-cache")
    said = "dropped an incomplete last journal record: the run was killed in mid-write\n"
    assert (result.code, result.err) == (0, said)
    assert Path("run/dataset.jsonl").read_bytes() == whole
    keys = [line.split(b'"key":"')[1][:32] for line in _journal_lines()]
    assert len(set(keys)) == len(keys)


def test_an_edited_dataset_is_not_written_over(finished, refuses):
    path = finished("rte", "-n", 4) / "dataset.jsonl"
    path.write_text(path.read_text().replace("premise", "Premise", 1))
    said = "run/dataset.jsonl: replaying the run gives different content"
    refuses("resume run -q", said, "move this file away")


# --- debugging --------------------------------------------------------------
