"""No mistake, but worth a word: what a command notes of what it was asked to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from ...mail import MAIL
from ...tables import table

NOTED = """
    preview rte -b scripted | The backend scripted calls no model: its replies are made up
    generate rte -n 2 -b scripted --out run | calls no model: its replies are made up
    generate rte -n 8 -b scripted --shard 1/2 --max-cost 1 | --max-cost applies only to this shard
    generate mail.yaml -n 1 -b scripted | note: 1 row for 2 labels: label "refund" gets no rows
    estimate given.yaml -n 100 -b scripted | Too few seeds: given.yaml provides 20
    generate mail.yaml -n 60 -b people --variant paper --seeds towns.txt | too few seeds: towns
    generate varied.py -n 2 -b scripted --dimension lenght=mid | did you mean length?
    validate wide.csv --task rte | it has more than 10,000 columns
"""


@pytest.mark.parametrize(("line", "said"), table(NOTED, 2))
def test_a_command_notes(line, said, targen, own_task):
    own_task("varied")
    Path("mail.yaml").write_text(MAIL)
    Path("given.yaml").write_text(f"{MAIL}seeds: {{file: towns.txt}}\n")
    Path("towns.txt").write_text("".join(f"the town of Number{n}\n" for n in range(20)))
    Path("wide.csv").write_text(",".join(f"c{each}" for each in range(10_001)) + "\n")
    done = targen(line)
    assert said in done.out + done.err
