"""What a person drives: the command line and the pages in a browser."""
