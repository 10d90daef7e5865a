// SPDX-License-Identifier: MIT
// Functions for all parts of the console page: Prometheus's API, elements, and the format of numbers and times.
(function () {
  "use strict";

  // The data that Prometheus's API returns, or the API of another program at `base`.
  function api(path, base) {
    return fetch((base || PATH_PREFIX + "/api/v1/") + path).then(function (response) {
      if (!response.ok) throw new Error(response.status + " " + path);
      return response.json();
    });
  }

  function element(name, className, text) {
    var node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function link(url, text) {
    var node = element("a", "", text);
    if (/^https?:/.test(url)) node.href = url;
    return node;
  }

  // Rounded as in Slack and Grafana: percentages and durations to one decimal, rates to two.
  function percent(value) { return (100 * value).toFixed(1) + " %"; }
  function seconds(value) { return value >= 1 ? value.toFixed(1) + " s" : (1000 * value).toFixed(1) + " ms"; }
  function rate(value) { return value.toFixed(2); }

  // Times are UTC, as in Slack and in the log.
  function utc(date) { return date.toISOString().slice(0, 19).replace("T", " ") + " UTC"; }
  function clock(unixSeconds, withSeconds) { return new Date(unixSeconds * 1000).toISOString().slice(11, withSeconds ? 19 : 16); }

  // {job or instance: address for a browser}, from the targets' label `url`. Only current targets: `up` alone also has older ones.
  function addresses() {
    return api("query?query=" + encodeURIComponent("last_over_time(up{url!=\"\"}[15s])")).then(function (body) {
      var found = {};
      body.data.result.forEach(function (one) { found[one.metric.job] = found[one.metric.instance] = one.metric.url; });
      return found;
    });
  }

  window.Page = {api: api, element: element, link: link, percent: percent, seconds: seconds, rate: rate, utc: utc, clock: clock,
    addresses: addresses};
})();
