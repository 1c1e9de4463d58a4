"""Options that hold a key: refused, or kept out of everything that a run writes."""

import json

import pytest

from targen_testing.fault_server import FaultServer, Response

pytestmark = pytest.mark.whole  # the task of targen_plugin_example

KEY = "sk-verysecret-0123456789"
OWN = "verysecret-of-no-known-form-0123456789"
OWN_USER = f'extra={{"user": "{OWN}"}}'


@pytest.fixture
def generate(in_process, services, tmp_path):
    """`targen generate tickets`; gives what it did, and writes down what it printed."""

    def run(*args, backend="llama"):
        good = services["llama"].good('{"text": "x"}')
        with FaultServer(Response(good)) as server:
            done = in_process(
                *["generate", "tickets", "-n", "2", "-b", backend, "-o", "model=tiny"],
                *["-o", f"base_url={server.url}/v1", "--out", tmp_path / "run", *args],
            )
        (tmp_path / "output").write_text(done.out + done.err)
        return done, server

    return run


def kept(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return [str(path) for path in files if b"verysecret" in path.read_bytes()]


@pytest.mark.parametrize(
    ("option", "key_from"),
    [
        (f'extra={{"api_key": "{KEY}"}}', ""),
        ('extra={"api_key": "verysecret"}', ""),
        ('extra={"extra_headers": {"X-Api-Key": "verysecret"}}', ""),
        (f'extra={{"metadata": {{"note": "{KEY}"}}}}', ""),
        ('extra={"note": "\\u0073k-verysecret-0123456789"}', ""),
        ('extra={"deep": [{"body": "{\\"password\\": \\"verysecret\\"}"}]}', ""),
        (f"model={KEY}", ""),
        (f"stop={KEY}", ""),
        ("base_url=http://127.0.0.1:9/v1?api_key=verysecret", ""),
        (OWN_USER, "TARGEN_LLAMA_API_KEY"),
        (OWN_USER, "api_key_file={file}"),
        (OWN_USER, f"api_key={OWN}"),
    ],
)
def test_an_option_that_a_run_keeps_may_hold_no_key(
    option, key_from, generate, tmp_path, tmp_path_factory, monkeypatch
):
    """None that looks like one, nor the run's own, wherever it is from."""
    file = tmp_path_factory.mktemp("keys") / "key"
    file.write_text(OWN)
    if key_from.startswith("TARGEN"):
        monkeypatch.setenv(key_from, OWN)
    given = ("-o", key_from.format(file=file)) if "=" in key_from else ()
    done, server = generate(*given, "-o", option)
    assert done.code == 2
    assert "key" in done.err
    assert server.seen == []
    assert kept(tmp_path) == []


CLASS = """
from langchain_core.language_models.fake_chat_models import FakeListChatModel

class Chat(FakeListChatModel):
    responses: list = ["{}"]
    default_headers: dict = {}
    headers_came: bool = False

    def _call(self, messages, stop=None, run_manager=None, **kwargs):
        assert self.default_headers == {"Authorization": "Bearer verysecret-0123456789"}
        return '{"text": "You sent verysecret-0123456789."}'
"""


def test_headers_of_a_langchain_class_reach_it_and_no_file(in_process, tmp_path, monkeypatch):
    (tmp_path / "chat.py").write_text(CLASS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    headers = json.dumps({"Authorization": "Bearer verysecret-0123456789"})
    done = in_process(
        *["generate", "tickets", "-n", "2", "-b", "langchain:chat.Chat"],
        *["-o", f"default_headers={headers}", "--out", "run"],
    )
    assert done.code in (0, 1), done.err
    (tmp_path / "chat.py").unlink()
    (tmp_path / "output").write_text(done.out + done.err)
    journal = (tmp_path / "run" / "journal").read_text()
    assert "You sent ***." in journal
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("options.extra", '{"api_key": "verysecret"}'),
        ("options.extra", '{"note": "sk-verysecret-0123456789"}'),
        ("base-url", "http://127.0.0.1:9/v1?api_key=verysecret"),
        ("options.default_headers", '{"X": "verysecret"}'),
    ],
)
def test_no_key_gets_into_a_file_of_defaults(key, value, in_process, tmp_path):
    done = in_process("config", "set", key, value, "--project")
    assert done.code == 2, done.out
    assert "looks like a key" in done.err
    assert "verysecret" not in done.out + done.err
    assert kept(tmp_path) == []
