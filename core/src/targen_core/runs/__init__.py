"""Run directories.

What they record (`records`), how a request is prepared (`preparing`), what lies in one (`folder`),
and what runs it (`jobs`).
"""
