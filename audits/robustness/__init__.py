"""How easily the model is fooled, and signs in the log that somebody tries."""

from __future__ import annotations

from audits.audit import Audit

AUDITS: tuple[Audit, ...] = ()
"""In the order of the page."""
