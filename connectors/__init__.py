"""Rows in, and the only code that knows where rows live."""
