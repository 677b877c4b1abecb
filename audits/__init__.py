"""Tallies in, findings out: pure measures of how a deployed model behaves."""
