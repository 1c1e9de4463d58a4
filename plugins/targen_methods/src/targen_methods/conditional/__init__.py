"""The common part of methods that write a text for a label after a condition, in free text."""
