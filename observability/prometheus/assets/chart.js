// SPDX-License-Identifier: MIT
// A line chart over time in SVG, without a library. Chart(figure, options) draws the data that draw() gets, and does not depend on Prometheus.
// options: format(value) -> text; least, most: the smallest and the largest top of the axis. The figure's data-limit is a red line.
(function () {
  "use strict";
  var SVG = "http://www.w3.org/2000/svg";
  var MARGIN = {top: 10, right: 10, bottom: 20, left: 52};
  var HEIGHT = 210;
  var COLORS = 8;

  // Each of these names always has the same colour. The colour of any other name depends on its letters.
  var COLOR_OF = {
    "all": 0, "/order": 1, "/payment/pay": 2, "/order/{order_id}": 3, "unmatched": 4,
    "gateway_error": 5, "gateway_timeout": 0, "card_declined": 2, "insufficient_funds": 3, "fraud_suspected": 4,
    "out_of_stock": 6, "unavailable": 7
  };
  function colorOf(name) {
    var number = COLOR_OF[name];
    if (number === undefined) {
      number = 0;
      for (var i = 0; i < name.length; i++) number = (31 * number + name.charCodeAt(i)) % 65536;
    }
    return "var(--c" + number % COLORS + ")";
  }

  function byName(a, b) {
    if (a.name === "all" || b.name === "all") return a.name === "all" ? -1 : 1;
    return a.name < b.name ? -1 : 1;
  }

  function add(parent, name, attributes, text) {
    var node = document.createElementNS(SVG, name);
    for (var key in attributes) node.setAttribute(key, attributes[key]);
    if (text !== undefined) node.textContent = text;
    parent.appendChild(node);
    return node;
  }

  // A step of 1, 2 or 5 times a power of ten that divides `span` into about `count` parts.
  function niceStep(span, count) {
    var rough = span / count;
    var power = Math.pow(10, Math.floor(Math.log10(rough)));
    var times = rough / power;
    return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
  }

  var TIME_STEPS = [60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200];

  // Removes zeros at the end: 20 % instead of 20.0 %.
  function short(text) { return text.replace(/(\.\d*?)0+(?!\d)/, "$1").replace(/\.(?!\d)/, ""); }

  function Chart(figure, options) {
    this.options = options;
    this.limit = parseFloat(figure.dataset.limit);
    this.legend = document.createElement("ul");
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("role", "img");
    this.svg.setAttribute("aria-label", figure.querySelector("figcaption").textContent);
    figure.appendChild(this.legend);
    figure.appendChild(this.svg);
    this.data = null;
    this.pointer = null;
    var self = this;
    this.svg.addEventListener("pointermove", function (event) {
      self.pointer = event.clientX - self.svg.getBoundingClientRect().left;
      self.render();
    });
    this.svg.addEventListener("pointerleave", function () {
      self.pointer = null;
      self.render();
    });
    new ResizeObserver(function () { self.render(); }).observe(this.svg);
  }

  // data: {start, end, step (seconds), series: [{name, thin, points: [[time, value], ...]}]}; a value that is not a number is a gap.
  Chart.prototype.draw = function (data) {
    this.data = data;
    this.render();
  };

  Chart.prototype.render = function () {
    var width = this.svg.clientWidth;
    if (!this.data || !width) return;
    this.svg.setAttribute("viewBox", "0 0 " + width + " " + HEIGHT);
    this.svg.textContent = "";
    this.legend.textContent = "";
    var shown = this.data.series.filter(function (one) {
      return one.points.some(function (point) { return isFinite(point[1]); });
    }).sort(byName);
    this.setScale(width, shown);
    this.drawAxes(width);
    if (!shown.length) {
      add(this.svg, "text", {"class": "none", x: (width + MARGIN.left) / 2, y: HEIGHT / 2 - 12}, "No data in this time");
    }
    this.drawLimit(width);
    shown.forEach(function (one) { this.drawSeries(one, colorOf(one.name)); }, this);
    this.drawReading(shown);
  };

  Chart.prototype.setScale = function (width, shown) {
    var data = this.data;
    var top = this.options.least;
    shown.forEach(function (one) {
      one.points.forEach(function (point) { if (isFinite(point[1]) && point[1] > top) top = point[1]; });
    });
    this.tick = niceStep(top * 1.05, 4);
    top = Math.min(Math.ceil(top * 1.05 / this.tick) * this.tick, this.options.most || Infinity);
    this.top = top;
    this.x = function (time) {
      return MARGIN.left + (time - data.start) / (data.end - data.start) * (width - MARGIN.left - MARGIN.right);
    };
    this.y = function (value) { return HEIGHT - MARGIN.bottom - value / top * (HEIGHT - MARGIN.top - MARGIN.bottom); };
  };

  Chart.prototype.drawAxes = function (width) {
    for (var i = 0; i * this.tick <= this.top * 1.0001; i++) {
      var y = this.y(i * this.tick);
      add(this.svg, "line", {"class": "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y});
      add(this.svg, "text", {x: MARGIN.left - 6, y: y + 4, "text-anchor": "end"}, short(this.options.format(i * this.tick)));
    }
    var data = this.data;
    var wanted = (data.end - data.start) / Math.max(2, (width - MARGIN.left) / 80);
    var step = TIME_STEPS.find(function (candidate) { return candidate >= wanted; }) || 86400;
    for (var time = Math.ceil(data.start / step) * step; time <= data.end; time += step) {
      var x = this.x(time);
      if (x > width - 22 || x < MARGIN.left) continue;
      add(this.svg, "text", {x: x, y: HEIGHT - 5, "text-anchor": "middle"}, Page.clock(time));
    }
  };

  Chart.prototype.drawLimit = function (width) {
    var limit = this.limit;
    if (!limit || limit > this.top) return;
    var y = this.y(limit);
    var right = width - MARGIN.right;
    add(this.svg, "rect", {"class": "over", x: MARGIN.left, y: MARGIN.top, width: Math.max(0, right - MARGIN.left),
      height: Math.max(0, y - MARGIN.top)});
    add(this.svg, "line", {"class": "limit", x1: MARGIN.left, x2: right, y1: y, y2: y});
    add(this.svg, "text", {"class": "limit-text", x: MARGIN.left + 6, y: y - 5}, "limit " + short(this.options.format(limit)));
  };

  Chart.prototype.drawSeries = function (one, color) {
    one.color = color;
    var path = "";
    var before = null;
    for (var i = 0; i < one.points.length; i++) {
      var time = one.points[i][0], value = one.points[i][1];
      if (!isFinite(value)) { before = null; continue; }
      var joined = before !== null && time - before <= this.data.step * 1.5;
      var place = this.x(time).toFixed(1) + "," + this.y(value).toFixed(1);
      // A single point is a line of length 0. The round cap draws it as a dot.
      path += joined ? "L" + place : "M" + place + "L" + place;
      before = time;
    }
    add(this.svg, "path", {"class": one.thin ? "series thin" : "series", d: path, style: "stroke:" + color});
  };

  // The legend shows the newest values, or those under the pointer.
  Chart.prototype.drawReading = function (shown) {
    var data = this.data;
    var time = data.end;
    if (this.pointer !== null && shown.length) {
      var share = (this.pointer - this.x(data.start)) / (this.x(data.end) - this.x(data.start));
      time = data.start + Math.round(Math.min(1, Math.max(0, share)) * (data.end - data.start) / data.step) * data.step;
      var x = this.x(time);
      add(this.svg, "line", {"class": "cursor", x1: x, x2: x, y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom});
      var left = share > 0.8;
      add(this.svg, "text", {x: x + (left ? -5 : 5), y: MARGIN.top + 9, "text-anchor": left ? "end" : "start"}, Page.clock(time, true));
    }
    shown.forEach(function (one) {
      var point = one.points.find(function (candidate) { return Math.abs(candidate[0] - time) < data.step / 2; });
      var item = document.createElement("li");
      var value = document.createElement("b");
      item.style.setProperty("--color", one.color);
      item.appendChild(document.createTextNode(one.name + " "));
      value.textContent = point && isFinite(point[1]) ? this.options.format(point[1]) : "–";
      item.appendChild(value);
      this.legend.appendChild(item);
    }, this);
  };

  window.Chart = Chart;
})();
