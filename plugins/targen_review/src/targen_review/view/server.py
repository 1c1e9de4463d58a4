"""The server of the page on which people read a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from targen_core import trace
from targen_core.errors import TargenError
from targen_core.text import printable
from targen_review.grades import Grade
from targen_review.page.desk import Seat
from targen_review.page.guard import LocalOnly, Secret
from targen_review.page.server import origin_of, static_routes, templates
from targen_review.rows import ReviewData
from targen_review.view.catalogue import SORTS, Catalogue, Query

__all__ = ["view_app"]

_PAGE = 50
_WORDS = {
    "data": "dataset",
    "label": "label",
    "generated": "generated for",
    "outcome": "row or reason",
    "drawn": "dimension",
}


def view_app(
    catalogue: Catalogue, data: Sequence[ReviewData], secret: Secret, port: int
) -> ASGIApp:
    """The application: a list that is filtered and sorted, and each row with its origin."""
    sources = {each.name: each for each in data}
    title = ", ".join(sources)

    def allowed(request: Request) -> bool:
        return secret.knows(request)

    async def entrance(request: Request) -> Response:
        token = request.query_params.get("token")
        if not (secret.opens(token) if token is not None else allowed(request)):
            return _refused("Open the link that targen view printed.", 403)
        response = _html("enter.html", {"to": "/view/rows"})
        secret.give(response)
        return response

    async def rows(request: Request) -> Response:
        if not allowed(request):
            return _refused("Open the link that targen view printed.", 403)
        asked = request.query_params
        choices = {name: asked.get(name, "") for name in catalogue.choices}
        sort = asked.get("sort", "")
        query = Query(asked.get("text", ""), choices, sort if sort in SORTS else "as they are")
        count = catalogue.count(query)
        pages = max(1, -(-count // _PAGE))
        number = asked.get("page", "1")
        page = min(max(int(number) if number.isascii() and number.isdigit() else 1, 1), pages)
        kept = {"text": query.text, **choices, "sort": query.sort}
        return _html(
            "view.html",
            {
                "title": title,
                "rows": list(catalogue.rows(query, (page - 1) * _PAGE, _PAGE)),
                "several": len(sources) > 1,
                "count": count,
                "query": query,
                "chosen": choices,
                "choices": catalogue.choices,
                "words": _WORDS,
                "sorts": list(SORTS),
                "page": page,
                "pages": pages,
                "address": f"/view/rows?{urlencode(kept)}",
            },
        )

    async def row(request: Request) -> Response:
        if not allowed(request):
            return _refused("Open the link that targen view printed.", 403)
        at = request.path_params["at"]
        record = catalogue.find(at)
        if record is None:
            return _refused(f"There is no row {at}.", 404)
        name, shown = record
        empty = Grade(row=shown.id, digest=shown.digest)
        seat = Seat(at, shown, sources[name], empty, False, False, (), None)
        return _html(
            "view_row.html",
            {"title": title, "at": at, "row": shown, "data": sources[name], **origin_of(seat)},
        )

    async def calls(request: Request) -> Response:
        if not allowed(request):
            return _refused("Open the link that targen view printed.", 403)
        record = catalogue.find(request.path_params["at"])
        if record is None or not sources[record[0]].has_origin:
            return _html("calls.html", {"trace": None})
        name, shown = record
        key = shown.id if shown.number is None else shown.number
        try:
            traced = await run_in_threadpool(trace, sources[name].path, key)
        except TargenError as error:
            return _refused(str(error), 500)
        return _html("calls.html", {"trace": traced})

    routes = [
        *static_routes(),
        Route("/view/", entrance),
        Route("/view/rows", rows),
        Route("/view/row/{at:int}", row),
        Route("/view/row/{at:int}/calls", calls),
    ]
    return LocalOnly(Starlette(routes=routes), port)


def _html(template: str, context: Mapping[str, object], status: int = 200) -> HTMLResponse:
    text = templates().get_template(template).render(**context)
    return HTMLResponse(text.encode("utf-8", "replace"), status)


def _refused(words: str, status: int) -> Response:
    return _html("refused.html", {"words": printable(words), "hint": ""}, status)
