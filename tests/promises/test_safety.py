"""Fifteen rules of safety, each with folders, files and services of a stranger."""

from __future__ import annotations

import csv
import json
import os
import pickle
import re
import shutil
import socket
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from .browser import Browser, serving
from .driver import (
    KEY,
    LABELS,
    OPENING,
    PYTHON_TASK,
    Model,
    Shell,
    code,
    generate,
    kill,
    resume,
    step_of,
    task_file,
)
from .service import Fault, Service, serve

CODE = "import pathlib; pathlib.Path({!r}).touch()\n"
SECRET = "the canary sings"


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Shell, Service]]:
    """A person's folder with two finished runs, of a declaration and of Python code."""
    shell = Shell(tmp_path_factory.mktemp("mine"))
    with serve(Model()) as service:
        (shell.folder / "porter.py").write_text(PYTHON_TASK + BESIDE)
        task_file(shell.folder)
        shell(*generate("./porter.py", "coded", n=4, service=service, backend="chatgpt"))
        shell(*generate("mail.yaml", n=6, service=service, backend="chatgpt"))
        yield shell, service


BESIDE = """
import pathlib, runpy
if (beside := pathlib.Path(__file__).with_name("beside.py")).exists():
    runpy.run_path(str(beside))
"""


@pytest.fixture
def theirs(mine: tuple[Shell, Service], shell: Shell) -> Shell:
    """Another person, who got a copy of that folder."""
    for path in mine[0].folder.iterdir():
        if path.name not in ("home", "cache", "config"):
            (shutil.copytree if path.is_dir() else shutil.copy)(path, shell.folder / path.name)
    return shell


@pytest.fixture
def thief() -> Iterator[Service]:
    """A service that nobody typed."""
    with serve(Model()) as made:
        yield made


# --- 1 to 3: code ----------------------------------------------------------------------------


def test_01_opening_a_folder_runs_no_code(theirs: Shell) -> None:
    ran = theirs.folder / "RAN"
    names = ("porter", "coded/task", "coded/porter", "coded/beside", "sitecustomize", "targen_core")
    for name in names:
        (theirs.folder / f"{name}.py").write_text(CODE.format(str(ran)))
    for line in OPENING:
        theirs(*line.format(run="coded").split(), ok=None)
        assert not ran.exists(), line
    theirs(*generate("./porter.py", "new", n=2), ok=None)
    assert ran.exists(), "code runs where a person names it"


@pytest.mark.xfail(strict=True, reason="J3: only the digest of the task's own file is remembered")
def test_01_code_that_a_person_ran_opens_no_copy_with_other_code_beside_it(
    mine: tuple[Shell, Service], tmp_path: Path
) -> None:
    shell, ran = mine[0], tmp_path / "RAN"
    copy = shutil.copytree(shell.folder / "coded", tmp_path / "coded")
    (copy / "beside.py").write_text(CODE.format(str(ran)))
    assert shell("show", copy).out
    shell("validate", copy, ok=None)
    assert not ran.exists()


@pytest.mark.xfail(strict=True, reason="J3: whoever shares the cache can mark code as known")
def test_02_nobody_else_can_grant_trust(theirs: Shell, tmp_path: Path) -> None:
    ran = tmp_path / "RAN"
    (theirs.folder / "porter.py").write_text(PYTHON_TASK + CODE.format(str(ran)))
    attacker = {"TARGEN_CONFIG_DIR": str(tmp_path / "other"), "HOME": str(tmp_path / "other")}
    theirs(*generate("./porter.py", "bad", n=4, correct=False), **attacker)
    ran.unlink()
    theirs("validate", "bad", ok=None)
    assert not ran.exists()


