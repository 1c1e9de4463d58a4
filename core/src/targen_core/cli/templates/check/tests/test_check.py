"""(2) The conformance kit: your check in a run of the kit's own task."""

from targen_testing import CheckSuite


class TestCheck(CheckSuite):
    """Good replies and hostile ones, and rows that it must refuse."""

    check = "my-demo"
    refused = ({"text": "word " * 201, "label": "good"},)
