"""A task whose rows are transformed rows of existing datasets."""
