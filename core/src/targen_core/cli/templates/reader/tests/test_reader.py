"""(2) The conformance kit: a file of yours, its copy in a run, and files that are no tasks."""

from __future__ import annotations

from targen_testing.readers import ReaderSuite as Suite


class TestReader(Suite):
    """The same task again, also by the copy that a run keeps."""

    reader = "my-demo"
    file = "Notes of a night porter.\ncalm: nothing is the matter\nalarm: somebody must come\n"
