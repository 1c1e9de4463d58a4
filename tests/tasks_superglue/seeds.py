"""Seeds from which tests have rows written, and replies that fit the one of WSC."""

from __future__ import annotations

from targen_tasks_superglue.axg.rows import Sentences
from targen_tasks_superglue.rte.task import Premise
from targen_tasks_superglue.shared.articles import Paragraph
from targen_tasks_superglue.shared.subjects import PronounPair
from targen_tasks_superglue.wic.rows import Definition, Sense

FERRY = Paragraph(
    title="Marisol Ferry",
    text="The Marisol Ferry has crossed the strait between Punta Brava and Isla Honda since 1934. "
    "Its first captain, Aurelio Nunez, lost the ship in a storm in 1951 and was cleared by a court "
    "in Punta Brava. The second ship was paid for by the fishermen of Isla Honda, who had carried "
    "the mail without pay for two winters. Since 1990 the crossing has taken forty minutes.",
)
WHALE = Paragraph(
    title="Vesterby Museum",
    text="The Vesterby Museum in Vesterby owes its whale to the captain Aurelio Nunez, who towed "
    "it in from Punta Brava in 1951. Nunez asked the Lantern Society for money to stuff it. Its "
    "treasurer, Carmen Pardo, sold two boats, and the whale was shown from 1953. The sculptor "
    "Ole Lund, a pupil of Maria Grün, had built the frame.",
)
HIVE = Sentences(
    first="beekeeper",
    second="teacher",
    meant="second",
    opening="The beekeeper lent the teacher a veil",
    he="The beekeeper lent the teacher a veil because he had never stood near a hive.",
    she="The beekeeper lent the teacher a veil because she had never stood near a hive.",
)
MUSEUM = Premise(
    premise="After the dispute over museum wages in Oberau ended in March 1998, the mayor Ada "
    "Brenner hired 211 people and asked Hana Sato to lead the work."
)
CRANE = Sense(
    word="crane",
    number=0,
    definitions=(
        Definition(part_of_speech="noun", definition="a tall grey bird with long legs and neck"),
        Definition(
            part_of_speech="noun", definition="a machine that lifts heavy loads on building sites"
        ),
    ),
)
COOK = PronounPair(first="cook", second="guest", number="singular", pronoun="she")
FIRST = (
    "The cook asked the guest to wait a little longer, because [she=cook] had only just lit the "
    "oven."
)
SECOND = (
    "The cook hid when the guest came to the kitchen door. [She=guest] wanted to complain about "
    "the soup again."
)
