"""The conformance suite of metrics, and data to try one on; it needs targen-testing."""

from targen_analysis.testing.suite import MetricSuite

__all__ = ["MetricSuite"]
