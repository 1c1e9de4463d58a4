"""From run directories and files to datasets as metrics see them."""
