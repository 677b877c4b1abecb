"""Made-up checks of the log: a column that changed its kind, a source that fell silent, a count that misses rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.dashboard.fabricate import Writer


def checks(out: Writer) -> None:
    """Add the checks of the newest complete window; without faults all are as they should be."""
    case = out.case
    per = 12 if case.small else 600
    window = max(case.windows - 2, 0)
    bad = case.faults
    kinds = json.dumps({"before": "number", "after": "text"}) if bad else None
    judged = {"method": "exact", "window": window}
    found = "fail" if bad else "pass"
    out.add("schema_change", "count", float(bad), None, None, per, column="purpose", tables=kinds, verdict=found, **judged)
    new = json.dumps({"appeared": ["purpose_v2"], "vanished": ["branch"], "retyped": {"zip": ["number", "text"]}}) if bad else None
    out.add("schema_change", "count", 3.0 * bad, None, None, per, tables=new, verdict="fail" if bad else "pass", **judged)
    gone = json.dumps({"silent_hours": 40.0 if bad else 1.0, "allowed_hours": 18.0})
    out.add("source_gone", "ratio", 2.2 if bad else 0.1, None, None, per, slice=json.dumps({"source": "decisions"}), tables=gone,
            method="exact", verdict="fail" if bad else "pass")  # fmt: skip
    out.add("no_data", "ratio", 0.1, None, None, per, method="exact", verdict="pass",
            tables=json.dumps({"silent_hours": 2.0, "allowed_hours": 72.0}))  # fmt: skip
    served = json.dumps({"logged": per, "served": round(per * 1.25) if bad else per})
    out.add("prediction_count_mismatch", "ratio", 0.8 if bad else 1.0, None, None, per, tables=served, threshold_min=0.99,
            verdict="fail" if bad else "pass", **judged)  # fmt: skip
    out.add("label_arrival", "ratio", None, None, None, 0, reason="hardly any outcome is due yet", **judged)
