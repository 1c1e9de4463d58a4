"""(1) What a seed is: a phrase of one to six words, which prompts/matters.md asks for."""

from targen_core import ListStep, Prompt

MATTERS = Prompt("matters", package="my_demo")
SEEDS = ListStep.asking(MATTERS, batch=4, words=(1, 6), summary="what customers notice")
