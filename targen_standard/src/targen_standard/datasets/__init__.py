"""Forms of datasets beside runs and tables: BIG-bench, and weighed, imported or corrected rows."""
