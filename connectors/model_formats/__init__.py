"""One file a format: how a model of it is read and asked, in a process of its own."""
