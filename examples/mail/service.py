"""A service on this machine that replies with what a large model wrote for `mail.yaml`.

    python examples/mail/service.py [PORT]     # prints its address; Ctrl-C ends it

It speaks OpenAI's chat completions. It finds a reply by the definitions, seeds and texts that a
call holds, so the other words of a prompt may change. It has the replies of this folder alone.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import sys
from pathlib import Path
from typing import Any

from targen_testing.fault_server import FaultServer, Response
from targen_testing.wire import OPENAI

HERE = Path(__file__).resolve().parent
REPLIES = [
    json.loads(line) for line in (HERE / "replies.jsonl").read_text(encoding="utf-8").splitlines()
]
LABELS = {
    text: label
    for known in REPLIES
    for row in known["reply"].get("sets", [])
    for label, text in row.items()
}
"""Texts that a call wrote with others, and the labels that the judge gave them."""


def reply(messages: list[str]) -> str:
    """Return the reply to a call, as JSON.

    Args:
        messages: the texts of the call, among them, or as one more, the schema of the reply.

    Raises:
        LookupError: there is no reply to this call.
    """
    call = "\n".join(messages)
    if "Name one river." in call:  # of targen check
        return "Elbe" if "json_schema" not in call else '{"river": "Elbe"}'
    if "Which label does each of these rows have?" in call:
        rows = re.findall(r"(?m)^(\d+)\. (\".*\")$", messages[-1])
        found = {number: LABELS[json.loads(text)] for number, text in rows}
        return json.dumps({"labels": found})
    for known in REPLIES:
        wanted = [*known["to"].values(), *(f'"{field}"' for field in known["reply"])]
        if all(
            part in call or json.dumps(part, ensure_ascii=False)[1:-1] in call for part in wanted
        ):
            found = known["reply"]
            if '"verdict"' in call:
                label = re.findall('Worker\'s output: "(.+)"', call)[-1]
                verdict = "correct" if label == found["actual"] else "incorrect"
                found = {**found, "verdict": verdict}
            return json.dumps(found, ensure_ascii=False)
    raise LookupError(f"no reply to: {messages[-1]}")


def answer(seen: Any) -> Response:
    """Answer a request as OpenAI's chat completions do."""
    messages = [message["content"] for message in seen.body["messages"]]
    try:
        text = reply([json.dumps(seen.body.get("response_format")), *messages])
    except LookupError as error:
        return Response({"error": {"message": str(error)}}, status=400)
    # English has about four characters for each token
    tokens = {"prompt_tokens": sum(map(len, messages)) // 4, "completion_tokens": len(text) // 4}
    body = {**OPENAI.answer(text, "stop"), "usage": tokens, "model": seen.body["model"]}
    return Response(body)


def served(port: int = 0) -> FaultServer:
    """Return the service, to be used as a context manager; by default on any free port."""
    return FaultServer(answer, port=port)


if __name__ == "__main__":
    with served(int(sys.argv[1]) if len(sys.argv) > 1 else 0) as server:
        print(f"{server.url}/v1", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
