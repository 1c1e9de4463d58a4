"""What methods share that write a text for a label after a condition, in free text."""
