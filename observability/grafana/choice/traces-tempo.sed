# TRACE_STORE=tempo: links and lists come from Tempo instead of Jaeger.
/Trace in Jaeger/d
/Trace named in the line/,/datasourceUid/s/jaeger/tempo/
s/"type": "jaeger", "uid": "jaeger"/"type": "tempo", "uid": "tempo"/
s/"queryType": "search"/"queryType": "traceql"/
s/"service": "minishop"/"query": "{name=\\"ProcessPayment\\" \&\& duration > ${slow_ms}ms}"/
s/"operation": "ProcessPayment"/"tableType": "traces"/
/"minDuration":/d
s/"tooltip": "Jaeger"/"tooltip": "Tempo"/
s,"url": "http://127\.0\.0\.1:[0-9]*/search?service=minishop","url": "/explore?schemaVersion=1\&panes=%7B%22a%22%3A%7B%22datasource%22%3A%22tempo%22%2C%22queries%22%3A%5B%7B%22refId%22%3A%22A%22%2C%22datasource%22%3A%7B%22type%22%3A%22tempo%22%2C%22uid%22%3A%22tempo%22%7D%2C%22queryType%22%3A%22traceql%22%2C%22query%22%3A%22%7B%7D%22%7D%5D%2C%22range%22%3A%7B%22from%22%3A%22now-1h%22%2C%22to%22%3A%22now%22%7D%7D%7D",
