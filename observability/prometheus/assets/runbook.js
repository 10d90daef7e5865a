// SPDX-License-Identifier: MIT
// Shows runbook.md as a page. It supports only the Markdown that runbook.md uses, and no HTML.
(function () {
  "use strict";
  var INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*|\[([^\]]+)\]\(([^)\s]+)\)/;

  function element(name, text) {
    var node = document.createElement(name);
    if (text !== undefined) inline(node, text);
    return node;
  }

  // Appends text to a node with its `code`, **strong**, *emphasis* and [links](address).
  function inline(node, text) {
    var found;
    while ((found = INLINE.exec(text))) {
      node.appendChild(document.createTextNode(text.slice(0, found.index)));
      var child = document.createElement(found[1] ? "code" : found[2] ? "strong" : found[3] ? "em" : "a");
      if (found[5]) child.href = found[5];
      if (found[1]) child.textContent = found[1]; else inline(child, found[2] || found[3] || found[4]);
      node.appendChild(child);
      text = text.slice(found.index + found[0].length);
    }
    node.appendChild(document.createTextNode(text));
  }

  function table(lines) {
    var cells = lines.map(function (line) {
      return line.replace(/^\||\|$/g, "").split("|").map(function (cell) { return cell.trim(); });
    });
    var node = document.createElement("table");
    var head = node.createTHead().insertRow();
    cells[0].forEach(function (cell) { head.appendChild(element("th", cell)); });
    var body = node.createTBody();
    cells.slice(2).forEach(function (row) {
      var line = body.insertRow();
      row.forEach(function (cell) { line.appendChild(element("td", cell)); });
    });
    var scroll = element("div");
    scroll.className = "scroll";
    scroll.appendChild(node);
    return scroll;
  }

  // A list: lines that begin like `mark`; indented lines continue the item before.
  function list(name, lines, mark) {
    var node = element(name);
    var items = [];
    lines.forEach(function (line) {
      if (mark.test(line)) items.push(line.replace(mark, "")); else items[items.length - 1] += " " + line.trim();
    });
    items.forEach(function (item) { node.appendChild(element("li", item)); });
    return node;
  }

  function block(lines) {
    var heading = /^(#+) (.*)$/.exec(lines[0]);
    if (heading) {
      var node = element("h" + heading[1].length, heading[2]);
      node.id = heading[2].replace(/\s+/g, "-");
      return node;
    }
    if (lines[0].charAt(0) === "|") return table(lines);
    if (/^- /.test(lines[0])) return list("ul", lines, /^- /);
    if (/^\d+\. /.test(lines[0])) return list("ol", lines, /^\d+\. /);
    return element("p", lines.join(" "));
  }

  function render(place, text) {
    var open = [];
    var code = null;
    place.textContent = "";
    function close() {
      if (open.length) place.appendChild(block(open));
      open = [];
    }
    text.split("\n").forEach(function (line) {
      if (/^```/.test(line)) {
        close();
        if (code === null) { code = []; return; }
        var pre = document.createElement("pre");
        var inner = document.createElement("code");
        inner.textContent = code.join("\n");
        pre.appendChild(inner);
        place.appendChild(pre);
        code = null;
      } else if (code !== null) {
        code.push(line);
      } else if (line.trim() === "") {
        close();
      } else {
        open.push(line);
      }
    });
    close();
  }

  var place = document.getElementById("text");
  fetch(PATH_PREFIX + "/user/runbook.md").then(function (response) {
    if (!response.ok) throw new Error("runbook.md: " + response.status);
    return response.text();
  }).then(function (text) {
    render(place, text);
    // The browser looked for the section before the script had created it.
    if (location.hash) location.replace(location.hash);
  }).catch(function (error) {
    place.textContent = String(error);
  });
})();
