"""Reading a body in pieces, so that no answer takes more memory than it may.

Bodies are unpacked here and not by aiohttp: a packed one may hold a thousand
times its size.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from targen_core.calls.model import MAX_REPLY
from targen_core.calls.secrets import Secrets

ENCODINGS = "gzip, deflate"
"""Encodings that we accept from a service."""

MAX_ANSWER = MAX_REPLY
"""Bytes of one answer, unpacked."""

MAX_ERROR = 64 << 10
"""Bytes of an answer other than 200 that are read; of its words 500 characters are quoted."""

_PIECE = 64 << 10  # bytes that are unpacked at once


class Unreadable(Exception):
    """A body that does not unpack; the message says why."""


class TooLong(Unreadable):
    """A body that is longer than it may be."""


async def body(response: aiohttp.ClientResponse, max_bytes: int, *, cut: bool = False) -> bytes:
    """The body of an answer, unpacked: at most `max_bytes` bytes.

    With `cut` the rest of a longer one is left unread, and what does not
    unpack ends it.

    Raises:
        TooLong: it is longer, and `cut` is false.
        Unreadable: it does not unpack, and `cut` is false.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async for part in _pieces(response):
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                raise TooLong(f"longer than {max_bytes >> 20} MiB")
    except Unreadable:
        response.close()  # later data on this connection answer no request
        if not cut:
            raise
    return b"".join(parts)[:max_bytes]


async def lines(response: aiohttp.ClientResponse, max_bytes: int) -> AsyncIterator[bytes]:
    """The lines of a body, unpacked; those of more than `max_bytes` bytes are left out.

    Raises:
        Unreadable: it does not unpack.
    """
    rest = bytearray()
    skipping = False
    async for part in _pieces(response):
        *whole, last = part.split(b"\n")
        for line in whole:
            rest += line
            if not skipping and len(rest) <= max_bytes:
                yield bytes(rest)
            rest.clear()
            skipping = False
        rest += last
        if len(rest) > max_bytes:
            skipping = True
            rest.clear()
    if rest and not skipping:
        yield bytes(rest)


def decoded(raw: bytes, secrets: Secrets) -> Any:
    """The value of a JSON answer, without `secrets` in its texts.

    They are removed after decoding, because JSON can write each character in several ways.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is too deeply nested.
    """
    text = raw.decode(json.detect_encoding(raw), "surrogatepass")
    value = json.loads(text)
    return secrets.value(value) if secrets.within(text) else value


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """A body in pieces of a bounded size, unpacked."""
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        async for part in response.content.iter_any():
            yield part
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unreadable(f"encoded as {encoding[:40]!r}, which was not requested")
    unpack = zlib.decompressobj(31 if encoding.endswith("gzip") else 15)
    fresh = encoding == "deflate"
    try:
        async for part in response.content.iter_any():
            if fresh and part:
                fresh = False
                if part[0] & 15 != 8:  # deflate without the wrapping that it should have
                    unpack = zlib.decompressobj(-15)
            while part and not unpack.eof:
                yield unpack.decompress(part, _PIECE)
                part = unpack.unconsumed_tail
    except zlib.error as error:
        raise Unreadable(f"encoded as {encoding}, and cannot be decoded: {error}") from None
    if not unpack.eof:
        raise Unreadable(f"encoded as {encoding}, and truncated")
