"""The page on which people read a dataset: filtered, sorted, page by page, and never changed."""
