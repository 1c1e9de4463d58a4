"""Reviews in other tools: rows go out to Argilla and Label Studio, and grades come back."""
