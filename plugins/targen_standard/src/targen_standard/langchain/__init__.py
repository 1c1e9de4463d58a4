"""langchain's chat models for targen, and targen's for langchain."""
