"""What the model uses: what `candor audit --explain` asks a loaded model, or a surrogate whose fidelity comes first."""

from audits.audit import Audit
from audits.explanations.surrogate_fidelity import surrogate_fidelity

AUDITS: tuple[Audit, ...] = (surrogate_fidelity,)
