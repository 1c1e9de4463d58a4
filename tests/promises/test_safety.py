"""Fifteen rules of safety, each with folders, files and services of a stranger."""

from __future__ import annotations

import csv
import json
import os
import pickle
import re
import shutil
import socket
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from .driver import (
    KEY,
    LABELS,
    OPENING,
    PYTHON_TASK,
    Model,
    Shell,
    generate,
    kill,
    resume,
    step_of,
    task_file,
)
from .pages import Visitor, serving
from .service import Fault, Request, Service, serve

CODE = "import pathlib; pathlib.Path({!r}).touch()\n"
SECRET = "the canary sings"
BESIDE = """
import pathlib, runpy
if (beside := pathlib.Path(__file__).with_name("beside.py")).exists():
    runpy.run_path(str(beside))
"""
Mine = tuple[Shell, Service]


def fails(finding: str) -> pytest.MarkDecorator:
    """Mark a test that fails today because of a finding."""
    return pytest.mark.xfail(strict=True, reason=finding)


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mine]:
    """A person's folder with two finished runs, of a declaration and of Python code."""
    shell = Shell(tmp_path_factory.mktemp("mine"))
    with serve(Model()) as service:
        (shell.folder / "porter.py").write_text(PYTHON_TASK + BESIDE)
        shell(*generate("./porter.py", "coded", n=4, service=service, backend="chatgpt"))
        task_file(shell.folder)
        shell(*generate("mail.yaml", n=6, service=service, backend="chatgpt"))
        yield shell, service


@pytest.fixture
def theirs(mine: Mine, shell: Shell) -> Shell:
    """Another person, who got a copy of that folder."""
    skip = shutil.ignore_patterns("home", "cache", "config")
    shutil.copytree(mine[0].folder, shell.folder, ignore=skip, dirs_exist_ok=True)
    return shell


@pytest.fixture
def thief() -> Iterator[Service]:
    """A service that nobody typed."""
    with serve(Model()) as made:
        yield made


def rewriting(
    model: Model, change: Callable[[dict[str, Any]], object]
) -> Callable[[Request], Fault]:
    """Answer as the model, with changes to what its reply says."""

    def fault(request: Request) -> Fault:
        reply = json.loads(model(request.body))
        change(reply)
        return Fault(text=json.dumps(reply))

    return fault


def test_01_opening_a_folder_runs_no_code(theirs: Shell) -> None:
    ran = theirs.folder / "RAN"
    for name in ("porter", "coded/task", "coded/porter", "coded/beside", "sitecustomize", "yaml"):
        (theirs.folder / f"{name}.py").write_text(CODE.format(str(ran)))
    for line in OPENING:
        theirs(*line.format(run="coded").split(), ok=None)
        assert not ran.exists(), line
    theirs(*generate("./porter.py", "new", n=2), ok=None)
    assert ran.exists(), "code runs where a person names it"


def test_01_code_that_a_person_ran_opens_no_copy_of_it(mine: Mine, tmp_path: Path) -> None:
    copy = shutil.copytree(mine[0].folder / "coded", tmp_path / "coded")
    (copy / "beside.py").write_text(CODE.format(str(tmp_path / "RAN")))
    mine[0]("validate", copy, ok=None)
    assert not (tmp_path / "RAN").exists()


@fails("J3: whoever writes to the cache's folder can make code known")
def test_02_nobody_else_can_grant_trust(theirs: Shell) -> None:
    ran, other = theirs.folder / "RAN", str(theirs.folder / "other")
    (theirs.folder / "porter.py").write_text(PYTHON_TASK + CODE.format(str(ran)))
    args = generate("./porter.py", "bad", n=4, correct=False)
    theirs(*args, TARGEN_CONFIG_DIR=other, HOME=other)
    ran.unlink()
    theirs("validate", "bad", ok=None)
    assert not ran.exists()


def test_02_own_runs_are_known(mine: Mine, theirs: Shell, thief: Service) -> None:
    shell, service = mine
    before = len(service.requests)
    assert service.url in theirs(*resume("run", n=9, max_outage=1), ok=2).text
    assert len(service.requests) == before
    copy = shutil.copytree(shell.folder / "run", shell.folder / "edited")
    for path in copy.glob("*.json"):
        path.write_text(path.read_text().replace(service.url, thief.url))
    assert thief.url in shell(*resume("edited", n=9, max_outage=1), ok=2).text
    assert not thief.requests
    shell(*generate("mail.yaml", "own", n=3, seed=1, service=service, backend="chatgpt"))
    shell(*resume("own", n=6))
    assert len(shell.run("own").rows) == 6


