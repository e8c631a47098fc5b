"""The HTTP API: REST, server-sent events and the built web page."""
