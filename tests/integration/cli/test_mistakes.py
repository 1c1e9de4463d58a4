"""Ordinary mistakes at every edge, each with what is printed: the error, and what to type instead.

A line of `mistakes/*.txt` is a mistake, the error, and the hint, each as far as it is printed on
one line. `refuses` checks that there is one error, and that nothing is changed; no message comes
with a traceback, as `in_process` checks.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import targen_core as tg
from targen_core.plugins.loader import load_registry
from targen_core.plugins.registry import Registry
from targen_review.api import apply_review, review
from targen_testing.fault_server import FaultServer, Response
from targen_testing.wire import OPENAI

from ...files import lines
from ...mail import MAIL
from ...tables import mistakes

pytestmark = pytest.mark.whole

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


CHECK = "check llama --model tiny --base-url"


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


# --- no mistake, but worth a word ---------------------------------------------


@pytest.mark.usefixtures("mail_file")
def test_the_small_model_is_never_asked_silently(targen):
    done = targen("generate mail.yaml -n 4 --dry-run")
    assert "no backend was given, so targen uses local, a small model for trying things" in done.err
    wrong = ("-n 0", "-n 4 --out mail.yaml", "-n 4 --contexts no.csv")
    for line in [f"generate mail.yaml {each}" for each in wrong] + ["preview mal.yaml"]:
        done = targen(line)
        assert done.code == 2 and "so targen uses local" not in done.err
    assert targen("describe mail.yaml --prompts").code == 0


@pytest.mark.usefixtures("mail_file")
def test_a_program_is_told_of_the_small_model_too(caplog):
    registry = load_registry()
    local = registry.find("backend", "local")
    others = [each for each in registry.everything() if each is not local]
    scripted = replace(registry.find("backend", "scripted"), name="local")
    tg.generate("mail.yaml", n=4, registry=Registry([*others, scripted]))
    assert 'no model was given, so targen uses "local"' in caplog.text
