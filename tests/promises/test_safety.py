"""Fifteen rules of safety, each with folders, files and services of a stranger."""

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

from . import driver
from .driver import Model, Shell, World, generate, kill, resume
from .pages import Visitor, serving
from .service import Fault, Request, Service, serve

CODE = "import pathlib; pathlib.Path({!r}).touch()\n"
SECRET = "the canary sings"
WATCHED = """
import os, pathlib, runpy
if "RAN" in os.environ:
    pathlib.Path(os.environ["RAN"]).touch()
if (beside := pathlib.Path(__file__).with_name("beside.py")).exists():
    runpy.run_path(str(beside))"""


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A person's folder with two finished runs, of a declaration and of Python code."""
    with driver.world(tmp_path_factory.mktemp("mine")) as made:
        (made.shell.folder / "porter.py").write_text(driver.PYTHON_TASK + WATCHED)
        options = {"service": made.service, "at": "chatgpt"}
        made.shell(*generate("./porter.py", "coded", n=4, **options))
        made.shell(*generate("mail.yaml", n=6, **options))
        yield made


@pytest.fixture
def theirs(mine: World, shell: Shell) -> Shell:
    """Another person, who got a copy of that folder."""
    skip = shutil.ignore_patterns("home", "cache", "config")
    shutil.copytree(mine.shell.folder, shell.folder, ignore=skip, dirs_exist_ok=True)
    return shell


@pytest.fixture
def thief() -> Iterator[Service]:
    """A service that nobody typed."""
    with serve(Model()) as made:
        yield made


def adding(model: Model, text: str) -> Callable[[Request], Fault]:
    """Answer as the model, with something after each text and explanation."""

    def fault(request: Request) -> Fault:
        reply = json.loads(model(request.body))
        reply |= {n: reply[n] + text for n in ("text", "explanation") if n in reply}
        return Fault(text=json.dumps(reply))

    return fault


def test_01_opening_a_folder_runs_no_code(theirs: Shell, mine: World) -> None:
    theirs.fresh, ran, copy = True, theirs.folder / "RAN", theirs.folder / "copy"
    shutil.copytree(theirs.folder / "coded", copy)
    for name in ("porter", "coded/task", "coded/porter", "copy/beside", "sitecustomize", "yaml"):
        (theirs.folder / f"{name}.py").write_text(CODE.format(str(ran)))
    for line in driver.OPENING.splitlines():
        theirs(*line.format(run="coded").split(), ok=None)
        assert not ran.exists(), line
    mine.shell("validate", copy, ok=None)
    assert not ran.exists(), "a run of a person's own may have been changed in a copy"
    theirs(*generate("./porter.py", "new", n=2), ok=None)
    assert ran.exists(), "code runs where a person names it"


def test_02_nobody_else_can_grant_trust(theirs: Shell) -> None:
    ran, other = theirs.folder / "RAN", str(theirs.folder / "other")
    (theirs.folder / "porter.py").write_text(driver.PYTHON_TASK + CODE.format(str(ran)))
    args = generate("./porter.py", "bad", n=4, correct=False)
    theirs(*args, TARGEN_CONFIG_DIR=other, HOME=other)
    ran.unlink()
    theirs("validate", "bad", ok=None)
    assert not ran.exists()


def test_02_a_file_of_an_options_name_permits_nothing(theirs: Shell, mine: World) -> None:
    """J1: a shell's pattern inserts it, before or after `--`."""
    ran, bag, before = theirs.folder / "RAN", theirs.folder / "bag", len(mine.service.requests)
    for name in ("--trust", "--trust=coded"):
        shutil.copytree(theirs.folder / "coded", bag / "coded")
        (bag / name).touch()
        for line in ("validate *", "resume -n 9 -- *"):
            assert theirs.sh(f"cd bag && targen {line}", RAN=str(ran)).code, (name, line)
            assert not ran.exists() and len(mine.service.requests) == before, (name, line)
        shutil.rmtree(bag)


def test_02_trust_is_of_a_typed_path_and_lasts_for_one_call(mine: World, theirs: Shell) -> None:
    ran, requests = theirs.folder / "RAN", mine.service.requests
    for n, option, runs, sends in (
        (6, "--trust", False, False),
        (7, "--trust=coded/task.py", True, False),
        (8, "--trust=./coded", True, True),
        (9, "--quiet", False, False),
        (0, "--quiet", True, True),  # the person whose command started the run
    ):
        before, shell = len(requests), theirs if n else mine.shell
        done = shell(*resume("coded", n=n or 6), option, ok=None, RAN=str(ran))
        assert (ran.exists(), len(requests) > before) == (runs, sends), (option, done)
        ran.unlink(missing_ok=True)


