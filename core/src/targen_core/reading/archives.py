"""Zip archives: members of declared sizes, in memory."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

from targen_core.errors import UnreadableFile
from targen_core.plain import open_plain, place_of

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
