"""(2) One call: what is sent, and what is read.

The forms are those of OpenAI's chat completions. For a service with others, change `body` and
`read`, and give the tests its `Wire`. If its errors have a form of their own, override `failure`.

The base has the connections, limits of size and time, the key, and the error of each failure. Try
nothing again here: targen does, and counts every attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from targen_backends.http.model import HttpModel
from targen_core import ChatReply, Price
from targen_core.calls.model import ChatRequest, Finish
from targen_core.errors import ServiceError

_FINISH: dict[str, Finish] = {"stop": "stop", "length": "length"}


class Model(HttpModel):
    """A model behind `POST {base_url}/chat/completions`."""

    kind = "my-demo"  # begins `identity`
    path = "/chat/completions"
    key_variable = "MY_DEMO_API_KEY"
    price: Price | None = None  # Price(0.15, 0.60): dollars per million tokens, in and out

    def body(self, request: ChatRequest) -> Mapping[str, Any]:
        """Return the request body. Leave out a parameter that is None."""
        body: dict[str, Any] = {
            **self.fixed,
            "messages": [{"role": turn.role, "content": turn.content} for turn in request.messages],
            **{name: value for name, value in request.params.items() if value is not None},
        }
        if request.schema is not None:
            schema = {"name": request.schema_name, "schema": request.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def read(self, envelope: Any, request: ChatRequest) -> ChatReply:
        """Return the reply in the JSON of an answer with status 200."""
        try:
            choice = envelope["choices"][0]
            text = choice["message"]["content"] or ""
            finish = _FINISH.get(choice["finish_reason"], "other")
            usage = envelope["usage"]
            tokens = usage["prompt_tokens"], usage["completion_tokens"]
        except (KeyError, IndexError, TypeError, AttributeError):
            raise ServiceError("the answer is not a chat completion", billed=True) from None
        return ChatReply(text, finish, input_tokens=tokens[0], output_tokens=tokens[1])
