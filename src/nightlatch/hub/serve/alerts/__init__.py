"""Roads on which alerts reach people: each off until the owner switches it on. The one thing that leaves unsealed."""

from nightlatch.hub.serve.alerts.alert import Alert, alert_of
from nightlatch.hub.serve.alerts.dispatch import Alerts

__all__ = ["Alert", "Alerts", "alert_of"]
