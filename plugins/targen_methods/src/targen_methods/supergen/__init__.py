"""SuperGen: texts scored by their probability under the model; the best are kept."""
