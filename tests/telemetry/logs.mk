# The tests of logs.
