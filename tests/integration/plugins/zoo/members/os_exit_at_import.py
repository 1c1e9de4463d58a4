"""It ends the process without a word. kind: module; caught by: exit-at-import"""

import os

os._exit(0)
