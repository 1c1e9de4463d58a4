"""The conformance suite of trainers; it needs targen-testing."""
