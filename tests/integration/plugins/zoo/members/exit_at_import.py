"""It ends the process that imports it. kind: module; caught by: exit-at-import"""

import sys

sys.exit(0)
