// SPDX-License-Identifier: MIT
// The console page of MiniShop: four charts, the alerts, the traces, and the table of the page itself. The script updates all of them.
(function () {
  "use strict";
  var REFRESH_MS = 5000;
  var POINTS = 180;
  var RANGES = [["5m", 300, "5 minutes"], ["15m", 900, "15 minutes"], ["1h", 3600, "hour"], ["6h", 21600, "6 hours"]];
  var range = RANGES[1];

  // Each line: expression, name (null: the label route or reason), thin.
  var charts = [
    {id: "chart-rate", options: {format: Page.rate, least: 1}, lines: [
      ["job:request:rate1m{job=\"minishop\"}", "all"],
      ["job_route:request:rate1m{job=\"minishop\"} > 0", null, true]]},
    {id: "chart-latency", options: {format: Page.seconds, least: 0.05}, lines: [
      ["job:request_duration_seconds:p95_rate1m{job=\"minishop\"}", "all"],
      ["job_route:request_duration_seconds:p95_rate1m{job=\"minishop\"} >= 0", null, true]]},
    {id: "chart-errors", options: {format: Page.percent, least: 0.14, most: 1}, lines: [
      ["job:error_rate:ratio_rate1m{job=\"minishop\"}", "all"],
      ["job_route:error_rate:ratio_rate1m{job=\"minishop\"} > 0", null, true]]},
    {id: "chart-reasons", options: {format: Page.rate, least: 0.1}, lines: [
      ["sum by (reason) (job_route_reason:error:rate1m{job=\"minishop\"}) > 0", null, true]]}
  ];
  charts.forEach(function (chart) { chart.view = new Chart(document.getElementById(chart.id), chart.options); });

  function refreshChart(chart) {
    var step = Math.max(5, range[1] / POINTS);
    var end = Math.floor(Date.now() / 1000 / step) * step;
    var start = end - range[1];
    var wanted = chart.lines.map(function (line) {
      return Page.api("query_range?query=" + encodeURIComponent(line[0]) + "&start=" + start + "&end=" + end + "&step=" + step)
        .then(function (body) {
          return body.data.result.map(function (one) {
            return {name: line[1] || one.metric.route || one.metric.reason || "?", thin: !!line[2],
              points: one.values.map(function (pair) { return [pair[0], parseFloat(pair[1])]; })};
          });
        });
    });
    return Promise.all(wanted).then(function (found) {
      chart.view.draw({start: start, end: end, step: step, series: [].concat.apply([], found)});
    });
  }

  // Fetches the page again and takes these sections from it, so that the template remains their only source.
  function refreshPage() {
    return fetch(location.pathname).then(function (response) {
      if (!response.ok) throw new Error(response.status + " " + location.pathname);
      return response.text();
    }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, "text/html");
      ["live", "objectives", "routes"].forEach(function (id) {
        document.getElementById(id).innerHTML = fresh.getElementById(id).innerHTML;
      });
    });
  }

  function refreshLinked(addresses) {
    return Promise.all([Page.refreshAlerts(addresses), Page.refreshTraces(addresses)]);
  }

  var timer = null;
  function refresh() {
    clearTimeout(timer);
    return Promise.all(charts.map(refreshChart).concat(Page.addresses().then(refreshLinked), refreshPage())).then(function () {
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
    var button = Page.element("button", "", one[0]);
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
  // The position of a section is final when everything above it has its height.
  refresh().then(function () {
    if (location.hash) location.replace(location.hash);
  });
})();