class Bomb:
    """An object that runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def test_03_numbers_not_objects(theirs: Shell) -> None:
    numpy = pytest.importorskip("numpy")
    ran = theirs.folder / "RAN"
    theirs("train", "run", "--trainer", "tfidf", "--out", "model")
    files = [path for path in (theirs.folder / "model").rglob("*") if path.is_file()]
    numbers = [path for path in files if path.suffix in (".npy", ".npz")]
    assert numbers
    for chosen in (numbers, files):
        for path in chosen:
            path.write_bytes(pickle.dumps(Bomb(ran)))
            if path.suffix == ".npz":
                numpy.savez(path, numbers=numpy.array([Bomb(ran)], dtype=object))
        assert theirs("evaluate", "model", "run", ok=None).code in (1, 2)
        assert not ran.exists(), chosen


def test_04_keys_go_to_typed_addresses(shell: Shell, service: Service, thief: Service) -> None:
    task, target = task_file(shell.folder), thief.url + "/chat/completions"
    service.fault = lambda request: Fault(status=307, headers={"Location": target})
    shell(*generate(task, n=3, service=service, backend="chatgpt", max_outage=1), ok=1)
    assert service.requests and not thief.requests
    service.fault = lambda request: None
    shell("config", "set", "base-url", thief.url)
    shell(*generate(task, n=3, service=service, backend="chatgpt"))
    assert not thief.requests
    shell("config", "set", "base-url", service.url)
    shell("generate", task, "-n", 3, "-y", "-b", "chatgpt", "--model", "m", "--seed", 1)
    assert all(KEY in request.headers["Authorization"] for request in service.requests)


@fails("J6: keys go over plain http to other machines")
def test_04_a_key_goes_to_no_other_machine_in_plain(shell: Shell, service: Service) -> None:
    args = generate(task_file(shell.folder), n=3, service=service, backend="chatgpt", max_outage=1)
    args[args.index(service.url)] = "http://service.example/v1"
    shell(*args, ok=None, http_proxy=service.root)
    assert not any(KEY in str(request.headers) for request in service.requests)


PROJECT = """
backend = "chatgpt"
base-url = "{0}"
max-cost = 1000
price-in = 0
options = {{script = "evil.py"}}
options = {{correct.base_url = "{0}"}}
key-file = "other-key"
""".strip()


def test_05_projects_set_no_money(shell: Shell, service: Service, thief: Service) -> None:
    args = generate(task_file(shell.folder), n=3, service=service, backend="chatgpt")
    (shell.folder / "evil.py").write_text(CODE.format("RAN"))
    (shell.folder / "other-key").write_text("another-key-0123456789\n")
    project = shell.folder / "targen.toml"
    for setting in PROJECT.splitlines():
        project.write_text(setting.format(thief.url))
        assert project.name in shell(*args, ok=2).text, setting
        assert not service.requests + thief.requests and not (shell.folder / "RAN").exists()
    project.write_text("concurrency = 1\n")
    shell(*args)
    assert service.most_open == 1, "what costs nothing applies"


def test_06_the_cap_holds_and_a_run_has_one_writer(shell: Shell, service: Service) -> None:
    args = generate(task_file(shell.folder), n=6, service=service, max_cost=0.3)
    service.fault = lambda request: Fault(hang=True) if request.number else None
    first = shell.start(*args)
    service.wait_for(2)
    before = len(service.requests)
    for other in (resume(), args):
        assert "run" in shell(*other, ok=1).text
    assert len(service.requests) == before
    kill(first)
    service.fault = lambda request: None
    assert "--max-cost" in shell(*resume(), ok=1).text
    assert service.charged <= 0.3
    shell(*resume(max_cost=3))
    assert len(shell.run("run").rows) == 6


def test_06_a_service_raises_no_cap_by_a_hint(shell: Shell, service: Service) -> None:
    usage = {"prompt_tokens": 9 * 10**5, "completion_tokens": 10**6, "total_tokens": 19 * 10**5}
    choice = {"message": {"role": "assistant", "content": "{}"}, "finish_reason": "stop"}
    service.fault = lambda request: Fault(body={"choices": [choice], "usage": usage})
    said = shell(*generate(task_file(shell.folder), n=3, service=service, max_cost=1), ok=1).err
    assert not [cap for cap in re.findall(r"--max-cost (\S+)", said) if float(cap) > 10]


def test_07_whole_keys_are_never_written(shell: Shell, service: Service, model: Model) -> None:
    other = "ghp_0123456789abcdefghij0123456789abcdef"
    env, task = {"MY_HOUSE_TOKEN": other}, task_file(shell.folder)

    def leak(reply: dict[str, Any]) -> None:
        reply |= {n: f"{reply[n]} {KEY} {other}" for n in ("text", "explanation") if n in reply}

    good, error = rewriting(model, leak), {"error": {"message": f"bad key {KEY} {other}"}}
    busy = Fault(status=503, body=error)
    service.fault = lambda request: busy if request.number % 5 == 4 else good(request)
    args = generate(task, n=6, service=service, backend="chatgpt")
    process = shell.start("--debug", *args, **env)
    service.wait_for(9)
    said = [kill(process), shell("--debug", *args, **env), shell("show", "run", "0", **env)]
    service.fault = lambda request: Fault(status=401, body=error)
    again = generate(task, "b", n=3, seed=1, service=service, backend="chatgpt")
    said += [shell(*again, ok=1, **env), shell(*again, "-o", f"user={other}", ok=2)]
    texts = [result.out + result.err for result in said]
    texts += [path.read_text("latin-1") for path in shell.folder.rglob("*") if path.is_file()]
    assert not [text for text in texts if KEY in text or other in text]
    assert sum("***" in text for text in texts) >= 3, "the service did echo them"


def test_08_a_file_reaches_only_its_own_folder(shell: Shell, service: Service) -> None:
    inside = shell.folder / "project"
    inside.mkdir()
    for path in (shell.folder / "secret.txt", inside / ".env"):
        path.write_text(f"{SECRET}\n{SECRET} again\n")
    (inside / "link.txt").symlink_to(shell.folder / "secret.txt")
    (inside / "up").symlink_to(shell.folder)
    away = ["../secret.txt", str(shell.folder / "secret.txt"), "link.txt", "up/secret.txt", ".env"]
    for key, place in [*(("contexts", place) for place in away), ("examples", away[0])]:
        task = task_file(inside, **{key: {"file": place}})
        assert SECRET not in shell(*generate(task, n=3, service=service), ok=2).text, place
    assert not service.requests
    (inside / "own.txt").write_text("a lighthouse\na mill\n")
    shell(*generate(task_file(inside, contexts={"file": "own.txt"}), n=3, service=service))
    rows = shell.folder / "run" / "dataset.jsonl"
    rows.rename(shell.folder / "rows.jsonl")
    rows.symlink_to("../rows.jsonl")
    assert rows.name in shell("show", "run", ok=1).err


def test_09_outputs_never_follow_links(theirs: Shell) -> None:
    thesis = theirs.folder / "victim" / "thesis.csv"
    thesis.parent.mkdir()
    thesis.write_text(SECRET)
    (theirs.folder / "file.csv").symlink_to(thesis)
    for name in ("folder", "run.review"):
        (theirs.folder / name).symlink_to(thesis.parent)
    theirs(*generate("mail.yaml", "odd", n=3))
    (theirs.folder / "odd" / "rejects.jsonl").unlink()
    (theirs.folder / "odd" / "rejects.jsonl").symlink_to(thesis)
    for line in (
        "export run --as csv --out file.csv --force",
        "export run --as hf --out folder --force",
        "sample run --out file.csv",
        "merge run --out folder",
        "analyze run --metric labels --out folder --force",
        "review run --plan",
        "resume odd -n 9",
        " ".join(generate("mail.yaml", "folder", n=3)),
    ):
        assert theirs(*line.split(), ok=None).code in (1, 2), line
        assert [path.read_text() for path in thesis.parent.iterdir()] == [SECRET], line


def test_10_local_pages_answer_one_person(theirs: Shell) -> None:
    with serving(theirs, *"review run --as ann --no-open".split()) as link:
        url, me = urlsplit(link), Visitor()
        assert url.hostname == "127.0.0.1"
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", url.port or 0), 5)
        page = me.open(link)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert not re.search(r"unsafe|\*|https?:|data:", policy)
        assert "zalpha" in page.text and not re.search(r"<script(?![^>]* src=)", page.text)
        at, hidden, button = page.form
        files = [*theirs.folder.glob("run.review/*")]
        before = [path.read_bytes() for path in files]
        for wrong in (
            Visitor().ask(page.url),
            Visitor().ask(at, hidden | button),
            me.ask(page.url, Host=f"evil.example:{url.port}"),
            me.ask(at, button),
            me.ask(at, hidden | button, Origin="http://evil.example"),
            me.ask(at, hidden | button, Origin="null"),
        ):
            assert 400 <= wrong.status < 500 and "zalpha" not in wrong.text
        assert before == [path.read_bytes() for path in files]
        assert me.ask(at, hidden | button).status < 400
        assert before != [path.read_bytes() for path in files]


@fails("J4: a link's token is permanent, and the cookie")
def test_10_a_link_opens_once(theirs: Shell) -> None:
    with serving(theirs, *"review run --as ann --no-open".split()) as link:
        me = Visitor()
        assert "zalpha" in me.open(link).text
        assert not any(value in link for value in me.cookies.values())
        assert Visitor().open(link).status >= 400


MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) | `y`"
EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\U000e0041" + MARKUP
CONTROLS = "[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\U000e0000-\U000e007f]"


def test_11_text_is_text(theirs: Shell, service: Service, model: Model) -> None:
    def mark_up(reply: dict[str, Any]) -> None:
        reply |= {n: f"{reply[n]} {MARKUP}" for n in ("text", "explanation") if n in reply}

    rows = [{"text": EVIL, "label": EVIL}, {"text": EVIL, "label": "alpha", EVIL: 1}]
    (theirs.folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    task_file(theirs.folder, name="evil", description=EVIL)
    service.fault = rewriting(model, mark_up)
    theirs(*generate("mail.yaml", "evil", n=4, service=service))
    service.fault = lambda request: Fault(status=400, body={"error": {"message": EVIL}})
    for line in (
        ["show", "evil", "0"],
        ["validate", "rows.jsonl", "--task", "mail.yaml"],
        ["describe", "evil.yaml", "--prompts"],
        generate("mail.yaml", "e", n=3, seed=1, service=service),
    ):
        result = theirs(*line, ok=None)
        assert "alert(1)" in result.text and not re.search(CONTROLS, result.out + result.err), line
    theirs(*"report evil --html --out report.html".split())
    theirs(*"analyze evil --metric labels --out analysis".split())
    with serving(theirs, *"review evil --as ann --no-open".split()) as link:
        pages = [Visitor().open(link).text]
    assert "alert(1)" in pages[0]
    pages += [path.read_text() for path in theirs.folder.rglob("*.html")]
    cards = [path.read_text() for path in theirs.folder.rglob("*.md")]
    cards = [re.sub("(?ms)^```.*?^```$", "", card) for card in cards]
    assert len(pages) >= 3 and len(cards) >= 2
    assert not [text for text in pages + cards if re.search("<script>alert|<img src=x", text)]
    assert not [card for card in cards if "[x](javascript:" in card]


@fails("J6: CSV exports write formulas")
def test_12_spreadsheets_get_no_formulas(shell: Shell) -> None:
    starts = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")
    rows = [{"text": f"{start} zalpha", "label": "alpha"} for start in starts]
    (shell.folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    task = task_file(shell.folder)
    shell("export", "rows.jsonl", "--task", task, "--as", "csv", "--out", "rows.csv")
    with open(shell.folder / "rows.csv", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert len(cells) > len(rows) and not [cell for cell in cells if re.match(r"\s*[=+\-@]", cell)]


@fails("J5: a row's text can look like the worker's output")
def test_13_the_judges_row_is_data(shell: Shell, service: Service, model: Model) -> None:
    texts: list[str] = []

    def judged(tail: str, out: str) -> list[tuple[str, str]]:
        def write(reply: dict[str, Any]) -> None:
            if "text" in reply:
                reply["text"] += tail
                texts.append(reply["text"])

        service.fault = rewriting(model, write)
        shell(*generate(task_file(shell.folder), out, n=3, seed=len(out), service=service), ok=None)
        asked = [
            r.messages[-1]["content"] for r in service.requests if step_of(r.body) == "correct"
        ]
        assert len(asked) >= 3
        return [(text, question) for text in texts for question in asked if text in question]

    tails = {question.partition(text)[2] for text, question in judged("", "plain")}
    tail = next(tail for tail in sorted(tails) if LABELS[0] in tail)
    texts.clear()
    assert not judged(tail.replace(LABELS[0], LABELS[1]), "hostile")


ALIASES = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
TOO_MUCH = {
    "deep.jsonl": "[" * 10**5,
    "deeper.jsonl": '{"a":' * 10**5 + "1" + "}" * 10**5,
    "aliases.yaml": f"a0: &a0 [x]\n{ALIASES}\ndescription: x\nlabels: *a29\n",
    "deep.yaml": "description: " + "[" * 10**5,
    "long.yaml": f"description: x\nlabels: {{a: {'b' * 50_000_000}}}\n",
}


def test_14_input_is_bounded(shell: Shell, service: Service) -> None:
    task_file(shell.folder)
    zipped = zlib.compressobj(9, zlib.DEFLATED, 31)
    part = zipped.compress(b" " * (64 << 20)) + zipped.flush()
    service.fault = lambda request: Fault(body=part * 64, headers={"Content-Encoding": "gzip"})
    lines = [" ".join(generate("mail.yaml", n=3, service=service, max_outage=1))]
    for name, text in TOO_MUCH.items():
        (shell.folder / name).write_text(text)
        lines += [f"validate {name} --task mail.yaml" if "jsonl" in name else f"describe {name}"]
    for line in lines:
        result = shell.sh(f"ulimit -t 30 -v 4000000; exec targen {line}")
        assert result.code in (1, 2) and len(result.err) < 3000, (line, result)
        assert not re.search("Traceback|MemoryError", result.err), line
    assert service.requests


@fails("J6: a pattern of a BIG-bench file hangs")
def test_14_patterns_take_linear_time(shell: Shell) -> None:
    examples = [{"input": "1+1", "target": "2"}, {"input": "2+2", "target": "4"}]
    task = {"name": "sums", "description": "Add up.", "keywords": [], "examples": examples}
    task |= {"metrics": ["exact_str_match"], "preferred_score": "exact_str_match"}
    (shell.folder / "task.json").write_text(json.dumps({**task, "output_regex": "(a|a)+$"}))
    (shell.folder / "answers.csv").write_text(f"input,output\n1+1,2\n2+2,{'a' * 40}!\n")
    result = shell.sh("ulimit -t 8; exec targen evaluate answers.csv task.json")
    assert result.code in (0, 1, 2), result


def naming(folder: Path, *parts: str) -> list[Path]:
    """The files in which the folder's absolute path stands."""
    files = [path for name in parts for path in (folder / name).rglob("*") if path.is_file()]
    assert files
    return [path for path in files if str(folder).encode() in path.read_bytes()]


def test_15_state_is_private_and_runs_name_no_folder(shell: Shell, service: Service) -> None:
    new = shell.folder / "new"
    env = {f"TARGEN_{name}_DIR": str(new / name.lower()) for name in ("CACHE", "CONFIG")}
    shell("config", "set", "backend", "scripted", **env)
    task = shell.folder / task_file(shell.folder)
    shell(*generate(str(task), str(shell.folder / "run"), n=6, service=service), **env)
    shell("export", shell.folder / "run", "--as", "hf", "--out", shell.folder / "hf", **env)
    files = [path for path in new.rglob("*") if path.is_file()]
    assert len(files) > 2
    for path in files:
        above = [each for each in path.parents if new in each.parents]
        assert any(each.stat().st_mode & 0o077 == 0 for each in above), path
    assert not naming(shell.folder, "run", "hf")


@fails("J6: absolute paths stand in reviews and analyses")
def test_15_reviews_and_analyses_name_no_folder(theirs: Shell) -> None:
    theirs("review", theirs.folder / "run", "--plan")
    out = ("--out", theirs.folder / "analysis")
    theirs("analyze", theirs.folder / "run", "--metric", "labels", *out)
    assert not naming(theirs.folder, "run.review", "analysis")
