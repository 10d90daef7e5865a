# SPDX-License-Identifier: MIT
"""Questions that the traces answer: chapters 1, 6, 7 and 11."""
import time

from course.answers import ORDER_ID, SHARE, TRACE_ID, Word
from course.question import HOUR_S, CannotTell, Right, Wrong, log_windows, question

SPAN = Word("the name of a span, as in CreateOrder")
READ_AT_MOST = 10
SLOW_S = 0.3


def newest(engines, wanted):
    """The newest kept traces that are wanted, with all spans."""
    summaries = sorted(filter(wanted, engines.traces()), key=lambda trace: trace["start"], reverse=True)
    return [trace for trace in (engines.trace(summary["trace_id"]) for summary in summaries[:READ_AT_MOST]) if trace]


def failed(span):
    return str(span["status"].get("code", "")).lower() in ("error", "2", "status_code_error")


def root(trace):
    """The SERVER span: the one whose parent is not in the trace."""
    ids = {span["span_id"] for span in trace["spans"]}
    return next(span for span in trace["spans"] if span.get("parent_span_id") not in ids)


@question("1.2", SPAN)
def failing_step(engines, answer):
    traces = newest(engines, lambda trace: trace["outcome"] == "error")
    steps = [span["name"] for trace in traces for span in trace["spans"] if failed(span) and span is not root(trace)]
    if not steps:
        raise CannotTell("no failed trace is kept. About 5 % of the payments fail: does traffic run (./lab status)?")
    if answer.is_one_of(steps):
        return Right("The inner step failed. The span of the whole request shows only that something failed.")
    if answer.is_one_of([root(trace)["name"] for trace in traces]):
        return Wrong("That is the span of the whole request. Which step inside it failed?")
    return Wrong("Run ./lab trace failed. The failed step has a line that begins with error.")


def own_trace(engines, answer):
    """The trace and the log line of an id from the learner; None for a missing one."""
    records = engines.log(time.time() - HOUR_S, text=answer.value)
    return engines.trace(answer.value), next((record for record in records if record.get("trace_id") == answer.value), None)


@question("6.1", TRACE_ID)
def continued_trace(engines, answer):
    trace, line = own_trace(engines, answer)
    if trace is None and line is None:
        return Wrong("Neither the traces nor the log of the last hour have that trace id. Send the request of step 3, and copy the id.")
    if trace is None:
        raise CannotTell("the log has that request, but its trace is no longer kept. Send another one, and answer within a minute")
    if not root(trace).get("parent_span_id"):
        return Wrong("That trace began in the shop: its first span has no parent. Send a traceparent of your own: step 3.")
    return Right(f"{root(trace)['name']} continues your trace; its parent is your span {root(trace)['parent_span_id']}.")


@question("6.2", SPAN)
def linked_span(engines, answer):
    for payment in newest(engines, lambda trace: trace["name"] == "ProcessPayment"):
        for link in root(payment).get("links") or []:
            linked = engines.trace(link["trace_id"])
            if linked:
                name = root(linked)["name"]
                if answer.is_one_of([name]):
                    return Right("A link connects two traces: the payment and its order are two requests.")
                if answer.is_one_of([span["name"] for span in payment["spans"]]):
                    return Wrong("That span is in the payment's own trace. Follow the link: ./lab trace with the id after 'linked to'.")
                return Wrong("Draw a payment's trace, then the trace that it is linked to. The first span there is the answer.")
    raise CannotTell("the recent traces do not contain a payment together with its order. Does traffic run (./lab status)?")


@question("6.3", SHARE)
def share_of_charge(engines, answer):
    windows = log_windows(engines, lambda record: record.get("charge_ms") and record.get("duration_ms"), "charge_ms")
    shares = sorted(record["charge_ms"] / record["duration_ms"] for record in windows[0])
    truth = shares[len(shares) // 2]
    if answer.is_one_of([truth]):
        return Right(f"{100 * truth:.1f} % of a usual payment: nearly all of the time is spent at the provider.")
    return Wrong("Divide the duration of ChargeCard by that of ProcessPayment, in the same trace.")


def exemplars(engines, expression):
    now = time.time()
    found = [(labels.get("trace_id", ""), value) for _, labels, value, _ in engines.exemplars(expression, now - HOUR_S, now)]
    if not found:
        raise CannotTell("Prometheus has no exemplars of the last hour. Does traffic run (./lab status)?")
    return found


@question("7.1", TRACE_ID)
def slow_exemplar(engines, answer):
    found = exemplars(engines, 'request_duration_seconds_bucket{job="minishop",route="/payment/pay"}')
    values = [value for trace_id, value in found if answer.is_one_of([trace_id])]
    if values and max(values) > SLOW_S:
        return Right(f"That payment took {1000 * max(values):.0f} ms.")
    if values:
        return Wrong(f"That is an exemplar, but of a payment of {1000 * max(values):.0f} ms. Take one above 300 ms.")
    if not any(value > SLOW_S for _, value in found):
        raise CannotTell("no exemplar above 300 ms is kept. About one payment in 250 is that slow: wait for a minute")
    return Wrong("No exemplar of /payment/pay has that trace id. Copy one from the output of step 2.")


@question("7.2", ORDER_ID)
def order_of_failure(engines, answer):
    ids = {trace_id for trace_id, _ in exemplars(engines, 'error_total{job="minishop"}')}
    lines = [record for record in engines.log(time.time() - HOUR_S, text=answer.value) if record.get("order_id") == answer.value]
    if not lines:
        return Wrong("The log has no such order of the last hour.")
    reasons = [record.get("reason") for record in lines if record.get("trace_id") in ids]
    if reasons:
        return Right(f"From the graph to the line: {reasons[0]}.")
    return Wrong("That order is in the log, but no exemplar of error_total leads to its lines. Begin with the trace id of an exemplar: step 4.")


@question("11.3", TRACE_ID)
def unsampled(engines, answer):
    trace, line = own_trace(engines, answer)
    if line is None:
        return Wrong("The log of the last hour has no line with that trace id. Send the request of step 2, and copy the id.")
    if int(line.get("trace_flags") or "0", 16) & 1:
        return Wrong("That request was sampled: its trace_flags are odd. Send a traceparent that ends in -00.")
    if trace is not None:
        return Wrong("That trace is kept. Send a traceparent that ends in -00.")
    return Right("Its log line is there, its metrics are counted, and no span was recorded.")