def test_02_an_edited_run_is_not_ones_own(mine: World, thief: Service) -> None:
    copy = shutil.copytree(mine.shell.folder / "run", mine.shell.folder / "edited")
    for path in copy.glob("*.json"):
        path.write_text(path.read_text().replace(mine.service.url, thief.url))
    assert thief.url in mine.shell(*resume("edited", n=9, max_outage=1), ok=2).text
    assert not thief.requests


class Bomb:
    """An object that runs code when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self.path,)


def test_03_numbers_not_objects(theirs: Shell) -> None:
    numpy, ran = pytest.importorskip("numpy"), theirs.folder / "RAN"
    theirs("train", "run", "--trainer", "tfidf", "--out", "model")
    files = [path for path in (theirs.folder / "model").rglob("*") if path.is_file()]
    numbers = [path for path in files if path.suffix in (".npy", ".npz")]
    for chosen in (numbers, files):
        for path in chosen:
            path.write_bytes(pickle.dumps(Bomb(ran)))
            if path.suffix == ".npz":
                numpy.savez(path, numbers=numpy.array([Bomb(ran)], dtype=object))
        assert theirs("evaluate", "model", "run", ok=None).code in (1, 2)
        assert numbers and not ran.exists(), chosen


def test_03_a_models_folder_is_data(theirs: Shell) -> None:
    """J2: neither its pickles nor its options reach the library that loads it."""
    code = f"def SentenceTransformer(*_): {CODE.format(str(theirs.folder / 'RAN'))}"
    (theirs.folder / "sentence_transformers.py").write_text(code)
    line = "analyze run --metric semantic -o semantic.model=./model --out analysis --force"
    config = {"sentence_bert_config.json": '{"model_args": {"weights_only": false}}'}
    for name, text in {**config, "pytorch_model.bin": ""}.items():
        model = theirs.folder / "model" / name
        model.parent.mkdir(exist_ok=True)
        model.write_text(text)
        done = theirs(*line.split(), ok=None, PYTHONPATH=str(theirs.folder))
        assert done.code and not (theirs.folder / "RAN").exists(), name
        assert f"model/{name} " in done.text and "could run code" in done.text
        model.unlink()


def test_04_keys_go_to_typed_addresses(shell: Shell, service: Service, thief: Service) -> None:
    target = thief.url + "/chat/completions"
    service.fault = lambda request: Fault(status=307, headers={"Location": target})
    shell(*generate("mail.yaml", n=3, service=service, at="chatgpt", max_outage=1), ok=1)
    assert service.requests and not thief.requests
    service.fault = lambda request: None
    shell("config", "set", "base-url", thief.url)
    shell(*generate("mail.yaml", n=3, service=service, at="chatgpt"))
    assert not thief.requests
    assert all(driver.KEY in request.headers["Authorization"] for request in service.requests)


def test_04_a_key_goes_to_no_other_machine_in_plain(shell: Shell, service: Service) -> None:
    args = generate("mail.yaml", n=3, service=service, at="chatgpt", max_outage=1)
    args[args.index(service.url)] = "http://service.example/v1"
    shell(*args, ok=None, http_proxy=service.root)
    assert not any(driver.KEY in str(request.headers) for request in service.requests)


PROJECT = """
base-url = "{0}"
max-cost = 1000
options = {{script = "evil.py", correct.base_url = "{0}"}}
key-file = "other-key"
""".strip()


def test_05_projects_set_no_money(shell: Shell, service: Service, thief: Service) -> None:
    args = generate("mail.yaml", n=3, service=service, at="chatgpt")
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


def test_06_a_run_has_one_writer(made: World) -> None:
    made.service.fault = lambda request: Fault(hang=True) if request.number else None
    first = made.shell.start(*made.mail(n=6, concurrency=1, hedge=False))
    made.service.wait_for(2)
    before = len(made.service.requests)
    for other in (resume(), made.mail(n=6)):
        assert "run" in made.shell(*other, ok=1).text
    assert len(made.service.requests) == before
    kill(first)
    made.service.fault = lambda request: None
    made.shell(*resume())
    assert len(made.shell.run("run").rows) == 6


def test_06_a_service_raises_no_cap_by_a_hint(made: World) -> None:
    usage = {"prompt_tokens": 9 * 10**5, "completion_tokens": 10**6, "total_tokens": 19 * 10**5}

    def lie(request: Request) -> Fault:
        message = {"role": "assistant", "content": made.model(request.body)}
        choices = [{"message": message, "finish_reason": "stop"}]
        return Fault(body={"choices": choices, "usage": usage}, charged=False)

    made.service.fault = lie
    text = made.shell(*generate("mail.yaml", n=3, service=made.service, max_cost=1), ok=1).err
    if "budget" not in text:
        pytest.fail("the run ended otherwise")
    assert not [cap for cap in re.findall(r"--max-cost (\d\S*)", text) if float(cap) > 10]


def test_07_whole_keys_are_never_written(made: World) -> None:
    shell, service, model = made.shell, made.service, made.model
    other = "ghp_0123456789abcdefghij0123456789abcdef"
    env, keys = {"MY_HOUSE_TOKEN": other}, f" {driver.KEY} {other}"
    good, error = adding(model, keys), {"error": {"message": f"bad key {keys}"}}
    busy = Fault(status=503, body=error)
    service.fault = lambda request: busy if request.number % 5 == 4 else good(request)
    args = generate("mail.yaml", n=6, service=service, at="chatgpt")
    process = shell.start("--debug", *args, **env)
    service.wait_for(9)
    results = [kill(process), shell("--debug", *args, **env), shell("show", "run", "0", **env)]
    service.fault = lambda request: Fault(status=401, body=error)
    again = generate("mail.yaml", "b", n=3, seed=1, service=service, at="chatgpt")
    results += [shell(*again, ok=1, **env), shell(*again, "-o", f"user={other}", ok=2)]
    texts = [result.out + result.err for result in results]
    texts += [path.read_text("latin-1") for path in shell.folder.rglob("*") if path.is_file()]
    assert not [text for text in texts if driver.KEY in text or other in text]
    assert sum("***" in text for text in texts) >= 3, "the service did echo them"


def test_08_a_file_reaches_only_its_own_folder(shell: Shell, service: Service) -> None:
    inside, secret = shell.folder / "project", shell.folder / "secret.txt"
    inside.mkdir()
    for path in (secret, inside / ".env"):
        path.write_text(f"{SECRET}\n")
    (inside / "link.txt").symlink_to(secret)
    away = ["../secret.txt", str(secret), "link.txt", ".env"]
    for key, place in [*(("contexts", place) for place in away), ("examples", away[0])]:
        task = driver.task_file(inside, **{key: {"file": place}})
        assert SECRET not in shell(*generate(task, n=3, service=service), ok=2).text, place
    assert not service.requests
    (inside / "own.txt").write_text("a lighthouse\na mill\n")
    shell(*generate(driver.task_file(inside, contexts={"file": "own.txt"}), n=3, service=service))
    rows = shell.folder / "run" / "dataset.jsonl"
    rows.rename(shell.folder / "rows.jsonl")
    rows.symlink_to("../rows.jsonl")
    assert rows.name in shell("show", "run", ok=1).err


def test_09_outputs_never_follow_links(theirs: Shell) -> None:
    thesis = theirs.folder / "victim" / "thesis.csv"
    thesis.parent.mkdir()
    thesis.write_text(SECRET)
    (theirs.folder / "file.csv").symlink_to(thesis)
    (theirs.folder / "folder").symlink_to(thesis.parent)
    theirs(*generate("mail.yaml", "odd", n=3))
    (theirs.folder / "odd" / "rejects.jsonl").unlink()
    (theirs.folder / "odd" / "rejects.jsonl").symlink_to(thesis)
    for line in (
        "export run --as csv --out file.csv --force",
        "export run --as hf --out folder --force",
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


def test_10_a_link_opens_once(theirs: Shell) -> None:
    with serving(theirs, *"review run --as ann --no-open".split()) as link:
        me = Visitor()
        assert "zalpha" in me.open(link).text
        assert not any(value in link for value in me.cookies.values())
        assert Visitor().open(link).status >= 400


MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) | `y`"
EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\U000e0041" + MARKUP
CONTROLS = "[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\U000e0000-\U000e007f]"


def test_11_text_is_text(made: World) -> None:
    shell, service, model = made.shell, made.service, made.model
    rows = [{"text": EVIL, "label": EVIL}, {"text": EVIL, "label": "alpha", EVIL: 1}]
    (shell.folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    driver.task_file(shell.folder, name="evil", description=EVIL)
    service.fault = adding(model, f" {MARKUP}")
    shell(*generate("mail.yaml", "evil", n=4, service=service))
    service.fault = lambda request: Fault(status=400, body={"error": {"message": EVIL}})
    for line in (
        ["show", "evil", "0"],
        ["validate", "rows.jsonl", "--task", "mail.yaml"],
        ["describe", "evil.yaml", "--prompts"],
        generate("mail.yaml", "e", n=3, seed=1, service=service),
    ):
        result = shell(*line, ok=None)
        assert "alert(1)" in result.text and not re.search(CONTROLS, result.out + result.err), line
    shell(*"report evil --html --out report.html".split())
    with serving(shell, *"review evil --as ann --no-open".split()) as link:
        pages = [Visitor().open(link).text]
    assert "alert(1)" in pages[0]
    pages += [path.read_text() for path in shell.folder.rglob("*.html")]
    cards = [path.read_text() for path in shell.folder.rglob("*.md")]
    cards = [re.sub("(?ms)^```.*?^```$", "", card) for card in cards]
    assert len(pages) >= 2 and cards
    assert not [text for text in pages + cards if re.search("<script>alert|<img src=x", text)]
    assert not [card for card in cards if "[x](javascript:" in card]


def test_12_spreadsheets_get_no_formulas(shell: Shell) -> None:
    starts = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")
    rows = [{"text": f"{start} zalpha", "label": "alpha"} for start in starts]
    (shell.folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    shell("export", "rows.jsonl", "--task", "mail.yaml", "--as", "csv", "--out", "rows.csv")
    cells = [cell for r in driver.read_table(shell.folder / "rows.csv") for cell in r.values()]
    assert len(cells) > len(rows) and not [cell for cell in cells if re.match(r"\s*[=+\-@]", cell)]


def test_13_the_judges_row_is_data(made: World) -> None:
    def judged(tail: str, out: str) -> list[tuple[str, str]]:
        """Have a text end so; return it with each request that shows it."""
        made.service.fault, before = adding(made.model, tail), len(made.service.requests)
        args = generate("mail.yaml", out, n=3, seed=len(out), service=made.service)
        made.shell(*args, ok=None)
        replies = [json.loads(request.reply) for request in made.service.answered]
        texts = [r["text"] for r in replies if "text" in r and r["text"].endswith(tail)]
        sent = [request.messages[-1]["content"] for request in made.service.requests[before:]]
        return [(text, each) for text in texts for each in sent if text in each]

    tails = {question.partition(text)[2] for text, question in judged("", "plain")}
    tail = next(tail for tail in sorted(tails) if driver.LABELS[0] in tail)
    assert not judged(tail.replace(driver.LABELS[0], driver.LABELS[1]), "hostile")


ALIASES = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
TOO_MUCH = {
    "deep.jsonl": "[" * 10**5,
    "aliases.yaml": f"a0: &a0 [x]\n{ALIASES}\ndescription: x\nlabels: *a29\n",
    "long.yaml": f"description: x\nlabels: {{a: {'b' * 50_000_000}}}\n",
}


def test_14_input_is_bounded(shell: Shell, service: Service) -> None:
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
    args = generate(str(shell.folder / "mail.yaml"), str(shell.folder / "run"), service, n=6)
    shell(*args, **env)
    shell("export", shell.folder / "run", "--as", "hf", "--out", shell.folder / "hf", **env)
    files = [path for path in new.rglob("*") if path.is_file()]
    assert len(files) > 2
    for path in files:
        above = [each for each in path.parents if new in each.parents]
        assert any(each.stat().st_mode & 0o077 == 0 for each in above), path
    assert not naming(shell.folder, "run", "hf")


def test_15_reviews_and_analyses_name_no_folder(theirs: Shell) -> None:
    theirs("review", theirs.folder / "run", "--plan")
    out = ("--out", theirs.folder / "analysis")
    theirs("analyze", theirs.folder / "run", "--metric", "labels", *out)
    assert not naming(theirs.folder, "run.review", "analysis")
