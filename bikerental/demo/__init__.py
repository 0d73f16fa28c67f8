"""An invented city of any size to try the service on. The same arguments make the same rows."""
