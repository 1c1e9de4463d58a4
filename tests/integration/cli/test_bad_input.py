"""Bad input: an exit code, a message that names the matter, a way out, and nothing changed.

`refuses` checks all of these; no message comes with a traceback, as `in_process` checks.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
import typer

from targen_cli.app import build
from targen_cli.misspelt import _MEANT
from targen_core.options import Limits, ListOptions, RowOptions

from ...runs import edit
from ...tables import table

GOOD = "The mill of Dunmore was rebuilt by Ada Brenner in 1993 after a storm."
ROW = {"premise": "It rains.", "hypothesis": "It is wet.", "label": "entailment", "idx": 0}
FILES = {
    "file": "here",
    "folder/thesis.tex": "years of work",
    "empty.txt": "",
    "here.py": "",
    "wrong.py": "def (",
    "good.txt": f"{GOOD}\n",
    "rows.jsonl": f"{json.dumps(ROW)}\n",
    "bad.jsonl": f"{json.dumps(ROW)}\n{json.dumps({**ROW, 'label': 'maybe', 'idx': 1})}\n",
    "bare.jsonl": '{"premise": "It rains.", "hypothesis": "It is wet."}\n',
}


@pytest.fixture
def _there(finished):
    """Files, a run of 20 rows with some rejects, and one that asks for nothing unusual."""
    for name, text in FILES.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(text)
    finished("rte", "-n", 20, "--seed", 1, "-o", "refusal_rate=0.2")
    finished("rte", "-n", 4, out="plain")


# --- what is typed ----------------------------------------------------------

LINES = """
    list-runs | there is no command 'list-runs' | targen runs
    push | there is no command 'push' | targen export RUN --push
    runs run --temperature 1 | targen runs has no option --temperature | targen runs --help

    # what is to be generated, and how much of it
    generate --suite superglu -n 2 -b scripted | | did you mean superglue
    generate rte -b scripted --preset papre | | did you mean paper
    generate rte --suite superglue -n 4 -b scripted | give a task to generate, or --suite PLUGIN
    generate rte --label =4 | '=4' is not NAME=VALUE | --label LABEL=40
    generate rte --label entailment=1.5 | '1.5' is not a number of rows
    generate rte --label entailment=-2 | label entailment has a quota of -2
    generate --suite superglue --out '' | --out is empty | or omit --out
    generate rte -n 4 --yes -b chatgpt/gpt-6-luna --out a/b/c | has no API key
    generate rte -n 8 -b scripted --shard 3/3 --contexts-limit 2 | so this shard would be empty
    estimate -n 4 | give a task to estimate, or --suite PLUGIN for all tasks of a plugin
    estimate rte -b scripted -n 2 --yield 1.5 | --yield is 1.5; it must be above 0 and at most 1

    # previews
    preview rte -n 0 | -n is 0; it must be at least 1
    preview rte -b scripted --shard 1/3 | has no option --shard | only targen generate and estimate
    preview rte -b scripted --variants default,nosuch | has no variant 'nosuch'
    preview rte -b scripted --variants paper --variant paper | --variants cannot be combined
    preview rte -b scripted --solve rows.jsonl | --solve requires --variants
    preview rte -b scripted --variants paper --solve nosuch.jsonl | there is no file

    # what is installed
    describe rtee | | did you mean rte
    describe rte --kind taks | | did you mean task
    describe meta --variant x | --variant is for tasks, but meta is a corrector
    describe rte -o model=m | -o is for backends, but rte is a task
    describe csv --prompts | inverse generators and correctors, but csv is an exporter
    describe rte --kind backend | no backend named 'rte'
    describe chatgpt -o modle=gpt | backend chatgpt has no option 'modle' | did you mean model?

    # what a run has
    show run 9.9/entailment/0 | run has no candidate "9.9/entailment/0"
    show run 3 --rejected | --label, --changed, --rejected and --reason cannot be used with a ROW
    show run --changed --rejected | --changed cannot be used with --rejected or --reason
    show run --reason refusl | no candidates rejected for "refusl" | did you mean refusal?
    show run --label entailed | no rows with the label "entailed" | did you mean entailment
    trace run nobody | | targen show run --rejected prints
    trace run --call ab | not the beginning of a call's key
    trace run --call 00000000000000000000000000000000 | no call whose key begins with 0000
    report run --html --json | --html and --json
    report run --html --out . | is a folder
    runs | no folder runs
    runs rm | needs the runs
    runs list a b | accepts only one folder
    replay run --out run | run exists
    replay run --no-correct --corrector vote | cannot be combined
    batch export plain | the scripted backend, which step contexts uses, cannot write calls

    # exports
    export run --out= | --out is empty | or omit --out
    export run --split 80/30 | the share of train is 80; it must be between 0 and 1
    export run --split a/b | 'a/b' is not a valid split
    export run --split train=0.5/0.5 | 'train=0.5/0.5': each split needs its own name
    export run --split ../x=0.5/y=0.5 | '../x=0.5/y=0.5' is not a valid split
    export run --split 'a b=0.5/y=0.5' | 'a b' cannot be used as a split name: use letters
    export run --split 0.98/0.01/0.01 | is too small for this split: validation and test
    export run --as jsonl --out folder | folder is a folder, but this export is a file | different
    export run --as hf --out folder | folder exists | use --force to replace an earlier export, or
    export run --as hf --out . --force | which did not come from an export and would be lost
    export run --force --out run/new | | choose a different --out
    export run --force --out run/journal --as hf | | choose a different --out
    export run --force --out run --as hf | | choose a different --out
    export rows.jsonl --task rte --out rows.jsonl --force | rows.jsonl is the dataset that is
    export run --weights | run has no weights
    export bad.jsonl --task rte --as csv | bad.jsonl, line 2 does not fit the task rte: label
    export run --push rte | 'rte' is not a valid name for a dataset on the hub
    export run --push me/rte --as csv | --push works with the format hf, not with csv
    export run --license mit --as csv | --license works with the format hf, not with csv
    export run --license 'no such' | --license 'no such' is not a licence id
    export run --push me/rte --out x | --push and --out cannot be used together
    correct bare.jsonl --task rte -b scripted | no labelled rows

    # drafts and plugins
    init-task | describe the task, or pass --blank
    init-task words --blank | --blank does not use a model, so omit the description
    init-task ' ' -b scripted | the description is empty
    init-task words --out t.json | the name must end in .yaml or .yml
    new task -- 'My Task' | 'My Task' is not a valid distribution name | targen new task my-task
    new task -- -x | '-x' is not a valid
    new task -- été | 'été' is not a valid | targen new task t
    new task -- xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx | has 33 characters; at most 32
    new task -- Targen_Core | with this name is already installed: targen-core | pip uninstall
    new task -- rte | 'rte' is already used by an installed task | a different
    new contexts shops --into nowhere | there is no file
    plugins check | no folder was given | targen plugins check PATH
    plugins chekc . | plugins chekc: no such action | targen plugins check PATH
    plugins check nowhere | no file nowhere/pyproject.toml | give the folder that contains
    new contexts shops --into demo --out x | --out and --into cannot be used together
