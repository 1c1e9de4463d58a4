"""Dataset formats other than runs and tables: BIG-bench, and weighted or corrected rows."""
