"""The paper's own figures: table 16 and the agreement of its teams (appendix H)."""

from __future__ import annotations

TABLE_16 = {
    "axg": ((102, 55, 51, 18), (106, 50, 59, 11)),
    "boolq": ((258, 64, 87, 21), (277, 62, 76, 15)),
    "cb": ((97, 70, 8, 25), (108, 80, 2, 10)),
    "copa": ((136, 48, 34, 24), (146, 47, 36, 13)),
    "record": ((98, 45, 22, 12), (111, 39, 18, 9)),
    "rte": ((300, 52, 70, 76), (355, 50, 57, 36)),
    "wic": ((270, 99, 88, 28), (314, 89, 72, 10)),
    "wsc": ((198, 43, 92, 102), (256, 57, 48, 74)),
}
"""Task -> A, B, C, D before correction, and after."""

TITLES = {"axg": "AX-g", "boolq": "BoolQ", "cb": "CB", "copa": "COPA"} | {
    "record": "ReCoRD", "rte": "RTE", "wic": "WiC", "wsc": "WSC"
}  # fmt: skip

AGREEMENT = (
    "The paper's three teams: Cohen's κ for letters 0.51, 0.48, 0.60, for acceptability 0.71, "
    "0.67, 0.79; Spearman's r 0.85, 0.83, 0.91. The paper prints no intervals, and does not say "
    "how two grades of a row were combined, or whether agreement is before or after correction."
)
