"""Runs in batches of a loopback service that speaks both batch APIs, with faults."""

import hashlib
import json
import random
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from targen_core.calls import retries
from targen_standard.batches import services, waiting
from targen_standard.scripted import fill_schema

from ..runs import report
from .providers import schema_of

pytestmark = pytest.mark.whole  # the task of targen_plugin_example

KEY = "sk-verysecret-0123456789"
MODELS = {"chatgpt": "gpt-6-luna", "claude": "claude-haiku-5-5", "llama": "tiny"}


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # with the usual 5 a burst waits a second, and is sent again meanwhile


class Service:
    """Calls and batches in both forms; what it answers depends on what it is asked alone.

    `item(number, position)` is what goes wrong with one request of a batch,
    `before(method, path)` a status that an HTTP request gets in place of its answer.
    """

    def __init__(self, services):
        self.services = services
        self.online = 0
        self.keys = set()
        self.files = {}
        self.batches = {}
        self.log = []
        self.item = lambda number, position: None
        self.status = lambda number: "completed"
        self.before = lambda method, path: None
        self.extra_lines = []
        self.rounds_open = 1  # polls that find a batch in progress
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body go in two parts: 40 ms each time

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.keys.add(self.headers.get("Authorization") or self.headers["x-api-key"])
                outer.log.append((self.command, self.path))
                status = outer.before(self.command, self.path)
                answer = {"error": {"message": "not now"}}
                answer = answer if status else outer.answer(self.path, self.headers, body)
                raw = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
                self.send_response(status or 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def do_GET(self):
                self.do_POST()

            def log_message(self, *args):
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def options(self, backend):
        """The options of a command that ask this service."""
        address = f"http://127.0.0.1:{self.server.server_port}{self.services[backend].base}"
        return "-b", backend, "-o", f"model={MODELS[backend]}", "-o", f"base_url={address}"

    def key(self, backend, key=KEY):
        """The variable with a key for it."""
        return {self.services[backend].key_variable: key}

    def answer(self, path, headers, body):
        """A JSON value, or the text of a file."""
        if path in (calls := {"/v1/chat/completions": "chatgpt", "/v1/messages": "claude"}):
            self.online += 1
            return self.reply(calls[path], json.loads(body))
        if path == "/v1/files":
            boundary = headers["Content-Type"].partition("boundary=")[2].encode()
            _, purpose, file, end = body.split(b"--" + boundary)
            assert end == b"--\r\n"
            assert b'name="purpose"\r\n\r\nbatch\r\n' in purpose
            name = f"file-{len(self.files) + 1}"
            self.files[name] = file.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
            return {"id": name, "object": "file"}
        if path == "/v1/batches":
            request = json.loads(body)
            lines = [
                json.loads(line) for line in self.files[request.pop("input_file_id")].splitlines()
            ]
            place = {"method": "POST", "url": "/v1/chat/completions"}
            assert request == {"endpoint": place["url"], "completion_window": "24h"}
            asked = {line.pop("custom_id"): line.pop("body") for line in lines}
            assert all(line == place for line in lines)
            return self.begin("batch", asked)
        if path == "/v1/messages/batches":
            asked = {one["custom_id"]: one["params"] for one in json.loads(body)["requests"]}
            assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key) for key in asked)
            return self.begin("msgbatch", asked)
        if match := re.fullmatch(r"/v1/batches/(batch_\d+)", path):
            return self.openai(match[1])
        if match := re.fullmatch(r"/v1/files/(\w+)_(out|err)/content", path):
            lines = self.lines(match[1], self.openai_line)
            return self.file(
                line for line in lines if (line["error"] is None) == (match[2] == "out")
            )
        match = re.fullmatch(r"/v1/messages/batches/(msgbatch_\d+)(/results)?", path)
        if match[2]:
            return self.file([*self.lines(match[1], self.anthropic_line)][::-1])
        word = "in_progress" if self.is_open(match[1]) else "ended"
        elsewhere = "http://192.0.2.1/results"
        return {"id": match[1], "processing_status": word, "results_url": elsewhere}

    def begin(self, prefix, asked):
        name = f"{prefix}_{len(self.batches) + 1}"
        self.batches[name] = {"asked": asked, "polls": 0, "number": len(self.batches) + 1}
        return {"id": name, "status": "validating", "processing_status": "in_progress"}

    def is_open(self, name):
        self.batches[name]["polls"] += 1
        return self.batches[name]["polls"] <= self.rounds_open

    def file(self, lines):
        return "\n".join([*self.extra_lines, *map(json.dumps, lines), ""])

    def lines(self, name, line_of):
        """The lines that `line_of(body, wrong)` makes from a batch's requests, except lost ones."""
        for position, (key, body) in enumerate(self.batches[name]["asked"].items()):
            wrong = self.item(self.batches[name]["number"], position)
            if wrong != "lost":
                yield {"custom_id": key, **line_of(body, wrong)}

    def openai(self, name):
        status = "in_progress" if self.is_open(name) else self.status(self.batches[name]["number"])
        batch = {"id": name, "status": status, "output_file_id": None, "error_file_id": None}
        if status == "failed":
            batch["errors"] = {"data": [{"code": "token_limit_exceeded", "message": "too much"}]}
        elif status != "in_progress":
            batch |= {"output_file_id": f"{name}_out", "error_file_id": f"{name}_err"}
        return batch

    def openai_line(self, body, wrong):
        if wrong == "expired":
            error = {"code": "batch_expired", "message": "not before the window's end"}
            return {"response": None, "error": error}
        answer = {"error": {"message": "no", "type": "server_error"}}
        answer = answer if wrong else self.reply("chatgpt", body)
        return {"response": {"status_code": wrong or 200, "body": answer}, "error": None}

    def anthropic_line(self, body, wrong):
        if wrong == "expired":
            return {"result": {"type": "expired"}}
        if wrong:
            error = {"type": "error", "error": {"type": "api_error", "message": "no"}}
            return {"result": {"type": "errored", "error": error}}
        return {"result": {"type": "succeeded", "message": self.reply("claude", body)}}

    def reply(self, name, body):
        seed = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        return self.services[name].good(
            json.dumps(fill_schema(schema_of(body), random.Random(seed)))
        )


