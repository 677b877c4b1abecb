"""Why a figure changed: who is in it, how they fare, and what broke on the way."""

from audits.attribution.drop_attribution import drop_attribution
from audits.attribution.drop_attribution_absolute_error import drop_attribution_absolute_error
from audits.attribution.effects import EFFECTS
from audits.audit import Audit

AUDITS: tuple[Audit, ...] = (drop_attribution, drop_attribution_absolute_error, *EFFECTS)
