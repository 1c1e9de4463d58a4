"""The page of the Python API is what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_made_of_the_code_as_it_is() -> None:
    path = ROOT / "scripts" / "python_reference.py"
    spec = importlib.util.spec_from_file_location("python_reference", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    page = (ROOT / module.PAGE).read_text(encoding="utf-8")
    assert page == module.page(), "run python scripts/python_reference.py"