@pytest.fixture
def service(services):
    made = Service(services)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(params=["chatgpt", "claude"])
def backend(request):
    return request.param


@pytest.fixture
def targen(in_process, monkeypatch):
    """Runs the command, in this process."""
    monkeypatch.setattr(retries, "_MAX_BACKOFF", 0.2)
    monkeypatch.setattr(services, "_FIRST_POLL", 0.01)
    monkeypatch.setattr(waiting, "_SETTLE", 0.01)

    def run(*args, ok=0, **variables):
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            done = in_process(*args)
        assert done.code == ok, done.out + done.err
        return done

    return run


@pytest.fixture
def generate(service, backend, targen):
    """Runs `targen generate tickets` on the service, with a key."""

    def run(out, *args, ok=0, key=KEY):
        if "--batch" in args and "--rounds" not in args:
            args = (*args, "--rounds", "90")  # the replies are of random words: few make a row
        return targen(
            *["generate", "tickets", "-n", "6", "--out", out, "--no-cache"],
            *[*service.options(backend), *args],
            ok=ok,
            **(service.key(backend, key) if key else {}),
        )

    return run


def answer_to(backend, service, line):
    """The line that answers one of a file of requests."""
    request = json.loads(line)
    if backend == "claude":
        value = service.anthropic_line(request["params"], None)
    else:
        value = service.openai_line(request["body"], None)
    return json.dumps({"custom_id": request["custom_id"], **value})


def rows(folder):
    return (folder / "dataset.jsonl").read_bytes() + (folder / "provenance.jsonl").read_bytes()


