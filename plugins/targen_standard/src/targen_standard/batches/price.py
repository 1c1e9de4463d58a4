"""Prices of calls in batches."""

from __future__ import annotations

from dataclasses import replace

from targen_core import Price


def batch_price(price: Price | None) -> Price | None:
    """Return the batch price; the price itself if it is unknown."""
    if price is None or price.batch is None:
        return price
    factor = price.batch
    return replace(
        price,
        input=price.input * factor,
        output=price.output * factor,
        cache_read=None if price.cache_read is None else price.cache_read * factor,
        cache_write=None if price.cache_write is None else price.cache_write * factor,
        cache_from=None,  # whether the calls of a batch find each other's openings is chance
        batch=None,
    )
