# TRACE_STORE=jaeger: removes the links to Tempo, because Tempo does not run.
/Trace in Tempo/d
