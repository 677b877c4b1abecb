"""The audit `membership_inference_auc`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from audits.audit import EVERY_TASK, audit, measurement
from audits.evidence import Evidence
from audits.finding import Measurement

PROBE = "membership"
_FIGURES = ("attack", "version", "slice", "value", "low", "high", "p_value", "reason", "note", "error")


@audit(name="membership_inference_auc", unit="score", needs=("training", "outcome"), tasks=EVERY_TASK, units="own", probe=PROBE)
def membership_inference_auc(evidence: Evidence) -> Iterator[Measurement]:
    """How well an outsider tells training rows from served ones by the model's answers: area under the ROC curve, by attack and release.

    Formula
        The chance that a training row looks more like one than a served row does, ties half. "loss": by minus the loss of the true outcome.
        "confidence": by the largest probability, which needs no outcome. "likelihood": by how much surer the model is of the true outcome
        than of served rows like this one, in their spread, learned on served rows out of fold; no shadow model is trained. Training rows
        are weighted by the odds of being served, so that they look like served rows in features and outcome.
    Interval and test
        DeLong with the weights taken as given. p is one-sided, of `excess` over the control against 0 (z, the two areas taken as
        independent): against 0.5 drift alone would have a small one. No control is trained for single groups, so that they
        have no p. n is the served rows: a budget of either side, one row of each unit, nobody on both sides.
    Tables
        `training_rows`, `served_rows`, `effective_rows` of the training rows after weighting; `domain_auc`: how well features and outcome
        alone tell the sides apart; `unweighted`; `control`: the same attack on a model trained on one half of the training rows, asked
        about the other half and the served rows, so that what it gets beyond 0.5 is drift; `excess` over it with its interval; `scores`:
        from the model, or as logged.
    When it misleads
        Served rows come later than training rows: where the world changed, a model errs more on them without any leak. Weights mend a
        change of who comes, not of what becomes of them; read `excess`, and nothing is said where features alone tell the sides apart (AUC
        above 0.9). 0.5 under these attacks is no promise: attacks with shadow models find more. An average hides single people who are
        exposed.
    Source
        S. Yeom et al. (2018), Privacy Risk in Machine Learning, CSF, for loss; A. Salem et al. (2019), ML-Leaks, NDSS, for confidence; M.
        Bertran et al. (2023), Scalable Membership Inference Attacks via Quantile Regression, NeurIPS, for likelihoods without shadow
        models; E. DeLong, D. DeLong and D. Clarke-Pearson (1988), Biometrics 44.

    >>> training, served = [0.9, 0.7], [0.6, 0.7]  # probability given to the true outcome
    >>> sum((a > b) + 0.5 * (a == b) for a in training for b in served) / 4
    0.875
    """
    body = evidence.probes.get(PROBE, {})
    places = {one.to_json(): place for place, one in enumerate(evidence.slices)}
    for part in body.get("parts", []):
        version = part["version"]
        if part["slice"] not in places or (version is not None and len(evidence.versions) > 1 and version not in evidence.versions):
            continue
        place = places[part["slice"]]
        yield measurement(
            "membership_inference_auc", "score", value=_number(part, "value"), low=_number(part, "low"), high=_number(part, "high"),
            p_value=_number(part, "p_value"), n=np.asarray([part["served_rows"]]), method="delong-weighted", slice=place,
            attribute=int(evidence.attribute_places[place]), column=evidence.topics.index(part["attack"]),
            version=evidence.versions.index(version) if version in evidence.versions else 0,
            reason=str(part.get("reason", part.get("note", ""))),
            tables={0: {key: value for key, value in part.items() if key not in _FIGURES}},
        )  # fmt: skip


def _number(part: dict[str, Any], name: str) -> Any:
    return np.asarray([np.nan if part.get(name) is None else part[name]], dtype=np.float64)
