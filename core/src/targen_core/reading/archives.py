"""Zip archives, whose members have declared sizes, and compressed files, in memory."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from targen_core.errors import UnreadableFile
from targen_core.plain import open_plain, place_of

PACKED = frozenset([".gz", ".xz", ".bz2", ".zip"])
"""Suffixes of compressed files that are read as what they contain."""

_MEMBERS = 10_000
_FREE, _RATIO = 64 << 20, 16  # bytes that any archive may unpack to, and times what is packed


def members_of(path: Path, inside: Path | None) -> Iterator[tuple[str, bytes]]:
    """Return the members of an archive one by one, once their declared sizes are checked.

    Together they may have 64 MiB and 16 times their packed size. With `inside`, links out of that
    folder are refused.

    Raises:
        UnreadableFile: it cannot be read, is not an archive, or would unpack to more.
    """
    import zipfile

    place = place_of(path, inside)
    try:
        with (
            os.fdopen(open_plain(place, os.O_RDONLY), "rb") as whole,
            zipfile.ZipFile(whole) as archive,
        ):
            infos = [info for info in archive.infolist() if not info.is_dir()]
            if len(infos) > _MEMBERS:
                raise UnreadableFile(path, f"it contains more than {_MEMBERS:,} files")
            if len({info.filename for info in infos}) < len(infos):
                raise UnreadableFile(path, "it contains two files with the same name")
            packed = min(
                sum(info.compress_size for info in infos), os.fstat(whole.fileno()).st_size
            )
            most = _FREE + _RATIO * packed
            if sum(info.file_size for info in infos) > most:
                raise UnreadableFile(path, f"it unpacks to more than {most:,} bytes")
            for info in infos:
                with archive.open(info) as file:  # which gives no more than the declared size
                    yield info.filename, file.read(info.file_size)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UnreadableFile(path, f"it is not a readable zip archive: {error}") from error
    except UnreadableFile:
        raise
    except (OSError, RuntimeError, ValueError, LookupError) as error:  # encrypted, bad offsets
        raise UnreadableFile(path, f"it is not a readable zip archive: {error}") from error


def unpacked(path: Path, data: bytes, max_bytes: int) -> bytes:
    """Return the content of a compressed file, by its name; other content is unchanged.

    Raises:
        UnreadableFile: it cannot be unpacked, is larger, or is an archive of several files.
    """
    suffix = path.suffix.lower()
    if suffix not in PACKED:
        return data
    import bz2
    import gzip
    import lzma
    import zipfile

    try:
        file: Any
        if suffix == ".zip":
            archive = zipfile.ZipFile(io.BytesIO(data))
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                raise UnreadableFile(path, f"it contains {len(names)} files", hint="unpack it")
            file = archive.open(names[0])
        elif suffix == ".gz":
            file = gzip.GzipFile(fileobj=io.BytesIO(data))
        else:
            file = (lzma.LZMAFile if suffix == ".xz" else bz2.BZ2File)(io.BytesIO(data))
        content: bytes = file.read(max_bytes + 1)
    except (OSError, EOFError, zipfile.BadZipFile, lzma.LZMAError, RuntimeError) as error:
        raise UnreadableFile(path, f"it cannot be unpacked: {error}") from error
    if len(content) > max_bytes:
        raise UnreadableFile(path, f"it unpacks to more than {max_bytes >> 20:,} MiB")
    return content
