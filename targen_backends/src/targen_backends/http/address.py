"""Addresses of services: which are sound, which go through a proxy."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import urllib.request
from urllib.parse import urlsplit

from targen_core.errors import UsageError
from targen_core.hints import quoted


def checked(address: str, key_variable: str) -> str:
    """`address` without a slash at its end.

    Raises:
        ValueError: what cannot be called, or holds a login or a query, which
            a run directory would keep.
    """
    address = address.strip()
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        is_bare = "@" not in address and "://" not in address
        example = f", such as http://{address[:80]}" if is_bare and address else ""
        raise ValueError(f"an address must start with http:// or https://, then a host{example}")
    if "@" in parts.netloc or parts.query or parts.fragment:
        if "api-version=" in parts.query:
            raise ValueError(
                "an address must not contain a query: for Azure, use an address that ends in "
                "/openai/v1, which needs no api-version, or the backend "
                "langchain:langchain_openai.AzureChatOpenAI"
            )
        raise ValueError(
            f"an address must not contain a user, password, query or fragment; put a key in "
            f"{key_variable}"
        )
    if re.search(r"\s", address):
        raise ValueError("an address must not contain a space")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("the port of an address must be a number from 0 to 65535") from None
    return address.rstrip("/")


def proxy_for(address: str) -> str | None:
    """The proxy that the environment names for an address, or None."""
    parts = urlsplit(address)
    proxy = urllib.request.getproxies().get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass(parts.hostname or ""):
        return None
    return proxy


def refuse_key_in_plain(address: str) -> None:
    """Check that a key may go to an address: by https, or to this machine or a private network.

    Raises:
        UsageError: anybody on the way to it could read the key.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    with contextlib.suppress(ValueError):
        if parts.scheme == "https" or is_loopback(host) or ipaddress.ip_address(host).is_private:
            return
    secure = address.replace("http://", "https://", 1)
    raise UsageError(
        f"targen does not send a key to {address}: plain http does not encrypt it",
        hint=f"--base-url {quoted(secure)}; for a server in your own network, use its IP address",
    )


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
