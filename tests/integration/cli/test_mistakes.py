"""Ordinary mistakes at every edge, each with what is printed: the error, and what to type instead.

A line of `mistakes/*.txt` is a mistake, the error, and the hint, each as far as it is printed on
one line. `refuses` checks that there is one error, and that nothing is changed; no message comes
with a traceback, as `in_process` checks.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

import targen_core as tg
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_review.api import apply_review, review
from targen_standard.revising.api import plan_revision
from targen_standard.task_files.model import Declaration
from targen_testing.fault_server import FaultServer, Response
from targen_testing.wire import OPENAI

from ...files import lines, write_lines
from ...mail import MAIL
from ...tables import mistakes

pytestmark = pytest.mark.whole

ROW = {"premise": "It rains.", "hypothesis": "It is wet.", "label": "entailment", "idx": 0}
FILES = {
    "mail.yaml": MAIL,
    "judged.yaml": "description: Mail.\nlabels: {a: Of a., b: Of b.}\ncorrector: nosuch\n",
    "rows.csv": "text,label\nWhere is it?,order\n",
    "mistyped.csv": "text,label\nWhere is it?,order\nMoney back,refnd\n",
    "odd.py": "X = 1\n",
    "other.yaml": "description: Reviews.\nlabels: {good: Of a., bad: Of b.}\n",
    "file": "x",
    "folder/x": "y",
    "models/mail-0/model.json": "{}",
    "plugin/pyproject.toml": "[project]\nname = 'mine'\n",
}


def write(files):
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text)


@pytest.fixture(scope="module")
def _kept(tmp_path_factory):
    return tmp_path_factory.mktemp("kept") / "folder"


@pytest.fixture
def mail(finished, _kept):
    """A task, a run of it, and files that are something else."""
    if not _kept.exists():
        write(FILES)
        finished("mail.yaml", "-n", 4)
        apply_review(review("run", bad=[0], out="grades"), out="reviewed")
        shutil.copytree(".", _kept, ignore=shutil.ignore_patterns("cache", "config"))
    else:
        shutil.copytree(_kept, ".", dirs_exist_ok=True)


# --- a task's file ----------------------------------------------------------


@pytest.mark.parametrize(("text", "error", "hint"), mistakes("keys"))
def test_a_key(text, error, hint, refuses):
    labels = "labels: {order: a b, refund: c d}\n"
    text = text.replace("L; ", labels).replace("\\t", "\t").replace("\\u00a0", "\u00a0")
    Path("t.yaml").write_text(f"description: Mails.\n{text}\n")
    Path("few.csv").write_text("text,label\nWhere is it?,order\n")
    where = ", " if error.startswith("line ") else " "
    refuses("generate t.yaml -n 4 -b scripted --out run", f"t.yaml{where}{error}", hint)


@pytest.mark.parametrize(("name", "text", "error", "hint"), mistakes("files", 4))
def test_a_file(name, text, error, hint, refuses):
    Path(name).write_text(text + "\n")
    refuses(f"generate {name} -n 4 -b scripted --out run", f"{name}, {error}", hint)


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf" + MAIL.encode(), MAIL.replace("\n", "\r\n").encode()]
)
def test_a_file_of_another_editor_is_read(data, works):
    Path("t.yaml").write_bytes(data)
    assert "order: the customer asks where an order is" in works("describe", "t.yaml").out


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252"])
def test_a_file_of_another_encoding(encoding, refuses):
    Path("t.yaml").write_bytes(MAIL.replace("shop", "café").encode(encoding))
    name = encoding if encoding == "utf-16" else "NAME"
    hint = f": iconv -f {name} -t utf-8 t.yaml > utf-8-t.yaml"
    refuses("describe t.yaml", "t.yaml, line 1: it is not UTF-8 text", hint)


# --- a command --------------------------------------------------------------


@pytest.mark.usefixtures("mail")
@pytest.mark.parametrize(("line", "error", "hint"), mistakes("commands"))
def test_a_command(line, error, hint, refuses):
    refuses(line, error, hint)


# --- a dataset --------------------------------------------------------------


@pytest.mark.usefixtures("mail_file")
@pytest.mark.parametrize(("name", "text", "error", "hint"), mistakes("datasets", 4))
def test_a_dataset(name, text, error, hint, refuses):
    if name != "nope.csv":
        Path(name).write_bytes(f"{text}\n".removeprefix("\n").encode("latin-1"))
    refuses(f"export {name} --task mail.yaml --out rows.jsonl", error, hint)


@pytest.mark.usefixtures("mail_file")
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_of_another_program_is_read(mark, works):
    text = "text,label\nWhere is it?,order\nMoney back,refund\n".replace(",", mark)
    Path("rows.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    works("validate rows.csv --task mail.yaml")
    works("generate mail.yaml -n 4 -b scripted -q --variant paper --contexts rows.csv --out run")
    assert Path("run/given-contexts.jsonl").read_text() == '"Where is it?"\n"Money back"\n'


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd there")
def test_a_pipe_from_a_shell_is_read(targen):
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as rows:
        rows.write(json.dumps(ROW))
    result = targen("validate", f"/dev/fd/{reader}", "--task", "rte")
    os.close(reader)
    assert "1 row of rte" in result.out


@pytest.mark.usefixtures("mail_file")
def test_what_many_rows_lack_is_said_once(targen, works, refuses):
    Path("none.csv").write_text("text,lable\n" + "a,ordre\n" * 30)
    Path("some.csv").write_text("text,label\n" + "a,order\nb,ordr\nc,refund\nd,ordr\n" * 2)
    Path("good.csv").write_text("text,label\nOh,order\nAh,refund\n")
    shown = targen("validate none.csv --task mail.yaml").out
    said = r"2 +0 +30  label: no such column; if lable contains it, rename that column"
    assert re.search(said, shown)
    assert shown.count("no such column") == 1
    said = "lines 3, 5, 7, …: label: 'ordr' is not 'order' or 'refund'; did you mean order?"
    made = works("train some.csv --task mail.yaml --out model")
    assert made.err.count(f"warning: some.csv: 4 lines skipped; {said}") == 1
    hint = "correct or remove these lines; run targen validate some.csv --task"
    for line in ("evaluate model some.csv", "compare some.csv --task mail.yaml --test some.csv"):
        refuses(line, f"error: some.csv: 4 lines not scored; {said}", hint, keeps=False)
    done = works("compare some.csv --task mail.yaml --test good.csv")
    assert done.err.count("lines skipped") == 1


@pytest.mark.usefixtures("mail_file")
@pytest.mark.parametrize("name", ["own.csv", "own.jsonl", "own.parquet"])
def test_all_commands_find_the_same_columns_of_text_and_label(name, works):
    rows = [
        {"Text": f"{text} {n}", "Kategorie": label}
        for n in "abcd"
        for text, label in (("where is my parcel", "order"), ("my money back for", "refund"))
    ]
    if name == "own.csv":
        lines_ = [";".join(cells) for cells in (rows[0], *map(dict.values, rows))]
        Path(name).write_text("\ufeff" + "\n".join(lines_))
    elif name == "own.jsonl":
        write_lines(name, rows)
    else:
        parquet.write_table(pyarrow.Table.from_pylist(rows), name)
    said = f"{name}: text: Text, label: Kategorie"
    for line in (
        f"validate {name} --task mail.yaml",
        f"train {name} --task mail.yaml --out model",
        f"generate mail.yaml -n 4 -b scripted -q --examples {name} --out run",
    ):
        assert works(line).err.count(said) == 1
    analysed = works(f"analyze run --metric lexical --against {name}").out
    assert "text: Text, label: Kategorie" in analysed
    works(f"export {name} --task mail.yaml --out rows.jsonl")
    assert lines("rows.jsonl")[0] == {"text": "where is my parcel a", "label": "order", "idx": 0}


@pytest.mark.usefixtures("mail_file")
def test_columns_of_a_file_that_the_task_does_not_have_are_named_once_and_kept(targen, works):
    Path("rows.csv").write_text(
        "id,text,label,split\n7,Where is it?,order,\n9,Money back,refund,b\n"
    )
    said = "rows.csv: the task mail ignores the columns id, split\n"
    works("train rows.csv --task mail.yaml --out model")
    for line in (
        "validate rows.csv --task mail.yaml",
        "correct rows.csv --task mail.yaml -b scripted --out corrected -y",
        "evaluate model rows.csv --by split",
    ):
        assert works(line).err.count(said) == 1
    kept = [(row["id"], row["split"], row["idx"]) for row in lines("corrected/dataset.jsonl")]
    assert kept == [("7", "", 0), ("9", "b", 1)]
    assert "valid" in works("validate corrected").out
    works("generate mail.yaml -n 4 -b scripted -q --out run")
    rows = Path("run/dataset.jsonl")
    rows.write_text(rows.read_text().replace("{", '{"id": 7, ', 1))
    assert "id: unknown column" in targen("validate run").out  # a run has only its task's columns


# --- a service --------------------------------------------------------------


KINDS = {"data:": "text/event-stream", "<!DOCTYPE": "text/html"}


def check_told(done, address, name, error, hint):
    """Check what a command that failed said of a service, whose address is called `name`."""
    told = done.err.replace(address, name)
    assert done.code == 1
    assert f"error: {error}" in told
    assert f"  try: {hint}" in told


def response(status, body):
    """How a service answers: with a body, a reply that `says` something, or from another place."""
    if body.startswith("says"):
        return Response(OPENAI.answer(body.removeprefix("says").strip(), "stop"))
    if status == "301":
        return Response("", 301, {"Location": body})
    if body.startswith("{"):
        return Response(json.loads(body), int(status))
    kind = next((kind for start, kind in KINDS.items() if body.startswith(start)), "text/plain")
    return Response(body, int(status), {"Content-Type": kind})


@pytest.mark.usefixtures("mail_file")
@pytest.mark.parametrize(("status", "body", "error", "hint"), mistakes("services", 4))
def test_a_service(status, body, error, hint, targen):
    with FaultServer(response(status, body), models=("tiny", "large")) as service:
        address = f"--base-url {service.url}/v1 --max-outage 0.2"
        done = targen(f"generate mail.yaml -n 2 -b llama --model tinny -q {address}")
    check_told(done, service.url, "URL", error, hint)


CHECK = "backends check llama --model tiny --base-url"


@pytest.mark.parametrize(("address", "error", "hint"), mistakes("addresses"))
def test_an_address(address, error, hint, targen):
    with FaultServer(Response({"detail": "Not Found"}, 404), models=("tiny",)) as service:
        host = service.url.removeprefix("http://")
        done = targen(f"{CHECK} {address.replace('HOST', host)}")
    check_told(done, host, "HOST", error, hint)


def test_a_server_that_hangs_up_when_asked_for_https(targen):
    async def hang_up(reader, writer):
        await reader.read(1)
        writer.transport.abort()

    async def check():
        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with server:
            host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
            return host, await asyncio.to_thread(targen, f"{CHECK} https://{host}/v1")

    _, done = asyncio.run(check())
    assert "the server closed the connection at once" in done.err
    assert "if it does not use https, write --base-url with http://" in done.err


def test_a_proxy_that_does_not_answer(refuses, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.delenv(name.replace("http", "no").replace("HTTP", "NO"), raising=False)
    error = "the proxy 127.0.0.1:9 (HTTPS_PROXY or HTTP_PROXY) does not answer"
    hint = "is the proxy's address right? NO_PROXY lists hosts that need no proxy"
    refuses(f"{CHECK} http://llm.invalid/v1", error, hint, code=1)


def test_a_socks_proxy_is_refused(refuses, monkeypatch):
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")
    refuses(f"{CHECK} http://llm.invalid/v1", "is a SOCKS proxy, which targen cannot use")


@pytest.mark.parametrize("key", ["sk-a\nsk-b", "Bearer sk-a", "sk-á"])
def test_a_key_that_no_key_can_be(key, refuses, monkeypatch):
    monkeypatch.setenv("TARGEN_LLAMA_API_KEY", key)
    error = "the key from TARGEN_LLAMA_API_KEY contains a space, a line break or a"
    hint = "give only the key, without quotes, a name or a comment"
    assert "sk-" not in refuses(f"{CHECK} http://127.0.0.1:9/v1", error, hint).err


# --- Python -----------------------------------------------------------------


@pytest.mark.usefixtures("mail")
@pytest.mark.parametrize(
    ("call", "error", "hint"),
    [
        (
            lambda: tg.generate("mial.yaml", n=4, model="scripted"),
            "there is no file mial.yaml",
            "did you mean mail.yaml?",
        ),
        (
            lambda: tg.generate("mail.yaml", model="scripted"),
            "the number of rows is missing",
            "-n 100, or --label order=40",
        ),
        (
            lambda: tg.generate("mail.yaml", n=4, seed=2, model="scripted", out="run"),
            "run contains a different run, started with --seed 0, not 2",
            "targen resume run resumes it with its recorded options; or choose",
        ),
        (
            lambda: tg.generate("mail.yaml", n=4, temprature=1, model="scripted"),
            "generate() has no keyword 'temprature'",
            "did you mean temperature",
        ),
        (
            lambda: tg.generate("mail.yaml", n="4", model="scripted"),
            "n is '4'",
            "pass a whole number of rows, such as n=100",
        ),
    ],
)
def test_a_call_has_the_same_text(call, error, hint):
    with pytest.raises(tg.TargenError) as caught:
        call()
    assert error in str(caught.value)
    assert hint in caught.value.hint
    assert not Path("runs").exists()


# --- no mistake, but worth a word ---------------------------------------------


@pytest.mark.usefixtures("mail_file")
def test_the_small_model_is_never_asked_silently(targen, caplog):
    done = targen("generate mail.yaml -n 4 --dry-run")
    assert "no backend was given, so targen uses local, a small model for trying things" in done.err
    wrong = ("-n 0", "-n 4 --out mail.yaml", "-n 4 --contexts no.csv")
    for line in [f"generate mail.yaml {each}" for each in wrong] + ["preview mal.yaml"]:
        done = targen(line)
        assert done.code == 2 and "so targen uses local" not in done.err
    assert targen("describe mail.yaml --prompts").code == 0
    assert "no model was given" not in caplog.text
    registry = load_registry()
    local = registry.find("backend", "local")
    others = [each for each in registry.everything() if each is not local]
    scripted = replace(registry.find("backend", "scripted"), name="local")
    tg.generate("mail.yaml", n=4, registry=Registry([*others, scripted]))
    assert 'no model was given, so targen uses "local"' in caplog.text


def test_a_task_for_which_the_small_model_is_too_small():
    from targen_backends.local.backend import BACKEND, LocalOptions

    assert "It is too small for 5 labels" in BACKEND.caveat(LocalOptions(), 5)
    assert BACKEND.caveat(LocalOptions(), 2) == ""
    assert BACKEND.caveat(LocalOptions(model="mine.gguf"), 5) == ""


@pytest.mark.usefixtures("mail_file")
@pytest.mark.parametrize("counts", ["-n 1", "--label order=12"])
def test_rows_of_one_label(counts, works, caplog):
    """A dataset of one label teaches nothing; a single row is a try."""
    done = works(f"generate mail.yaml {counts} -b scripted -q")
    is_try = counts == "-n 1"
    lone = "order is the only label that gets rows, so no classifier can learn"
    few = 'note: 1 row for 2 labels: label "refund" gets no rows'
    assert (lone in caplog.text, few in done.err) == (not is_try, is_try)


def test_a_task_of_one_label(caplog, works):
    Path("one.yaml").write_text("description: Mails.\nlabels:\n  order: where is it\n")
    said = "order is the only label, so there are no shares to balance, step 4 can only reject rows, and "
    for words in ("preview one.yaml", "generate one.yaml -n 2 -q --out run"):
        caplog.clear()
        works(f"{words} -b scripted")
        assert caplog.text.count(said + "no classifier can learn from such a dataset") == 1


def test_tasks_without_a_name_have_runs_of_their_own(caplog, alone):
    labels = {"order": "where is it", "refund": "money back"}
    mails = Declaration(description="Mails.", labels=labels)
    jokes = Declaration(description="Jokes.", labels={"funny": "a laugh", "flat": "none"})
    runs = [tg.generate(each, n=2, model="scripted", progress=False) for each in (mails, jokes)]
    assert [str(run.path) for run in runs] == ["runs/order-refund-0", "runs/funny-flat-0"]
    assert "another run" not in caplog.text
    more = Declaration(description="Mails.", labels={"advice": "a question", **labels})
    changes = plan_revision(runs[0], more, labels={"advice": 1}).changes
    assert [each.name for each in changes] == ["labels.advice.definition", "rows.advice"]


@pytest.mark.usefixtures("mail_file")
def test_it_is_said_once_which_columns_hold_the_examples(works, caplog):
    rows = [f"where is my parcel {n},order\nmy money back for {n},refund\n" for n in "abcd"]
    Path("own.csv").write_text("message,intent\n" + "".join(rows))
    generate = "generate mail.yaml -n 4 -b scripted --examples own.csv"
    for start in (f"{generate} -q --out run",):
        caplog.clear()
        works(start)
        assert "own.csv: text: message, label: intent" in caplog.text
    caplog.clear()
    for later in ("resume run -n 6 -q", "replay run --out again", "show run", "export run"):
        works(later)
    assert "text: message" not in caplog.text
    done = works(f"{generate} --dry-run")
    assert "own.csv would be used and copied into the run directory" in done.out
    assert "Prompts contain examples from own.csv." in done.out
