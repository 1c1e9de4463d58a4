"""`targen mcp`: a server of the Model Context Protocol, for agents without a shell.

Each tool runs a command with `--json` in a process of its own, so that it is as a person types it.
An agent's values follow `=` or `--`, so that they are never options.
"""

# The protocol's package evaluates annotations, of which one is imported in a function.

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from targen_core.extras import needs

_WATCHED = 1.0  # seconds between two reports of progress
_PRINT_LINES = ("show",)  # the --json of these is lines, of which there may be none or one


def mcp() -> None:
    """Serve targen to an agent by the Model Context Protocol, on standard input and output.

    The tools are commands: guide, describe, look, generate, next, answer, report, show and
    validate. Runs in the folder `runs` are resources. Paths are relative to the folder in which
    the server starts.

    Example:
    - targen mcp
    """
    with needs("targen mcp", extra="mcp", distribution="targen-standard"):
        server = build_server()
    server.run()


def build_server() -> Any:
    """Return the server with its tools and resources.

    Raises:
        ModuleNotFoundError: the package `mcp` is not installed.
    """
    from mcp.server.mcpserver import Context, MCPServer
    from mcp.server.mcpserver.exceptions import ToolError

    server = MCPServer(
        "targen",
        instructions="Generate labelled text datasets. Call guide first. With the backend agent, "
        "you write the rows: call next and answer until the run is complete.",
    )

    @server.tool()
    async def guide() -> str:
        """Return how to write a task file, and what is in this folder."""
        return str((await _run(["guide"]))["guide"])

    @server.tool()
    async def describe(name: str) -> Any:
        """Check a task file and show its labels and steps, or describe an installed part."""
        return await _run(["describe"], {}, name)

    @server.tool()
    async def look(file: str, task: str = "", columns: str = "") -> Any:
        """Show how a file of rows is read; `columns` is such as "text=v2,label=v1"."""
        return await _run(["look"], {"--task": task, "--map": columns}, file, codes=(0, 2))

    @server.tool()
    async def generate(
        task: str,
        rows: int,
        out: str,
        ctx: Context,
        backend: str = "agent",
        model: str = "",
        max_cost: float | None = None,
        labels: dict[str, int] | None = None,
        dry_run: bool = False,
    ) -> Any:
        """Generate labelled rows into the folder `out`, or only estimate with `dry_run`.

        With the backend agent you are the model: call next and answer then. Other backends need a
        model and a key in the environment; `max_cost` is a hard limit in dollars.
        """
        counts = ",".join(f"{name}={count}" for name, count in (labels or {}).items())
        options = {
            "--number": "" if counts else str(rows),
            "--label": counts,
            "--out": out,
            "--backend": backend,
            "--model": model,
            "--max-cost": "" if max_cost is None else str(max_cost),
        }
        words = ["generate", "--dry-run"] if dry_run else ["generate", "--yes"]
        running = asyncio.ensure_future(_run(words, options, task))
        while not (await asyncio.wait({running}, timeout=_WATCHED))[0]:
            with suppress(ToolError):  # there is nothing to report yet
                done = await _run(["report"], {}, out)
                await ctx.report_progress(sum(done["rows"].values()), rows)
        return await running

    @server.tool(name="next")
    async def next_prompts(run: str) -> Any:
        """Return the open prompts of a run that you answer; `before` is a part of each."""
        return await _run(["next"], {}, run)

    @server.tool()
    async def answer(run: str, replies: list[dict[str, Any]]) -> Any:
        """Answer prompts, each {"id": ..., "reply": ...}; return those to write again, and more."""
        lines = "\n".join(json.dumps(reply) for reply in replies)
        return await _run(["answer"], {}, run, "-", standard_input=lines, codes=(0, 1))

    @server.tool()
    async def report(run: str) -> Any:
        """Return the counts, rejects and cost of a run."""
        return await _run(["report"], {}, run)

    @server.tool()
    async def show(run: str, limit: int = 10) -> Any:
        """Return rows of a run."""
        return await _run(["show"], {"--limit": str(limit)}, run)

    @server.tool()
    async def validate(file: str, task: str = "") -> Any:
        """Check a file of rows against a task."""
        return await _run(["validate"], {"--task": task}, file, codes=(0, 1))

    @server.resource("targen://runs/{name}", mime_type="application/json")
    async def report_of(name: str) -> str:
        """The report of a run in the folder runs."""
        return json.dumps(await _run(["report"], {}, f"runs/{name}"))

    @server.resource("targen://runs/{name}/rows", mime_type="application/json")
    async def rows_of(name: str) -> str:
        """The rows of a run in the folder runs."""
        return json.dumps(await _run(["show"], {"--limit": "0"}, f"runs/{name}"))

    return server


async def _run(
    words: Sequence[str],
    options: Mapping[str, str] | None = None,
    *files: str,
    standard_input: str = "",
    codes: Sequence[int] = (0,),
) -> Any:
    """Run a command and return the object that it prints with `--json`.

    Raises:
        ToolError: it failed, with its message.
    """
    from mcp.server.mcpserver.exceptions import ToolError

    given = [f"{name}={value}" for name, value in (options or {}).items() if value]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "targen_core.cli", *words, "--json", *given, "--", *files),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(standard_input.encode())
    text = out.decode(errors="replace").strip()
    if process.returncode not in codes or not (text or process.returncode == 0):
        raise ToolError(err.decode(errors="replace").strip() or f"{words[0]} failed")
    if words[0] in _PRINT_LINES:
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)
