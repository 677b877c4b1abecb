"""What the model uses: what `candor audit --explain` asks a loaded model, or a surrogate whose fidelity comes first."""

from audits.audit import Audit
from audits.explanations.accumulated_local_effects import accumulated_local_effects
from audits.explanations.partial_dependence import partial_dependence
from audits.explanations.surrogate_fidelity import surrogate_fidelity

AUDITS: tuple[Audit, ...] = (surrogate_fidelity, partial_dependence, accumulated_local_effects)
