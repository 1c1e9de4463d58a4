"""What is installed: plugins of strangers, broken and good, LangChain's models, and our wheels."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from . import driver
from .driver import PYTHON_TASK, Shell, World, generate, install, registering

HOOK = registering(tasks="half half:TASK")
ZOO = {
    "raises": "raise RuntimeError('half a module')",
    "leaves": "import sys; sys.exit(0)",
    "lacks": "import no_such_package_at_all",
    "halfway": HOOK + "    raise RuntimeError('in a hook')",
    "odd_name": HOOK.replace("'half'", "'My Task!'"),
    "twice": HOOK + HOOK.splitlines()[-1],
    "signature": HOOK.replace("(register)", "(register, other)"),
    "misspelt": HOOK.replace("register_tasks", "register_task"),
    "missing": "",
}
RAN = ("raises", "leaves", "lacks", "halfway")
"""Those whose own line is at fault."""


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, dict[str, str]]:
    """A terminal where a good plugin, a loud one and broken ones are installed."""
    shell = Shell(tmp_path_factory.mktemp("zoo"))
    site = shell.folder / "site"
    for name, text in ZOO.items():
        install(site, name, {name: text} if text else {})
    install(site, "astray", {}, entry="astray = no-such module!")
    for name in ("good", "loud", "one", "two"):
        task = "porter" if name in ("one", "two") else name
        modules = {name: registering(tasks=f"{task} {name}_task:TASK"), f"{name}_task": PYTHON_TASK}
        install(site, name, modules)
    with (site / "loud.py").open("a") as file:
        file.write("print('noise')\n")
    return shell, {"PYTHONPATH": str(site)}


def test_broken_plugins_break_only_themselves(zoo: tuple[Shell, dict[str, str]]) -> None:
    shell, env = zoo
    listed = shell("list-tasks", "--json", **env)
    ids = {task["id"] for task in json.loads(listed.out)}
    assert ids >= {"good:good", "loud:loud", "one:porter", "two:porter"}
    assert not ids & {f"{name}:half" for name in ZOO}
    shell(*generate("good", n=4, correct=False), **env)
    assert shell.run("run").counts() == {"alpha": 2, "beta": 2}
    shell("plugins", "--strict", ok=1, **env)
    shown = json.loads(shell("plugins", "--json", **env).out)
    states = {each["distribution"].replace("-", "_"): each for each in shown}
    for name in (*ZOO, "astray"):
        assert states[name]["state"] == "broken" and name.replace("_", "-") in listed.err
        problem = str(states[name]["problems"])
        assert name not in RAN or f"site/{name}.py" in problem, problem
    assert {states[name]["state"] for name in ("good", "one", "two")} == {"ok"}
    assert "noise" in str(states["loud"]["problems"])


def test_two_strangers_with_one_name_are_told_apart(zoo: tuple[Shell, dict[str, str]]) -> None:
    shell, env = zoo
    said = shell(*generate("porter", "x", n=2, correct=False), ok=2, **env).text
    assert "one:porter" in said and "two:porter" in said
    for name in ("one", "two"):
        shell(*generate(f"{name}:porter", name, n=2, correct=False), **env)
        assert len(shell.run(name).rows) == 2
    taken = registering(tasks="rte nowhere:TASK", exporters="csv nowhere:CSV")
    install(shell.folder / "taker", "taker", {"taker": taken})
    shell(*generate("rte", "ours", n=2, correct=False), PYTHONPATH=str(shell.folder / "taker"))


# --- LangChain -------------------------------------------------------------------------------

CHAT = """
import json, urllib.request
import targen_core as tg
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool

class Chat(BaseChatModel):
    _llm_type = "mine"

    def bind_tools(self, tools, **kwargs):
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        tool = kwargs["tools"][0]["function"]
        form = {"json_schema": {"schema": tool["parameters"]}}
        sent = {"messages": convert_to_openai_messages(messages), "response_format": form}
        body = json.dumps({"model": "m", **sent})
        request = urllib.request.Request(URL + "/chat/completions", body.encode())
        with urllib.request.urlopen(request) as answer:
            text = json.load(answer)["choices"][0]["message"]["content"]
        call = {"name": tool["name"], "args": json.loads(text), "id": "1"}
        return ChatResult(generations=[ChatGeneration(message=AIMessage("", tool_calls=[call]))])

tg.generate("mail.yaml", labels={"alpha": 4, "beta": 3, "gamma": 2}, model=Chat(), out="run")
"""


def test_langchains_models_make_rows_and_ours_are_langchains(made: World) -> None:
    pytest.importorskip("langchain_core")
    made.model.slips, made.model.broken = 0.2, 0.1
    made.shell.python(f"URL = {made.service.url!r}\n{CHAT}")
    run, answered = made.shell.run("run"), len(made.service.answered)
    assert run.counts() == {"alpha": 4, "beta": 3, "gamma": 2}
    assert run.report().answered == answered and not made.service.repeated()
    made.shell.python(f"""
{driver.CHAT_LLAMA}

chat = ChatLlama(base_url={made.service.url!r}, model={driver.MODELS["llama"]!r})
reply = chat.invoke("Name a river.")
assert reply.content and reply.usage_metadata["output_tokens"] > 0
assert chat.batch(["Name a river."] * 2)[1].content == reply.content
""")
    assert len(made.service.requests) == answered + 3


# --- wheels alone ----------------------------------------------------------------------------

WHEELS = os.environ.get("TARGEN_WHEELS", "")
EIGHT = {"axg", "boolq", "cb", "copa", "record", "rte", "wic", "wsc"}
LISTED = """
import importlib.metadata as found
print(*(point.dist.name for point in found.entry_points(group="targen.v1")))"""


@pytest.mark.skipif(not WHEELS, reason="TARGEN_WHEELS names no folder of wheels")
def test_wheels_bring_eight_tasks_then_nine_and_three_kinds_of_backend(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    shell = Shell(tmp_path, tmp_path / "env" / "bin")

    def installing(*names: str) -> set[str]:
        line = [shell.bin / "pip", "install", "-q", "--find-links", Path(WHEELS).resolve(), *names]
        subprocess.run(line, check=True, timeout=600)
        return {task["name"] for task in json.loads(shell("list-tasks", "--json").out)}

    assert installing("targen-tasks-superglue") == EIGHT
    shell("generate", "rte", "-n", 4, "-b", "scripted", "-y", "--out", "run")
    assert shell.run("run").counts() == {"entailment": 2, "not_entailment": 2}
    assert installing("targen-tasks-multirc", "targen-backends") == {*EIGHT, "multirc"}
    backends = {backend["name"] for backend in json.loads(shell("list-backends", "--json").out)}
    assert backends >= {"chatgpt", "claude", "llama"}
    found = {*shell.python(LISTED).out.split()}
    assert found >= {"targen-tasks-superglue", "targen-tasks-multirc", "targen-backends"}
    shell("plugins", "--strict")
