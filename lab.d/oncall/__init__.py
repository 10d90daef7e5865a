# SPDX-License-Identifier: MIT
"""On-call cases: something is broken without being named, and a grader that asks the engines."""
