"""Whole runs against a loopback service, by the command: rows, cost, rejects, no key anywhere."""

import json
import os
import random
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from targen_core.scripted import fill_schema

pytest.importorskip("targen_plugin_example")

KEY = "sk-verysecret-0123456789"
MODELS = {"chatgpt": "gpt-6-luna", "claude": "claude-haiku-5-5"}
VARIABLES = {"chatgpt": "OPENAI_API_KEY", "claude": "ANTHROPIC_API_KEY"}


class Service:
    """A service that speaks both forms, and does what `mood` says."""

    def __init__(self, services):
        self.good = {"/v1/chat/completions": services["chatgpt"].good}
        self.good["/v1/messages"] = services["claude"].good
        self.mood = lambda number: (200, None, {})
        self.calls = 0
        self.statuses = Counter()
        self.keys = set()
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # head and body go in two parts: 40 ms each time

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with outer.lock:
                    outer.calls += 1
                    number = outer.calls
                outer.keys.add(self.headers.get("Authorization"))
                status, answer, headers = outer.mood(number)
                outer.statuses[status] += 1
                if answer is None:
                    answer = outer.reply(self.path, body, number)
                raw = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def reply(self, path, body, number):
        form = body.get("response_format", {}).get("json_schema") or body.get("output_config", {})
        schema = (form.get("format") or form)["schema"]
        return self.good[path](json.dumps(fill_schema(schema, random.Random(number))))


@pytest.fixture
def service(services):
    made = Service(services)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def generate(service, tmp_path):
    """Runs `targen generate tickets` on the service; gives the process and its report."""

    def run(backend, *args, out="run", **variables):
        base = f"http://127.0.0.1:{service.server.server_port}"
        command = ["generate", "tickets", "-n", "4", "-b", backend, "--out", out]
        command += ["-o", f"model={MODELS[backend]}", "--concurrency", "4"]
        command += ["-o", f"base_url={base}{'/v1' if backend == 'chatgpt' else ''}", *args]
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TARGEN_", "OPENAI"))}
        done = subprocess.run(
            [sys.executable, "-m", "targen_cli", *command],
            cwd=tmp_path,
            env={**kept, "TARGEN_CACHE_DIR": str(tmp_path / "cache"), **variables},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        (tmp_path / f"{out}.output").write_text(done.stdout + done.stderr)
        report = tmp_path / out / "report.json"
        return done, json.loads(report.read_text()) if report.exists() else None

    return run


def no_key_in(folder):
    """Every byte of every file, the cache's included."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 3
    return [str(path) for path in files if b"verysecret" in path.read_bytes()] == []


@pytest.fixture(params=sorted(MODELS))
def backend(request):
    return request.param


def test_a_passing_run_costs_what_it_says_and_keeps_no_key(backend, generate, service, tmp_path):
    done, report = generate(backend, "--max-cost", "1", **{VARIABLES[backend]: KEY})
    assert done.returncode == 0, done.stderr
    total = report["usage"]["total"]
    assert total["input_tokens"] == 11 * total["calls"]
    price = {"chatgpt": (0.1, 0.5), "claude": (0.1, 0.5)}[backend]
    expected = total["calls"] * (11 * price[0] + 3 * price[1]) / 1e6
    assert total["dollars"] == pytest.approx(expected, abs=1e-6)
    assert service.keys == {f"Bearer {KEY}"}
    assert no_key_in(tmp_path)


@pytest.mark.parametrize("way", ["option", "file", "key-file"])
def test_a_key_from_an_option_or_a_file_is_kept_nowhere_either(
    backend, way, generate, tmp_path, tmp_path_factory
):
    file = tmp_path_factory.mktemp("keys") / "key"
    file.write_text(KEY)
    given = {
        "option": ["-o", f"api_key={KEY}"],
        "file": ["-o", f"api_key_file={file}"],
        "key-file": ["--key-file", str(file)],
    }[way]
    done, _ = generate(backend, *given)
    assert done.returncode == 0, done.stderr
    assert no_key_in(tmp_path)


@pytest.mark.parametrize(
    ("status", "words", "more", "said"),
    [
        (401, f"Incorrect API key provided: {KEY}", {"code": "invalid_api_key"}, "set "),
        (429, f"no credit for {KEY}", {"code": "insufficient_quota"}, "out of credit"),
        (400, f"your header was Bearer {KEY}", {}, "error:"),
    ],
)
def test_a_failing_run_stops_at_once_and_keeps_no_key(
    backend, status, words, more, said, generate, service, services, tmp_path
):
    answer = services[backend].fault(words, **more)
    service.mood = lambda number: (status, answer, {"x-request-id": f"req-{KEY}"})
    done, report = generate(backend, **{VARIABLES[backend]: KEY})
    assert done.returncode == 1
    assert said in done.stderr
    assert f"HTTP {status}" in done.stderr
    assert service.calls <= 4  # what was in flight, and nothing after it
    assert report["status"] == "stopped"
    assert no_key_in(tmp_path)


def test_a_content_filter_rejects_candidates_and_the_run_goes_on(
    backend, generate, service, services
):
    answer = services[backend].fault("stopped by a filter", code="content_filter")
    service.mood = lambda number: (400, answer, {}) if number % 7 == 3 else (200, None, {})
    done, report = generate(backend, **{VARIABLES[backend]: KEY})
    assert done.returncode == 0, done.stderr
    assert service.statuses[400] > 0
    assert "content-filter" in json.dumps(report)


def test_429s_and_5xxs_slow_a_run_and_lose_nothing(backend, generate, service, services):
    slow = services[backend].fault("slow down")
    moods = {1: (429, {"retry-after-ms": "50"}), 2: (529, {}), 4: (500, {}), 6: (503, {})}

    def mood(number):
        status, headers = moods.get(number, (200, {}))
        return (status, None if status == 200 else slow, headers)

    service.mood = mood
    done, report = generate(backend, **{VARIABLES[backend]: KEY})
    assert done.returncode == 0, done.stderr
    assert sum(service.statuses[status] for status in (429, 500, 503, 529)) == 4
    assert report["usage"]["total"]["lost"] == 0


def test_a_model_of_unknown_price_is_refused_under_a_cap(backend, generate, service):
    done, _ = generate(backend, "--max-cost", "1", "-o", "model=new-model", X="")
    assert done.returncode == 2
    assert "--price-in" in done.stderr
    assert service.calls == 0
