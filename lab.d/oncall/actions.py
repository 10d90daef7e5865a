# SPDX-License-Identifier: MIT
"""What a person on call can do. Most of it makes no difference to a given case, and some of it makes things worse."""

ACTIONS = {
    "nothing": "leave everything as it is: nothing is wrong",
    "switch-provider": "pay through the standby provider",
    "switch-inventory": "ask the standby of the inventory",
    "renew-provider-key": "give the shop a new key for the payment provider",
    "restock": "fill up the shelves",
    "recount-stock": "count the stock anew, and deduct by the orders again",
    "more-connections": "lift the limit on connections to the payment provider",
    "fewer-connections": "halve the connections to the payment provider, to protect it",
    "block-caller": "NAME: refuse this caller",
    "retry-at-once": "let callers try failed payments again at once",
    "reload-config": "put back the last good configuration of the shop and reload it",
    "restart-minishop": "restart the shop",
    "replace-instance": "ADDRESS: take this instance of the shop away and start another one in its place",
    "redeploy": "deploy the build that is released again",
    "raise-limit": "raise the limit of the alerts, so that they are calm",
    "reload-prometheus": "let Prometheus load its configuration and rules from the project again",
    "expire-silences": "end all silences of Alertmanager",
    "renew-webhook": "make a new webhook in Slack and give it to Alertmanager",
    "restart-collector": "start the collector again (containers)",
}
WORSE = 1.4  # what becomes worse does so by this factor


def worsened(params):
    """The parameters of a fault that somebody has made worse."""
    limits = {"rate": 0.97, "ms": 4000, "share": 0.45}
    return {name: min(value * WORSE, limits[name]) if name in limits else value for name, value in params.items()}
