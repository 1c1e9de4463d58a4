"""Meanings of rows: how alike, how varied, and how near to a reference's."""
