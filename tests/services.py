"""What a test's service answers to a call that names a schema."""

from __future__ import annotations

import json
import random
from typing import Any

from targen_standard.scripted import fill_schema
from targen_testing.wire import OPENAI


def answer(body: dict[str, Any], rng: random.Random | None = None) -> dict[str, Any]:
    """Words of the schema of a request: the same for the same messages, or as `rng` draws them.

    Of the messages alone, since the sampling seed of a request depends on the server's port.
    """
    if "response_format" not in body:  # a check of the service
        return OPENAI.answer("Elbe", "stop")
    schema = body["response_format"]["json_schema"]["schema"]
    drawn = rng or random.Random(json.dumps(body["messages"]))
    return OPENAI.answer(json.dumps(fill_schema(schema, drawn)), "stop")
