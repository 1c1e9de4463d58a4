"""The options of the backends: keys, addresses, and what suits a model's name."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from pydantic import ValidationError

from targen_backends.chatgpt import backend as chatgpt
from targen_backends.claude import backend as claude
from targen_backends.llama import backend as llama
from targen_core.calls.model import ChatModel
from targen_core.errors import UsageError

from .providers import PROVIDERS

BACKENDS = {"chatgpt": chatgpt.BACKEND, "claude": claude.BACKEND, "llama": llama.BACKEND}
OPTIONS = {name: backend.options for name, backend in BACKENDS.items()}
SERVICES = {provider.name: provider for provider in PROVIDERS}
NAMES = sorted(OPTIONS)
HOSTED = pytest.mark.parametrize("name", ["chatgpt", "claude"], indirect=True)


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


@pytest.fixture
def made(name):
    """Makes the backend's model of options."""

    def make(**options):
        return BACKENDS[name].create(OPTIONS[name](model="m", **options))

    return make


def test_registering_imports_nothing_heavy():
    """Nor is a provider's client ever needed."""
    ours = ", ".join(f"targen_backends.{name}" for name in (*NAMES, "local"))
    heavy = {"aiohttp", "openai", "anthropic", "pydantic", "xllamacpp", "langchain_core"}
    code = f"""import sys, {ours}, targen_standard.langchain.model
print({heavy} & {{*sys.modules}})
import targen_backends.chatgpt.langchain, targen_backends.claude.langchain
print({{"openai", "anthropic"}} & {{*sys.modules}})"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["set()", "set()"]


def test_they_are_chat_models_whose_identity_holds_no_key(made):
    model = made(api_key="sk-abcdef123456", extra='{"metadata": {}}')
    assert isinstance(model, ChatModel)
    assert "sk-abc" not in f"{model!r}{model.identity}"
    assert model.identity != made().identity
    assert model.structured


@HOSTED
def test_where_the_key_comes_from(name, made, monkeypatch, tmp_path):
    variable = SERVICES[name].key_variable
    store = {("targen", variable): "from-keyring"}
    keyring = SimpleNamespace(get_password=lambda service, user: store.get((service, user)))
    assert made().key == ""
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    assert made().key == "from-keyring"
    monkeypatch.setenv(variable, " from-variable\n")
    assert made().key == "from-variable"
    file = tmp_path / "key"
    file.write_text("from-file\nand a note\n")
    assert made(api_key_file=str(file)).key == "from-file"
    assert made(api_key_file=str(file), api_key="given").key == "given"


def test_a_key_file_that_is_none(made, tmp_path):
    with pytest.raises(UsageError, match=r"cannot read the key file .*: No such file"):
        made(api_key_file=str(tmp_path / "none"))
    (tmp_path / "empty").write_text("\n\n")
    with pytest.raises(UsageError, match="empty first line"):
        made(api_key_file=str(tmp_path / "empty"))


@pytest.mark.parametrize("key", ["secret two", "secret\tx", "sécret", "secret\nsecond"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_repeated(made, key):
    with pytest.raises(UsageError, match="api_key=") as caught:
        made(api_key=key)
    assert "cret" not in str(caught.value)


def test_the_address_may_be_a_proxys(name, made, monkeypatch):
    variable = SERVICES[name].key_variable.replace("API_KEY", "BASE_URL")
    monkeypatch.setenv(variable, "http://proxy:8080/v1/")
    options = OPTIONS[name]()
    assert options.base_url == "http://proxy:8080/v1"
    assert "base_url" in options.model_fields_set  # a resumed run finds it again
    url = f"http://proxy:8080{SERVICES[name].path}"
    assert made().url == url
    assert made(base_url=url).url == url


@pytest.mark.parametrize(
    "address", ["ftp://h/v1", "h/v1", "http://u:hunter2@h/v1", "http://h/v1?key=hunter2"]
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(made, address):
    with pytest.raises(ValidationError) as caught:
        made(base_url=address)
    assert "hunter2" not in str(caught.value)


def test_a_key_of_openais_goes_to_no_other_service(monkeypatch):
    def key(**options):
        return llama.create(llama.LlamaOptions(model="m", **options)).key

    monkeypatch.setenv("OPENAI_API_KEY", "openai")
    assert key() == ""
    assert key(base_url="https://api.openai.com/v1") == "openai"
    assert key(base_url="https://api.openai.com.example.org/v1") == ""
    monkeypatch.setenv("TARGEN_LLAMA_API_KEY", "own\n")
    assert key(base_url="https://api.openai.com/v1") == "own"


def test_options_reach_the_model():
    options = llama.LlamaOptions(
        model="m", timeout="5", structured="none", max_concurrency=3, extra='{"top_k": 3}'
    )
    model = llama.BACKEND.create(options)
    assert (model.structured, model.seeded, model.max_concurrency) == (False, True, 3)
    assert options.extra == {"top_k": 3}
    with pytest.raises(ValidationError):
        llama.LlamaOptions(extra="{")
