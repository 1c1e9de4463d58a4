"""The page on which people grade rows: a server on this machine, and what it sends."""
