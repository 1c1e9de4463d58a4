"""Its target cannot be imported. kind: task; caught by: target-import-error"""

PART = {}["task"]
