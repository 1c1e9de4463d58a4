"""The engine: speculative execution, commit in one total order."""
