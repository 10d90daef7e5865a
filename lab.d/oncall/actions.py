# SPDX-License-Identifier: MIT
"""The actions of a person on call. Most of them make no difference to a given case, and some make things worse."""

ACTIONS = {
    "nothing": "leave everything as it is: nothing is wrong",
    "switch-provider": "pay through the standby provider",
    "switch-inventory": "query the standby inventory",
    "renew-provider-key": "give the shop a new key for the payment provider",
    "restock": "refill the shelves",
    "recount-stock": "recount the stock, and deduct what is ordered",
    "more-connections": "remove the limit on connections to the payment provider",
    "fewer-connections": "halve the connections to the payment provider, to protect it",
    "block-caller": "refuse a caller: block-caller NAME",
    "retry-at-once": "let callers retry failed payments at once",
    "reload-config": "restore the last good configuration of the shop and reload it",
    "restart-minishop": "restart the shop",
    "replace-instance": "replace an instance of the shop with a new one: replace-instance ADDRESS",
    "redeploy": "deploy the released build again",
    "raise-limit": "raise the limits of the alerts, so that they stay quiet",
    "reload-prometheus": "make Prometheus reload its configuration and rules from the project",
    "expire-silences": "end all silences of Alertmanager",
    "renew-webhook": "create a new webhook in Slack and give it to Alertmanager",
    "restart-collector": "start the collector again (containers)",
}
WORSE = 1.4  # the factor by which an action makes a parameter worse


def worsened(params):
    """The parameters of a fault after an action has made it worse."""
    limits = {"rate": 0.97, "ms": 4000, "share": 0.45}
    return {name: min(value * WORSE, limits[name]) if name in limits else value for name, value in params.items()}
