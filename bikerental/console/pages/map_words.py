"""The words that the scripts of the map use."""

from django.utils.translation import gettext_lazy as _

WORDS = {
    "available": _("free"),
    "reserved": _("reserved"),
    "maintenance": _("maintenance"),
    "group": _("{count} bikes; press to come closer"),
    "station": _("{name}: {free} free of {capacity}"),
    "stationClosed": _("{name}: closed"),
    "shown": _("{bikes} bikes and {stations} stations in view. {rides} rides going on."),
    "more": _("The first {count} are listed. Come closer or filter to see the others."),
    "none": _("No bike in view fits the filters."),
    "noStations": _("No station in view."),
    "idle": _("{days} days idle"),
    "idleToday": _("ridden today"),
    "lost": _("The map is no longer kept up to date. It tries again."),
    "ended": _("Your session has ended. Open the page anew to log in."),
    "absent": _("There is no such bike."),
    "failed": _("The answer did not arrive. Look at the log before you try again."),
    "stationPlace": _("Click the map where the station is, or drag its symbol."),
    "bikePlace": _("Click the map where the bike is, or drag its symbol."),
    "zoneDraw": _("Click the map to set corners, at least three. Drag a corner to move it."),
    "zoneText": _("This shape has several parts or holes. Change its text."),
    "undo": _("Remove the last corner"),
    "corner": _("Corner {number}"),
    "zoomIn": _("Zoom in"),
    "zoomOut": _("Zoom out"),
    "edit": _("Change"),
    "bikesHere": _("Bikes here"),
    "noBikesHere": _("No bike here fits the filters."),
    "map": _("Map of bikes, stations and zones"),
}
