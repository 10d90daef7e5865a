# TRACE_STORE=both: links to both, and lists from Jaeger. The files need no change.
