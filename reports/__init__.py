"""Reports: an audit run in, bytes out. Nothing here computes a figure or decides a verdict."""