"""
JOBS = """
    resume folder | folder is not a run directory | targen generate --out creates
    report folder | folder is not a run directory | targen generate --out creates
    runs rm folder --yes | folder is not a run directory
    generate rte -b scripted -n 4 --out file/a/made | file is a file, not a folder | --out
    generate --suite superglue -b scripted -n 4 --out file/a | file is a file, not a folder | --out
    correct rows.jsonl --task rte -b scripted --out file/a/made | file is a file, not a folder | --out
    new task demo --out file/a/made | file is a file, not a folder | --out
    init-task --blank --out no/such/folder.yaml | cannot write
    init-task notes -b scripted --max-tokens 10 | token budget exhausted
"""  # noqa: E501
"""These have exit code 1: what is typed may be right on another day."""
OPTIONS = """
    --backend-for correct=scriptd | | did you mean scripted
    -o seed.batch=2 | | did you mean seeds
    --corrector mta | | did you mean meta
    --variant papr | | did you mean paper
    --no-correct --corrector meta | --no-correct and --corrector cannot be used together
    -o '' | option '' is not KEY=VALUE | -o temperature=0.7
    -o correct.nonsense=1 | backend scripted has no option 'nonsense' | latency_ms
    --backend-for correct | --backend-for 'correct' is not NAME=VALUE | --backend-for correct=llama
    -o top_k=1.5 | option top_k=1.5: it must be a whole number
    -o garbage_rate=2 | option garbage_rate of backend scripted
    -o latency_ms=nan | option latency_ms of backend scripted
    -o seeds.candidates=0 | seeds.candidates=0: it must be a whole number from 1 to 50
    -o script=nosuch.py:reply | there is no file nosuch.py
    -o script=here.py:nosuch | nosuch
    -o script=here.py | pass FILE.py:FUNCTION or MODULE:FUNCTION
    -o script=wrong.py:reply | invalid syntax
    --seeds good.txt --contexts good.txt | --seeds also replaces the contexts, so pass only one
    --seeds folder | --seeds file folder: Is a directory
    --contexts empty.txt | --contexts file empty.txt is empty
    -o seeds.batch=1000000000000 | seeds.batch
    # of one's own executor, filters and embedder
    --executor besid | no executor named 'besid' is installed
    --workers 2 | --workers requires --executor
    --executor beside --workers 0 | --workers 0: it must be a number of workers
    --executor beside --workers 2 | has one worker
    --executor beside --resources gpu | it must map names to amounts above 0
    --executor beside --replica one | --replica one: not a server address
    --executor beside --batch | --executor beside and --batch cannot be combined
    --max-cosine 0.8 --max-refused 1 | --max-refused is 1.0; it must be at most
    --max-refused 0.1 | --max-refused requires --max-cosine
    --max-cosine 0.8 --embedder word | no embedder named 'word' is installed
    --filter distance | needs the option 'max_cosine'
    --exclude owner/name | there is no file owner/name | --exclude hf:owner/name
    --shard 3/2 | no shard 3 of 2
    --shard two | does not have the form NUMBER/COUNT
    --shard 9/9 | 2 rows cannot fill 9 shards
    --shard 2/2 --contexts-limit 1 | an item cannot be divided between shards
    --contexts-fraction 0.5 | --contexts-fraction
    --corrector none | | --no-correct
    --dimension a=x --dimension a=y | --dimension contains a twice
    --dimension contexts.a=x --dimension generate.A=y | two of its dimensions have the name 'A'
    --contexts good.txt --dimension contexts.word=@words | you gave the contexts
