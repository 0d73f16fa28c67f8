"""An invented city to try the service on, in any size: the same arguments make the same rows."""
