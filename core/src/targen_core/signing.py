"""Signatures on what this person's own commands wrote, as Jupyter signs notebooks.

A file may name addresses, paths and code, and may come from anybody. So these are used only if a
command of this person wrote them, or if the person types them again. A secret in the person's
settings signs what a file names, together with the code. The signatures lie next to the file, so a
folder that is copied or moved keeps them. Without the secret, they cannot be made.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import json
import logging
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from targen_core.errors import TargenError, UnreadableFile
from targen_core.folders import settings_folder
from targen_core.origin import texts_in
from targen_core.outputs import write_file
from targen_core.plain import digest_of, read_plain

FILE = ".signatures"
"""The file of a folder with the last signatures of its files, by their names."""

_log = logging.getLogger("targen")


def sign(file: Path, names: Any) -> None:
    """Sign what a file names, a JSON value, and the code behind it.

    The signature before it remains, since a command may be killed before it writes the file.
    """
    try:
        known = _signatures(file)
        signature = seal(_content(file, names))
        if signature not in (before := known.get(file.name, [])):
            known[file.name] = [*before[-1:], signature]
            write_file(file.with_name(FILE), json.dumps(known))
    except (OSError, TargenError) as error:
        _warn_unsigned(str(error))


def seal(value: Any) -> str:
    """Return a signature of a JSON value; "" if there is no secret."""
    text = json.dumps(value, sort_keys=True, default=str).encode("utf-8", "backslashreplace")
    try:
        return hmac.new(_secret(), text, hashlib.sha256).hexdigest()
    except (OSError, TargenError) as error:
        _warn_unsigned(str(error))
        return ""


def is_sealed(value: Any, signature: str) -> bool:
    """Return whether `seal` made a signature of this value for this person."""
    return bool(signature) and hmac.compare_digest(
        signature.encode("utf-8", "replace"), seal(value).encode()
    )


def is_signed(file: Path, names: Any) -> bool:
    """Return whether a command of this person wrote what a file names, and the code is the same."""
    try:
        known = _signatures(file).get(file.name, [])
        content = _content(file, names) if known else None
    except (OSError, TargenError):
        return False
    return any(is_sealed(content, str(each)) for each in known)


def _content(file: Path, names: Any) -> Any:
    return [file.name, names, dict(_code(file, names))]


def _code(file: Path, names: Any) -> Iterator[tuple[str, str]]:
    """Yield the digests of the Python files that are named, from the file's folder or from here.

    If the file itself is code, all code in its folder belongs to it: one may execute the other.
    """
    if file.suffix == ".py":
        for path in sorted(file.parent.rglob("*.py")):
            yield str(path.relative_to(file.parent)), digest_of(path)
    for text in texts_in(names):
        for name in (text, text.partition(":")[2]):  # ADAPTER:FILE.py:CLASS
            for found in re.finditer(r"\.py\b", name):
                path = Path(name[: found.end()])
                with contextlib.suppress(OSError, ValueError, UnreadableFile):
                    yield f"beside {path}", digest_of(file.parent / path)
                    if path.resolve() == (file.parent / path).resolve():
                        continue
                with contextlib.suppress(OSError, ValueError, UnreadableFile):
                    yield f"here {path}", digest_of(path)


def _signatures(file: Path) -> dict[str, list[str]]:
    try:
        known = json.loads(read_plain(file.with_name(FILE), 1 << 20))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return known if isinstance(known, dict) and all(map(_is_list, known.values())) else {}


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _secret() -> bytes:
    path = settings_folder() / "secret"
    with contextlib.suppress(FileNotFoundError):
        return read_plain(path, 64)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f"secret-{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
        new.write(secrets.token_bytes(32))
    with contextlib.suppress(FileExistsError):  # another command was quicker
        os.link(draft, path)
    draft.unlink()
    return read_plain(path, 64)


@functools.cache  # once is enough
def _warn_unsigned(why: str) -> None:
    _log.warning("cannot sign files: %s. targen will not recognise them as its own", why)
