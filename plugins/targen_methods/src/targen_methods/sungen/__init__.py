"""SunGen: ZeroGen's rows, weighed by what they do to a model."""
