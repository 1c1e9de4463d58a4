"""The server of the page on which people read a dataset."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from targen_core.errors import TargenError
from targen_core.text import plural
from targen_review.page.guard import LocalOnly, Secret
from targen_review.page.server import (
    UNKNOWN_LINK,
    html,
    number_in,
    origin_of,
    refused,
    static_routes,
    traced,
)
from targen_review.rows import ReviewData
from targen_review.view.catalogue import SORTS, Catalogue, Entry, Query
from targen_review.view.difficulty import how_to_measure
from targen_review.view.likeness import Alike

_PAGE = 50
_NEIGHBOURS = 5  # of each dataset
_PATIENCE = 1.0  # seconds that an answer may wait for what is being worked out
_WORDS = {
    "data": "dataset",
    "label": "label",
    "generated": "generated for",
    "outcome": "row or reason",
    "drawn": "dimension",
}
_Page = Callable[[Request], Awaitable[Response]]


def view_app(
    catalogue: Catalogue,
    data: Sequence[ReviewData],
    alike: Alike,
    secret: Secret,
    port: int,
) -> ASGIApp:
    """The application: a list that is filtered and sorted, and each row with its origin."""
    pages = _Pages(catalogue, data, alike)

    def guarded(page: _Page) -> _Page:
        async def answer(request: Request) -> Response:
            if not secret.knows(request):
                return refused(UNKNOWN_LINK, 403)
            return await page(request)

        return answer

    async def entrance(request: Request) -> Response:
        response = html("enter.html", {"to": "/view/rows"})
        return response if secret.enter(request, response) else refused(UNKNOWN_LINK, 403)

    routes = [
        *static_routes(),
        Route("/view/", entrance),
        Route("/view/rows", guarded(pages.rows)),
        Route("/view/row/{at:int}", guarded(pages.row)),
        Route("/view/row/{at:int}/near", guarded(pages.near)),
        Route("/view/row/{at:int}/calls", guarded(pages.calls)),
    ]
    return LocalOnly(Starlette(routes=routes), port)


class _Pages:
    def __init__(self, catalogue: Catalogue, data: Sequence[ReviewData], alike: Alike) -> None:
        self._catalogue = catalogue
        self._data = {each.name: each for each in data}
        self._alike = alike
        self._title = ", ".join(self._data)

    async def rows(self, request: Request) -> Response:
        """A page of the list, of one column or two."""
        query, sides = self._query(request)
        shown = {"text": query.text, **query.choices, "sort": query.sort}
        if len(self._data) == 2:
            shown["as"] = "sides" if sides else "list"
        address = f"/view/rows?{urlencode(shown)}"
        column = SORTS[query.sort].column
        if column == "likeness":
            await run_in_threadpool(self._alike.begin, patience=_PATIENCE)
        progress = self._alike.progress
        if request.query_params.get("only") == "progress":
            return html("view_progress.html", {"progress": progress, "address": address})
        counts = [self._catalogue.count(each) for each in self._lists(query, sides)]
        pages = max(1, -(-max(counts) // _PAGE))
        page = min(max(number_in(request.query_params.get("page", "")), 1), pages)
        first = (page - 1) * _PAGE
        context: dict[str, Any] = {
            "title": self._title,
            "heading": plural(counts[0], "line" if query.paired else "row"),
            "query": query,
            "choices": self._choices(sides),
            "words": _WORDS,
            "sorts": list(SORTS),
            "column": column if column != "length" else "",
            "column_title": {
                "likeness": f"similarity, {self._alike.measure}",
                "pvi": "PVI, bits",
            }.get(column, ""),
            "measure": self._alike.measure,
            "waiting": column == "likeness" and bool(progress.words),
            "progress": progress,
            "first": first + 1,
            "page": page,
            "pages": pages,
            "address": address,
            "kept": urlencode(shown),
            "several": len(self._data) > 1,
            "can_pair": len(self._data) == 2,
            "sides_at": f"/view/rows?{urlencode({**shown, 'data': '', 'as': 'sides'})}",
            "list_at": f"/view/rows?{urlencode({**shown, 'as': 'list'})}",
        }
        if column == "pvi":
            known = self._catalogue.known("pvi")
            lacking = [name for name in self._data if not known.get(name)]
            context |= {"lacking": lacking}
            context |= {"how": how_to_measure(self._data[lacking[0]])} if lacking else {}
        if sides:
            if not query.paired:
                context["heading"] = " and ".join(plural(count, "row") for count in counts)
            context |= {
                "columns": list(self._data),
                "paired_by": self._catalogue.keys.words,
                "lines": self._lines(query, first),
            }
        else:
            context["entries"] = self._catalogue.rows(query, first, _PAGE)
        return html("view.html", context)

    async def row(self, request: Request) -> Response:
        """Show a row, next to its match in the other dataset."""
        at = request.path_params["at"]
        entry = self._catalogue.find(at)
        if entry is None:
            return refused(f"There is no row {at}.", 404)
        beside: dict[str, Entry | None] = {}
        differs: list[str] = []
        if self._catalogue.keys.name:
            partner = self._catalogue.partner(at)
            there = {each.data: each for each in (entry, partner) if each is not None}
            beside = {name: there.get(name) for name in self._data}
            differs = _differing(list(there.values()))
        return html(
            "view_row.html",
            {
                "title": self._title,
                "several": len(self._data) > 1,
                "entry": entry,
                "beside": beside,
                "differs": differs,
                "measure": self._alike.measure,
                "data": self._data[entry.data],
                "origin": origin_of(entry.row),
                **self._ways(request, entry),
            },
        )

    async def near(self, request: Request) -> Response:
        """The rows that are most like one."""
        at = request.path_params["at"]
        if self._catalogue.find(at) is None:
            return refused(f"There is no row {at}.", 404)
        found = await run_in_threadpool(self._alike.neighbours, at, _NEIGHBOURS, patience=_PATIENCE)
        near = None
        if found is not None:
            every = {each.at: each for each in self._catalogue.entries(_places(found))}
            near = [(part, [(every[row], score) for row, score in of]) for part, of in found]
        context = {
            "at": at,
            "several": len(self._data) > 1,
            "near": near,
            "measure": self._alike.measure,
            "progress": self._alike.progress,
        }
        return html("view_near.html", context)

    async def calls(self, request: Request) -> Response:
        """The calls that a row rests on, as `targen trace` finds them."""
        entry = self._catalogue.find(request.path_params["at"])
        if entry is None or not self._data[entry.data].has_origin:
            return html("calls.html", {"trace": None})
        key = entry.row.id if entry.row.number is None else entry.row.number
        try:
            found = await traced(self._data[entry.data].path, key)
        except TargenError as error:
            return refused(str(error), 500)
        return html("calls.html", {"trace": found})

    def _query(self, request: Request) -> tuple[Query, bool]:
        """Return the request, and whether two datasets are shown side by side."""
        asked = request.query_params
        sides = len(self._data) == 2 and asked.get("as") != "list"
        choices = {name: asked.get(name, "") for name in self._choices(sides)}
        sort = asked.get("sort", "")
        paired = sides and bool(self._catalogue.keys.name)
        query = Query(
            asked.get("text", ""), choices, sort if sort in SORTS else "original order", paired
        )
        return query, sides

    def _choices(self, sides: bool) -> dict[str, list[str]]:
        """Return what rows can be chosen by; the datasets are not, if each has its column."""
        every = self._catalogue.choices
        return {name: values for name, values in every.items() if not (sides and name == "data")}

    def _lists(self, query: Query, sides: bool) -> list[Query]:
        """Return the lists that a page shows: one, or one per dataset if they are not paired."""
        return [_of(name, query) for name in self._data] if sides and not query.paired else [query]

    def _lines(
        self, query: Query, first: int
    ) -> list[tuple[int, Mapping[str, Entry | None], list[str]]]:
        """The lines of two columns: the place in the list, rows by dataset, what differs."""
        if query.paired:
            places = self._catalogue.places(query, first, _PAGE)
            return [
                (place, pair, _differing(list(pair.values())))
                for place, pair in enumerate(self._catalogue.pairs(places), first + 1)
            ]
        columns = [self._catalogue.rows(_of(name, query), first, _PAGE) for name in self._data]
        return [
            (place, dict(zip(self._data, line, strict=True)), [])
            for place, line in enumerate(zip_longest(*columns), first + 1)
        ]

    def _ways(self, request: Request, entry: Entry) -> dict[str, str]:
        """Return links to its neighbours in the list from which it was opened, and to the list."""
        query, sides = self._query(request)
        place = number_in(request.query_params.get("place", ""))
        asked = {**request.query_params}
        asked.pop("place", None)
        kept = urlencode(asked)
        if not place:
            ways = {"before": entry.at - 1, "after": entry.at + 1}
            there = {each.at for each in self._catalogue.entries(list(ways.values()))}
            found = {name: f"/view/row/{at}" for name, at in ways.items() if at in there}
            return {"back": "/view/rows", **found}
        listed = _of(entry.data, query) if sides and not query.paired else query
        start = max(place - 2, 0)
        places = dict(
            enumerate(self._catalogue.places(listed, start, place - start + 1), start + 1)
        )
        found = {
            name: f"/view/row/{places[at]}?{kept}&place={at}"
            for name, at in (("before", place - 1), ("after", place + 1))
            if at in places
        }
        page = (place - 1) // _PAGE + 1
        return {"back": f"/view/rows?{kept}&page={page}", **found}


def _of(name: str, query: Query) -> Query:
    """The same of one dataset."""
    return replace(query, choices={**query.choices, "data": name})


def _differing(rows: Sequence[Entry]) -> list[str]:
    """Return the texts in which two rows differ, and `label`; empty for a single row."""
    if len(rows) < 2:
        return []
    one, other = ({**each.row.fields, "label": each.row.label} for each in rows)
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]


def _places(found: Sequence[tuple[object, Sequence[tuple[int, float]]]]) -> list[int]:
    return [row for _, of in found for row, _ in of]
