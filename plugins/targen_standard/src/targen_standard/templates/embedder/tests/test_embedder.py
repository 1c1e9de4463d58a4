"""(2) The conformance kit: texts of all sorts."""

from __future__ import annotations

from targen_testing.embedders import EmbedderSuite as Suite


class TestEmbedder(Suite):
    """Equal texts have equal vectors, of one length and of numbers."""

    embedder = "my-demo"
