"""A service that answers no two calls alike."""

from __future__ import annotations

import json
import random
import re
from typing import Any

from targen_testing.fault_server import Response, Seen
from targen_testing.wire import OPENAI

_WORDS = "spade rake hose pump axe lamp net rope tray nail soil".split()


class Service:
    """Answers any call of a declared task with words of its own each time, and agrees."""

    def __init__(self) -> None:
        self._rng = random.Random(1)

    def __call__(self, seen: Seen) -> Response:
        """Reply to a request."""
        keys = seen.body["response_format"]["json_schema"]["schema"]["properties"]
        asked = seen.body["messages"][-1]["content"]
        return Response(OPENAI.answer(json.dumps(self._reply(keys, asked)), "stop"))

    def _reply(self, keys: Any, asked: str) -> dict[str, Any]:
        for name, what in (("contexts", "List"), ("seeds", "Write")):
            if name in keys:
                count = int(re.findall(what + r" (\d+)", asked)[0])
                return {name: [self._text() for _ in range(count)]}
        if "verdict" not in keys:
            return {name: self._text() for name in keys if name != "unsuitable"}
        claimed = asked.rpartition("Worker's output: ")[2].strip()
        return {"explanation": self._text(), "actual": claimed, "verdict": "correct"}

    def _text(self) -> str:
        words = " ".join(self._rng.choice(_WORDS) for _ in range(14))
        return f"{words.capitalize()} {self._rng.randrange(10**9)}."
