"""It lists a prompt whose file is not there. kind: task; caught by: prompts-fill"""

from targen_core import Prompt

from .good import PACKAGE, TASK

PART = TASK.replace(prompts=(*TASK.prompts, Prompt("forgotten", package=PACKAGE)))
