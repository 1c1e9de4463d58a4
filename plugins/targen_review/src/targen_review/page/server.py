"""The server of the page on which people grade rows: on this machine, for those with the link."""

from __future__ import annotations

import hmac
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from targen_core.errors import TargenError, UsageError
from targen_core.text import plural, printable
from targen_review.page.desk import Desk, Seat
from targen_review.page.guard import MAX_FORM, LocalOnly, Secret
from targen_review.rows import NO_TASK, ReviewRow, name_of
from targen_review.rubric import Rubric

if TYPE_CHECKING:
    from targen_standard.tracing.api import Trace

_LIST = 50  # rows of a page of the list
_COUNTED = 10_000  # rows whose effects are counted on the last page: a second's work
_COMMANDS = {
    "edit": ("e", "Edit the texts"),
    "reject": ("x", "Reject the row, or undo that"),
    "flag": ("f", "Flag it for discussion, or undo that"),
    "comment": ("m", "Write a comment"),
    "undo": ("u", "Undo the last answer"),
    "next": ("n", "Next row"),
    "previous": ("p", "Previous row"),
    "write": ("t", "Go to the marked text, or to the answer's field"),
    "save": ("s", "Save what you marked, chose or answered"),
    "skip": ("Enter", "Go to the next ungraded row"),
    "goto": ("g", "Go to a row by its number, from 0"),
    "calls": ("o", "Show the calls that produced it"),
    "list": ("l", "List all rows"),
    "help": ("?", "Show these keys"),
}
"""Action -> its key, and what it does."""


@dataclass(frozen=True)
class Shared:
    """The state that all raters of a server share.

    Attributes:
        desks: one for each rater.
        secrets: the secret of each rater's link.
        title: what is reviewed, for people.
    """

    desks: Mapping[str, Desk]
    secrets: Mapping[str, Secret]
    title: str


