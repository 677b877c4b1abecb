"""One page, one file; importing this registers them, in the order of the bar."""

# isort: off
from dashboard.views import overview
from dashboard.views import alerts
from dashboard.views import alert
from dashboard.views import performance
from dashboard.views import fairness
from dashboard.views import drift
from dashboard.views import explanations
from dashboard.views import robustness
from dashboard.views import data
# isort: on

__all__ = ["alert", "alerts", "data", "drift", "explanations", "fairness", "overview", "performance", "robustness"]
