# TRACE_STORE=both: links to both, and lists from Jaeger. The files are as they are needed.
