"""What a run's files record, and how they are read and written."""
