"""report.html: the comparison as one interactive page that needs no network."""
