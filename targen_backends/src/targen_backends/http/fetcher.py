"""`Fetcher`: requests other than a posted call, with the same session and errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from targen_backends.http.poster import Poster
from targen_backends.http.reading import MAX_ANSWER, body, decoded, lines


class Fetcher(Poster):
    """A `Poster` that also gets, below one address, and gives bytes; see `Poster`."""

    async def fetch(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send `data` to `path` below the address; the JSON of an answer with status 200.

        The key is removed from it. An answer that is not JSON gives None.

        Raises:
            ServiceError: for every other answer, and for none.
        """
        async with self._answer(method, f"{self.url}{path}", data, headers) as response:
            raw = await body(response, MAX_ANSWER)
        try:
            return decoded(raw, self._secrets)
        except (ValueError, RecursionError):
            return None

    async def lines(
        self, path: str, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[bytes]:
        """The lines of the file at `path`, as they come; see `fetch`.

        A file of results may have hundreds of megabytes. Lines that are longer
        than an answer may be are left out. The key is still in them: see `batches.parsed`.
        """
        async with self._answer("GET", f"{self.url}{path}", headers=headers) as response:
            async for line in lines(response, MAX_ANSWER):
                yield line
