"""Charts drawn on the server as SVG whose marks are links."""
