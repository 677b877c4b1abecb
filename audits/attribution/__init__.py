"""Why a figure changed: who is in it, how they fare, and what broke on the way."""

from audits.attribution.effects import EFFECTS
from audits.audit import Audit

AUDITS: tuple[Audit, ...] = (*EFFECTS,)
