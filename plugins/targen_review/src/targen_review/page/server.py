"""The pages on which one person grades rows."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp

from targen_core.text import plural, printable
from targen_review.page.serving import (
    Secret,
    app_for,
    html,
    number_in,
    origin_of,
    refused,
    traced,
)
from targen_review.page.session import RowView, Session
from targen_review.rows import NO_TASK

_LIST = 50  # rows of a page of the list
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
_SHOWN = {"flagged": "flag", "rejected": "reject", "edited": "edit", "commented": "comment"}
"""A selection of the list -> the field of a grade that these rows have."""


def review_app(session: Session, secret: Secret, port: int) -> ASGIApp:
    """Return the application with the rows of one rater."""
    pages = _Pages(session, secret)
    return app_for(
        [
            ("/row/{number:int}", pages.row),
            ("POST /row/{number:int}", pages.answer),
            ("POST /row/{number:int}/check", pages.check),
            ("/row/{number:int}/calls", pages.calls),
            ("POST /undo", pages.undo),
            ("/next", pages.skip),
            ("/goto", pages.goto),
            ("/list", pages.list_rows),
            ("/done", pages.finished),
        ],
        secret,
        port,
        start=lambda: _address(session.next_open()),
    )


def _address(at: int | None) -> str:
    return "/done" if at is None else f"/row/{at + 1}"


class _Pages:
    def __init__(self, session: Session, secret: Secret) -> None:
        self._session = session
        self._secret = secret

    async def row(self, request: Request) -> Response:
        """Show a row."""
        at = request.path_params["number"] - 1
        editing = next((how for how in ("edit", "json") if how in request.query_params), "")
        return self._row(request, at, editing=editing)

    async def answer(self, request: Request) -> Response:
        """Take a grade of a row; then show the next row, or the same until it is complete."""
        session, at = self._session, request.path_params["number"] - 1
        form = dict(request.state.fields)
        action = next((name for name in form if name.startswith("do:")), "")
        value = form.get("own", "") if form.get(action) == "@own" else form.get(action, "")
        grade = session.answer(
            at,
            action.removeprefix("do:"),
            value,
            texts=_texts(request),
            answers=_answers(request),
            comment=form.get("comment"),
        )
        view = session.view(at)
        decides = action == "do:grade" or (
            session.plan.rubric.is_of_labels and action in ("do:label", "do:output")
        )
        is_complete = decides and grade.is_done and not view.asks_label
        return self._to(
            request, session.next_open(at) if is_complete else at, _saved(session, view)
        )

    async def check(self, request: Request) -> Response:
        """Return the findings of the task's checks about texts that are being written."""
        fixed = self._session.check(request.path_params["number"] - 1, _texts(request))
        return html("checks.html", {"fixed": fixed})

    async def calls(self, request: Request) -> Response:
        """Show the calls that a row rests on, as `targen trace` finds them."""
        session = self._session
        view = session.view(request.path_params["number"] - 1)
        if not view.data.has_origin or view.hidden:
            return html("calls.html", {"trace": None})
        assert view.row.number is not None
        return html("calls.html", {"trace": await traced(view.data.path, view.row.number)})

    async def undo(self, request: Request) -> Response:
        """Take the last answer back, and go to its row."""
        session = self._session
        at = session.undo()
        if at is None:
            here = number_in(dict(request.state.fields).get("at", ""))
            here = min(max(here, 1), len(session.ids)) - 1
            return self._to(request, here, "There is nothing to undo.")
        name = _capital(session.name_of(session.view(at)))
        return self._to(request, at, f"{name}: the last answer was undone.")

    async def skip(self, request: Request) -> Response:
        """Go to the next row that has no grade."""
        at = self._session.next_open(number_in(request.query_params.get("after", "")) - 1)
        return RedirectResponse(_address(at), 303)

    async def goto(self, request: Request) -> Response:
        """Go to a row by its number or its id; in a blind review, by its place among the rows."""
        asked = request.query_params.get("row", "").strip()
        at = self._session.find(asked)
        if at is not None:
            return RedirectResponse(_address(at), 303)
        mine = plural(len(self._session.ids), "row")
        return refused(f"There is no row {printable(asked)} among your {mine}.", 404)

    async def list_rows(self, request: Request) -> Response:
        """List all rows with their grades, page by page."""
        session, kind = self._session, request.query_params.get("show", "all")
        places = [
            at
            for at, row in enumerate(session.ids)
            if (kind not in _SHOWN or getattr(session.book.grades.get(row), _SHOWN[kind], None))
            and not (kind == "open" and session.is_done(at))
        ]
        pages = max(1, -(-len(places) // _LIST))
        number = min(max(number_in(request.query_params.get("page", "")), 1), pages)
        context = {
            "views": [session.view(at) for at in places[(number - 1) * _LIST : number * _LIST]],
            "kind": kind,
            "kinds": ["all", "open", *_SHOWN],
            "count": len(places),
            "page": number,
            "pages": pages,
        }
        return self._page(request, "list.html", context)

    async def finished(self, request: Request) -> Response:
        """Show that all rows have their grade."""
        return self._done(request)

    def _row(self, request: Request, at: int, *, said: str = "", editing: str = "") -> Response:
        view = self._session.view(at)
        # Any of a row's origin may reveal its label: a list may be for only one label.
        origin = [] if view.hidden else origin_of(view.row)
        context = {"view": view, "editing": editing, "no_task": NO_TASK, "origin": origin}
        return self._page(request, "row.html", context, said=said)

    def _done(self, request: Request, said: str = "") -> Response:
        folder = shlex.quote(str(self._session.book.path.parent))
        context = {"effects": self._session.effects(), "folder": folder}
        return self._page(request, "done.html", context, said=said)

    def _to(self, request: Request, at: int | None, said: str) -> Response:
        """Return the response to an answer: at once if our script asks, otherwise by a redirect."""
        if request.headers.get("x-page") != "1":
            return RedirectResponse(_address(at), 303)
        response = self._done(request, said) if at is None else self._row(request, at, said=said)
        response.headers["X-Location"] = _address(at)
        return response

    def _page(
        self, request: Request, template: str, context: Mapping[str, Any], *, said: str = ""
    ) -> Response:
        session = self._session
        whole = {
            "title": session.title,
            "rater": session.rater,
            "secret": self._secret.form,
            "plan": session.plan,
            "total": len(session.ids),
            "done": session.done,
            "session": session,
            "said": said,
            "keys": _keys(session),
            "partial": request.headers.get("x-page") == "1",
            **context,
        }
        return html(template, whole)


def _keys(session: Session) -> dict[str, tuple[str, str]]:
    """Return the key of each command and its description; Shift avoids the rubric's keys."""
    rubric = session.plan.rubric
    idle = {"reject"} if rubric.is_of_labels else set()  # which is what "bad text" does
    idle |= set() if session.has_outputs else {"write", "save"}
    return {
        name: (f"Shift+{key.upper()}" if key.upper() in rubric.letters else key, words)
        for name, (key, words) in _COMMANDS.items()
        if name not in idle
    }


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _saved(session: Session, view: RowView) -> str:
    """Return what was saved for a row, and its effect: "Row 3: saved as bad text; the row …"."""
    grade, rubric = view.grade, session.plan.rubric
    what = ""
    if grade.after is not None and rubric.is_of_labels:
        what = f" as {rubric.word(grade.after)}"
    elif grade.after is not None and grade.before not in (None, grade.after):
        what = f" as {grade.before} before, {grade.after} after"
    elif grade.after is not None:
        what = f" as {grade.after}"
    elif grade.label is not None and not view.hidden:
        what = f" with label {printable(grade.label, lines=False, max_length=60)}"
    said = f"{_capital(session.name_of(view))}: saved{what}"
    if view.asks_label and view.asks_output:
        return f"{said}. What is the right answer? Unless you save one, the row is removed."
    if view.asks_label:
        return f"{said}. Which label is right? Without one, the row is removed."
    effect = view.effect
    return f"{said}; the row {printable(effect, lines=False)}." if effect else f"{said}."


def _texts(request: Request) -> dict[str, str]:
    """Return the texts of a row in a form, by their fields."""
    fields: Sequence[tuple[str, str]] = request.state.fields
    lead = "field."
    return {name[len(lead) :]: text for name, text in fields if name.startswith(lead)}


def _answers(request: Request) -> dict[str, list[str]]:
    """Return the values of each field of an output in a form, in their order."""
    lead = "answer."
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in request.state.fields:
        if name.startswith(lead):
            found[name[len(lead) :]].append(value)
    return dict(found)
