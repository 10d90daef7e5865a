# The tests of metrics.
