"""It raises when it is imported. kind: module; caught by: import-error"""

raise RuntimeError("half a module")
