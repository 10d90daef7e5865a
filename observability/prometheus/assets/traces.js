// SPDX-License-Identifier: MIT
// Lists failed and slow requests: the exemplars of error_total and of the duration, each with a link to its trace.
(function () {
  "use strict";
  var SECONDS = 300;
  var ROWS = 8;

  // The address of a trace: in Jaeger, in Grafana (Tempo), or on the page of the instance that has it. The first one that exists is used.
  function traceUrl(addresses, id, instance) {
    if (addresses.jaeger) return new URL("trace/" + id, addresses.jaeger).href;
    if (addresses.tempo && addresses.grafana) {
      var panes = {t: {datasource: "tempo", range: {from: "now-1h", to: "now"},
        queries: [{refId: "A", datasource: {type: "tempo", uid: "tempo"}, queryType: "traceql", query: id}]}};
      return new URL("explore?schemaVersion=1&panes=" + encodeURIComponent(JSON.stringify(panes)), addresses.grafana).href;
    }
    return addresses[instance] ? new URL("/debug/tracez?trace_id=" + id, addresses[instance]).href : "";
  }

  function exemplars(metric, end) {
    return Page.api("query_exemplars?query=" + encodeURIComponent(metric + "{job=\"minishop\"}") +
      "&start=" + (end - SECONDS) + "&end=" + end).then(function (body) {
      var found = [];
      body.data.forEach(function (series) {
        series.exemplars.forEach(function (one) {
          found.push({time: one.timestamp, id: one.labels.trace_id, value: parseFloat(one.value),
            instance: series.seriesLabels.instance, route: series.seriesLabels.route, reason: series.seriesLabels.reason});
        });
      });
      return found;
    });
  }

  // columns: [heading, function of an exemplar that returns text]. The trace comes second: a phone shows it without scrolling.
  function table(title, columns, rows, addresses) {
    var box = Page.element("div", "scroll");
    var node = box.appendChild(Page.element("table"));
    node.appendChild(Page.element("caption", "", title));
    var head = node.createTHead().insertRow();
    [columns[0], ["Trace"]].concat(columns.slice(1)).forEach(function (column) { head.appendChild(Page.element("th", "", column[0])); });
    var body = node.createTBody();
    rows.slice(0, ROWS).forEach(function (row) {
      var line = body.insertRow();
      columns.forEach(function (column) { line.appendChild(Page.element("td", "", column[1](row))); });
      line.insertCell(1).appendChild(Page.link(traceUrl(addresses, row.id, row.instance), row.id.slice(0, 8) + "…")).title = row.id;
    });
    if (!rows.length) body.insertRow().appendChild(Page.element("td", "quiet", "none")).colSpan = columns.length + 1;
    return box;
  }

  function time(row) { return Page.clock(row.time, true); }
  function route(row) { return row.route; }

  Page.refreshTraces = function (addresses) {
    var end = Math.floor(Date.now() / 1000);
    return Promise.all([exemplars("error_total", end), exemplars("request_duration_seconds_bucket", end)]).then(function (found) {
      var failed = found[0].sort(function (a, b) { return b.time - a.time; });
      var slow = found[1].sort(function (a, b) { return b.value - a.value; });
      var place = document.getElementById("trace-tables");
      document.getElementById("no-traces").hidden = found[0].length + found[1].length > 0;
      place.textContent = "";
      place.appendChild(table("Failed, newest first", [["Time", time], ["Reason", function (row) { return row.reason; }], ["Route", route]],
        failed, addresses));
      place.appendChild(table("Slowest", [["Time", time], ["Took", function (row) { return Page.seconds(row.value); }], ["Route", route]],
        slow, addresses));
    });
  };
})();
