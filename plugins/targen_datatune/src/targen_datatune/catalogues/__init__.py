"""Catalogues: the files of a user, and the hub."""
