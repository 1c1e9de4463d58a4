"""(1) What a context is: a name of one to six words, which prompts/businesses.md asks for."""

from targen_core import ListStep, Prompt

BUSINESSES = Prompt("businesses", package="my_demo")
CONTEXTS = ListStep.asking(BUSINESSES, batch=6, words=(1, 6), summary="small businesses")