"""
REFUSED = [
    *((*row, 2) for row in table(LINES)),
    *((*row, 1) for row in table(JOBS)),
    *((f"generate rte -b scripted -n 2 {line}", *row, 2) for line, *row in table(OPTIONS)),
]


@pytest.mark.usefixtures("_there")
@pytest.mark.parametrize(("line", "error", "hint", "code"), REFUSED)
def test_a_line_is_refused(line, error, hint, code, refuses, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("HF_TOKEN", "of nobody")
    refuses(line, error, hint, code=code)


def test_another_name_of_an_option_is_answered_with_ours(refuses):
    """On each command that has the one and not the other."""
    app = build()
    context = typer.Context(app)
    found = {name: app.get_command(context, name) for name in app.list_commands(context)}
    options = {
        name: {option for param in command.params for option in param.opts}
        for name, command in found.items()
        if hasattr(command, "params") and not hasattr(command, "list_commands")
    }
    for wrong, right in _MEANT.items():
        takes = [name for name, has in options.items() if right in has and wrong not in has]
        assert takes, f"no command has {right}"
        for name in takes:
            refuses(f"{name} x {wrong} 1", f"has no option {wrong}", right)


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
    --contexts mine.jsonl | "a topic"\\n7 | line 2: 7 is not of type str
    --contexts mine.jsonl | a topic | line 1: it is not JSON: Expecting value
    --contexts mine.jsonl | "half \\ud83d" | line 1: 'utf-8' codec can't encode
    --seeds mine.jsonl | "{GOOD}"\\n{{"premise": 7}} | line 2: premise:
    --seeds mine.jsonl | "{GOOD}"\\n{{"text": "x"}} | line 2: premise: Field
    --seeds mine.txt | {GOOD}\\nToo short. | line 2: the premise has 2 words
    --seeds mine.txt | {GOOD}\\n{GOOD[:-1]} | line 2: the premise ends mid-sentence
"""


@pytest.mark.parametrize(("option", "lines", "error"), table(ITEMS))
def test_an_item_of_the_wrong_kind_is_named_by_its_line(option, lines, error, refuses):
    flag, name = option.split()
    Path(name).write_text(lines + "\n")
    refuses(f"generate rte -n 2 -b scripted {option}", f"{flag} file {name}, {error}")


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
    lock.task.version | "0" | resume run -q | version 0, but version 3 is installed | install the
    lock.task.version | "0" | {again} | started with task version 0; you asked for 3 | --out
    lock.task.prompts.entailment | "ab" | {again} | started with task prompts entailment ab; you ask
    format | 99 | resume run | format 99, but this version of targen reads format 3 | targen-core
    spec.task | "acme:parcels" | resume run -q | no task named 'acme:parcels' is installed
"""


def test_a_run_of_another_task_is_told_by_its_task(finished, refuses):
    finished("rte", "-n", 4)
    said = "started with task targen-tasks-superglue:rte; you asked for targen-tasks-superglue:cb"
    refuses("generate cb -n 3 -b scripted --out run", said, "choose a different --out")


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
    refused = refuses(
        f"{line} 'my run'", "my run contains a different run", "targen resume 'my run'"
    )
    assert "--out 'my run-3'" in refused.err
    monkeypatch.chdir("my run")
    refuses(f"{line} .", ". contains a different run", f"--out '{Path.cwd()}-3'")


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
    refuses("analyze run --out run/analysis", said, "choose a different --out", code=1)


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
    refuses("resume run -n 4 -q", said, "restore the file, or generate a new run")
    path.unlink()
    refuses("resume run -q", f"--{flag} file run/given-{flag}.jsonl: No such file")
