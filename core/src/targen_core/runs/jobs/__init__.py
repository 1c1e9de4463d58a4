"""A prepared run at work, alone and beside others."""
