"""Simulated services in virtual time, to drive a backend or the call layer against."""
