"""(2) The conformance kit: a run of the kit's own task with your delivery, and one without.

If it only takes calls of a service, set `backend`, and `settings` to options of that backend.
"""

from __future__ import annotations

from targen_testing.deliveries import DeliverySuite as Suite


class TestDelivery(Suite):
    """The same rows, and a run that continues without it."""

    delivery = "my-demo"
