// SPDX-License-Identifier: MIT
// Slack's mrkdwn as DOM nodes. A message's text becomes text nodes: nothing parses it as HTML.
import { emoji } from './emoji.js';

// Returns the address if a click may follow it, else null.
export function safeUrl(text) {
  try {
    const url = new URL(text);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export function link(url, label) {
  const href = safeUrl(url);
  const node = document.createElement(href ? 'a' : 'span');
  if (href) {
    node.href = href;
    node.target = '_blank';
    node.rel = 'noopener noreferrer';
  }
  node.textContent = label;
  return node;
}

// Slack escapes only these three.
export function unescape(text) {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

const MARKS = { '*': 'strong', _: 'em', '~': 's' };
const isWord = (c) => c !== undefined && /[\p{L}\p{N}]/u.test(c);
const isSpace = (c) => c === undefined || /\s/.test(c);

// <https://...|label>, <mailto:...>, <!here>, <@U1>, <#C1|name>, <!date^...^...|text>. Returns null for others.
function angle(inside) {
  const [target, ...rest] = inside.split('|');
  const label = unescape(rest.join('|'));
  const mention = (text) => {
    const node = document.createElement('span');
    node.className = 'mention';
    node.textContent = text;
    return node;
  };
  if (/^!(here|channel|everyone)$/.test(target)) return mention('@' + target.slice(1));
  if (target.startsWith('!date^')) return document.createTextNode(label || target.split('^')[2] || '');
  if (target.startsWith('!subteam^')) return mention(label || '@group');
  if (/^@[UW]/.test(target)) return mention('@' + (label || target.slice(1)));
  if (/^#C/.test(target)) return mention('#' + (label || target.slice(1)));
  return safeUrl(unescape(target)) ? link(unescape(target), label || unescape(target)) : null;
}

// Returns where the mark that opens at i closes on its line, or -1.
function closing(text, i, mark, end) {
  for (let j = i + 2; j < end; j++) {
    if (text[j] === mark && !isSpace(text[j - 1]) && !isWord(text[j + 1])) return j;
  }
  return -1;
}

function inline(parent, text, active) {
  let plain = '';
  const hopeless = {}; // mark -> no closing mark before this index: the search stays linear
  const flush = () => {
    if (plain) parent.append(unescape(plain));
    plain = '';
  };
  const add = (node) => {
    flush();
    parent.append(node);
  };
  let lineEnd = -1;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (i > lineEnd) {
      lineEnd = text.indexOf('\n', i);
      if (lineEnd < 0) lineEnd = text.length;
    }
    if (c === '`' && !(hopeless[c] > i)) {
      const j = text.indexOf('`', i + 1);
      if (j > i + 1 && j < lineEnd) {
        const node = document.createElement('code');
        node.textContent = unescape(text.slice(i + 1, j));
        add(node);
        i = j;
        continue;
      }
      if (j < 0 || j >= lineEnd) hopeless[c] = lineEnd;
    } else if (c === '<') {
      const found = /^<([^<>\n]{1,2000})>/.exec(text.slice(i, i + 2002));
      const node = found && angle(found[1]);
      if (node) {
        add(node);
        i += found[0].length - 1;
        continue;
      }
    } else if (c === ':') {
      const found = /^:([a-z0-9_+-]{1,50}):/.exec(text.slice(i, i + 52));
      const sign = found && emoji(found[1]);
      if (sign) {
        add(sign);
        i += found[0].length - 1;
        continue;
      }
    } else if (MARKS[c] && !active.includes(c) && !(hopeless[c] > i) && !isWord(text[i - 1]) &&
               !isSpace(text[i + 1]) && text[i + 1] !== c) {
      const j = closing(text, i, c, lineEnd);
      if (j > 0) {
        const node = document.createElement(MARKS[c]);
        inline(node, text.slice(i + 1, j), active + c);
        add(node);
        i = j;
        continue;
      }
      hopeless[c] = lineEnd;
    }
    plain += c;
  }
  flush();
}

// Lines that begin with > are quotations.
function lines(parent, text) {
  const quoted = (line) => /^(&gt;|>)/.test(line);
  const all = text.split('\n');
  for (let i = 0; i < all.length;) {
    const quote = quoted(all[i]);
    let j = i;
    while (j < all.length && quoted(all[j]) === quote) j++;
    const run = all.slice(i, j).map((line) => (quote ? line.replace(/^(&gt;|>) ?/, '') : line)).join('\n');
    const node = document.createElement(quote ? 'blockquote' : 'span');
    inline(node, run, '');
    if (node.childNodes.length > 0) parent.append(node);
    i = j;
  }
}

// Appends text, with its mrkdwn, to parent.
export function mrkdwn(parent, text) {
  const parts = String(text).split('```');
  // If the number of fences is odd, the last one is text.
  if (parts.length % 2 === 0) parts.push('```' + parts.splice(-1)[0]);
  if (parts.length % 2 === 0) parts.splice(-2, 2, parts.at(-2) + parts.at(-1));
  parts.forEach((part, i) => {
    if (i % 2 === 1 && part.trim()) {
      const node = document.createElement('pre');
      node.textContent = unescape(part.replace(/^\n|\n$/g, ''));
      parent.append(node);
    } else if (part) {
      lines(parent, i > 0 ? part.replace(/^\n/, '') : part); // a block ends its line itself
    }
  });
}
