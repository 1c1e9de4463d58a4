"""Self-Instruct: instructions that a model adds to a pool, and rows for each of them."""
