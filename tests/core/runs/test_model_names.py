"""What models and backends are called in cards and tables."""

from __future__ import annotations

import pytest

from targen_core.runs.records.lock import StepPlan, backend_name, model_name


@pytest.mark.parametrize(
    ("backend", "identity", "model", "name"),
    [
        ("targen-standard:scripted", "scripted:0123abcd", "scripted", "scripted"),
        ("targen-backends:local", "local:SmolLM2-1.7B:0123abcd", "SmolLM2-1.7B", "local"),
        ("targen-backends:llama", "llama:http://h/v1:m:no", "", "llama"),
        ("langchain:pkg.Chat", "langchain:pkg.Chat:gpt:0123abcd4567", "gpt", "langchain pkg.Chat"),
        ("acme:pkg.Chat", "acme:pkg.Chat::0123abcd4567", "Chat", "acme pkg.Chat"),
        ("memory:chat", "langchain:pkg.chat.Chat:gpt:0123abcd4567:01234567", "gpt", "chat"),
        ("house:own", "own:v1.2:0123abcd", "v1.2", "own"),
    ],
)
def test_names_of_a_plan(backend, identity, model, name):
    plan = StepPlan(backend=backend, identity=identity, options={}, params={})
    assert (model_name(plan), backend_name(plan)) == (model, name)
