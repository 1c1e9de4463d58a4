"""The options of the llama backend, its registration, and its strict schemas."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from targen_backends.llama.backend import BACKEND, LlamaOptions, create
from targen_backends.schema import response_format, strict_schema
from targen_core.errors import UsageError
from targen_core.plugins.loader import Source, load_registry


def sources():
    return [
        Source("targen-backends", "0.1.0", name, f"targen_backends.{name}", extras=(name,))
        for name in ("llama", "local")
    ]


@pytest.mark.parametrize("name", ["llama", "local"])
def test_it_registers_and_resolves(name):
    registry = load_registry(sources())
    assert [plugin.state for plugin in registry.plugins] == ["ok", "ok"]
    backend = registry.get("backend", name)
    assert registry.find("backend", name).summary == backend.summary


def test_registering_imports_nothing_heavy():
    code = (
        "import sys, targen_backends.llama, targen_backends.local;"
        "import targen_standard.langchain.chat, targen_standard.langchain.model;"
        "print(sorted({'aiohttp', 'xllamacpp', 'pydantic', 'langchain_core'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_model_is_required():
    with pytest.raises(UsageError) as caught:
        create(LlamaOptions())
    assert 'model="llama/NAME"' in caught.value.hint


def test_the_address_comes_from_the_options_the_variable_or_ollama(monkeypatch):
    assert LlamaOptions().base_url == "http://127.0.0.1:11434/v1"
    monkeypatch.setenv("TARGEN_LLAMA_BASE_URL", "http://here/v1/")
    options = LlamaOptions()
    assert options.base_url == "http://here/v1"
    assert "base_url" in options.model_fields_set  # a resumed run finds it again
    assert LlamaOptions(base_url="http://there/v1/chat/completions").base_url == "http://there/v1"


@pytest.mark.parametrize(
    "address", ["ftp://h/v1", "h/v1", "http://u:hunter2@h/v1", "http://h/v1?key=hunter2"]
)
def test_an_address_with_a_secret_is_refused_and_not_repeated(address):
    with pytest.raises(ValidationError) as caught:
        LlamaOptions(base_url=address)
    assert "hunter2" not in str(caught.value)


def test_where_the_key_comes_from(monkeypatch):
    def key(**options):
        return create(LlamaOptions(model="m", **options))._poster.secret

    monkeypatch.setenv("OPENAI_API_KEY", "openai")
    assert key() == ""
    assert key(base_url="https://api.openai.com/v1") == "openai"
    assert key(base_url="https://api.openai.com.example.org/v1") == ""
    monkeypatch.setenv("TARGEN_LLAMA_API_KEY", "own\n")
    assert key() == "own"
    assert key(base_url="https://api.openai.com/v1") == "own"
    assert key(api_key="given") == "given"
    assert "given" not in repr(LlamaOptions(api_key="given"))


def test_extra_fields_may_be_json_text():
    assert LlamaOptions(extra='{"top_k": 3}').extra == {"top_k": 3}
    with pytest.raises(ValidationError):
        LlamaOptions(extra="{")


def test_options_reach_the_model():
    model = BACKEND.create(
        LlamaOptions(model="m", timeout="5", structured="none", max_concurrency=3)
    )
    assert (model.structured, model.seeded, model.max_concurrency) == (False, True, 3)


@pytest.mark.parametrize("api", ["openai", "ollama"])
def test_seeds_may_be_left_out(api):
    assert create(LlamaOptions(model="m", api=api)).seeded
    assert not create(LlamaOptions(model="m", api=api, seeded="false")).seeded


def test_a_strict_schema_closes_every_object():
    schema = {
        "$defs": {
            "Item": {
                "type": "object",
                "properties": {"default": {"type": "string", "default": "x"}},
            }
        },
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/$defs/Item", "description": "d"}},
            "either": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/Item"}], "discriminator": {}},
            "open": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
        "required": [],
    }
    before = repr(schema)
    assert strict_schema(schema) == {
        "$defs": {
            "Item": {
                "type": "object",
                "properties": {"default": {"type": "string"}},
                "required": ["default"],
                "additionalProperties": False,
            }
        },
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
            "either": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Item"}]},
            "open": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
        "required": ["items", "either", "open"],
        "additionalProperties": False,
    }
    assert repr(schema) == before


def test_a_schema_name_is_fitted():
    assert response_format({}, "a b/c" + "x" * 90)["json_schema"]["name"] == "a_b_c" + "x" * 59
    assert response_format({}, "")["json_schema"]["name"] == "reply"
