"""The rows of a method's run, chosen or weighed."""
