# SPDX-License-Identifier: MIT
"""The words of questions and answers: the possible answers, their synonyms, and times in every usual format."""
import datetime
import re
import textwrap

FAMILIES = {
    "dependency-errors": "a service that the shop depends on returns errors",
    "dependency-latency": "a service that the shop depends on is slow",
    "grey": "only some requests are affected: a SKU, a caller, a percentile, an instance",
    "capacity": "there is too much traffic, or a resource has run out",
    "deploy": "a configuration or a build is wrong",
    "data": "stored or counted data are wrong, but no request fails",
    "client": "a caller does something wrong",
    "credentials": "a key or a webhook's address is refused",
    "observer": "monitoring is broken, not the shop",
    "nothing": "nothing is wrong",
}
# class: {reason: (its signs, synonyms)}. Each reason is listed under its most frequent class.
CAUSES = {
    "dependency-errors": {
        "gateway_error": ('it is counted in error_total{reason="gateway_error"}', "provider error", "502"),
        "gateway_timeout": ('it is counted in error_total{reason="gateway_timeout"}', "provider timeout", "504"),
        "card_declined": ('it is counted in error_total{reason="card_declined"}', "declined", "cards declined", "card declines"),
        "insufficient_funds": ('it is counted in error_total{reason="insufficient_funds"}', "no funds"),
        "fraud_suspected": ('it is counted in error_total{reason="fraud_suspected"}', "fraud"),
        "out_of_stock": ("minishop_inventory_stock is near 0, and orders fail", "no stock", "stock empty", "sold out"),
    },
    "dependency-latency": {
        "slow_provider": ("the span ChargeCard takes long, without waiting for a connection", "provider slow", "slow payments", "provider latency"),
        "slow_inventory": ("the span DeductInventory takes long", "inventory slow", "inventory latency"),
    },
    "grey": {},
    "capacity": {
        "traffic_spike": ("request_total is more than twice as high as before, and most of it has one user_agent in the log", "spike", "overload", "flood"),
        "pool_exhausted": ("minishop_payment_connections_used stays at its limit, and ChargeCard has the event 'waited for a connection'",
                           "pool", "connection pool", "no connection", "connections exhausted"),
        "too_many_connections": ("process_open_fds is far higher than before the case, and so is process_threads", "connection leak",
                                 "descriptors", "open connections", "fds", "file descriptors"),
        "unavailable": ('it is counted in error_total{reason="unavailable"}', "503", "service unavailable"),
    },
    "deploy": {
        "config_rejected": ("minishop_config_last_reload_successful is 0, and the log says 'configuration rejected'", "bad reload",
                            "bad config", "bad configuration", "configuration rejected", "reload rejected"),
        "wrong_build": ("minishop_build_info has another version than the released one", "wrong version", "bad build", "wrong deploy"),
    },
    "data": {
        "too_much_deducted": ("minishop_inventory_stock falls by more than minishop_ordered_units_total rises", "deducted twice",
                              "double deduction", "stock falls too fast"),
        "not_deducted": ("minishop_ordered_units_total rises, but minishop_inventory_stock does not fall", "nothing deducted", "stock does not fall",
                         "oversold"),
    },
    "client": {
        "invalid_request": ('request_total{status="400"} rises', "broken json", "invalid json", "bad request", "malformed json", "400"),
        "retry_storm": ('request_total{route="/payment/pay",status="409"} rises: callers pay for paid orders again', "retries", "already paid",
                        "already_paid"),
        "unknown_sku": ('request_total{route="/order",status="404"} rises', "wrong sku", "sku unknown"),
    },
    "credentials": {
        "provider_credentials": ("most payments fail, and the log's detail says that the provider refuses the credentials",
                                 "provider key", "refused credentials", "bad credentials", "credentials refused", "api key"),
        "slack_webhook": ('alertmanager_notifications_failed_total{integration="slack"} rises', "webhook", "webhook revoked",
                          "slack refused", "revoked webhook", "slack token"),
    },
    "observer": {
        "rule_missing": ("Prometheus's page /rules lacks an alert that observability/prometheus/rules has", "missing rule", "rule not loaded",
                         "rule gone", "alert not loaded"),
        "alert_silenced": ("Alertmanager has an active silence for one of the alerts", "silence", "silenced"),
        "target_lost": ("a program is no longer a target of Prometheus: its series `up` has ended", "lost target", "not scraped",
                        "scrape target lost", "target missing"),
        "logs_stopped": ("telemetry_log_lines_written_total rises more slowly than request_total", "no logs", "logs missing", "log level",
                         "logs stop"),
        "collector_away": ("telemetry_spans_exported_total no longer rises, telemetry_spans_dropped_total does", "collector down",
                           "no collector", "spans dropped"),
    },
    "nothing": {"nothing": ("everything is as before", "none", "no", "all is well", "fine")},
}
REASONS = {reason: words for reasons in CAUSES.values() for reason, words in reasons.items()}
CALLERS = ("kiosk", "android-app", "ios-app", "bluebird", "northwind", "pricebot")
SKUS = ("mug", "tshirt", "sticker", "poster", "socks")
# place: (kind, synonyms)
PLACES = {
    "POST /order": ("route", "order", "orders", "createorder", "create order"),
    "POST /payment/pay": ("route", "payment pay", "payment", "payments", "pay", "processpayment", "process payment"),
    "GET /order/{order_id}": ("route", "order order id", "order id", "getorder", "get order"),
    "DeductInventory": ("step", "deduct inventory", "inventory", "deduct"),
    "ChargeCard": ("step", "charge card", "charge", "payment provider", "provider"),
    **{sku: ("SKU", f"sku {sku}") for sku in SKUS},
    **{caller: ("caller", f"caller {caller.replace('-', ' ')}", f"user agent {caller.replace('-', ' ')}") for caller in CALLERS},
    "minishop-shoppers": ("caller", "shoppers", "minishop shoppers"),
    "minishop": ("component", "shop", "the shop", "service", "minishop service"),
    "prometheus": ("component", "prom"),
    "alertmanager": ("component", "alert manager"),
    "slack": ("component", "slack mock", "slack channel", "webhook", "channel"),
    "collector": ("component", "otel collector", "otelcol", "opentelemetry collector"),
    "log": ("component", "logs", "logging", "log file", "the log", "loki"),
    "nowhere": ("nothing", "none", "nothing", "no where", "no"),
}


