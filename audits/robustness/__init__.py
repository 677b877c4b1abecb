"""How easily the model is fooled, and signs in the log that somebody tries."""

from __future__ import annotations

from audits.audit import Audit
from audits.robustness.invariant_violations import invariant_violations

AUDITS: tuple[Audit, ...] = (invariant_violations,)
"""In the order of the page."""
