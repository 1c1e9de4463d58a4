"""(2) The conformance kit, and a dataset that is known beforehand."""

from __future__ import annotations

from pathlib import Path

import pytest
from targen_datatune.retrieval import DatasetUnavailable
from targen_datatune.testing import CatalogueSuite as Suite

from my_demo.catalogue import CATALOGUE

DATA = Path(__file__).parent / "data"


class TestCatalogue(Suite):
    """It lists the same each time, describes what it lists, and gives the rows it described."""

    catalogue = "my-demo"
    spec = f"my-demo:{DATA}"


def test_a_changed_file_is_another_dataset(tmp_path: Path) -> None:
    path = tmp_path / "soups.tsv"
    path.write_text("name\tfrom\nborscht\tbeets\n")
    options = CATALOGUE.options()
    (listed,) = CATALOGUE.listing(f"my-demo:{tmp_path}", options)
    (entry,) = CATALOGUE.describe(listed, options)
    assert [dict(row) for row in CATALOGUE.rows(entry)] == [{"name": "borscht", "from": "beets"}]
    path.write_text("name\tfrom\nminestrone\tbeans\n")
    with pytest.raises(DatasetUnavailable):
        list(CATALOGUE.rows(entry))
