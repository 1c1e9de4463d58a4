"""The terminal: progress while a command works, and streams that may be closed or full."""
