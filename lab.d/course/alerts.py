# SPDX-License-Identifier: MIT
"""Questions that the rules and Alertmanager answer: chapter 8."""
from course.answers import DURATION, Clock, Id, Number
from course.question import CannotTell, Right, Wrong, question
from oncall.engines import timestamp

ALERT = "MiniShopHighErrorRate"
NEAR_S = 5  # less than `for`, or the moment of firing would be accepted


def firing(engines):
    """The alert of the chapter. Raises CannotTell if it does not fire."""
    alert = next((alert for alert in engines.alerts() if alert["labels"].get("alertname") == ALERT), None)
    if alert is None:
        raise CannotTell(f"{ALERT} is neither pending nor firing. Run ./lab incident payment-outage again (step 2), wait for a minute, and answer before you end it")
    return alert


@question("8.1", Clock("a time of the day in UTC, as in 14:03:20", NEAR_S))
def active_since(engines, answer):
    alert = firing(engines)
    truth = timestamp(alert["activeAt"]) % Clock.DAY
    if answer.is_one_of([truth]):
        return Right(f"The condition has held since {alert['activeAt'][11:19]} UTC. The time `for` began then.")
    if answer.is_one_of([truth + engines.rules()[ALERT]["duration"]]):
        return Wrong("The alert began to fire then. Its condition began to hold earlier: activeAt in step 3 says when.")
    return Wrong("Prometheus has the time in activeAt: step 3. It is UTC, as all times in the lab are.")


@question("8.2", Number("a duration: a number with s or min, as in 90 s or 1.5 min", {
    **DURATION.units, "": (1,), **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), (60,))}, 0))
def patience(engines, answer):
    rules = engines.rules()
    if "MiniShopHighLatency" not in rules:
        raise CannotTell("Prometheus has not loaded the rule MiniShopHighLatency")
    if answer.is_one_of([rules["MiniShopHighLatency"]["duration"]]):
        return Right("The condition must hold for that long before the alert fires.")
    if answer.is_one_of([rules["MiniShopHighLatency"].get("keepFiringFor", 0)]):
        return Wrong("That is keep_firing_for: how long the alert keeps firing after the condition has ended.")
    return Wrong("The rule says it in its line `for`: step 1.")


@question("8.3", Id("the id of a silence: hexadecimal digits with dashes, as amtool prints it", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"))
def silence(engines, answer):
    known = {silence["id"]: silence for silence in engines.silences(None)}
    if answer.value not in known:
        return Wrong("Alertmanager knows no such silence. Copy the id that the command of step 4 prints.")
    matchers = {matcher["name"]: matcher["value"] for matcher in known[answer.value]["matchers"]}
    if matchers.get("alertname") != ALERT:
        return Wrong(f"That silence is not for {ALERT}, but for {', '.join(f'{name}={value}' for name, value in matchers.items())}.")
    return Right(f"It is {known[answer.value]['status']['state']} until {known[answer.value]['endsAt'][11:19]} UTC, by {known[answer.value]['createdBy']}.")
