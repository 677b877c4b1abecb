"""`candor watch`: looks at the sources on a schedule, audits what is new, tells whom it concerns, and says that it is alive."""
