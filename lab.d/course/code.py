# SPDX-License-Identifier: MIT
"""Questions about the learner's own shop of chapter 13: they query the scratch copy."""
import re

from course.answers import COUNT, TRACE_ID, Number
from course.question import CannotTell, Right, Wrong, question
from course.traces import root
from oncall.engines import Away
from trace import Pages, Trouble

COUNTED = re.compile(r'^minishop_stock_counts_total\{sku="mug"\} (\S+)$', re.MULTILINE)


def scratch(engines, path):
    """The response of the scratch copy. Raises CannotTell if it does not run."""
    try:
        return engines.ask("scratch", path)
    except Away as away:
        raise CannotTell(f"your shop does not respond at {engines.urls['scratch']}{path}; start it as in step 7. "
                         "If it has another port, set LAB_SCRATCH_PORT") from away


@question("13.1", Number(COUNT.what, COUNT.units, 0))
def stock_counts(engines, answer):
    match = COUNTED.search(scratch(engines, "/metrics"))
    if not match:
        raise CannotTell('your shop has no series minishop_stock_counts_total{sku="mug"}; do step 6, build, and start it again')
    if float(match[1]) == 0:
        raise CannotTell("your shop has not counted a mug since its start; ask it first, as in step 7")
    if answer.value == float(match[1]):
        return Right("Your counter works.")
    return Wrong('Read it from /metrics: minishop_stock_counts_total{sku="mug"}. It begins at 0 with each start.')


@question("13.2", TRACE_ID)
def stock_trace(engines, answer):
    scratch(engines, "/readyz")
    try:
        trace = Pages([engines.urls["scratch"]]).get(answer.value)
    except Trouble as trouble:
        raise CannotTell(str(trouble)) from trouble
    if not trace:
        return Wrong("Your shop keeps no such trace. Take the id from the last line of its log, or from its page /debug/tracez.")
    path = root(trace)["attributes"].get("url.path")
    if path != "/stock/mug":
        return Wrong(f"That trace is of a request to {path}. Take one of /stock/mug.")
    if "CountStock" not in {span["name"] for span in trace["spans"]}:
        return Wrong("That trace has no span CountStock: it is of the shop before step 4, or of a SKU that does not exist.")
    return Right(f"GetStock has the child CountStock, with {len(trace['spans'])} spans in all.")
