# The tests of traces.
