"""LangChain's models make rows here, and our backends are LangChain's models there."""

import pytest

from .driver import CHAT_LLAMA, MODELS, Model, Shell, task_file
from .service import Service

pytest.importorskip("langchain_core")

CHAT = """
import json, urllib.request
import targen_core as tg
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool

class Chat(BaseChatModel):
    _llm_type = "mine"

    def bind_tools(self, tools, **kwargs):
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        tool = kwargs["tools"][0]["function"]
        roles = {"human": "user", "ai": "assistant", "system": "system"}
        sent = [{"role": roles[m.type], "content": m.content} for m in messages]
        form = {"json_schema": {"schema": tool["parameters"]}}
        body = json.dumps({"model": "m", "messages": sent, "response_format": form})
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(URL + "/chat/completions", body.encode(), headers)
        with urllib.request.urlopen(request) as answer:
            text = json.load(answer)["choices"][0]["message"]["content"]
        call = {"name": tool["name"], "args": json.loads(text), "id": "1"}
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=[call]))])

wanted = {"alpha": 4, "beta": 3, "gamma": 2}
run = tg.generate("mail.yaml", labels=wanted, model=Chat(), out="run")
assert run.report.rows == wanted, run.report.rows
again = tg.resume("run", labels={"alpha": 5}, model=Chat())
assert again.report.rows == {**wanted, "alpha": 5}, again.report.rows
"""


def test_a_langchain_model_makes_exact_counts(shell: Shell, service: Service, model: Model) -> None:
    model.slips, model.broken = 0.2, 0.1
    task_file(shell.folder)
    shell.python(f"URL = {service.url!r}\n{CHAT}")
    assert shell.run("run").counts() == {"alpha": 5, "beta": 3, "gamma": 2}
    report = shell.run("run").report()
    assert report.answered == len(service.answered) and not service.repeated()


def test_our_backend_is_a_langchain_model(shell: Shell, service: Service) -> None:
    shell.python(f"""
import asyncio
{CHAT_LLAMA}

chat = ChatLlama(base_url={service.url!r}, model={MODELS["llama"]!r})
said = chat.invoke("Name a river.")
assert said.content and said.usage_metadata["output_tokens"] > 0
assert asyncio.run(chat.ainvoke("Name a river.")).content == said.content
assert chat.batch(["Name a river."] * 2)[1].content == said.content
""")
    assert len(service.requests) == 4
