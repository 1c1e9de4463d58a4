"""Simulated services in virtual time, to drive a backend or the call layer against."""

from targen_testing.services.catalog import CATALOG, Scenario, compose
from targen_testing.services.drive import Result, drive, omniscient
from targen_testing.services.model import SimulatedModel
from targen_testing.services.parts import (
    Batching,
    Bucket,
    Cap,
    Fault,
    Fixed,
    Latency,
    Level,
    Lognormal,
    Part,
    Queue,
    Retry,
    Window,
    brownout,
    cold_start,
)
from targen_testing.services.server import serve
from targen_testing.services.service import Answer, Service

__all__ = [
    "CATALOG",
    "Answer",
    "Batching",
    "Bucket",
    "Cap",
    "Fault",
    "Fixed",
    "Latency",
    "Level",
    "Lognormal",
    "Part",
    "Queue",
    "Result",
    "Retry",
    "Scenario",
    "Service",
    "SimulatedModel",
    "Window",
    "brownout",
    "cold_start",
    "compose",
    "drive",
    "omniscient",
    "serve",
]
