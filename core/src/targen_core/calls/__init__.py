"""The call layer: the one door to every language model.

journal and cache -> retry -> budget -> rate limit -> model -> usage and journal
"""
