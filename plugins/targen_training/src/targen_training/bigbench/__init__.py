"""Tasks of BIG-bench: prompts with worked examples, answers, and normalised scores."""
