"""What the model uses: what `candor audit --explain` asks a loaded model, or a surrogate whose fidelity comes first."""

from audits.audit import Audit
from audits.explanations.accumulated_local_effects import accumulated_local_effects
from audits.explanations.attribution_interaction import attribution_interaction
from audits.explanations.attribution_ranking_similarity import attribution_ranking_similarity
from audits.explanations.attribution_shift import attribution_shift
from audits.explanations.attribution_stability import attribution_stability
from audits.explanations.mean_absolute_attribution import mean_absolute_attribution
from audits.explanations.mean_attribution_difference import mean_attribution_difference
from audits.explanations.partial_dependence import partial_dependence
from audits.explanations.surrogate_fidelity import surrogate_fidelity

AUDITS: tuple[Audit, ...] = (
    surrogate_fidelity,
    mean_absolute_attribution,
    mean_attribution_difference,
    attribution_shift,
    attribution_ranking_similarity,
    attribution_interaction,
    attribution_stability,
    partial_dependence,
    accumulated_local_effects,
)
"""In the order of the page."""
