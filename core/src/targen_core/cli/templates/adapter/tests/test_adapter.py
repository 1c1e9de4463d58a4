"""(2) The conformance kit: an object of the library as a model."""

from __future__ import annotations

from targen_testing.adapters import AdapterSuite as Suite

from my_demo.client import Client


class TestAdapter(Suite):
    """A model that answers, and other objects that the adapter ignores."""

    adapter = "my-demo"

    def object(self) -> Client:
        return Client()
