"""Whole runs of services that fail, or repeat the key."""

import hashlib
import itertools
import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from targen_backends.chatgpt.backend import ChatGptOptions, batches
from targen_backends.claude.backend import ClaudeOptions
from targen_backends.claude.backend import batches as claude_batches
from targen_core.calls import retries
from targen_core.calls.model import ChatReply, ChatRequest, Message
from targen_core.errors import ServiceError
from targen_standard.scripted import fill_schema
from targen_testing.fault_server import FaultServer, Response

from ..runs import report
from .providers import raw, schema_of

pytestmark = pytest.mark.whole  # the task of targen_plugin_example

KEY = "sk-verysecret-0123456789/AbC+dEfGhIjKlMnOpQrStUvWxYz"


def holding(folder: Path, key: str) -> list[str]:
    """The files below `folder` that hold `key`."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert len(files) > 3
    return [str(path) for path in files if key in path.read_bytes().decode("latin-1")]


FEW = settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def telling(value, rng):
    """`value` with the key in its texts of several words."""
    if isinstance(value, dict):
        return {name: telling(part, rng) for name, part in value.items()}
    if isinstance(value, list):
        return [telling(part, rng) for part in value]
    if isinstance(value, str) and " " in value and rng.random() < 0.4:
        first, _, rest = value.partition(" ")
        return f"{first} {KEY} {rest}"
    return value


def body_of(answer, rng):
    """An answer as it is sent."""
    return json.dumps(answer, ensure_ascii=rng.random() < 0.5)


class Echo:
    """A service that repeats the key in each answer, and fails now and then."""

    def __init__(self, provider, fails=True):
        self.provider = provider
        self.fails = fails
        self.told = 0

    def __call__(self, seen):
        asked = seen.body | {"seed": 0}  # a call's seed depends on the server's port
        rng = random.Random(hashlib.sha256(json.dumps(asked).encode()).digest())
        if self.fails and rng.random() < 0.2 and not self.told % 3:
            self.told += 1
            fault = self.provider.fault(f"Busy. You are {KEY}.")
            headers = {self.provider.request_id: f"for-{KEY}"}
            return Response(body_of(fault, rng), 503, headers)
        self.told += 1
        value = telling(fill_schema(schema_of(seen.body), rng), rng)
        content = json.dumps(value)
        answer = self.provider.good(content)
        answer["model"] = f"tiny {KEY}"
        if seen.body.get("tools"):
            used = {"type": "tool_use", "id": "t", "name": "reply", "input": value}
            answer["content"] = [used]
        return Response(body_of(answer, rng))


@pytest.fixture
def run(in_process, provider, monkeypatch, tmp_path):
    """A run of `tickets` on the service, by the command, and its page."""
    monkeypatch.setattr(retries, "_MAX_BACKOFF", 0.05)
    monkeypatch.setenv(provider.key_variable, KEY)
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))

    def go(echo, *args):
        backend = "llama" if provider.name == "ollama" else provider.name
        more = ["-o", "api=ollama"] if provider.name == "ollama" else []
        with FaultServer(echo) as server:
            done = in_process(
                *["generate", "tickets", "-n", "4", "-b", backend, "--out", tmp_path / "run"],
                *["--give-up-after", "500"],  # checks reject some texts with the key
                *["--concurrency", "1"],  # otherwise the order of requests decides what is rejected
                *["-o", "model=tiny", "-o", f"base_url={server.url}{provider.base}", *more, *args],
            )
        page = in_process("report", tmp_path / "run", "--html")
        (tmp_path / "output").write_text(done.out + done.err + page.out + page.err)
        return done

    return go


def test_no_file_of_a_run_has_a_key_that_a_service_spells_out(run, provider, tmp_path):
    echo = Echo(provider)
    tool = ["-o", "structured=tool"] if provider.name == "claude" else []
    done = run(echo, *tool)
    assert done.code == 0, done.err
    for name in ("journal", "provenance.jsonl", "rejects.jsonl", "report.html"):
        text = (tmp_path / "run" / name).read_text()
        assert "***" in text or "\\*" in text, f"{name}: repeated, and removed"
    assert len((tmp_path / "run" / "dataset.jsonl").read_text().splitlines()) == 4
    assert holding(tmp_path, KEY) == []


# --- services that fail ---

OPTIONS = {"chatgpt": "gpt-6-luna", "claude": "claude-haiku-5-5"}  # of one price
BUSY = {
    1: (429, "slow down", {}, {"retry-after-ms": "50"}),
    2: (529, "slow down", {}, {}),
    4: (500, "oops", {}, {}),
    6: (503, "busy", {}, {}),
}
MOODS = {
    # by the call's number, or by 0 for all but the first four: a status, words and headers of the
    # answer; what the run does of them
    "filter": ({3: (400, "stopped by a filter", {"code": "content_filter"}, {})}, 0, ""),
    "busy": (BUSY, 0, ""),
    "key": ({0: (401, f"Incorrect API key: {KEY}", {"code": "invalid_api_key"}, {})}, 1, "set "),
    "credit": ({0: (429, f"none for {KEY}", {"code": "insufficient_quota"}, {})}, 1, "out of cred"),
    "bad": ({0: (400, f"your header was Bearer {KEY}", {}, {})}, 1, "error:"),
}


@pytest.mark.parametrize(
    ("provider", "mood"),
    [
        *(("chatgpt", mood) for mood in MOODS),
        *(("claude", mood) for mood in ("filter", "busy", "bad")),
    ],
    indirect=["provider"],
)
def test_a_run_makes_of_faults_what_can_be_made_of_them(run, provider, tmp_path, mood):
    faults, code, words = MOODS[mood]
    good, numbers = Echo(provider, fails=False), itertools.count(1)

    def answer(seen):
        number = next(numbers)
        fault = faults.get(number) or faults.get(0 if number > 4 else None)
        if fault is None:  # the first are answered: a run without an answer leaves no files
            return good(seen)
        status, problem, more, headers = fault
        return Response(provider.fault(problem, **more), status, headers)

    model = f"model={OPTIONS[provider.name]}"
    done = run(answer, "-o", model, "--max-cost", "1", "--concurrency", "4")
    said = report(tmp_path / "run")
    total = said["usage"]["total"]
    assert done.code == code, done.err
    assert words in done.err
    assert holding(tmp_path, KEY) == []
    if code:
        assert f"HTTP {faults[0][0]}" in done.err
        # What was in flight, and nothing after it; a 400 may be due to what some calls say.
        assert next(numbers) <= (30 if mood == "bad" else 9)
        # If all calls of the lists are refused first, there is nothing to go on with.
        assert said["status"] in (("stopped", "short") if mood == "bad" else ("stopped",))
        return
    assert total["lost"] == 0
    assert total["input_tokens"] == 11 * (total["calls"] - (mood == "filter"))
    assert ("content-filter" in json.dumps(said)) is (mood == "filter")
    expected = (total["input_tokens"] * 0.1 + total["output_tokens"] * 0.5) / 1e6
    assert total["dollars"] == pytest.approx(expected, abs=1e-6)


# --- answers one by one ---


@FEW
@given(seed=st.integers(0, 2**32))
def test_no_reply_and_no_error_spells_the_key(seed, provider, call, request_of):
    rng = random.Random(seed)
    good = provider.good(f"Sent by {KEY}.")
    good["model"] = KEY
    status = rng.choice([200, 200, 400, 401, 429, 500])
    body = good if status == 200 else provider.fault(f"{KEY} is unknown", code=KEY)
    text = body_of(body, rng)
    encoding = rng.choice(["utf-8", "utf-16", "utf-8-sig"]) if status == 200 else "utf-8"

    answer = raw(text.encode(encoding), status)
    try:
        reply = call(provider, answer, request_of(seed=None), api_key=KEY)
    except ServiceError as error:
        assert status != 200
        shown = f"{error} {error.hint}"
        assert not any(KEY[at : at + 9] in shown for at in range(len(KEY) - 8))
    else:
        assert json.loads(f'"{reply.text}"') == "Sent by ***."
        assert reply.model in ("", "***")


CODECS = {
    "chatgpt": batches(ChatGptOptions(model="tiny", api_key=KEY)),
    "claude": claude_batches(ClaudeOptions(model="tiny", api_key=KEY)),
}


@FEW
@given(seed=st.integers(0, 2**32))
@pytest.mark.parametrize("name", CODECS)
def test_no_line_of_a_batch_spells_the_key(seed, name, services):
    rng = random.Random(seed)
    answer = services[name].good(f"Sent by {KEY}.")
    if name == "chatgpt":
        failed = {"response": {"status_code": 400, "request_id": KEY, "body": {"error": KEY}}}
        lines = [{"response": {"status_code": 200, "body": answer}}, failed]
        lines.append({"error": {"code": KEY, "message": KEY}})
    else:
        error = {"type": "errored", "error": {"error": {"type": "api_error", "message": KEY}}}
        results = ({"type": "succeeded", "message": answer}, error, {"type": KEY})
        lines = [{"result": result} for result in results]
    asked = {"k": ChatRequest((Message("user", "?"),), {"max_tokens": 9})}
    for line in lines:
        text = body_of({"custom_id": "k", **line}, rng)
        _, found = CODECS[name].decode(text.encode(), asked)
        if isinstance(found, ChatReply):
            assert json.loads(f'"{found.text}"') == "Sent by ***."
        else:
            assert not any(KEY[at : at + 9] in str(found) for at in range(len(KEY) - 8))
