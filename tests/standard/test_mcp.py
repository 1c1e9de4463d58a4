"""`targen mcp`, as the protocol's own client sees it over standard input and output."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.whole  # the package mcp is an extra

TASK = (
    "description: Notes on colours.\nlabels: {red: It is red., blue: It is blue.}\n"
    "contexts: [sea]\nseeds: [a boat, a kite]\nfields: {text: {words: [3, 9]}}\ncorrector: none\n"
)


def test_an_agent_without_a_shell_writes_a_dataset(tmp_path: Path) -> None:
    from mcp import Client, StdioServerParameters

    (tmp_path / "hue.yaml").write_text(TASK)
    (tmp_path / "own.csv").write_text("v1,v2\nred,A red boat.\nblue,A blue kite.\nred,So red.\n")

    async def use() -> None:
        command = ["-m", "targen_core.cli", "mcp"]
        place = StdioServerParameters(command=sys.executable, args=command, cwd=tmp_path)
        async with Client(place) as client:

            async def call(tool: str, **given: object) -> object:
                said = await client.call_tool(tool, given)
                assert not said.is_error, said
                return json.loads(said.content[0].text)  # type: ignore[union-attr]

            names = {tool.name for tool in (await client.list_tools()).tools}
            assert {"guide", "look", "generate", "next", "answer", "report", "show"} <= names
            assert (await client.call_tool("guide", {})).content[0].text.startswith("# targen")
            assert (await call("look", file="own.csv"))["hint"] == "--map text=v2,label=v1"
            assert "red" in json.dumps(await call("describe", name="hue.yaml"))
            await call("generate", task="hue.yaml", rows=2, out="runs/hue")
            assert not (await client.call_tool("show", {"run": "runs/hue"})).is_error  # no row yet
            (group,) = (await call("next", run="runs/hue"))["groups"]
            first, second = (prompt["id"] for prompt in group["prompts"])
            replies = [{"id": first, "reply": "boat"}, {"id": second, "reply": "a kite at sea"}]
            now = await call("answer", run="runs/hue", replies=replies)
            assert now["used"] == 1 and "too-short" in now["again"][0]
            replies = [{"id": first, "reply": "a boat at sea"}]
            assert (await call("answer", run="runs/hue", replies=replies))["complete"]
            assert (await call("report", run="runs/hue"))["rows"] == {"red": 1, "blue": 1}
            read = await client.read_resource("targen://runs/hue/rows")
            assert "a kite at sea" in read.contents[0].text  # type: ignore[union-attr]
            wrong = await client.call_tool("report", {"run": "--help"})
            assert wrong.is_error and "--help" in wrong.content[0].text  # type: ignore[union-attr]

    asyncio.run(use())
