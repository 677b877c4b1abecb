"""The mark of an event on a trend, under the name that the command line imports."""

from __future__ import annotations

from reports.charts import Mark

__all__ = ["Mark"]
