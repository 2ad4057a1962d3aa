"""Roads by which alerts reach people: each is off until the owner switches it on. Nothing else leaves unsealed."""

from nightlatch.hub.serve.alerts.alert import Alert, alert_of
from nightlatch.hub.serve.alerts.dispatch import Alerts

__all__ = ["Alert", "Alerts", "alert_of"]
