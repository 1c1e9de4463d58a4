"""The backends as langchain chat models."""

import pytest

from targen_backends.llama.langchain import ChatLlama
from targen_core.errors import ServiceUnavailable


def test_chat_llama_takes_the_backends_options():
    chat = ChatLlama(base_url="http://127.0.0.1:1/v1", model="m", api_key="k-123")
    assert (
        chat._identifying_params["model"] == "openai-compatible:http://127.0.0.1:1/v1:m:json_schema"
    )
    assert "k-123" not in repr(chat)
    with pytest.raises(ServiceUnavailable):  # nobody listens on port 1
        chat.invoke("Name a river.")
    chat.close()


def test_chat_local_is_the_embedded_model():
    from targen_backends.local.langchain import ChatLocal

    chat = ChatLocal(params={"max_tokens": 5}, parallel=1, n_ctx=512, kept_prompts=1)
    assert chat._identifying_params["model"].startswith("local:SmolLM2-135M")
    chat.close()
