"""The similarity of rows, computed in the background once somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from targen_core.errors import MissingDependency, TargenError
from targen_core.hints import install
from targen_review.view.catalogue import Catalogue, Part
from targen_standard.embedding import Encode

if TYPE_CHECKING:
    from targen_analysis.likeness import Likeness

_PAIRS = 400_000  # that are compared between two looks at whether to stop
_WAITING = 256  # rows whose likeness is entered together


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of the work.

    Attributes:
        words: a message for people who wait; "" once all is done.
        problem: whether it will never be done, for the reason in `words`.
    """

    words: str = ""
    problem: bool = False


class Alike:
    """Compares each row with all others of its dataset, in a thread of its own.

    First all texts are read; from then on any row's neighbours can be asked for. Then the rows are
    gone through, and the catalogue learns the likeness of each: that of the row that is most like
    it. A reject is compared with the rows of its dataset, and not with other rejects.
    """

    def __init__(
        self, catalogue: Catalogue, encode: Encode | None = None, embedder: str = ""
    ) -> None:
        """Be ready to begin.

        Args:
            catalogue: the rows.
            encode: turns a text into a vector; None to compare the words, by ROUGE-L.
            embedder: the name of what `encode` is of.
        """
        self._catalogue = catalogue
        self._encode = encode
        self.measure = f"cosine by {embedder}" if encode is not None else "ROUGE-L"
        """The measure of likeness, for people."""
        self._likeness: Likeness | None = None
        self._problem = ""
        self._read = 0  # texts
        self._known = 0  # rows whose likeness was found
        self._lock = Lock()
        self._thread: Thread | None = None
        self._over = Event()
        self._ready = Event()  # all texts are read, or never will be

    def begin(self, *, patience: float = 0.0) -> None:
        """Begin, if that was not done, and then wait so many seconds at most for the end."""
        with self._lock:
            if self._thread is not None or self._over.is_set():
                return
            self._thread = Thread(target=self._work, name="likeness", daemon=True)
            self._thread.start()
        self._thread.join(patience)

    @property
    def progress(self) -> Progress:
        """Return how far it is."""
        if self._problem:
            return Progress(self._problem, True)
        rows = len(self._catalogue)
        if not self._ready.is_set():
            return Progress(f"Comparing rows: {self._read:,} of {rows:,} read.")
        if self._known < rows:
            return Progress(
                f"Similarity is known for {self._known:,} of {rows:,} rows; the others come last."
            )
        return Progress()

    def neighbours(
        self, at: int, k: int, *, patience: float = 0.0
    ) -> list[tuple[Part, list[tuple[int, float]]]] | None:
        """The rows that are most like one: of its own dataset first, then of each other.

        Args:
            at: the place of the row.
            k: how many of each dataset.
            patience: seconds to wait while texts are still being read.

        Returns:
            For each dataset, the places of its rows and how alike they are. None if texts are
            not read yet, or there is a problem: see `progress`.
        """
        self.begin()
        self._ready.wait(patience)
        likeness = self._likeness
        if likeness is None:
            return None
        own = next(p for p in self._catalogue.parts if at in p.rows or at in p.rejects)
        return [
            (part, [(row + 1, s) for row, s in likeness.neighbours(at - 1, _from_0(part.rows), k)])
            for part in sorted(self._catalogue.parts, key=lambda part: part is not own)
        ]

    def close(self) -> None:
        """End the thread."""
        self._over.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        try:
            self._likeness = self._compared()
            self._ready.set()
            for part in self._catalogue.parts:
                self._go_through(part)
        except _Ended:
            pass
        except TargenError as error:
            self._problem = f"{error} ({error.hint})" if error.hint else str(error)
        except Exception as error:  # what embedders raise has no end
            self._problem = f"Rows cannot be compared: {type(error).__name__}: {error}"
        finally:
            self._ready.set()

    def _compared(self) -> Likeness:
        try:
            from targen_analysis.likeness import by_vectors, by_words
        except ModuleNotFoundError as error:
            raise MissingDependency(
                f"comparing rows needs the package {error.name!r}, which is not installed",
                distribution="targen-review",
                hint=install("targen-review[likeness]"),
            ) from error
        if self._encode is None:
            return by_words(self._texts())
        return by_vectors(self._texts(), self._encode)

    def _texts(self) -> Iterator[str]:
        for text in self._catalogue.texts():
            if self._over.is_set():
                raise _Ended
            self._read += 1
            yield text

    def _go_through(self, part: Part) -> None:
        likeness = self._likeness
        assert likeness is not None
        among, rejects = _from_0(part.rows), _from_0(part.rejects)
        waiting: list[tuple[int, float]] = []
        for some, nearest in chain(
            likeness.each_nearest(among, _PAIRS),
            (([at], likeness.nearest([at], among)) for at in rejects),
        ):
            if self._over.is_set():
                raise _Ended
            found = zip(some, nearest.tolist(), strict=True)
            waiting += [(at + 1, value) for at, value in found if value == value]
            self._known += len(some)
            if len(waiting) >= _WAITING:
                self._catalogue.enter("likeness", waiting)
                waiting.clear()
        self._catalogue.enter("likeness", waiting)


class _Ended(Exception):
    """The server ends."""


def _from_0(places: range) -> range:
    return range(places.start - 1, places.stop - 1)
