"""`Fetcher`: requests other than a posted call, with the same session and errors."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from targen_backends.http.failures import failure
from targen_backends.http.poster import Poster

__all__ = ["Fetcher"]


class Fetcher(Poster):
    """A `Poster` that also gets, below one address, and gives bytes; see `Poster`."""

    async def fetch(
        self,
        method: str,
        path: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send `data` to `path` below the address; the body of an answer with status 200.

        Raises:
            ServiceError: for every other answer, and for none.
        """
        session = self._open()
        try:
            async with session.request(
                method,
                f"{self.url}{path}",
                data=data,
                headers=headers,
                proxy=self._proxy,
                allow_redirects=False,
            ) as response:
                raw = await response.read()
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise self._lost(error) from None  # its context may hold the headers we sent
        if response.status != 200:
            raise failure(response.status, raw, response.headers, self._service, self.secret)
        return raw