def asked(service):
    return [key for batch in service.batches.values() for key in batch["asked"]]


def test_a_run_in_batches_has_the_rows_of_an_online_run_at_half_the_price(
    generate, service, tmp_path
):
    done = generate("batch", "--batch", "--max-cost", "1")
    assert "calls submitted" in done.err
    lists = service.online
    total = report(tmp_path / "batch")["usage"]["total"]
    assert total["calls"] == lists + len(asked(service))
    price = (0.1 * 11 + 0.5 * 3) / 1e6
    dollars = price * lists + price / 2 * len(asked(service))
    assert total["dollars"] == pytest.approx(dollars, abs=1e-6)
    assert json.loads((tmp_path / "batch" / "manifest.json").read_text())["config"]["batch"]
    generate("online")
    assert report(tmp_path / "online")["rows"] == report(tmp_path / "batch")["rows"]
    assert rows(tmp_path / "batch") == rows(tmp_path / "online")
    assert service.keys == {f"Bearer {KEY}"}
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"verysecret" not in path.read_bytes(), path


@pytest.fixture
def made(targen):
    """A correction of twelve rows, half of them with a different label."""
    targen("generate", "tickets", "-n", "12", "-b", "scripted", "--out", "made", "--quiet")
    return "correct", "made/dataset.jsonl", "--task", "tickets"


@pytest.fixture
def correct(made, backend, service, targen):
    """Runs the correction on the service."""

    def run(*args, ok=0, key=True):
        options = (*service.options(backend), "--flip", "0.5", "--no-cache")
        return targen(*made, *options, *args, ok=ok, **(service.key(backend) if key else {}))

    return run


def changes(folder):
    return [Path(folder, name).read_bytes() for name in ("changes.jsonl", "dataset.jsonl")]


def test_a_correction_in_batches_has_the_verdicts_of_an_online_one(
    service, correct, targen, tmp_path
):
    service.before = lambda method, path: 401 if method == "GET" else None
    correct("--out", "batch", "--batch", ok=1)
    assert [len(batch["asked"]) for batch in service.batches.values()] == [12]
    service.before = lambda method, path: None
    service.item = lambda number, position: "expired" if number == 1 and position < 5 else None
    correct("--out", "batch", "--batch", "--max-cost", "1")
    assert service.online == 0
    first, second = [set(batch["asked"]) for batch in service.batches.values()][:2]
    assert len(first & second) == 5
    correct("--out", "online")
    assert service.online
    batched, other = (report(tmp_path / name)["usage"]["total"] for name in ("batch", "online"))
    assert batched["calls"] == other["calls"]
    assert batched["dollars"] == pytest.approx(other["dollars"] / 2, abs=1e-6)
    assert changes("batch") == changes("online")
    correct("--out", "five", "--batch", "--rows-per-call", "5")
    correct("--out", "five-online", "--rows-per-call", "5")
    assert changes("five") == changes("five-online")


def test_what_a_batch_did_not_answer_goes_into_the_next(generate, service, tmp_path):
    """Nothing else does, whichever uploads and polls fail: it is not paid twice."""
    wrong = (None, "expired", None, 500, None, "lost")
    service.item = lambda number, position: wrong[position % 6] if number == 1 else None
    service.extra_lines = ["not json", '{"custom_id": 7}', '{"custom_id": "x"}', "[]", '{"cus']

    def before(method, path):
        again = service.log.count((method, path))
        failing = {("GET", 2): 500, ("POST", 1): 503}.get((method, again))
        return failing if path == "/v1/files" or ("batch" in path and method == "GET") else None

    service.before = before
    generate("batch", "--batch")
    first, second = [set(batch["asked"]) for batch in service.batches.values()][:2]
    assert len(first & second) == len(first) // 2
    assert len(asked(service)) - len(set(asked(service))) == len(first & second)
    service.extra_lines, service.before = [], lambda method, path: None
    generate("online")
    assert rows(tmp_path / "batch") == rows(tmp_path / "online")
