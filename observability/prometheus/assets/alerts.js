// SPDX-License-Identifier: MIT
// The alerts of Prometheus, and what Alertmanager does with each of them: sends a message, silences it, or holds it back. Uses
// Alertmanager's API, because Debian's package does not have its web page.
(function () {
  "use strict";

  function sameLabels(one, other) {
    var names = Object.keys(one);
    return names.length === Object.keys(other).length && names.every(function (name) { return one[name] === other[name]; });
  }

  // Alertmanager's list; null if this browser cannot reach Alertmanager.
  function told(addresses) {
    if (!addresses.alertmanager) return Promise.resolve(null);
    return Page.api("alerts", new URL("/api/v2/", addresses.alertmanager).href).catch(function () { return null; });
  }

  function whatIsDone(alert, known, list) {
    if (alert.state !== "firing" || !list) return "";
    if (!known) return "Alertmanager has not received it yet.";
    if (known.status.silencedBy.length) return "Silenced in Alertmanager: no message is sent.";
    var holders = list.filter(function (other) { return known.status.inhibitedBy.indexOf(other.fingerprint) >= 0; });
    if (holders.length) return "Held back while " + holders[0].labels.alertname + " fires: no message is sent.";
    return "Alertmanager sends messages to " + known.receivers.map(function (receiver) { return receiver.name; }).join(", ") + ".";
  }

  function card(alert, list) {
    var known = (list || []).find(function (other) { return sameLabels(other.labels, alert.labels); });
    var severity = alert.labels.severity || "no severity";
    var node = Page.element("div", "alert " + alert.state);
    node.dataset.severity = severity;
    var title = Page.element("p");
    title.appendChild(Page.element("span", "pill", alert.state + ", " + severity));
    title.appendChild(Page.element("strong", "", alert.annotations.summary || alert.labels.alertname));
    node.appendChild(title);
    node.appendChild(Page.element("p", "details", alert.annotations.description));
    // The time since which the alert fires, as in Slack. While it is pending: the time since which the expression is true.
    var since = new Date(known && alert.state === "firing" ? known.startsAt :
      new Date(alert.activeAt).getTime() + (alert.state === "firing" ? alert.wait * 1000 : 0));
    var more = Page.element("p", "details", alert.labels.alertname + ", " + alert.state + " since " + Page.utc(since) + ". " +
      whatIsDone(alert, known, list) + " ");
    more.appendChild(Page.link(alert.annotations.runbook_url || "", "Runbook"));
    node.appendChild(more);
    return node;
  }

  function inOrder(a, b) {
    var ranks = [a, b].map(function (alert) { return (alert.state === "firing" ? 0 : 2) + (alert.labels.severity === "critical" ? 0 : 1); });
    return ranks[0] - ranks[1] || (a.activeAt < b.activeAt ? -1 : 1);
  }

  function alertsOf(body) {
    var found = [];
    body.data.groups.forEach(function (group) {
      group.rules.forEach(function (rule) {
        rule.alerts.forEach(function (alert) { found.push(Object.assign({wait: rule.duration}, alert)); });
      });
    });
    return found.sort(inOrder);
  }

  Page.refreshAlerts = function (addresses) {
    return Promise.all([Page.api("rules?type=alert"), told(addresses)]).then(function (responses) {
      var alerts = alertsOf(responses[0]);
      var place = document.getElementById("alert-list");
      place.textContent = "";
      alerts.forEach(function (alert) { place.appendChild(card(alert, responses[1])); });
      if (!alerts.length) place.appendChild(Page.element("p", "quiet", "No alert is firing or pending."));
      document.getElementById("alertmanager").textContent = responses[1] ? "" :
        "This browser cannot reach Alertmanager" + (addresses.alertmanager ? " at " + new URL(addresses.alertmanager).origin : "") +
        ": silences cannot be shown here.";
    });
  };
})();
