"""Questions whose truth the rules and Alertmanager know: chapters 8 and 9."""
from course.answers import DURATION, Clock, Id, Number
from course.question import CannotTell, Right, Wrong, moments, question
from oncall.engines import timestamp

ALERT = "MiniShopHighErrorRate"
BURN_RATE = 'job_slo:burn_rate:ratio_rate5m{job="minishop",slo="errors"}'
TWO_DAYS_H = 48
BURN = Number("a burn rate: a number, as in 2.5", {"": (1,), "x": (1,), "times": (1,)}, 0.05, 0.05)
HOURS = Number("a number of hours, as in 19.5 or 19.5 h", {"": (1,), "h": (1,), "hours": (1,), "hour": (1,), "d": (24,), "days": (24,)}, 0.05)


def firing(engines):
    """The alert of the chapter. CannotTell where it does not fire."""
    alert = next((alert for alert in engines.alerts() if alert["labels"].get("alertname") == ALERT), None)
    if alert is None:
        raise CannotTell(f"{ALERT} is neither pending nor firing. Run ./lab incident payment-outage again (step 2), wait for a minute, and answer before you end it")
    return alert


@question("8.1", Clock("a time of the day in UTC, as in 14:03:20", 30))
def active_since(engines, answer):
    alert = firing(engines)
    truth = timestamp(alert["activeAt"]) % Clock.DAY
    if answer.is_one_of([truth]):
        return Right(f"The condition holds since {alert['activeAt'][11:19]} UTC. From then on `for` was counted.")
    return Wrong("Prometheus has the time in activeAt: step 3. It is UTC, as all times in the lab are.")


@question("8.2", Number(DURATION.what, {**DURATION.units, "": (1,), "m": (60,), "min": (60,)}, 0))
def patience(engines, answer):
    rules = engines.rules()
    if "MiniShopHighLatency" not in rules:
        raise CannotTell("Prometheus has not loaded the rule MiniShopHighLatency")
    if answer.is_one_of([rules["MiniShopHighLatency"]["duration"]]):
        return Right("The condition must hold for so long before anybody is told.")
    if answer.is_one_of([rules["MiniShopHighLatency"].get("keepFiringFor", 0)]):
        return Wrong("That is keep_firing_for: how long the alert goes on after the condition ended.")
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


@question("9.1", BURN)
def burn_rate(engines, answer):
    truths = moments(engines, BURN_RATE)
    if answer.is_one_of(truths):
        return Right(f"Prometheus says {truths[-1]:.2f}.")
    if answer.is_one_of(moments(engines, 'job_slo:burn_rate:ratio_rate5m{job="minishop",slo="latency"}')):
        return Wrong('That is the budget for slow requests. Take slo="errors".')
    if answer.is_one_of(moments(engines, f"{BURN_RATE} * on (slo) slo:allowed:ratio")):
        return Wrong("That is the share of bad requests. Divide it by the share that is allowed, 0.005.")
    return Wrong('Ask for job_slo:burn_rate:ratio_rate5m, and take the line with slo="errors".')


@question("9.2", HOURS)
def budget_lasts(engines, answer):
    truths = [TWO_DAYS_H / rate for rate in moments(engines, BURN_RATE) if rate > 0]
    if not truths:
        raise CannotTell("nothing was spent in the last five minutes, so the budget lasts for ever. Ask again in a minute")
    if answer.is_one_of(truths):
        return Right(f"48 hours / {TWO_DAYS_H / truths[-1]:.2f} = {truths[-1]:.1f} hours.")
    if answer.is_one_of([truth / 24 for truth in truths]):
        return Wrong("That is in days. The question asks for hours.")
    return Wrong("With a burn rate of 1 it lasts for 48 hours, with 2 for half of that.")
