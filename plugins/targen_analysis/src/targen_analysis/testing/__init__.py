"""The conformance suite of metrics, and data to try one on; it needs targen-testing."""