COLUMNS = 78


def listed(groups, indent="   "):
    """Lines of text for [(kind, possible answers)], with the kinds in the first column."""
    wide = max(len(kind) for kind, _ in groups) + 2 if any(kind for kind, _ in groups) else 0
    lines = []
    for kind, text in groups:
        lines += textwrap.wrap(text, COLUMNS, initial_indent=f"{indent}{kind:{wide}}", subsequent_indent=indent + " " * wide,
                               break_on_hyphens=False, break_long_words=False)
    return "\n".join(lines)


def kinds_of_places(own=()):
    """[(kind, places)]; own: names that only this case has."""
    kinds = {}
    for name, (kind, *_) in PLACES.items():
        kinds.setdefault(kind, []).append(name)
    instances = ", ".join(name for name in own if ":" in name)
    return [*((kind, ", ".join(names)) for kind, names in kinds.items() if kind != "nothing"), ("alert", "its name, as in MiniShopDown"),
            ("instance", f"its address, as in Prometheus and in the log{instances and ': '}{instances}"), ("nothing", "nowhere")]


def kinds_of_causes():
    """[(class, reasons)]."""
    return [(name, ", ".join(reasons) or "a reason of another class, for some requests only") for name, reasons in CAUSES.items()]


class Unclear(Exception):
    """The answer cannot be parsed; the text lists the possible answers."""


def plain(text):
    """Converts to lower case, and every run of characters other than letters and digits to one blank."""
    return re.sub(r"[^0-9a-z]+", " ", text.casefold()).strip()


def _index(table, skipped=1):
    """{word in plain form, with blanks and without: name}."""
    names = {plain(word): name for name, words in table.items() for word in (name, *words[skipped:])}
    return {word.replace(" ", ""): name for word, name in names.items()} | names


PLACE_OF = _index(PLACES)
REASON_OF = _index(REASONS)
FAMILY_OF = _index({name: (text,) for name, text in FAMILIES.items()}) | {
    "dependency error": "dependency-errors", "latency": "dependency-latency", "dependency slow": "dependency-latency",
    "config": "deploy", "configuration": "deploy", "configuration or deploy": "deploy", "grey fault": "grey", "grey failure": "grey",
    "gray": "grey", "observability": "observer", "client fault": "client", "clients": "client", "credential": "credentials"}


def place(text, more=()):
    """The place that an answer names; more: names of this case only, such as alerts and instances."""
    word = plain(text)
    own = {plain(name): name for name in more} | {plain(re.sub("^MiniShop", "", name)): name for name in more}
    own |= {plain(name).split()[-1]: name for name in more if ":" in name}  # an instance by its port
    spaced = {plain(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub("^MiniShop", "", name))): name for name in more}
    bare = re.sub(r"^((the|at|in|on) )+", "", word)
    short = re.sub(r"^(route|step|span|instance|component|job|alert|alertname|http) ", "", bare)
    for words in (word, bare, short, bare.replace(" ", ""), short.replace(" ", "")):
        for known in (PLACE_OF, own, spaced):
            if words in known:
                return known[words]
        # A caller with its version, as in the log; a route with its method.
        for shorter in (re.sub(r"( \d+)+$", "", words), re.sub(r"^(post|get) ", "", words)):
            if shorter in PLACE_OF and shorter != words:
                found = PLACE_OF[shorter]
                if not words.startswith("get ") or found.startswith("GET"):
                    return found
    raise Unclear(f"'{text.strip()}' is not one of the places:\n{listed(kinds_of_places(more))}")


