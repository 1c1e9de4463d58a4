"""What a browser would do to the pages of a review and of a view."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from targen_review.page.desk import Desk
from targen_review.page.guard import Secret

PORT = 8000
OWN = f"http://127.0.0.1:{PORT}"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    text: str


@dataclass
class Page:
    """What a browser would do to the application of one rater."""

    app: Any
    desk: Desk
    secret: Secret
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        cookie = f"targen-{PORT}={self.secret.session}"
        sent = {"host": f"127.0.0.1:{PORT}", "cookie": cookie, **self.headers, **headers}
        target, _, query = path.partition("?")
        body = urlencode(form).encode() if form is not None else b""
        scope = {
            "type": "http",
            "method": "GET" if form is None else "POST",
            "path": target,
            "raw_path": target.encode(),
            "query_string": query.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in sent.items() if v],
            "scheme": "http",
            "server": ("127.0.0.1", PORT),
            "client": ("127.0.0.1", 1),
            "root_path": "",
            "http_version": "1.1",
        }
        messages: list[dict[str, Any]] = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            messages.append(message)

        asyncio.run(self.app(scope, receive, send))
        got = {k.decode(): v.decode() for k, v in messages[0]["headers"]}
        text = b"".join(m.get("body", b"") for m in messages[1:]).decode()
        return Answer(messages[0]["status"], got, text)

    def post(self, path: str, **form: str) -> Answer:
        """Send a form of the page itself."""
        return self.ask(path, {"secret": self.secret.form, **form}, origin=OWN)

    def say(self, number: int, action: str, value: str = "", **more: str) -> Answer:
        return self.post(f"/{self.desk.rater}/row/{number}", **{f"do:{action}": value, **more})

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.desk.book.path.read_text().splitlines()[1:]]
