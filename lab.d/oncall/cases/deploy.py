# SPDX-License-Identifier: MIT
"""Somebody changed a configuration, a build or a key."""
from ..faults import JOB, PAY, TOP_REASON, Fault, Look, failing, shell

LINES = ("payment = {{ timeout_ms = {n}; }};", "payment = {{ latency_ms = -{n}; }};", "inventory = {{ stock = \"{n}\"; }};",
         "payment = {{ failure_rate = {n}; }};", "orders = {{ capacity = {n}; }};")
WEBHOOK = ("revoked", "invalid_token", "action_prohibited")


def sees_rejected(engines, p, begin, end):
    last = engines.number(f"min(minishop_config_last_reload_successful{{{JOB}}})", end)
    return ("minishop",), {"config_rejected"} if last == 0 else set()


def sees_refused_key(engines, p, begin, end):
    """The field detail in the log of each payment says so."""
    failed = [record for record in engines.log(begin, end, "payment failed") if record.get("reason") == "gateway_error"]
    refused = [record for record in failed if "credentials" in record.get("detail", "")]
    return ("POST /payment/pay", "ChargeCard"), {"provider_credentials"} if refused and len(refused) > len(failed) / 2 else set()


def sees_refused_webhook(engines, p, begin, end):
    failed = engines.number('sum(increase(alertmanager_notifications_failed_total{integration="slack"}[80s]))', end)
    return ("slack",), {"slack_webhook"} if failed else set()


def sees_other_build(engines, p, begin, end):
    versions = {labels["version"] for labels, _ in engines.query(f"minishop_build_info{{{JOB}}}", end)}
    return ("minishop",), {"wrong_build"} if versions - {p.base["version"]} else set()


FAULTS = (
    Fault(7, "config-rejected", ("deploy",), ("config_rejected",),
          "Somebody changed the configuration and made a mistake; minishop rejected it and kept the old one.",
          (Look("minishop_config_last_reload_successful == 0"),
           shell("grep 'configuration rejected' LOG | tail -n 1", lambda p: ("configuration rejected", ".conf:"))),
          draw=lambda rng: {"line": rng.choice(LINES).format(n=rng.randint(20, 900))},
          rejected=lambda p: p.line,
          effect=lambda p, base: f"min(minishop_config_last_reload_successful{{{JOB}}}) == bool 0",
          where=lambda p: ("minishop",), witness=sees_rejected, mends=lambda p: ("reload-config",)),
    Fault(29, "wrong-build", ("deploy",), ("wrong_build",),
          "Somebody had deployed the build {version}.",
          (Look("minishop_build_info", lambda p: (p.version,)), shell("tail -n 2000 LOG | jq -r .version | sort | uniq -c", lambda p: (p.version,))),
          draw=lambda rng: {"version": f"{rng.randint(2, 9)}.{rng.randint(0, 9)}.{rng.randint(0, 9)}"},
          build=lambda p: p.version, containers=False,
          effect=lambda p, base: f'(count(minishop_build_info{{{JOB},version!="{base["version"]}"}}) or vector(0)) > bool 0',
          where=lambda p: ("minishop",), witness=sees_other_build, mends=lambda p: ("redeploy",)),
    Fault(19, "provider-credentials", ("credentials",), ("provider_credentials",),
          "The provider refused the shop's key: every payment failed with gateway_error.",
          (Look(TOP_REASON, lambda p: (PAY, "gateway_error")), shell("./lab trace failed", lambda p: ("ChargeCard", "credentials"))),
          config=lambda p: {"payment.failure_rate": 1, "payment.reason": "credentials"},
          effect=lambda p, base: f"{failing(PAY, ('gateway_error',))} > bool 0.5",
          where=lambda p: ("POST /payment/pay", "ChargeCard"), broad=lambda p: ("minishop",), near=("gateway_error",),
          witness=sees_refused_key, mends=lambda p: ("renew-provider-key",)),
    Fault(14, "slack-webhook", ("credentials",), ("slack_webhook",),
          "Slack refused the webhook ({mode}): no message arrived.",
          (Look("increase(alertmanager_notifications_failed_total[2m]) > 0", lambda p: ("slack",)),),
          draw=lambda rng: {"mode": rng.choice(WEBHOOK)},
          slack=lambda p: p.mode,
          effect=lambda p, base: '(sum(increase(alertmanager_notifications_failed_total{integration="slack"}[70s])) > bool 0)',
          where=lambda p: ("slack",), broad=lambda p: ("alertmanager",), witness=sees_refused_webhook, mends=lambda p: ("renew-webhook",)),
)
