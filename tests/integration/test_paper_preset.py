"""Every task has the counts of the paper's table 2."""

from __future__ import annotations

from targen_core.plugins.loader import load_registry

TABLE_2 = {
    "axg": {"not_entailment": 146, "entailment": 138},
    "boolq": {"true": 2535, "false": 1764},
    "cb": {"contradiction": 119, "entailment": 115, "neutral": 16},
    "copa": {"choice1": 195, "choice2": 107},
    "record": {"any": 1778},
    "rte": {"not_entailment": 1241, "entailment": 1249},
    "wic": {"true": 2433, "false": 2410},
    "wsc": {"true": 259, "false": 285},
}


def test_table_2_has_14790_rows_of_eight_tasks():
    registry = load_registry()
    assert len(TABLE_2) == 8
    assert sum(sum(counts.values()) for counts in TABLE_2.values()) == 14_790
    presets = {name: dict(registry.get("task", name).rows.presets["paper"]) for name in TABLE_2}
    assert presets == TABLE_2
