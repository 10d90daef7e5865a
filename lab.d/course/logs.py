# SPDX-License-Identifier: MIT
"""Questions that the log answers: chapters 2 and 3."""
import collections
import time

from course.answers import ORDER_ID, Number, Word
from course.question import HOUR_S, SHOPPERS, CannotTell, Right, Wrong, log_windows, question, top


def counted(engines, wanted, field):
    """The counts of a field's values, for each window."""
    return [collections.Counter(str(record.get(field)) for record in window) for window in log_windows(engines, wanted)]


@question("2.1", ORDER_ID)
def own_order(engines, answer):
    records = [record for record in engines.log(time.time() - HOUR_S, text=answer.value) if record.get("message") == "order created"]
    if not records:
        return Wrong("The log has no such order of the last hour. Copy the whole order_id from the response, with ord_.")
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
        raise CannotTell("the log has no second payment of yours in the last hour. Do step 3 first: pay for the same order twice")
    if answer.is_one_of([record.get("reason", "") for record in records]):
        return Right("The same word is the code of the response, the reason in the log, and the reason in the documentation.")
    return Wrong("Look at the field code of the second response in step 3.")


@question("3.1", Word("a SKU, as in mug", ("mug", "tshirt", "sticker", "poster", "socks")))
def top_sku(engines, answer):
    windows = counted(engines, lambda record: record.get("message") == "order created", "sku")
    if answer.is_one_of(set().union(*map(top, windows))):
        return Right(f"{answer.value} has {windows[0][answer.value]} orders of the last five minutes.")
    return Wrong('Count the lines with the message "order created" by sku. Another SKU has more of them.')


@question("3.2", Number("an HTTP status, as in 404", {"": (1,)}, 0))
def top_warning(engines, answer):
    windows = counted(engines, lambda record: record.get("level") == "WARN" and "status" in record, "status")
    status = f"{answer.value:g}"
    if status in set().union(*map(top, windows)):
        return Right(f"{windows[0][status]} lines of the last five minutes have it.")
    if status not in set().union(*windows):
        return Wrong("No line with the level WARN has that status. Do you look at WARN alone?")
    return Wrong("More lines have another status. Select level WARN, then count by status.")
