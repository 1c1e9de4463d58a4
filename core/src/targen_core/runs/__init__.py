"""Run directories.

Their contents (`records`), the preparation of a request (`preparing`), their files (`folder`), and
running them (`jobs`).
"""
