"""The audit `drop_attribution`."""

from __future__ import annotations

from collections.abc import Iterator

from audits.attribution.drop import drop
from audits.audit import audit
from audits.evidence import Evidence
from audits.finding import Measurement


@audit(name="drop_attribution", unit="difference", tasks=("binary", "multiclass"), units="own", probe="drop")
def drop_attribution(evidence: Evidence) -> Iterator[Measurement]:
    """The change of a figure from the reference to a window, taken apart into broken data, who came, what the world did, and late outcomes.

    Formula
        Shapley values, over all orders in which four things may be switched from the reference's state to the window's: data quality
        (values that are missing, new, impossible or on another scale), covariates (the distribution of the features, groups and segments),
        concept (decisions and outcomes given these), and label delay (only outcomes that came early are counted). They add up to the
        change. The value is the change of approval rate, accuracy, base rate or ROC AUC, whichever changed most surely; parts, features
        behind them and the other figures are in `tables`.
    How the worlds between are made
        Rows of one period are weighed to have the other's covariates, with density ratios from boosted trees that tell the periods apart,
        each row by trees that have not seen it; means are corrected by a model of each period (doubly robust). Broken rows are left out
        and the clean ones weighed to stand for all; a scale or a spelling that changed as a whole is mapped back, and models of the
        reference say what the logged values do to decisions. Label delay is what counting only outcomes that come as fast does to the
        reference. Interactions of data quality and of label delay with the rest are taken as none.
    Interval
        Percentiles of a bootstrap over rows (over units where they repeat), models and weights held fixed: somewhat too narrow.
        `effective_n` is what the weighed rows are worth; below 100, or 2 % of them, there are no parts and the reason says so.
    When it misleads
        What is not logged counts as concept. Where every row of a column that the model looks at is broken beyond repair, what broke and
        what the world did cannot be told apart, and the notes say so. It describes and does not prove: docs/why-did-it-drop.md.
    Source
        K. Budhathoki et al. (2021), Why did the distribution change?, AISTATS; H. Zhang et al. (2023), "Why did the model fail?", ICML;
        T. T. Cai, H. Namkoong and S. Yadlowsky (2023), Diagnosing model performance under distribution shift, arXiv 2303.02011.
    """
    yield from drop(evidence, "drop_attribution", "difference", ("selection_rate", "accuracy", "roc_auc", "base_rate"))
