"""A service that answers no two calls alike."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from targen_testing.fault_server import FaultServer, Response, Seen
from targen_testing.wire import OPENAI

from ..answers import WORDS, agree


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
        return agree(keys, asked, self._text)

    def _text(self) -> str:
        words = " ".join(self._rng.choice(WORDS) for _ in range(14))
        return f"{words.capitalize()} {self._rng.randrange(10**9)}."


@contextmanager
def served(service: Service) -> Iterator[tuple[str, ...]]:
    """Give the options that name a service."""
    with FaultServer(service) as server:
        yield "-b", "llama", "-o", f"base_url={server.url}/v1", "-o", "model=any", "-q"
