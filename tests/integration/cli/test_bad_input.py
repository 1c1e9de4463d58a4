"""Bad input: an exit code, a message that names the matter, and a way out.

That no message comes with a traceback is checked by the `targen` fixture.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from zlib import crc32

import pytest

from targen_cli import main
from targen_core.errors import UnknownName
from targen_core.plugins.registry import Registry


def _refused(result, message: str, hint: str = "", code: int = 2) -> None:
    """Exactly one error, on standard error, with `message` in it and then `hint`."""
    lines = result.err.splitlines()
    (error,) = [line for line in lines if line.startswith("error")]
    assert message in error
    hints = [line for line in lines if line.startswith("  try: ")]
    assert len(hints) <= 1
    assert hint in "".join(hints)
    assert bool(hints) or not hint
    assert result.code == code


# --- names ------------------------------------------------------------------


@pytest.mark.parametrize("command", ["generate", "preview", "estimate"])
def test_an_unknown_task(command, targen):
    result = targen(command, "nosuch", "-b", "scripted", "-n", "2")
    _refused(result, "no task named 'nosuch' is installed", "see: targen list-tasks")
    assert result.out == ""


def test_describing_what_is_nothing_of_any_kind(targen):
    _refused(targen("describe", "nosuch"), "nothing named 'nosuch' is installed", "list-exporters")
    near = targen("describe", "nope")
    _refused(near, "nothing named 'nope' is installed", "did you mean openai (exporter)?")


def test_a_task_with_a_typing_error(targen):
    _refused(targen("describe", "rtee"), "no task named 'rtee'", "did you mean rte")


@pytest.mark.parametrize(
    ("name", "package"), [("multirc", "targen-tasks-multirc"), ("cb", "targen-tasks-superglue")]
)
def test_a_task_of_an_absent_package_of_ours(name, package):
    with pytest.raises(UnknownName, match=f"no task named '{name}' is installed") as caught:
        Registry().find("task", name)
    assert caught.value.hint == f"pip install '{package}'"


def test_a_task_of_an_unknown_distribution(targen):
    result = targen("generate", "acme:rte", "-n", "2", "-b", "scripted")
    _refused(result, "no task named 'acme:rte' is installed")


def test_an_unknown_backend(rte, targen):
    result = targen("generate", "rte", "-n", "2", "-b", "nosuch")
    _refused(result, "no backend named 'nosuch' is installed", "see: targen list-backends")
    assert not Path("runs").exists()


def test_a_backend_with_a_typing_error(targen):
    result = targen("generate", "rte", "-n", "2", "-b", "script")
    _refused(result, "no backend named 'script'", "did you mean scripted?")


@pytest.mark.parametrize("name", ["chatgpt", "claude", "llama", "local"])
def test_a_backend_of_an_absent_package_of_ours(name):
    with pytest.raises(UnknownName, match=f"no backend named '{name}'") as caught:
        Registry().find("backend", name)
    assert caught.value.hint == f"pip install 'targen-backends[{name}]'"


def test_an_unknown_corrector(rte):
    _refused(rte("-n", "2", "--corrector", "nosuch"), "no corrector named 'nosuch'", "meta")


def test_no_correction_and_a_corrector(rte):
    result = rte("-n", "2", "--no-correct", "--corrector", "meta")
    _refused(result, "--no-correct and --corrector exclude each other")


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        ("nosuch", "the commands are: generate, "),
        ("generat", "generate"),
        ("list-runs", "targen runs"),
        ("push", "targen export RUN --push"),
    ],
)
def test_an_unknown_command(command, hint, targen):
    _refused(targen(command), f"there is no command {command!r}", hint)


def test_an_unknown_flag(rte):
    result = rte("-n", "2", "--nosuch")
    assert result.code == 2
    assert "targen generate has no option --nosuch" in result.err


# --- how many rows ----------------------------------------------------------


@pytest.mark.parametrize("n", ["0", "-1", "-100"])
@pytest.mark.parametrize("command", ["generate", "preview", "estimate"])
def test_n_must_be_positive(command, n, targen):
    result = targen(command, "rte", "-b", "scripted", "-n", n)
    _refused(result, f"-n is {n}; it must be at least 1")


def test_an_argument_that_is_missing_is_named(targen):
    _refused(targen("diff", "x"), "targen diff needs RIGHT", "targen diff --help")
    _refused(targen("report"), "targen report needs RUN: A run directory", "targen report --help")


def test_a_key_that_is_missing_is_a_mistake_like_a_missing_model(rte, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    args = ("-n", "2", "-b", "chatgpt")
    _refused(rte(*args), "the chatgpt backend needs a model name", "--model gpt-6-luna")
    _refused(rte(*args, "--model", "m"), "has no API key", "export the key as OPENAI_API_KEY")


def test_a_run_of_another_task_is_told_by_its_task(targen):
    args = ("-n", "2", "-b", "scripted", "--out", "x")
    assert targen("generate", "rte", *args).code == 0
    said = "started with task targen-tasks-superglue:rte; you asked for targen-tasks-superglue:cb"
    _refused(targen("generate", "cb", *args[2:], "-n", "3"), said, "choose another --out")


def test_n_must_be_a_number(rte):
    result = rte("-n", "many")
    assert result.code == 2
    _refused(result, "-n: it must be a whole number", "targen generate --help")


@pytest.mark.parametrize(
    "args",
    [
        ["-n", "4", "--preset", "paper"],
        ["-n", "4", "--label", "entailment=2"],
        ["--preset", "paper", "--label", "entailment=2"],
        ["-n", "4", "--preset", "paper", "--label", "entailment=2"],
    ],
)
@pytest.mark.parametrize("command", ["generate", "estimate"])
def test_rows_are_said_in_exactly_one_way(command, args, targen):
    result = targen(command, "rte", "-b", "scripted", *args)
    _refused(
        result,
        "give the number of rows in exactly one way",
        "-n 100, or --preset paper, or --label",
    )
    none = targen(command, "rte", "-b", "scripted")
    _refused(none, "the number of rows is missing", "-n 100, or --preset paper, or --label")


def test_an_unknown_preset(rte):
    result = rte("--preset", "tiny")
    _refused(result, "task rte has no preset 'tiny'", "presets: paper, original, balanced")


def test_a_quota_for_a_label_that_the_task_lacks(rte):
    result = rte("--label", "neutral=4", "--label", "entailment=2")
    _refused(
        result, "task rte has no label 'neutral'", "its labels are: entailment, not_entailment"
    )


@pytest.mark.parametrize("text", ["entailment", "entailment=", "=4", ""])
def test_a_malformed_label(text, rte):
    _refused(rte("--label", text), f"--label {text!r} is not NAME=VALUE", "--label LABEL=40")


@pytest.mark.parametrize("value", ["four", "1.5", "1e2"])
def test_a_label_without_a_number(value, rte):
    result = rte("--label", f"entailment={value}")
    _refused(result, f"{value!r} is not a number of rows")


def test_a_label_given_twice(rte):
    result = rte("--label", "entailment=2", "--label", "entailment=3")
    _refused(result, "--label names entailment twice")


def test_a_negative_quota(rte):
    _refused(rte("--label", "entailment=-2"), "label entailment has a quota of -2")


def test_quotas_of_nothing(rte):
    result = rte("--label", "entailment=0", "--label", "not_entailment=0")
    _refused(result, "all quotas are 0: there is nothing to generate")


# --- options ----------------------------------------------------------------


def test_an_unknown_option_lists_the_options(rte):
    result = rte("-n", "2", "-o", "nonsense=1")
    _refused(
        result, "backend scripted has no option 'nonsense'", "options: script, recorded, latency_ms"
    )
    assert "temperature" in result.err


def test_an_unknown_option_of_one_step(rte):
    result = rte("-n", "2", "-o", "correct.nonsense=1")
    _refused(result, "backend scripted has no option 'nonsense'", "latency_ms")


@pytest.mark.parametrize("text", ["temperature", "=1", ""])
def test_a_malformed_option(text, rte):
    _refused(rte("-n", "2", "-o", text), f"option {text!r} is not KEY=VALUE", "-o temperature=0.7")


def test_an_unknown_step_in_an_option(rte):
    _refused(
        rte("-n", "2", "-o", "corect.temperature=0"),
        "option 'corect.temperature': no step 'corect'",
        "did you mean correct?",
    )


def test_an_unknown_step_in_backend_for(rte):
    _refused(
        rte("-n", "2", "--backend-for", "corect=scripted"),
        "--backend-for corect: no such step",
        "did you mean correct?",
    )


@pytest.mark.parametrize("text", ["correct", "correct=", "=scripted"])
def test_a_malformed_backend_for(text, rte):
    result = rte("-n", "2", "--backend-for", text)
    _refused(result, f"--backend-for {text!r} is not NAME=VALUE", "--backend-for correct=llama")


def test_an_unknown_backend_for_a_step(rte):
    _refused(rte("-n", "2", "--backend-for", "correct=nosuch"), "no backend named 'nosuch'")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("max_tokens=0", "option max_tokens=0: it must be a whole number above 0"),
        ("max_tokens=many", "option max_tokens=many: it must be a whole number above 0"),
        ("temperature=-1", "option temperature=-1: it must be a number, 0 or more"),
        ("temperature=warm", "option temperature=warm"),
        ("top_k=1.5", "option top_k=1.5: it must be a whole number"),
        ("garbage_rate=2", "backend scripted: option garbage_rate"),
        ("latency_ms=soon", "backend scripted: option latency_ms"),
        ("price_in=1", "give both prices"),
        ("batch=0", "batch=0"),
        ("generate.batch=3", "generate.batch=3: only contexts and seeds have a batch size"),
        ("seeds.candidates=0", "seeds.candidates=0: it must be a whole number from 1 to 50"),
        ("seeds.batch=3,4", "seeds.batch names 2 sizes; step seeds grows one list"),
    ],
)
def test_an_option_with_a_wrong_value(option, words, rte):
    _refused(rte("-n", "2", "-o", option), words)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("nosuch.py:reply", "there is no file nosuch.py"),
        ("here.py:nosuch", "nosuch"),
        ("here.py", "say FILE.py:FUNCTION or MODULE:FUNCTION"),
        ("no_such_module:reply", "no_such_module"),
        ("wrong.py:reply", "invalid syntax"),
    ],
)
def test_a_script_that_cannot_be_used(script, words, rte):
    Path("here.py").write_text("")
    Path("wrong.py").write_text("def (")
    _refused(rte("-n", "2", "-o", f"script={script}"), words)


@pytest.mark.parametrize(
    ("flag", "value"),
    [
        ("--max-cost", "0"),
        ("--max-cost", "-1"),
        ("--max-tokens", "0"),
        ("--concurrency", "0"),
        ("--max-outage", "-1"),
    ],
)
def test_a_limit_must_be_above_0(flag, value, rte, targen):
    shown = float(value) if flag in ("--max-cost", "--max-outage") else int(value)
    _refused(rte("-n", "2", flag, value), f"{flag} is {shown}; it must be above 0")
    assert not Path("runs").exists()


@pytest.mark.parametrize(("flag", "value"), [("--rpm", "-5"), ("--tpm", "0")])
def test_a_rate_that_is_none(flag, value, rte):
    _refused(rte("-n", "2", flag, value), f"{flag} is {float(value)}; it must be at least 0.001")


@pytest.mark.parametrize("value", ["-1", "101"])
def test_a_threshold_out_of_range(value, rte):
    result = rte("-n", "2", "--near-duplicates", value)
    _refused(result, f"--near-duplicates is {float(value)}; it must be ")


@pytest.mark.parametrize("value", ["0", "-3"])
def test_giving_up_after_nothing(value, rte, targen):
    _refused(rte("-n", "2", "--give-up-after", value), f"--give-up-after is {value}")
    rte("-n", "2", "--out", "run")
    result = targen("resume", "run", "-q", "--give-up-after", value)
    _refused(result, f"--give-up-after is {value}; it must be at least 1")


@pytest.mark.parametrize("value", ["0", "-0.5", "1.5"])
def test_a_yield_out_of_range(value, targen):
    result = targen("estimate", "rte", "-b", "scripted", "-n", "2", "--yield", value)
    _refused(result, f"--yield is {float(value)}; it must be above 0 and at most 1")


def test_a_cost_cap_without_a_price(targen):
    hosted = ["-b", "llama", "-o", "model=m", "-o", "base_url=https://llm.example/v1"]
    result = targen("generate", "rte", "-n", "2", *hosted, "--max-cost", "1")
    _refused(result, "--max-cost needs a price", "--price-in 0.15 --price-out 0.60")
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    "command",
    [
        ["generate", "rte", "-n", "2"],
        ["preview", "rte"],
        ["correct", "rows.jsonl", "--task", "rte"],
        ["init-task", "A task."],
    ],
)
def test_every_command_that_calls_takes_max_outage(command, targen):
    row = {"premise": "It rains.", "hypothesis": "It is wet.", "label": "entailment", "idx": 0}
    Path("rows.jsonl").write_text(json.dumps(row) + "\n")
    _refused(targen(*command, "-b", "scripted", "--max-outage", "0"), "--max-outage is 0")


# --- files of the user's own ------------------------------------------------

GOOD = "The mill of Dunmore was rebuilt by Ada Brenner in 1993 after a storm."


@pytest.mark.parametrize("flag", ["--contexts", "--seeds"])
def test_a_file_that_is_missing(flag, rte):
    result = rte("-n", "2", flag, "nosuch.txt")
    _refused(result, f"{flag} file nosuch.txt: No such file or directory")
    assert not Path("runs").exists()


@pytest.mark.parametrize("flag", ["--contexts", "--seeds"])
def test_a_file_that_is_a_folder(flag, rte):
    Path("folder").mkdir()
    _refused(rte("-n", "2", flag, "folder"), f"{flag} file folder: Is a directory")


@pytest.mark.parametrize("text", ["", "\n\n  \n"])
@pytest.mark.parametrize("name", ["mine.txt", "mine.jsonl"])
@pytest.mark.parametrize("flag", ["--contexts", "--seeds"])
def test_a_file_that_is_empty(flag, name, text, rte):
    Path(name).write_text(text)
    _refused(rte("-n", "2", flag, name), f"{flag} file {name} is empty")


def test_a_file_that_is_no_utf8(rte):
    Path("mine.txt").write_bytes(b"caf\xe9\n")
    result = rte("-n", "2", "--contexts", "mine.txt")
    _refused(result, "--contexts file mine.txt: it is not UTF-8 text")


@pytest.mark.parametrize(
    ("flag", "name", "lines", "words"),
    [
        ("--contexts", "mine.jsonl", ['"a topic"', "7"], "line 2: 7 is not a str"),
        ("--contexts", "mine.jsonl", ['"a topic"', "", "{}"], "line 3: {} is not a str"),
        ("--contexts", "mine.jsonl", ["a topic"], "line 1: it is not JSON: Expecting value"),
        ("--contexts", "mine.jsonl", ['"half \\ud83d"'], "line 1: 'utf-8' codec can't encode"),
        ("--seeds", "mine.jsonl", [json.dumps(GOOD), '{"premise": 7}'], "line 2: premise: "),
        ("--seeds", "mine.jsonl", [json.dumps(GOOD), '{"text": "x"}'], "line 2: premise: Field"),
        ("--seeds", "mine.jsonl", ['{"premise": "x"'], "line 1: it is not JSON: Expecting"),
        ("--seeds", "mine.jsonl", [json.dumps(GOOD), "[]"], "line 2: premise: "),
        ("--seeds", "mine.txt", [GOOD, "Too short."], "line 2: the premise has 2 words"),
        ("--seeds", "mine.txt", [GOOD, GOOD[:-1]], "line 2: the premise ends mid-sentence"),
    ],
)
def test_an_item_of_the_wrong_kind_is_named_by_its_line(flag, name, lines, words, rte):
    Path(name).write_text("\n".join(lines) + "\n")
    _refused(rte("-n", "2", flag, name), f"{flag} file {name}, {words}")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs there")
@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("rows.jsonl", "validate {} --task rte"),
        ("rows.jsonl", "correct {} --task rte -b scripted"),
        ("mine.txt", "generate rte -n 2 -b scripted --contexts {}"),
        ("mine.jsonl", "generate rte -n 2 -b scripted --seeds {}"),
        ("task.yaml", "generate {} -n 2 -b scripted"),
        ("task.py", "describe ./{}"),
        ("said.jsonl", "generate rte -n 2 -b scripted -o recorded={}"),
    ],
)
def test_a_fifo_is_not_waited_for(name, command, targen):
    os.mkfifo(name)
    # Whoever opens it all the same finds it empty, and does not hang.
    threading.Thread(target=lambda: Path(name).open("wb").close(), daemon=True).start()
    result = targen(*command.format(name).split())
    _refused(result, f"{name}: it is a FIFO, not a regular file")
    os.close(os.open(name, os.O_RDONLY | os.O_NONBLOCK))  # lets the thread go


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd there")
def test_a_pipe_from_a_shell_is_read(targen):
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as rows:
        rows.write('{"premise": "It rains.", "hypothesis": "It is wet.", "idx": 0}\n')
    result = targen("validate", f"/dev/fd/{reader}", "--task", "rte")
    os.close(reader)
    assert "1 row of rte" in result.out


def test_seeds_and_contexts_together(rte):
    Path("mine.txt").write_text(GOOD + "\n")
    result = rte("-n", "2", "--seeds", "mine.txt", "--contexts", "mine.txt")
    _refused(result, "--seeds replaces the contexts too: give one or the other")


@pytest.mark.parametrize("value", ["0", "-2"])
def test_a_limit_of_no_contexts(value, rte):
    result = rte("-n", "2", "--contexts-limit", value)
    _refused(result, f"--contexts-limit is {value}; it must be at least 1")


def test_too_few_seeds_end_the_run_with_what_there_is(rte, rows):
    Path("mine.txt").write_text(GOOD + "\n")
    result = rte("-n", "20", "--seeds", "mine.txt", "--out", "run")
    _refused(result, "label entailment has 1 of 10 rows", "rejects.jsonl", code=1)
    assert "all given seeds were used" in result.err
    assert len(rows("run")) == 2


# --- the run directory ------------------------------------------------------


def test_another_run_is_there(rte, rows):
    rte("-n", "4", "--out", "run")
    before = rows("run")
    result = rte("-n", "4", "--out", "run", "--seed", "1")
    _refused(result, "run holds another run, started with seed 0; you asked for 1", "another --out")
    result = rte("-n", "4", "--out", "run", "-o", "correct.temperature=0.5")
    _refused(
        result,
        "started with model scripted of backend scripted with temperature=0.0 in step correct; you "
        "asked for model scripted of backend scripted with temperature=0.5",
        "another --out",
    )
    assert rows("run") == before


def test_the_same_run_with_more_rows_is_to_be_extended(rte):
    rte("-n", "4", "--out", "run")
    result = rte("-n", "8", "--out", "run")
    _refused(result, "its target is 4 rows, not 8", "targen resume run -n N extends it")


def test_other_files_are_there(rte):
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("years of work")
    result = rte("-n", "4", "--out", "mine")
    hint = "choose another --out, such as --out mine/run"
    _refused(result, "mine exists and is not a run directory", hint)
    assert [path.name for path in Path("mine").iterdir()] == ["thesis.tex"]


def test_what_a_run_killed_at_its_start_leaves_is_no_hindrance(rte, rows):
    Path("run").mkdir()
    for name in (".lock", ".manifest.json.part", "given-contexts.jsonl"):
        Path("run", name).write_text("")
    assert rte("-n", "4", "--out", "run").code == 0
    assert len(rows("run")) == 4


def test_an_empty_folder_is_fine(rte, rows):
    Path("empty").mkdir()
    assert rte("-n", "4", "--out", "empty").code == 0
    assert len(rows("empty")) == 4


def test_out_is_a_file(rte):
    Path("file").write_text("here")
    _refused(rte("-n", "4", "--out", "file"), "file exists and is not a run directory", "--out")
    assert Path("file").read_text() == "here"


def test_out_cannot_be_made(targen):
    Path("file").write_text("here")
    row = {"premise": "It rains.", "hypothesis": "It is wet.", "label": "entailment", "idx": 0}
    Path("rows.jsonl").write_text(json.dumps(row) + "\n")
    why = "file is a file, not a folder"
    for command in (
        ("generate", "rte", "-b", "scripted", "-n", "4"),
        ("generate", "--suite", "superglue", "-b", "scripted", "-n", "4"),
        ("correct", "rows.jsonl", "--task", "rte", "-b", "scripted"),
        ("export", "rows.jsonl", "--task", "rte"),
        ("init-task", "--blank"),
        ("new", "task", "demo"),
    ):
        result = targen(*command, "--out", "file/a/made.yaml")
        _refused(result, why, "--out", code=1)
        assert "space" not in result.err


@pytest.mark.parametrize("empty", [["--out", ""], ["--out="]])
def test_an_empty_out_is_not_this_folder(empty, targen):
    for command in (["generate", "--suite", "superglue"], ["export", "run"], ["new", "task", "x"]):
        result = targen(*command, *empty)
        _refused(result, "--out is empty", "or leave --out out")
    assert not list(Path().iterdir())


def test_the_folder_that_is_proposed_is_free_and_can_be_typed(rte, monkeypatch):
    Path("my run-2").mkdir()
    rte("-n", "4", "--out", "my run")
    refused = rte("-n", "4", "--out", "my run", "--seed", "1")
    _refused(refused, "my run holds another run", "targen resume 'my run' resumes it")
    assert "--out 'my run-3'" in refused.err
    monkeypatch.chdir("my run")
    here = rte("-n", "4", "--out", ".", "--seed", "1")
    _refused(here, ". holds another run", f"--out '{Path.cwd()}-3'")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_out_is_not_writable(rte):
    Path("locked").mkdir(mode=0o555)
    result = rte("-n", "4", "--out", "locked/run")
    _refused(result, "cannot write to locked/run: Permission denied", code=1)


@pytest.mark.parametrize("command", ["resume", "report"])
def test_what_is_no_run_directory(command, targen):
    Path("folder").mkdir()
    result = targen(command, "folder")
    _refused(result, "folder is not a run directory", "targen generate --out creates", code=1)
    _refused(targen(command, "nosuch"), "there is no run directory nosuch", code=2)


def _edit(run: str, **changes: object) -> None:
    path = Path(run) / "manifest.json"
    manifest = whole = json.loads(path.read_text())
    if "format" not in changes:
        manifest = whole["lock"]
    for name, value in changes.items():
        if isinstance(value, dict):
            manifest[name].update(value)
        else:
            manifest[name] = value
    path.write_text(json.dumps(whole))


def test_a_run_of_another_task_version(rte, targen):
    rte("-n", "4", "--out", "run")
    _edit("run", task={"version": "0"})
    _refused(
        targen("resume", "run", "-q"),
        "this run was made with targen-tasks-superglue:rte version 0; version 3 is installed",
        "install the version it was made with, or generate a new run",
    )
    _refused(
        rte("-n", "4", "--out", "run"),
        "started with task version 0; you asked for 3",
        "another --out",
    )


def test_a_run_with_other_prompts(rte, targen):
    rte("-n", "4", "--out", "run")
    prompts = json.loads(Path("run/manifest.json").read_text())["lock"]["task"]["prompts"]
    _edit("run", task={"prompts": {**prompts, "entailment": "0123456789ab"}})
    _refused(
        targen("resume", "run", "-q"),
        "the prompts, dimensions or labels of targen-tasks-superglue:rte changed without a new",
        "report it to the authors of targen-tasks-superglue",
    )
    _refused(
        rte("-n", "4", "--out", "run"),
        "started with task prompts entailment 0123456789ab; you asked for ",
    )


def test_a_run_of_another_format(rte, targen):
    rte("-n", "4", "--out", "run")
    _edit("run", format=99)
    _refused(
        targen("resume", "run"),
        "format 99, but this version of targen reads format 3",
        "targen-core",
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1, "task": 3}'])
@pytest.mark.parametrize("command", ["resume", "report"])
def test_a_manifest_that_does_not_read(command, text, rte, targen):
    rte("-n", "4", "--out", "run")
    Path("run/manifest.json").write_text(text)
    _refused(targen(command, "run"), "run/manifest.json cannot be read", code=1)


def test_a_run_of_a_task_that_is_not_installed(rte, targen):
    rte("-n", "4", "--out", "run")
    manifest = json.loads(Path("run/manifest.json").read_text())
    manifest["spec"]["task"] = "acme:parcels"
    Path("run/manifest.json").write_text(json.dumps(manifest))
    _refused(targen("resume", "run", "-q"), "no task named 'acme:parcels' is installed")


@pytest.mark.parametrize("args", [["-n", "2"], ["--label", "entailment=1"]])
def test_a_run_does_not_shrink(args, rte, targen):
    rte("-n", "6", "--out", "run")
    result = targen("resume", "run", "-q", *args)
    _refused(result, "rows requested, but the run's target is 3", "a run can only grow")


@pytest.mark.parametrize(
    "option", ["temperature=0.1", "generate.temperature=0.1", "garbage_rate=0.5", "seeds.batch=3"]
)
def test_what_decides_the_rows_cannot_be_changed_on_resume(option, rte, targen, rows):
    rte("-n", "4", "--out", "run")
    result = targen("resume", "run", "-n", "30", "-q", "-o", option)
    _refused(result, "run", "resume it with its original options")
    assert len(rows("run")) == 4


@pytest.mark.parametrize("flag", ["contexts", "seeds"])
def test_a_run_s_own_copy_of_contexts_or_seeds_was_edited(flag, rte, targen):
    item = GOOD if flag == "seeds" else "school meals in Dunmore of 1993"
    lines = [item.replace("1993", str(year)) + "\n" for year in range(1950, 1960)]
    Path("mine.txt").write_text("".join(lines))
    rte("-n", "2", f"--{flag}", "mine.txt", "--out", "run")
    path = Path(f"run/given-{flag}.jsonl")
    path.write_text(path.read_text().replace("Dunmore", "Oberau"))
    _refused(
        targen("resume", "run", "-n", "4", "-q"),
        f"the {flag} of this run, given-{flag}.jsonl, have changed",
        "put the file back as it was, or generate a new run",
    )
    path.unlink()
    result = targen("resume", "run", "-q")
    _refused(result, f"--{flag} file run/given-{flag}.jsonl: No such file")


def _journal_lines() -> list[bytes]:
    return Path("run/journal").read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda line: line[:20] + b"#" + line[21:],
        lambda line: b"\n",
        lambda line: line[:40] + b"\n",
        lambda line: b"zzzzzzzz" + line[8:],
        lambda line: b"%08x []\n" % crc32(b"[]"),
    ],
    ids=["one-byte", "blank", "cut", "no-checksum", "no-record"],
)
@pytest.mark.parametrize("number", [1, 5])
def test_a_damaged_record_in_the_journal_is_reported(number, damage, rte, targen):
    rte("-n", "10", "--out", "run", "--no-cache")
    lines = _journal_lines()
    lines[number - 1] = damage(lines[number - 1])
    Path("run/journal").write_bytes(b"".join(lines))
    for command in (["resume", "run", "-q"], ["generate", "rte", "-b", "scripted", "-n", "10"]):
        more = ["--out", "run"] if command[0] == "generate" else []
        _refused(
            targen(*command, *more),
            f"run/journal: record {number} (byte {len(b''.join(lines[: number - 1]))}) is damaged",
            "restore the file from a backup, or delete the run directory",
            code=1,
        )
    assert _journal_lines() == lines, "a damaged journal is left as it is"


@pytest.mark.parametrize("keep", [1, 30, -1])
def test_a_torn_last_record_is_tolerated(keep, rte, targen, tmp_path):
    rte("-n", "10", "--out", "whole", "--no-cache")
    rte("-n", "10", "--out", "run", "--no-cache")
    lines = _journal_lines()
    Path("run/journal").write_bytes(b"".join(lines[:12]) + lines[12][:keep])
    for name in ("dataset.jsonl", "provenance.jsonl", "rejects.jsonl"):
        (tmp_path / "run" / name).unlink()
    result = targen("resume", "run", "-q", "--no-cache")
    assert result.code == 0
    said = "dropped an incomplete last journal record: the run was killed in mid-write\n"
    assert result.err == said
    assert Path("run/dataset.jsonl").read_bytes() == Path("whole/dataset.jsonl").read_bytes()
    assert len({line.split(b'"key":"')[1][:32] for line in _journal_lines()}) == len(
        _journal_lines()
    )


def test_an_edited_dataset_is_not_written_over(rte, targen):
    rte("-n", "4", "--out", "run")
    path = Path("run/dataset.jsonl")
    edited = path.read_text().replace("premise", "Premise", 1)
    path.write_text(edited)
    result = targen("resume", "run", "-q")
    _refused(
        result,
        "run/dataset.jsonl: replaying the run gives different content",
        "move this file away",
    )
    assert path.read_text() == edited


def test_an_estimate_from_another_task_s_run(rte, targen):
    rte("-n", "4", "--out", "run")
    manifest = json.loads(Path("run/manifest.json").read_text())
    manifest["spec"]["task"] = "acme:parcels"
    Path("run/manifest.json").write_text(json.dumps(manifest))
    report = json.loads(Path("run/report.json").read_text())
    Path("run/report.json").write_text(json.dumps({**report, "task": "acme:parcels"}))
    result = targen("estimate", "rte", "-n", "4", "-b", "scripted", "--from", "run")
    _refused(result, "run is a run of acme:parcels, not of targen-tasks-superglue:rte")


# --- debugging --------------------------------------------------------------


def test_debug_shows_the_traceback(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["targen", "describe", "nosuch", "--debug"])
    with pytest.raises(Exception, match="nothing named 'nosuch'"):
        main()
