"""What the commands of `candor` do, one file each; `dashboard/cli.py` only reads the command line."""
