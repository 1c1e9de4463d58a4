"""The filters that are installed with the command; each folder is one, registered as any other."""
