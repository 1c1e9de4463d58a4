"""AttrPrompt: rows that differ in attributes, whose values a model lists and code draws."""
