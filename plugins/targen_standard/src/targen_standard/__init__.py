"""Task files, corrections, merges and more.

Each folder is one feature: what it does, its function for programs, and its command.
"""
