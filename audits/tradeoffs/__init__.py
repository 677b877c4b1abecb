"""What another threshold, or another model, would do: costs, curves, frontiers and less discriminatory alternatives."""

from __future__ import annotations

from audits.audit import Audit
from audits.tradeoffs.expected_cost import expected_cost
from audits.tradeoffs.less_discriminatory_alternatives import less_discriminatory_alternatives
from audits.tradeoffs.mitigation_frontier import mitigation_frontier
from audits.tradeoffs.reductions_frontier import reductions_frontier
from audits.tradeoffs.threshold_curve import threshold_curve

AUDITS: tuple[Audit, ...] = (
    expected_cost,
    threshold_curve,
    mitigation_frontier,
    less_discriminatory_alternatives,
    reductions_frontier,
)
"""In the order of the page."""
