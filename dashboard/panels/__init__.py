"""One panel of a page, one file: what it reads, the sentence it opens with, its chart and its table."""
