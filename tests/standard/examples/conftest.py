"""Real texts of a made-up user, a task for them, and a model that is asked over loopback."""

from __future__ import annotations

import itertools
import json
import random
import shutil
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from targen_testing.fault_server import FaultServer, Response
from targen_testing.wire import OPENAI

HERE = Path(__file__).parent
ALONE = ("--no-cache", "--no-hedge")  # tests count what a service is asked
NOTES = (HERE / "notes.txt").read_text(encoding="utf-8").splitlines()
CALM, ALARM = NOTES[:10], NOTES[10:]


@pytest.fixture(autouse=True)
def _here(alone: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGEN_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for name in ("porter.yaml", "notes.txt"):
        shutil.copy(HERE / name, name)


@pytest.fixture
def texts() -> dict[str, list[str]]:
    """The user's texts by label."""
    return {"calm": CALM, "alarm": ALARM}


@pytest.fixture
def labelled() -> Path:
    """The texts with their labels, spelt as people do."""
    rows = [("Calm", text) for text in CALM] + [("ALARM ", text) for text in ALARM]
    lines = (json.dumps({"text": text, "category": label}) for label, text in rows)
    path = Path("labelled.jsonl")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class Asked:
    """What a service was sent."""

    def __init__(self, server: FaultServer) -> None:
        self.url = f"{server.url}/v1"
        self._server = server

    @property
    def prompts(self) -> list[str]:
        """The last turn of each request, in order of arrival."""
        return [seen.body["messages"][-1]["content"] for seen in self._server.seen]

    @property
    def everything(self) -> str:
        """All that was sent."""
        return "\n".join(json.dumps(seen.body, ensure_ascii=False) for seen in self._server.seen)


@pytest.fixture
def served() -> Iterator[Callable[..., Asked]]:
    """A service on loopback that answers with a text of its own each time, or as `reply` says."""
    servers: list[FaultServer] = []
    numbers = itertools.count(1)

    def start(reply: Callable[[str], Any] | None = None) -> Asked:
        def answer(seen: Any) -> Response:
            prompt = seen.body["messages"][-1]["content"]
            made = reply(prompt) if reply else {"text": _made_up(next(numbers))}
            return Response(OPENAI.answer(json.dumps(made), "stop"))

        servers.append(FaultServer(answer).__enter__())
        return Asked(servers[-1])

    yield start
    for server in servers:
        server.__exit__()


_WORDS = (
    "amber bridge candle dragon ember falcon garden harbour island jungle kettle ladder mirror "
    "needle orchard pepper quarry ribbon saddle tunnel umbrella velvet window yellow zebra"
).split()


def _made_up(number: int) -> str:
    some = random.Random(number).sample(_WORDS, 9)
    return f"The {' '.join(some[:4])} of {number} is at the {' '.join(some[4:])}."


@pytest.fixture
def made_up() -> Callable[[str], str]:
    """A text of its own for each prompt."""
    return lambda prompt: _made_up(zlib.crc32(prompt.encode()))


@pytest.fixture
def like(targen: Callable[..., Any]) -> Callable[..., Any]:
    """`targen generate porter.yaml` with a service, and with what else is typed."""

    def run(asked: Asked, *args: object, task: str = "porter.yaml", n: int = 16) -> Any:
        model = ("-b", "llama", "-o", "model=tiny", "-o", f"base_url={asked.url}")
        return targen("generate", task, "-n", n, *model, *ALONE, "-q", "--yes", *args)

    return run
