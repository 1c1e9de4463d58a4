"""Methods side by side: each makes rows of one task, and all are measured in the same way."""
