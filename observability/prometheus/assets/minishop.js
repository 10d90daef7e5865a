// The console page of MiniShop: three charts, the alerts, and the table of the page itself, all kept fresh.
(function () {
  "use strict";
  var REFRESH_MS = 5000;
  var POINTS = 180;
  var RANGES = [["5m", 300, "5 minutes"], ["15m", 900, "15 minutes"], ["1h", 3600, "hour"], ["6h", 21600, "6 hours"]];
  var range = RANGES[1];

  function number(value) {
    var places = value >= 100 ? 1 : value >= 10 ? 10 : 100;
    return String(Math.round(value * places) / places);
  }
  function seconds(value) {
    return value >= 1 ? number(value) + " s" : number(value * 1000) + " ms";
  }
  function percent(value) { return String(Math.round(value * 1000) / 10) + " %"; }

  // Each line: expression, name (null: the label `route`), thin.
  var charts = [
    {id: "chart-rate", options: {format: number, least: 1}, lines: [
      ["job:request:rate1m{job=\"minishop\"}", "all"],
      ["job_route:request:rate1m{job=\"minishop\"} > 0", null, true]]},
    {id: "chart-latency", options: {format: seconds, least: 0.05, limit: 0.5, limitText: "limit 500 ms"}, lines: [
      ["job:request_duration_seconds:p95_rate1m{job=\"minishop\"}", "all"],
      ["job_route:request_duration_seconds:p95_rate1m{job=\"minishop\"} >= 0", null, true]]},
    {id: "chart-errors", options: {format: percent, least: 0.14, most: 1, limit: 0.10, limitText: "limit 10 %"}, lines: [
      ["job:error_rate:ratio_rate1m{job=\"minishop\"}", "all"],
      ["job_route:error_rate:ratio_rate1m{job=\"minishop\"} > 0", null, true]]}
  ];
  charts.forEach(function (chart) { chart.view = new Chart(document.getElementById(chart.id), chart.options); });

  function api(path) {
    return fetch(PATH_PREFIX + "/api/v1/" + path).then(function (answer) {
      if (!answer.ok) throw new Error(answer.status + " " + path);
      return answer.json();
    }).then(function (body) { return body.data; });
  }

  function refreshChart(chart) {
    var step = Math.max(5, range[1] / POINTS);
    var end = Math.floor(Date.now() / 1000 / step) * step;
    var start = end - range[1];
    var wanted = chart.lines.map(function (line) {
      return api("query_range?query=" + encodeURIComponent(line[0]) + "&start=" + start + "&end=" + end + "&step=" + step)
        .then(function (data) {
          return data.result.map(function (one) {
            return {name: line[1] || one.metric.route || "?", thin: !!line[2],
              points: one.values.map(function (pair) { return [pair[0], parseFloat(pair[1])]; })};
          });
        });
    });
    return Promise.all(wanted).then(function (found) {
      chart.view.draw({start: start, end: end, step: step, series: [].concat.apply([], found)});
    });
  }

  function element(name, className, text) {
    var node = document.createElement(name);
    if (className) node.className = className;
    if (text) node.textContent = text;
    return node;
  }

  function alertCard(alert) {
    var card = element("div", "alert " + alert.state);
    var title = element("p");
    title.appendChild(element("span", "pill", alert.state + ", " + (alert.labels.severity || "no severity")));
    title.appendChild(element("strong", "", alert.annotations.summary || alert.labels.alertname));
    card.appendChild(title);
    card.appendChild(element("p", "details", alert.annotations.description));
    var since = new Date(alert.activeAt).toLocaleTimeString([], {hour12: false});
    var more = element("p", "details", alert.labels.alertname + ", since " + since + " ");
    if (/^https?:/.test(alert.annotations.runbook_url || "")) {
      var link = element("a", "", "Runbook");
      link.href = alert.annotations.runbook_url;
      more.appendChild(link);
    }
    card.appendChild(more);
    return card;
  }

  function refreshAlerts() {
    return api("alerts").then(function (data) {
      var place = document.getElementById("alerts");
      var alerts = data.alerts.sort(function (a, b) {
        return a.state !== b.state ? (a.state === "firing" ? -1 : 1) : a.activeAt < b.activeAt ? -1 : 1;
      });
      place.textContent = "";
      alerts.forEach(function (alert) { place.appendChild(alertCard(alert)); });
      if (!alerts.length) place.appendChild(element("p", "quiet", "None, neither firing nor pending."));
    });
  }

  // What the template wrote, written again: it needs no second copy here.
  function refreshPage() {
    return fetch(location.pathname).then(function (answer) {
      if (!answer.ok) throw new Error(answer.status + " " + location.pathname);
      return answer.text();
    }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, "text/html");
      ["live", "routes"].forEach(function (id) {
        document.getElementById(id).innerHTML = fresh.getElementById(id).innerHTML;
      });
    });
  }

  var timer = null;
  function refresh() {
    clearTimeout(timer);
    Promise.all(charts.map(refreshChart).concat(refreshAlerts(), refreshPage())).then(function () {
      document.getElementById("offline").hidden = true;
    }, function (error) {
      console.warn(error);
      document.getElementById("offline").hidden = false;
    }).then(function () {
      clearTimeout(timer);
      timer = setTimeout(refresh, REFRESH_MS);
    });
  }

  RANGES.forEach(function (one) {
    var button = element("button", "", one[0]);
    button.type = "button";
    button.setAttribute("aria-pressed", one === range);
    button.addEventListener("click", function () {
      range = one;
      document.getElementById("range-text").textContent = one[2];
      document.querySelectorAll("#ranges button").forEach(function (other) {
        other.setAttribute("aria-pressed", other === button);
      });
      refresh();
    });
    document.getElementById("ranges").appendChild(button);
  });
  refresh();
})();
