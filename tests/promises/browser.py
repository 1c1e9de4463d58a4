"""A browser for local pages, which also asks what no browser would."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from .driver import Shell, kill


@dataclass
class Form:
    """A form of a page: where it goes, its hidden values, and its buttons."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Html(HTMLParser):
    """The tags of a page with their attributes, its text, and its forms."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag, and what it adds to a form."""
        had = {name: value or "" for name, value in attrs}
        self.tags.append((tag, had))
        if tag == "form":
            self.forms.append(Form(had.get("action", ""), had.get("method", "get").lower()))
        elif self.forms and "name" in had and had.get("type") == "hidden":
            self.forms[-1].values[had["name"]] = had.get("value", "")
        elif self.forms and "name" in had and tag == "button":
            self.forms[-1].buttons.append((had["name"], had.get("value", "")))

    def handle_data(self, data: str) -> None:
        """Add to the text."""
        self.text += data


@dataclass
class Answer:
    """What a server answered."""

    url: str
    status: int
    headers: dict[str, str]
    text: str

    @property
    def html(self) -> Html:
        """Its page."""
        return Html(self.text)


class Browser:
    """Keeps cookies and follows pages."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def ask(self, url: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Send one request; a form is sent by POST, an empty header is left out."""
        at = urlsplit(url)
        sent = {"Host": at.netloc, "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
            sent["Origin"] = f"http://{at.netloc}"
        server = http.client.HTTPConnection(str(at.hostname), at.port, timeout=60)
        body = None if form is None else urlencode(form)
        kept = {name: value for name, value in {**sent, **headers}.items() if value}
        target = (at.path or "/") + (f"?{at.query}" if at.query else "")
        server.request("GET" if form is None else "POST", target, body, kept)
        answer = server.getresponse()
        text = answer.read().decode("utf-8", "replace")
        found = {name.lower(): value for name, value in answer.getheaders()}
        server.close()
        if cookie := found.get("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return Answer(url, answer.status, found, text)

    def open(self, url: str) -> Answer:
        """Open a page, wherever it leads."""
        for _ in range(5):
            answer = self.ask(url)
            moved = re.search(r'http-equiv="refresh" content="0; url=([^"]+)', answer.text)
            to = answer.headers.get("location") or (moved and moved[1])
            if not to:
                break
            url = urljoin(url, to)
        return answer


@contextmanager
def serving(shell: Shell, *args: object, **env: str) -> Iterator[str]:
    """Start a command that serves a page; give its link, and kill it at the end."""
    process = shell.start(*args, **env)
    try:
        assert process.stdout is not None
        lines = ""
        for line in process.stdout:
            lines += line
            if link := re.search(r"http://\S+", line):
                yield link[0]
                return
        raise AssertionError(f"no link: {lines}")
    finally:
        kill(process)
