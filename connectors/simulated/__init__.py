"""Deterministic worlds with planted faults, for the demo and the tests."""
