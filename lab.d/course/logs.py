"""Questions whose truth is in the log: chapters 2, 3, 5, 10 and 11."""
import collections
import json
import time

from course.answers import COUNT, ORDER_ID, P95, Number, Word
from course.metrics import ORDER_P95, seconds
from course.question import HOUR_S, PATIENCE_S, SHOPPERS, CannotTell, Right, Wrong, log_windows, moments, question, top

BYTES = Number("a size: a number with MB or GB, as in 0.6 GB", {"gb": (1e9,), "gib": (2 ** 30,), "mb": (1e6,), "mib": (2 ** 20,), "": (1e9,)}, 0.2)


def counted(engines, wanted, field):
    """The counts of a field's values, of each window."""
    return [collections.Counter(str(record.get(field)) for record in window) for window in log_windows(engines, wanted)]


@question("2.1", ORDER_ID)
def own_order(engines, answer):
    records = [record for record in engines.log(time.time() - HOUR_S, text=answer.value) if record.get("message") == "order created"]
    if not records:
        return Wrong("The log has no such order of the last hour. Copy the whole order_id from the answer, with ord_.")
    order = records[0]
    if str(order.get("user_agent", "")).startswith(SHOPPERS):
        return Wrong("A shopper placed that order. Place one yourself: step 2.")
    if (order.get("sku"), order.get("quantity")) != ("poster", 3):
        return Wrong(f"That order is for {order.get('quantity')} of {order.get('sku')}. Order 3 of poster.")
    return Right(f"The log has your order, made with {order.get('user_agent')}.")


@question("2.2", Word("the code of a problem: one word, as in not_found"))
def second_payment(engines, answer):
    records = [record for record in engines.log(time.time() - HOUR_S, text="/payment/pay")
               if record.get("status") == 409 and not str(record.get("user_agent", "")).startswith(SHOPPERS)]
    if not records:
        raise CannotTell("the log has no second payment of yours in the last hour. Do step 3 first: pay the same order twice")
    if answer.is_one_of([record.get("reason", "") for record in records]):
        return Right("The same word is in the answer's code, in the log's reason, and in the documentation.")
    return Wrong("Look at the field code of the second answer in step 3.")


@question("3.1", Word("a SKU, as in mug", ("mug", "tshirt", "sticker", "poster", "socks")))
def top_sku(engines, answer):
    windows = counted(engines, lambda record: record.get("message") == "order created", "sku")
    if answer.is_one_of(set().union(*map(top, windows))):
        return Right(f"{answer.value} has {windows[0][answer.value]} orders of the last five minutes.")
    return Wrong('Count the lines with the message "order created" by sku. Another SKU has more of them.')


@question("3.2", Number("an HTTP status, as in 404", {"": (1,)}, 0))
def top_warning(engines, answer):
    windows = counted(engines, lambda record: record.get("level") == "WARN" and "status" in record, "status")
    if str(int(answer.value)) in set().union(*map(top, windows)):
        return Right(f"{windows[0][str(int(answer.value))]} lines of the last five minutes have it.")
    if str(int(answer.value)) not in set().union(*windows):
        return Wrong("No line with the level WARN has that status. Do you look at WARN alone?")
    return Wrong("More lines have another status. Select level WARN, then count by status.")


@question("3.3", Number(COUNT.what, COUNT.units, 0.1, 2))
def failed_payments(engines, answer):
    truths = [len(window) for window in log_windows(engines, lambda record: record.get("message") == "payment failed")]
    if answer.is_one_of(truths):
        return Right(f"{truths[0]} lines now.")
    return Wrong('Count the lines of the last five minutes with the message "payment failed", not of the whole file.')


def quantile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


@question("5.2", P95)
def true_p95(engines, answer):
    windows = log_windows(engines, lambda record: record.get("route") == "/order" and "duration_ms" in record)
    truths = [quantile([record["duration_ms"] / 1000 for record in window], 0.95) for window in windows]
    if answer.is_one_of(truths):
        return Right(f"{seconds(truths[0])}, counted from {len(windows[0])} requests.")
    if answer.is_one_of(moments(engines, ORDER_P95)):
        return Wrong("That is the estimate of the histogram. Sort the durations in the log: step 4.")
    return Wrong("Take the lines with the route /order of the last five minutes, sort by duration_ms, and read the one at 95 %.")


@question("10.3", COUNT)
def order_series(engines, answer):
    truths = [len({record["order_id"] for record in window})
              for window in log_windows(engines, lambda record: record.get("message") == "order created")]
    if answer.is_one_of(truths):
        return Right(f"{truths[0]} orders, so {truths[0]} series. In a day: about {truths[0] * 288}.")
    if answer.is_one_of([288 * truth for truth in truths]):
        return Wrong("That is the number of a day. The question asks for five minutes.")
    return Wrong("Each order would be a series. Count the orders that the log has of the last five minutes.")


@question("11.2", BYTES)
def log_a_day(engines, answer):
    now = time.time()
    records = engines.log(now - PATIENCE_S, now)
    if len(records) < 10:
        raise CannotTell("the log has fewer than ten lines of the last five minutes. Does traffic run (./lab status)?")
    mean = sum(len(json.dumps(record, separators=(",", ":"))) + 1 for record in records) / len(records)
    rates = moments(engines, 'sum(rate(telemetry_log_lines_written_total{job="minishop"}[5m]))')
    truths = [mean * rate * 86400 for rate in rates]
    if answer.is_one_of(truths):
        return Right(f"{mean:.0f} bytes a line, {rates[-1]:.1f} lines a second: {truths[-1] / 1e9:.2f} GB.")
    return Wrong("Bytes a line, times lines a second, times 86,400 seconds: step 5.")