def test_02_own_runs_are_known_and_others_are_not(
    mine: tuple[Shell, Service], theirs: Shell, thief: Service
) -> None:
    shell, service = mine
    asked = len(service.requests)
    assert service.url in theirs(*resume("run", n=9, max_outage=1), ok=2).text
    assert len(service.requests) == asked
    copy = shutil.copytree(shell.folder / "run", shell.folder / "edited")
    for path in copy.glob("*.json"):
        path.write_text(path.read_text().replace(service.url, thief.url))
    assert thief.url in shell(*resume("edited", n=9, max_outage=1), ok=2).text
    assert not thief.requests
    shell(*generate("mail.yaml", "own", n=3, seed=1, service=service, backend="chatgpt"))
    asked = len(service.requests)
    shell(*resume("own", n=6))
    assert len(shell.run("own").rows) == 6 and len(service.requests) > asked


class Bomb:
    """An object that runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def test_03_numbers_not_objects(theirs: Shell) -> None:
    numpy = pytest.importorskip("numpy")
    pytest.importorskip("scipy", reason="training needs it")
    ran = theirs.folder / "RAN"
    theirs("train", "run", "--trainer", "tfidf", "--out", "model")
    bombs = numpy.array([Bomb(ran)], dtype=object)
    files = [path for path in (theirs.folder / "model").rglob("*") if path.is_file()]
    numbers = [path for path in files if path.suffix in (".npy", ".npz")]
    assert numbers
    for chosen in (numbers, files):
        for path in chosen:
            with path.open("wb") as file:
                if path.suffix == ".npz":
                    numpy.savez(file, numbers=bombs)
                elif path.suffix == ".npy":
                    numpy.save(file, bombs, allow_pickle=True)
                else:
                    pickle.dump(Bomb(ran), file)
        assert theirs("evaluate", "model", "run", ok=None).code in (1, 2)
        assert not ran.exists(), chosen
    (theirs.folder / "rows.pkl").write_bytes(pickle.dumps(Bomb(ran)))
    assert theirs("validate", "rows.pkl", "--task", "mail.yaml", ok=None).code in (1, 2)
    assert not ran.exists()


# --- 4 to 7: keys, money, projects -----------------------------------------------------------


def test_04_a_key_goes_only_to_a_typed_address(
    shell: Shell, service: Service, thief: Service
) -> None:
    task = task_file(shell.folder)
    target = thief.url + "/chat/completions"
    service.fault = lambda request: Fault(status=307, headers={"Location": target})
    shell(*generate(task, n=3, service=service, backend="chatgpt", max_outage=1), ok=1)
    assert service.requests and not thief.requests
    service.fault = lambda request: None
    for key, value in (("backend", "chatgpt"), ("model", "m"), ("base-url", service.url)):
        shell("config", "set", key, value)
    shell("generate", task, "-n", 3, "-y")
    assert all(KEY in request.headers["Authorization"] for request in service.requests)
    shell("config", "set", "base-url", thief.url)
    shell("generate", task, "-n", 3, "-y", "--base-url", service.url, "--seed", 1)
    assert not thief.requests


@pytest.mark.xfail(strict=True, reason="J6: keys go over plain http to other machines")
def test_04_a_key_goes_to_no_other_machine_in_plain(shell: Shell, service: Service) -> None:
    args = generate(task_file(shell.folder), n=3, service=service, backend="chatgpt", max_outage=1)
    far = "http://service.example/v1"
    args = [far if arg == service.url else arg for arg in args]
    shell(*args, ok=None, http_proxy=service.root)
    assert not any(KEY in str(request.headers) for request in service.requests)


PROJECT = (
    'backend = "chatgpt"\nbase-url = "{0}"',
    "max-cost = 1000",
    "price-in = 0",
    '[options]\nscript = "evil.py"',
    '[options]\ncorrect.base_url = "{0}"',
    'key-file = "other-key"',
)


def test_05_files_of_a_project_cannot_set_what_costs_or_leads_away(
    shell: Shell, service: Service, thief: Service
) -> None:
    args = generate(task_file(shell.folder), n=3, service=service, backend="chatgpt")
    (shell.folder / "evil.py").write_text(CODE.format("RAN"))
    (shell.folder / "other-key").write_text("another-key-0123456789\n")
    project = shell.folder / "targen.toml"
    for setting in PROJECT:
        project.write_text(setting.format(thief.url))
        assert "targen.toml" in shell(*args, ok=2).text, setting
        assert not thief.requests and not (shell.folder / "RAN").exists()
    assert not service.requests
    project.write_text("concurrency = 2\n")
    shell(*args)
    assert service.most_open <= 2, "what costs nothing applies"


def test_06_one_writer_per_run_and_the_cap_holds(shell: Shell, service: Service) -> None:
    task = task_file(shell.folder)
    args = generate(task, n=6, service=service, max_cost=0.3)
    service.fault = lambda request: Fault(hang=True) if request.number else None
    first = shell.start(*args)
    service.wait_for(2)
    for other in (resume(), args):
        asked = len(service.requests)
        assert "run" in shell(*other, ok=1).text
        assert len(service.requests) == asked
    kill(first)
    service.fault = lambda request: None
    assert "--max-cost" in shell(*resume(), ok=1).text
    assert service.charged <= 0.3
    shell(*resume(max_cost=3))
    assert len(shell.run("run").rows) == 6


@pytest.mark.xfail(strict=True, reason="J6: false usage becomes a hint to raise the cap")
def test_06_a_service_cannot_raise_the_cap_by_a_hint(shell: Shell, service: Service) -> None:
    usage = {"prompt_tokens": 9 * 10**5, "completion_tokens": 10**6, "total_tokens": 19 * 10**5}
    message = {"role": "assistant", "content": "{}"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    service.fault = lambda request: Fault(body={"choices": [choice], "usage": usage})
    args = generate(task_file(shell.folder), n=3, service=service, max_cost=1)
    hints = re.findall(r"--max-cost (\S+)", shell(*args, ok=1).err)
    assert not [hint for hint in hints if float(hint) > 10]


def test_07_whole_keys_are_never_written(shell: Shell, service: Service, model: Model) -> None:
    other = "ghp_0123456789abcdefghij0123456789abcdef"

    def leaking(request: Any) -> Fault:
        text = json.loads(model(request.body))
        for name, value in text.items():
            if isinstance(value, str) and name in ("text", "explanation"):
                text[name] = f"{value} {KEY} {other}"
        if request.number % 5 == 4:
            return Fault(status=503, body={"error": {"message": f"bad key {KEY} {other}"}})
        return Fault(text=json.dumps(text))

    service.fault = leaking
    task, secret = task_file(shell.folder), {"MY_HOUSE_TOKEN": other}
    args = generate(task, n=6, service=service, backend="chatgpt")
    process = shell.start("--debug", *args, **secret)
    service.wait_for(9)
    said = [kill(process), shell("--debug", *args, **secret), shell("show", "run", "0", **secret)]
    service.fault = lambda request: Fault(status=401, body={"error": {"message": f"no {KEY}"}})
    said.append(shell(*generate(task, "b", n=3, seed=1, service=service, backend="chatgpt"), ok=1))
    texts = [each.out + each.err for each in said]
    texts += [path.read_text("latin-1") for path in shell.folder.rglob("*") if path.is_file()]
    assert not [text for text in texts if KEY in text or other in text]
    assert sum("***" in text for text in texts) >= 2, "the service did echo them"
    asked = len(service.requests)
    for option in (f"user={other}", f"headers.x={other}"):
        args = generate(task, "c", n=3, service=service, backend="chatgpt", option=option)
        assert other not in shell(*args, ok=2).text
    assert len(service.requests) == asked


# --- 8 and 9: folders ------------------------------------------------------------------------


def test_08_a_file_reaches_only_its_own_folder(shell: Shell, service: Service) -> None:
    inside = shell.folder / "project"
    inside.mkdir()
    (shell.folder / "secret.txt").write_text(f"{SECRET}\n{SECRET} again\n")
    (inside / ".env").write_text(f"{SECRET}\n")
    (inside / "link.txt").symlink_to(shell.folder / "secret.txt")
    (inside / "up").symlink_to(shell.folder)
    places = ["../secret.txt", str(shell.folder / "secret.txt"), "link.txt", "up/secret.txt"]
    cases = [("contexts", place) for place in [*places, ".env"]]
    for key, place in [*cases, ("examples", "../secret.txt")]:
        task = task_file(inside, **{key: {"file": place}})
        assert SECRET not in shell(*generate(task, n=3, service=service), ok=2).text, place
    assert not service.requests
    (inside / "own.txt").write_text("a lighthouse\na mill\n")
    shell(*generate(task_file(inside, contexts={"file": "own.txt"}), n=3, service=service))
    rows = shell.folder / "run" / "dataset.jsonl"
    rows.rename(shell.folder / "rows.jsonl")
    rows.symlink_to(shell.folder / "rows.jsonl")
    assert rows.name in shell("show", "run", ok=1).err


def test_09_outputs_never_follow_links(theirs: Shell) -> None:
    victim = theirs.folder / "victim"
    victim.mkdir()
    (victim / "thesis.csv").write_text(SECRET)
    (theirs.folder / "file.csv").symlink_to(victim / "thesis.csv")
    for name in ("folder", "run.review"):
        (theirs.folder / name).symlink_to(victim)
    task = task_file(theirs.folder)
    lines = [
        "export run --as csv --out file.csv --force",
        "export run --as hf --out folder --force",
        "sample run --out file.csv",
        "merge run --out folder",
        "analyze run --metric labels --out folder --force",
        "review run --plan",
        "report run --html --out file.csv",
        " ".join(generate(task, "folder", n=3)),
    ]
    for line in lines:
        assert theirs(*line.split(), ok=None).code in (1, 2), line
        content = {path.name: path.read_text() for path in victim.iterdir()}
        assert content == {"thesis.csv": SECRET}, line
    (theirs.folder / "run" / "rejects.jsonl").unlink()
    (theirs.folder / "run" / "rejects.jsonl").symlink_to(victim / "thesis.csv")
    theirs(*resume("run", n=9), ok=1)
    assert (victim / "thesis.csv").read_text() == SECRET


# --- 10 to 13: pages, terminals, spreadsheets, the judge --------------------------------------


def test_10_local_pages_answer_one_person(theirs: Shell) -> None:
    with serving(theirs, "review", "run", "--as", "ann", "--no-open") as link:
        url = urlsplit(link)
        assert url.hostname == "127.0.0.1"
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", url.port or 0), 5)
        me, other = Browser(), Browser()
        page = me.open(link)
        assert code("alpha") in page.text
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert not re.search(r"unsafe|\*|https?:|data:", policy)
        assert all("src" in had for tag, had in page.html.tags if tag == "script")
        form = next(form for form in page.html.forms if form.method == "post" and form.buttons)
        at, answer = f"http://{url.netloc}{form.action}", dict(form.buttons[:1])
        files = sorted(path for path in theirs.folder.glob("run.review/*"))
        before = [path.read_bytes() for path in files]
        wrong = [
            other.ask(page.url),
            other.ask(at, form.values | answer),
            me.ask(page.url, Host="evil.example"),
            me.ask(page.url, Host=f"evil.example:{url.port}"),
            me.ask(at, answer),
            me.ask(at, form.values | answer, Origin="http://evil.example"),
            me.ask(at, form.values | answer, Origin="null"),
        ]
        assert all(400 <= each.status < 500 and "zalpha" not in each.text for each in wrong)
        assert before == [path.read_bytes() for path in files]
        assert me.ask(at, form.values | answer).status < 400
        assert before != [path.read_bytes() for path in files]


@pytest.mark.xfail(strict=True, reason="J4: the link's token is permanent, and the cookie")
def test_10_a_link_opens_once(theirs: Shell) -> None:
    with serving(theirs, "review", "run", "--as", "ann", "--no-open") as link:
        me = Browser()
        assert me.open(link).status == 200
        assert not any(value in link for value in me.cookies.values())
        assert Browser().open(link).status >= 400


EVIL = (
    "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\U000e0041 <script>alert(1)</script>"
    "<img src=x onerror=alert(1)> [x](javascript:alert(1)) | `y` </td>"
)


def test_11_text_is_text(theirs: Shell, service: Service, model: Model) -> None:
    def evil(request: Any) -> Fault:
        text = json.loads(model(request.body))
        plain = EVIL[EVIL.index("<script") :]
        for name in ("text", "explanation"):
            if name in text:
                text[name] += f" {plain}"
        return Fault(text=json.dumps(text))

    rows = [{"text": EVIL, "label": EVIL}, {"text": EVIL, "label": "alpha", EVIL: 1}]
    (theirs.folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    task_file(theirs.folder, name="evil", description=EVIL)
    service.fault = evil
    theirs(*generate("mail.yaml", "evil", n=4, service=service))
    said = [
        theirs("show", "evil", "0"),
        theirs("validate", "rows.jsonl", "--task", "mail.yaml", ok=None),
        theirs("describe", "evil.yaml", "--prompts", ok=None),
    ]
    service.fault = lambda request: Fault(status=400, body={"error": {"message": EVIL}})
    said.append(theirs(*generate("mail.yaml", "e", n=3, seed=1, service=service), ok=1))
    controls = "[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\U000e0000-\U000e007f]"
    assert not [result for result in said if re.search(controls, result.out + result.err)]
    assert all("alert(1)" in result.text for result in said)
    theirs("report", "evil", "--html", "--out", "report.html")
    theirs("analyze", "evil", "--metric", "labels", "--out", "analysis")
    pages = [path.read_text() for path in theirs.folder.rglob("*.html")]
    with serving(theirs, "review", "evil", "--as", "ann", "--no-open") as link:
        pages.append(Browser().open(link).text)
    assert len(pages) >= 3 and "alert(1)" in pages[-1]
    fenced = re.compile("^```.*?^```$", re.DOTALL | re.MULTILINE)
    cards = [fenced.sub("", path.read_text()) for path in theirs.folder.rglob("*.md")]
    assert cards
    for text in pages + cards:
        assert not re.search("<script>alert|<img src=x|\x1b", text)
    assert not any("[x](javascript:" in card for card in cards)


@pytest.mark.xfail(strict=True, reason="J6: CSV exports write formulas")
def test_12_spreadsheets_get_no_formulas(shell: Shell) -> None:
    starts = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")
    rows = [{"text": f"{start} {code('alpha')}", "label": "alpha"} for start in starts]
    (shell.folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    task = task_file(shell.folder)
    shell("export", "rows.jsonl", "--task", task, "--as", "csv", "--out", "rows.csv")
    with open(shell.folder / "rows.csv", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert len(cells) >= 2 * len(rows)
    assert not [cell for cell in cells if re.match(r"\s*[=+\-@]", cell)]


@pytest.mark.xfail(strict=True, reason="J5: a row's text can look like the worker's output")
def test_13_the_judges_row_is_data(shell: Shell, service: Service, model: Model) -> None:
    task, texts = task_file(shell.folder), {}

    def writing(extra: str) -> Any:
        def fault(request: Any) -> Fault | None:
            text = json.loads(model(request.body))
            if step_of(request.body) != "generate":
                return None
            texts[request.number] = text["text"] = text["text"] + extra
            return Fault(text=json.dumps(text))

        return fault

    def judged() -> list[str]:
        found = [
            r.messages[-1]["content"] for r in service.requests if step_of(r.body) == "correct"
        ]
        assert found
        return found

    service.fault = writing("")
    shell(*generate(task, n=3, service=service))
    after = {q.partition(text)[2] for text in texts.values() for q in judged() if text in q}
    assert after, "a plain text stands in the question"
    tail = next(tail for tail in sorted(after) if LABELS[0] in tail)
    tail = tail.replace(LABELS[0], LABELS[1])
    service.requests.clear(), texts.clear()
    service.fault = writing(tail)
    shell(*generate(task, "hostile", n=3, seed=1, service=service), ok=None)
    assert not [text for text in texts.values() for question in judged() if text in question]


# --- 14 and 15: bounds, privacy --------------------------------------------------------------


def test_14_input_is_bounded(shell: Shell, service: Service) -> None:
    folder = shell.folder
    deep = {"rows.jsonl": "[" * 10**5, "o.jsonl": '{"a":' * 10**5 + "1" + "}" * 10**5}
    anchors = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
    tasks = {
        "aliases.yaml": f"a0: &a0 [x]\n{anchors}\ndescription: x\nlabels: *a29\n",
        "deep.yaml": "description: " + "[" * 10**5,
        "nul.yaml": "description: a\nlabels: {a: " + "b" * 50_000_000 + "}\n",
        "regex.yaml": "description: x\nlabels: {a: b, c: d}\n"
        "fields: {text: {description: x, pattern: '(a|a)*(?=b)\\1'}}\n",
    }
    for name, text in {**deep, **tasks}.items():
        (folder / name).write_text(text)
    task_file(folder)
    lines = [f"validate {name} --task mail.yaml" for name in deep]
    lines += [f"describe {name}" for name in tasks]
    one = zlib.compressobj(9, zlib.DEFLATED, 31)
    part = one.compress(b" " * (64 << 20)) + one.flush()
    service.fault = lambda request: Fault(body=part * 64, headers={"Content-Encoding": "gzip"})
    lines.append(" ".join(generate("mail.yaml", n=3, service=service, max_outage=1)))
    for line in lines:
        result = shell.sh(f"ulimit -t 30 -v 4000000; exec targen {line}")
        assert result.code in (1, 2), (line, result)
        assert "Traceback" not in result.err and "MemoryError" not in result.err, line
        assert len(result.err) < 3000, line
    assert service.requests


@pytest.mark.xfail(strict=True, reason="J6: a pattern of a BIG-bench file hangs")
def test_14_patterns_take_linear_time(shell: Shell) -> None:
    task = {
        "name": "sums",
        "description": "Add up.",
        "keywords": [],
        "metrics": ["exact_str_match"],
        "preferred_score": "exact_str_match",
        "examples": [{"input": "1+1", "target": "2"}, {"input": "2+2", "target": "4"}],
        "output_regex": "(a|a)+$",
    }
    (shell.folder / "task.json").write_text(json.dumps(task))
    answers = f"input,output\n1+1,2\n2+2,{'a' * 40}!\n"
    (shell.folder / "answers.csv").write_text(answers)
    result = shell.sh("ulimit -t 8; exec targen evaluate answers.csv task.json")
    assert result.code in (0, 1, 2), result


def test_15_private_state_is_its_owners_and_what_is_shared_names_no_folder(
    shell: Shell, service: Service
) -> None:
    places = {name: str(shell.folder / "new" / name) for name in ("cache", "config")}
    env = {f"TARGEN_{name.upper()}_DIR": place for name, place in places.items()}
    task = str(shell.folder / task_file(shell.folder))
    shell("config", "set", "backend", "scripted", **env)
    shell(*generate(task, str(shell.folder / "run"), n=6, service=service), **env)
    private = [path for place in places.values() for path in Path(place).rglob("*")]
    assert len(private) > 3
    for path in private:
        above = [each for each in (path, *path.parents) if shell.folder / "new" in each.parents]
        assert any(stat.S_IMODE(each.stat().st_mode) & 0o077 == 0 for each in above), path
    shell("export", shell.folder / "run", "--as", "hf", "--out", shell.folder / "hf", **env)
    assert not naming(shell, "run", "hf")


@pytest.mark.xfail(strict=True, reason="J6: absolute paths stand in reviews and analyses")
def test_15_reviews_and_analyses_name_no_folder(theirs: Shell) -> None:
    run = theirs.folder / "run"
    theirs("review", run, "--plan")
    theirs("analyze", run, "--metric", "labels", "--out", theirs.folder / "analysis")
    assert not naming(theirs, "run.review", "analysis")


def naming(shell: Shell, *folders: str) -> list[Path]:
    """The files in these folders in which an absolute path stands."""
    files = [path for name in folders for path in (shell.folder / name).rglob("*")]
    files = [path for path in files if path.is_file()]
    assert files
    return [path for path in files if str(shell.folder).encode() in path.read_bytes()]
