"""From datasets in any form to corpora: datasets as metrics see them."""
