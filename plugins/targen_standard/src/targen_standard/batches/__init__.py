"""The calls of a run in files, for a person or a service to answer."""
