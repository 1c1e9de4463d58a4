"""ZeroGen: texts after conditions, by prompts that name the label and end in an open quotation."""
