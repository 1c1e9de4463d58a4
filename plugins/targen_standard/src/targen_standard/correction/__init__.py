"""Step 4 on a dataset that exists already, and its directory."""
