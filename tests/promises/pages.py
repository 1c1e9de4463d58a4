"""Local pages, asked with any headers: also as no browser would."""

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

from .driver import Shell, kill


class Answer(NamedTuple):
    """What a server answered."""

    url: str
    status: int
    headers: dict[str, str]
    text: str

    @property
    def form(self) -> tuple[str, dict[str, str], dict[str, str]]:
        """Where the page's first form of answers leads, its hidden values, and its first button."""
        forms = re.findall(r'(?s)<form ([^>]*)action="(.+?)"(.+?)</form>', self.text)
        for method, action, form in forms:
            hidden = dict(re.findall(r'type="hidden" name="(.+?)" value="(.*?)"', form))
            button = re.findall(r'<button [^>]*name="(.+?)" value="(.+?)"', form)
            if "post" in method and button:
                return urljoin(self.url, action), hidden, dict(button[:1])
        raise AssertionError(self.text)


class Visitor:
    """Whoever asks a server, with the cookies that it got."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}

    def ask(self, url: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Send one request, a form by POST as the page itself would."""
        at = urlsplit(url)
        sent = {"Host": at.netloc, "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if form is not None:
            sent |= {"Content-Type": "application/x-www-form-urlencoded"}
            sent |= {"Origin": f"http://{at.netloc}"}
        server = http.client.HTTPConnection(at.netloc, timeout=60)
        method = "GET" if form is None else "POST"
        target = at._replace(scheme="", netloc="").geturl()
        server.request(method, target, form and urlencode(form), sent | headers)
        answer = server.getresponse()
        text, found = answer.read().decode(), {k.lower(): v for k, v in answer.getheaders()}
        server.close()
        self.cookies |= dict(re.findall(r"^(.+?)=(.+?);", found.get("set-cookie", "")))
        return Answer(url, answer.status, found, text)

    def open(self, url: str) -> Answer:
        """Open a page, wherever it leads."""
        answer = self.ask(url)
        moved = re.search(r'http-equiv="refresh" content="0; url=([^"]+)', answer.text)
        to = answer.headers.get("location") or (moved and moved[1])
        return self.open(urljoin(url, to)) if to else answer

    def press(self, page: Answer, key: str) -> Answer:
        """Press a key on a review's page: send the form of the button that has it."""
        pattern = rf'<button name="([^"]+)" value="([^"]*)"[^>]* data-key="{key}"'
        button = re.search(pattern, page.text)
        assert button, f"the page has no key {key}"
        at, hidden, _ = page.form
        answer = self.ask(at, {**hidden, button[1]: button[2]})
        return self.open(urljoin(at, answer.headers["location"]))


@contextmanager
def serving(shell: Shell, *args: object) -> Iterator[str]:
    """Start a command that serves a page; give its link, and kill it at the end."""
    process = shell.start(*args)
    try:
        assert process.stdout is not None
        links = (re.search(r"http://\S+", line) for line in process.stdout)
        yield next(link[0] for link in links if link)
    finally:
        kill(process)
