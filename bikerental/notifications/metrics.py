from bikerental.notifications.selectors import notifications_unsent_count
from bikerental.observe.prometheus import Source

METRICS = (Source("notifications", lambda: {"bikerental_notifications_unsent": float(notifications_unsent_count())}),)