@lru_cache(maxsize=1)
def _templates() -> Environment:
    """The templates, in which every text is escaped, and signs that cannot be seen are shown."""
    environment = Environment(
        loader=PackageLoader("targen_review.page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["shown"] = lambda value: printable(str(value))
    environment.filters["line"] = lambda value: printable(str(value), lines=False)
    environment.filters["plural"] = plural
    environment.filters["capital"] = _capital
    environment.globals["name_of"] = name_of
    return environment


def static_routes() -> list[Route]:
    """The style and the script of the pages."""
    kinds = {"style.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}

    def route(name: str, kind: str) -> Route:
        content = (files("targen_review.page") / "static" / name).read_bytes()

        async def send(request: Request) -> Response:
            return Response(content, media_type=kind, headers={"Cache-Control": "max-age=300"})

        return Route(f"/static/{name}", send)

    return [route(name, kind) for name, kind in kinds.items()]


def app_for(shared: Shared, port: int) -> ASGIApp:
    """The application: the rooms of all raters, each behind its own secret."""
    pages = _Pages(shared)
    routes = [
        *static_routes(),
        Route("/{rater}/", pages.entrance),
        Route("/{rater}/row/{number:int}", pages.guarded(pages.row)),
        Route("/{rater}/row/{number:int}", pages.guarded(pages.answer), methods=["POST"]),
        Route("/{rater}/row/{number:int}/check", pages.guarded(pages.check), methods=["POST"]),
        Route("/{rater}/row/{number:int}/calls", pages.guarded(pages.calls)),
        Route("/{rater}/undo", pages.guarded(pages.undo), methods=["POST"]),
        Route("/{rater}/next", pages.guarded(pages.skip)),
        Route("/{rater}/goto", pages.guarded(pages.goto)),
        Route("/{rater}/list", pages.guarded(pages.list_rows)),
        Route("/{rater}/done", pages.guarded(pages.finished)),
    ]
    return LocalOnly(Starlette(routes=routes, exception_handlers={404: _lost}), port)


_Page = Callable[[Request, Desk], Awaitable[Response]]

UNKNOWN_LINK = (
    "Open the link that the command printed. A link opens once: for another browser, stop the "
    "command with Ctrl-C and start it again. Every answer is kept."
)


class _Pages:
    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def guarded(self, page: _Page) -> Callable[[Request], Awaitable[Response]]:
        """A page behind a rater's secret; what changes something comes from our own forms."""

        async def answer(request: Request) -> Response:
            rater = request.path_params["rater"]
            secret = self._shared.secrets.get(rater)
            if secret is None or not secret.knows(request):
                return refused(UNKNOWN_LINK, 403)
            try:
                number = request.path_params.get("number")
                if number is not None and not 1 <= number <= len(self._shared.desks[rater].ids):
                    return refused(f"There is no row {number}.", 404)
                if request.method == "POST":
                    fields = await _form(request)
                    form = dict(fields)
                    if not hmac.compare_digest(
                        form.get("secret", "").encode(), secret.form.encode()
                    ):
                        return refused("This request did not come from the page itself.", 403)
                    request.state.form, request.state.fields = form, fields
                return await page(request, self._shared.desks[rater])
            except ClientDisconnect:
                return refused("The rest of the form did not arrive.", 400)
            except TargenError as error:
                return refused(str(error), 422 if error.exit_code == 2 else 500, error.hint)

        return answer

    async def entrance(self, request: Request) -> Response:
        """The link: it becomes a cookie, and the way to the first row without a grade."""
        rater = request.path_params["rater"]
        secret = self._shared.secrets.get(rater)
        if secret is None:
            return refused(UNKNOWN_LINK, 403)
        # By a page, and no redirect: a strict cookie is not sent on a way that began elsewhere.
        at = self._shared.desks[rater].next_open()
        to = f"/{rater}/done" if at is None else f"/{rater}/row/{at + 1}"
        response = html("enter.html", {"to": to})
        return response if secret.enter(request, response) else refused(UNKNOWN_LINK, 403)

    async def row(self, request: Request, desk: Desk) -> Response:
        """A row."""
        at = request.path_params["number"] - 1
        editing = next((how for how in ("edit", "json") if how in request.query_params), "")
        return self._row(request, desk, at, editing=editing)

    async def answer(self, request: Request, desk: Desk) -> Response:
        """Return a rater's grade of a row; then the next row, or the same until it is complete."""
        at = request.path_params["number"] - 1
        form: dict[str, str] = request.state.form
        action = next((name for name in form if name.startswith("do:")), "")
        value = form.get("own", "") if form.get(action) == "@own" else form.get(action, "")
        texts = _texts(form)
        seconds, comment = form.get("seconds", ""), form.get("comment")
        grade = desk.answer(
            at,
            action.removeprefix("do:"),
            value,
            texts=texts,
            answers=_answers(request.state.fields),
            comment=comment,
            seconds=seconds,
        )
        seat = desk.seat(at)
        goes_on: tuple[str, ...] = ("do:grade",)
        if desk.plan.rubric.is_of_labels:
            goes_on += ("do:label", "do:output")
        if action in goes_on and grade.is_done and not seat.asks_label:
            return self._to(request, desk, desk.next_open(at), _saved(desk, seat))
        return self._to(request, desk, at, _saved(desk, seat))

    async def check(self, request: Request, desk: Desk) -> Response:
        """Return the findings of the task's checks about texts that are being written."""
        at = request.path_params["number"] - 1
        fixed = desk.check(at, _texts(request.state.form))
        return html("checks.html", {"fixed": fixed, "live": True})

    async def calls(self, request: Request, desk: Desk) -> Response:
        """The calls that a row rests on, as `targen trace` finds them."""
        at = request.path_params["number"] - 1
        seat = desk.seat(at)
        if seat.row is None or seat.data is None or not seat.data.has_origin or seat.hidden:
            return html("calls.html", {"trace": None})
        lead = f"{seat.data.name}:" if len(desk.plan.data) > 1 else ""
        name = seat.row.id.removeprefix(lead) if seat.row.number is None else seat.row.number
        return html("calls.html", {"trace": await traced(seat.data.path, name)})

    async def undo(self, request: Request, desk: Desk) -> Response:
        """Take the last answer back, and go to its row."""
        at = desk.undo()
        if at is None:
            form: dict[str, str] = request.state.form
            here = min(max(number_in(form.get("at", "")), 1), len(desk.ids)) - 1
            return self._to(request, desk, here, "There is nothing to undo.")
        name = desk.name_of(desk.seat(at))
        return self._to(request, desk, at, f"{_capital(name)}: the last answer was undone.")

    async def skip(self, request: Request, desk: Desk) -> Response:
        """The next row that has no grade."""
        at = desk.next_open(number_in(request.query_params.get("after", "")) - 1)
        return RedirectResponse(f"/{desk.rater}/{'done' if at is None else f'row/{at + 1}'}", 303)

    async def goto(self, request: Request, desk: Desk) -> Response:
        """A row by its number or its id; in a blind review, by its place among the rows."""
        asked = request.query_params.get("row", "").strip()
        at = desk.find(asked)
        if at is not None:
            return RedirectResponse(f"/{desk.rater}/row/{at + 1}", 303)
        mine = plural(len(desk.ids), "row")
        return refused(f"There is no row {printable(asked)} among your {mine}.", 404)

    async def list_rows(self, request: Request, desk: Desk) -> Response:
        """All rows of a rater, with what they said, page by page."""
        kind = request.query_params.get("show", "all")
        book = desk.book
        said = {"flagged": "flag", "rejected": "reject", "edited": "edit", "commented": "comment"}
        book.refresh()
        places = [
            at
            for at, row in enumerate(desk.ids)
            if (kind not in said or getattr(book.grades.get(row), said[kind], None))
            and not (kind == "open" and desk.is_done(at))
        ]
        pages = max(1, -(-len(places) // _LIST))
        number = min(max(number_in(request.query_params.get("page", "")), 1), pages)
        shown = [desk.seat(at) for at in places[(number - 1) * _LIST : number * _LIST]]
        return self._page(
            request,
            desk,
            "list.html",
            {
                "seats": shown,
                "kind": kind,
                "kinds": ["all", "open", *said],
                "count": len(places),
                "page": number,
                "pages": pages,
            },
        )

    async def finished(self, request: Request, desk: Desk) -> Response:
        """All rows have their grade."""
        return self._page(request, desk, "done.html", _done(desk))

    def _row(
        self, request: Request, desk: Desk, at: int, *, said: str = "", editing: str = ""
    ) -> Response:
        seat = desk.seat(at)
        # Any of a row's origin may reveal its label: a list may be for only one label.
        origin = [] if seat.row is None or seat.hidden else origin_of(seat.row)
        context = {"seat": seat, "editing": editing, "no_task": NO_TASK, "origin": origin}
        return self._page(request, desk, "row.html", context, said=said)

    def _to(self, request: Request, desk: Desk, at: int | None, said: str) -> Response:
        """Return the response to an answer: at once if our script asks, otherwise by a redirect."""
        where = f"/{desk.rater}/done" if at is None else f"/{desk.rater}/row/{at + 1}"
        if request.headers.get("x-page") != "1":
            return RedirectResponse(where, 303)
        if at is None:
            response = self._page(request, desk, "done.html", _done(desk), said=said)
        else:
            response = self._row(request, desk, at, said=said)
        response.headers["X-Location"] = where
        return response

    def _page(
        self,
        request: Request,
        desk: Desk,
        template: str,
        context: Mapping[str, Any],
        *,
        said: str = "",
    ) -> Response:
        whole = {
            "title": self._shared.title,
            "rater": desk.rater,
            "root": f"/{desk.rater}",
            "secret": self._shared.secrets[desk.rater].form,
            "plan": desk.plan,
            "total": len(desk.ids),
            "done": desk.done,
            "desk": desk,
            "said": said,
            "keys": _keys(desk.plan.rubric, outputs=desk.has_outputs),
            "partial": request.headers.get("x-page") == "1",
            **context,
        }
        return html(template, whole)


async def traced(path: Path, name: str | int) -> Trace:
    """Return the trace of a row, with code that is imported with the first: it takes 15 MB.

    Raises:
        TargenError: it cannot be read.
    """
    from targen_standard.tracing.api import trace

    return await run_in_threadpool(trace, path, name)


def origin_of(row: ReviewRow) -> list[tuple[str, str]]:
    """Return what a row came from, in the order in which it came: (what, text)."""
    origin: list[tuple[str, str]] = []
    if len(row.above) == 1:
        origin.append(("context", row.above[0]))
    else:
        origin += [(f"list {depth}", item) for depth, item in enumerate(row.above, 1)]
    if row.seed is not None:
        seed = row.seed
        parts = seed.items() if isinstance(seed, dict) else [("", seed)]
        origin += [(f"seed, {name}" if name else "seed", _words(value)) for name, value in parts]
    origin += [(name.replace("_", " "), _words(value)) for name, value in row.drawn.items()]
    origin += [("generated for", row.intended)] if row.intended else []
    origin += [(name, _words(value)) for name, value in row.notes.items()]
    return [*origin, ("candidate", row.id)]


def _words(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(_words(each) for each in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_words(each)}" for name, each in value.items())
    return str(value)


def _keys(rubric: Rubric, *, outputs: bool = False) -> dict[str, tuple[str, str]]:
    """Return the key of each command and its description; Shift avoids the rubric's keys."""
    idle = {"reject"} if rubric.is_of_labels else set()  # which is what "bad text" does
    idle |= set() if outputs else {"write", "save"}
    return {
        name: (f"Shift+{key.upper()}" if key.upper() in rubric.keys else key, words)
        for name, (key, words) in _COMMANDS.items()
        if name not in idle
    }


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _done(desk: Desk) -> dict[str, Any]:
    """Return the rows kept, changed and removed if this rater decides, and the review's folder."""
    effects = desk.effects() if len(desk.ids) <= _COUNTED else {}
    return {"effects": effects, "folder": shlex.quote(str(desk.book.path.parent))}


def _saved(desk: Desk, seat: Seat) -> str:
    """Return what was saved for a row, and its effect: "Row 3: saved as bad text; the row …"."""
    grade, rubric = seat.grade, seat.rubric
    what = ""
    if grade.after is not None and rubric.is_of_labels:
        what = f" as {rubric.word(grade.after)}"
    elif grade.after is not None:
        what = f" as {_letters(grade.before, grade.after)}"
    elif grade.label is not None and not seat.hidden:
        what = f" with label {printable(grade.label, lines=False, max_length=60)}"
    said = f"{_capital(desk.name_of(seat))}: saved{what}"
    if seat.asks_label:
        if seat.asks_output:
            return f"{said}. What is the right answer? Unless you save one, the row is removed."
        return f"{said}. Which label is right? Without one, the row is removed."
    effect = seat.effect
    return f"{said}; the row {printable(effect, lines=False)}." if effect else f"{said}."


def _letters(before: str | None, after: str | None) -> str:
    return f"{before} before, {after} after" if before and before != after else str(after)


def _texts(form: Mapping[str, str]) -> dict[str, str]:
    """The texts of a row in a form, by their fields."""
    lead = "field."
    return {name[len(lead) :]: text for name, text in form.items() if name.startswith(lead)}


def _answers(fields: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """The values of each field of an output in a form, in their order."""
    lead = "answer."
    found: dict[str, list[str]] = {}
    for name, value in fields:
        if name.startswith(lead):
            found.setdefault(name[len(lead) :], []).append(value)
    return found


async def _form(request: Request) -> list[tuple[str, str]]:
    """The fields of a form."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_FORM:
            raise UsageError("the form is too large")
    return parse_qsl(data.decode("utf-8", "replace"), keep_blank_values=True)


def number_in(text: str) -> int:
    """Return a number of an address or a form, or 0 without one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def html(template: str, context: Mapping[str, Any], status: int = 200) -> HTMLResponse:
    """Return a page from a template."""
    text = _templates().get_template(template).render(**context)
    return HTMLResponse(text.encode("utf-8", "replace"), status)


def refused(words: str, status: int, hint: str = "") -> Response:
    """Return the page that says why a request failed."""
    return html("refused.html", {"words": printable(words), "hint": printable(hint)}, status)


async def _lost(request: Request, error: Exception) -> Response:
    return refused("No such page.", 404)
