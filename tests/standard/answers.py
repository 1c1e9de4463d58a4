"""Models of declared tasks for `-o script=FILE:NAME`: replies follow from the request."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from targen_core.calls.model import ChatRequest

WORDS = "spade rake hose pump axe lamp net rope tray nail soil".split()


def script(name: str) -> tuple[str, ...]:
    """The options that name a function of this file."""
    return ("-b", "scripted", "-o", f"script={Path(__file__)}:{name}", "--no-cache", "-q")


def agreeing(request: ChatRequest) -> dict[str, Any]:
    """Answer with a text that follows from the request; a judge agrees."""
    asked = request.messages[-1].content
    rng = random.Random(hashlib.sha256(str(request.messages).encode()).digest())

    def text() -> str:
        words = " ".join(rng.choice(WORDS) for _ in range(14))
        return f"{words.capitalize()} {rng.randrange(10**6)}."

    assert request.schema is not None
    keys = request.schema["properties"]
    label = "".join(re.findall(r"surely this one:\n(\w+)", asked))
    reply = agree(keys, asked, text)
    of_a_row = not {"contexts", "seeds", "explanation"} & reply.keys()
    return {k: f"Something for {label}: {v}" for k, v in reply.items()} if of_a_row else reply


def agree(keys: Collection[str], asked: str, text: Callable[[], str]) -> dict[str, Any]:
    """Reply with these keys, and with `text` wherever a model may write; a judge agrees."""
    for name, what in (("contexts", "List"), ("seeds", "Write")):
        if name in keys:
            return {name: [text() for _ in range(int(re.findall(rf"{what} (\d+)", asked)[0]))]}
    if "answer" in keys:
        return {"explanation": text(), "answer": re.findall(r"for (\w+):", asked)[-1]}
    if "verdict" in keys:
        claimed = asked.rpartition("Worker's output: ")[2].strip(' "\n')
        return {"explanation": text(), "actual": claimed, "verdict": "correct"}
    return {name: text() for name in keys if name != "unsuitable"}


def in_words(asked: str) -> dict[str, Any]:
    """Reply to a prompt that has the schema in words; what is written follows from it."""
    own = hashlib.sha256(asked.encode()).hexdigest()
    if found := re.findall(r"(?:List|Write) (\d+) (?:new )?(contexts|seeds)", asked):
        count, name = found[0]
        return {name: [f"{own[:8]} {at}" for at in range(int(count))]}
    if claimed := re.findall(r"Worker's output: \"(\w+)", asked):
        return {"explanation": "It says so.", "actual": claimed[0], "verdict": "correct"}
    return {"text": " ".join(own)}


def doubting(request: ChatRequest) -> dict[str, Any]:
    """The same, but its judge looks at the text alone: some pieces of advice are complaints."""
    reply = agreeing(request)
    asked = request.messages[-1].content
    if "contexts" in reply:
        return {"contexts": reply["contexts"][:4]}
    if "seeds" not in reply and "verdict" not in reply:
        return {name: text.partition(": ")[2] for name, text in reply.items()}
    if reply.get("actual") == "advice" and int(re.findall(r"(\d+)\.", asked)[0]) % 3 == 0:
        return {**reply, "actual": "complaint", "verdict": "incorrect"}
    return reply


def failing(request: ChatRequest) -> dict[str, Any]:
    """The same, but one judgement of five lacks its answer, unless a file `fixed` exists."""
    reply = agreeing(request)
    numbers = re.findall(r"(?m)(\d+)\.$", "\n".join(each.content for each in request.messages))
    bad = "actual" in reply and int(numbers[0]) % 5 == 0
    if bad and not Path("fixed").exists():
        del reply["actual"]
    return reply


def refusing(request: ChatRequest) -> dict[str, Any]:
    """The same, but six seeds of ten suit no order."""
    reply = agreeing(request)
    asked = request.messages[-1].content
    number = re.findall(r"(\d+)\.\n\nIf no honest", asked)
    if "text" in reply and "surely this one:\norder" in asked and int(number[0]) % 10 < 6:
        return {"unsuitable": True, "text": ""}
    return reply


def copying(request: ChatRequest) -> dict[str, Any]:
    """Write the seed again, with a word or two changed."""
    reply = agreeing(request)
    if "text" in reply:
        asked = "\n".join(message.content for message in request.messages)
        seed = asked.partition("only what it brings to mind: ")[2]
        text = seed.partition("\n")[0].replace("slowly", "very slowly")
        return {"text": text.replace("Warm", "Mild and warm")}
    return reply