def cause(text):
    """(family or None, reason or None) of one answer: a class, a reason, or both."""
    word = re.sub("^((the|a|an|reason|error type) )+", "", plain(text))
    singular = word.removesuffix("s")
    for words in (word, word.replace(" ", ""), singular, singular.replace(" ", "")):
        if words in REASON_OF:
            reason = REASON_OF[words]
            return ("nothing", reason) if reason == "nothing" else (None, reason)
        if words in FAMILY_OF:
            return FAMILY_OF[words], None
    for known in sorted(FAMILY_OF, key=len, reverse=True):
        for rest in (word[len(known):].strip() if word.startswith(known + " ") else "",
                     word[:-len(known)].strip() if word.endswith(" " + known) else ""):
            for reason in (rest, rest.removesuffix("s")):
                if reason in REASON_OF:
                    return FAMILY_OF[known], REASON_OF[reason]
    raise Unclear(f"'{text.strip()}' is not a class, a reason, or both. Each class, and its reasons:\n{listed(kinds_of_causes())}")


CLOCK = re.compile(r"(?:(\d{4}-\d{2}-\d{2})[t ]+)?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)? ?(z|utc|am|pm|[+-]\d{2}:?\d{2})?")
AGO = re.compile(r"(?:(\d+(?:\.\d+)?) ?(?:m|min|mins|minutes?))? ?(?:(\d+(?:\.\d+)?) ?(?:s|sec|secs|seconds?))?(?: ago)?")
NO = {"no", "nothing", "none", "all is well", "nothing is wrong", "fine", "ok", "n"}


def since(text, now):
    """None for "nothing is wrong", else the time ranges that the answer may mean: [(from, until)], in seconds since 1970.

    A time without a zone is UTC, as in every signal, or local time. A time without seconds means the whole minute.
    """
    word = " ".join(text.casefold().replace(",", " ").split())
    if plain(word) in NO:
        return None
    word = re.sub(r"^((yes|since|at|from|about|around|ca\.?|~) ?)+", "", word).strip()
    if not word:
        raise Unclear("since when? Say the time too: 14:03, 14:03:12, 2 min ago, or seconds since 1970")
    if re.fullmatch(r"\d{10}(\.\d+)?|\d{13}", word):
        seconds = float(word) / (1000 if re.fullmatch(r"\d{13}", word) else 1)
        return [(seconds, seconds)]
    clock = CLOCK.fullmatch(word)
    if clock:
        return _clock(clock, now, text)
    ago = AGO.fullmatch(word)
    if ago and any(ago.groups()):
        seconds = now - 60 * float(ago[1] or 0) - float(ago[2] or 0)
        return [(seconds, seconds)]
    raise Unclear(f"'{text.strip()}' is not a time. Say no, or a time: 14:03, 14:03:12, 2 min ago, 2026-11-27T14:03:12Z, or seconds since 1970")


def _clock(clock, now, text):
    date, hour, minute, second, zone = clock.groups()
    hour, minute, second_number = int(hour), int(minute), int(second or 0)
    if zone in ("am", "pm"):
        hour, zone = hour % 12 + (12 if zone == "pm" else 0), None
    if hour > 23 or minute > 59 or second_number > 59:
        raise Unclear(f"'{text.strip()}' is not a time of day")
    zones = [datetime.timezone.utc, datetime.datetime.now().astimezone().tzinfo]
    if zone in ("z", "utc"):
        zones = zones[:1]
    elif zone:
        sign, hours, minutes = -1 if zone[0] == "-" else 1, int(zone[1:3]), int(zone[-2:])
        if hours > 23 or minutes > 59:
            raise Unclear(f"'{text.strip()}' is not a time: a zone is -23:59 to +23:59")
        zones = [datetime.timezone(sign * datetime.timedelta(hours=hours, minutes=minutes))]
    spans = []
    for tz in zones:
        try:
            day = datetime.date.fromisoformat(date) if date else datetime.datetime.fromtimestamp(now, tz).date()
        except ValueError as error:
            raise Unclear(f"'{text.strip()}': {error}") from error
        begin = datetime.datetime.combine(day, datetime.time(hour, minute, second_number), tz).timestamp()
        if not date and begin > now + 60:  # yesterday, after midnight
            begin -= 86400
        spans.append((begin, begin if second else begin + 59))
    return spans
