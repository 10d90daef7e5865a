# TRACE_STORE=jaeger: no link to Tempo, which does not run.
/Trace in Tempo/d
