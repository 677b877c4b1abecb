"""Alarms by a budget of false ones: what a quiet log does by itself, evidence that a column or a figure has left it, and what to tell."""

from audits.alarms.drift_evidence import drift_evidence
from audits.audit import Audit

AUDITS: tuple[Audit, ...] = (drift_evidence,)
