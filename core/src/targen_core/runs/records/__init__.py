"""Records in a run's files, and how to read and write them."""
