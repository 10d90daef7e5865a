// SPDX-License-Identifier: MIT
// The channel: asks for new messages once a second and shows them.
import { emoji } from './emoji.js';
import { link, mrkdwn, safeUrl, unescape } from './mrkdwn.js';

const POLL_MS = 1000;
const RETRY_MS = 2000;
const NEAR_END_PX = 80;
const FOLD_PX = 460;
const $ = (id) => document.getElementById(id);
const STATES = { firing: 'Firing', warning: 'Warning', resolved: 'Resolved' };
const COLORS = { danger: 'firing', warning: 'warning', good: 'resolved' };

let epoch = null;
let lastId = 0;
let shown = null; // the selected channel; null before the first response
const unread = new Map(); // channel -> number of unread messages
let away = 0;

function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function rich(name, className, text) {
  const node = element(name, className);
  mrkdwn(node, text);
  return node;
}

// ---- one message

function state(payload) {
  const colors = (payload.attachments ?? []).map((a) => COLORS[a.color]);
  return Object.keys(STATES).find((name) => colors.includes(name)) ?? null;
}

function avatar(payload, name) {
  const node = element('div', 'avatar');
  node.append(emoji(payload.icon_emoji) ?? ([...name.trim()][0] ?? '?').toUpperCase());
  node.setAttribute('aria-hidden', 'true');
  return node;
}

function fields(list) {
  const node = element('dl', 'fields');
  for (const field of list) {
    const item = element('div', field.short ? 'short' : 'long');
    if (field.title) item.append(rich('dt', '', field.title));
    item.append(rich('dd', '', field.value ?? ''));
    node.append(item);
  }
  return node;
}

function button(action, text) {
  const url = safeUrl(action.url ?? '');
  const node = url ? link(url, '') : element('span');
  node.className = 'button' + (['primary', 'danger'].includes(action.style) ? ' ' + action.style : '');
  mrkdwn(node, text || action.url || 'button');
  if (!url) node.title = 'This button has no link.';
  return node;
}

function actions(list) {
  const node = element('div', 'actions');
  for (const action of list) node.append(button(action, action.text ?? action.name));
  return node;
}

const textOf = (value) => (typeof value === 'string' ? value : typeof value?.text === 'string' ? value.text : '');

// Block Kit: shows text. For other blocks it names the type.
function block(item) {
  switch (item.type) {
    case 'header': return element('p', 'heading', unescape(textOf(item.text)));
    case 'divider': return element('hr');
    case 'section': {
      const node = rich('div', 'text', textOf(item.text));
      if (Array.isArray(item.fields)) node.append(fields(item.fields.map((f) => ({ value: textOf(f), short: true }))));
      return node;
    }
    case 'context': {
      const parts = Array.isArray(item.elements) ? item.elements : [];
      return rich('div', 'footer', parts.map((e) => textOf(e) || e?.alt_text || '').join('  '));
    }
    case 'actions': {
      const node = element('div', 'actions');
      for (const e of Array.isArray(item.elements) ? item.elements : []) node.append(button(e ?? {}, textOf(e?.text)));
      return node;
    }
    default: return element('p', 'footer', `[a block of type ${String(item.type)}]`);
  }
}

function when(ts) {
  const date = new Date(Number(ts) * 1000);
  return Number.isNaN(date.getTime()) ? String(ts)
    : date.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}

// Wraps the content, so that foldLong() can fold it if it is long. Heights are known once it is on the screen.
function fold(body) {
  const inner = element('div', 'fold');
  inner.append(...body.childNodes);
  body.append(inner);
}

function foldLong() {
  for (const inner of document.querySelectorAll('.message:not([hidden]) .fold:not([data-seen])')) {
    inner.dataset.seen = '';
    if (inner.scrollHeight <= FOLD_PX * 1.25) continue;
    inner.classList.add('folded');
    const more = element('button', 'more', 'Show more');
    more.type = 'button';
    more.setAttribute('aria-expanded', 'false');
    more.addEventListener('click', () => {
      const folded = inner.classList.toggle('folded');
      more.textContent = folded ? 'Show more' : 'Show less';
      more.setAttribute('aria-expanded', String(!folded));
    });
    inner.after(more);
  }
}

function attachment(item) {
  const node = element('div', 'attachment');
  if (item.pretext) node.append(rich('div', 'pretext', item.pretext));
  const body = element('div', 'body');
  const known = COLORS[item.color];
  if (known) body.dataset.state = known;
  else if (/^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(item.color ?? '')) body.style.borderLeftColor = '#' + item.color.replace('#', '');
  if (item.author_name) {
    const author = element('p', 'author');
    author.append(link(item.author_link ?? '', item.author_name));
    body.append(author);
  }
  if (item.title) {
    const title = element('p', 'title');
    title.append(link(item.title_link ?? '', unescape(item.title)));
    body.append(title);
  }
  if (item.text) body.append(rich('div', 'text', item.text));
  if (item.fields?.length) body.append(fields(item.fields));
  for (const b of item.blocks ?? []) body.append(block(b));
  if (item.image_url) {
    const image = element('p', 'footer', 'Image: ');
    image.append(link(item.image_url, item.image_url));
    body.append(image);
  }
  if (item.actions?.length) body.append(actions(item.actions));
  const foot = [item.footer, item.ts ? when(item.ts) : null].filter(Boolean).join('  ·  ');
  if (foot) body.append(rich('p', 'footer', foot));
  if (!body.childNodes.length && !item.pretext && item.fallback) body.append(rich('div', 'text', item.fallback));
  if (body.childNodes.length) {
    fold(body);
    node.append(body);
  }
  return node;
}

function message({ id, channel, received_at: received, payload }) {
  const node = element('li', 'message');
  const what = state(payload);
  const name = payload.username || 'incoming-webhook';
  const main = element('article', 'main');
  const head = element('header', 'head');
  const time = element('time', '', new Date(received).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  time.dateTime = received;
  time.title = new Date(received).toLocaleString();
  head.append(element('span', 'name', name), element('span', 'app', 'APP'), time);
  if (what) head.append(element('span', 'state', STATES[what]));
  main.append(head);
  if (payload.text) {
    const body = element('div', 'words');
    body.append(payload.mrkdwn === false ? element('div', 'text', unescape(payload.text)) : rich('div', 'text', payload.text));
    fold(body);
    main.append(body);
  }
  for (const b of payload.blocks ?? []) main.append(block(b));
  for (const a of payload.attachments ?? []) main.append(attachment(a));
  node.dataset.id = id;
  node.dataset.channel = channel;
  node.dataset.day = new Date(received).toDateString();
  if (what) node.dataset.state = what;
  node.append(avatar(payload, name), main);
  return node;
}

// ---- the list

function dayName(day) {
  const today = new Date();
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (day === today.toDateString()) return 'Today';
  if (day === yesterday.toDateString()) return 'Yesterday';
  return new Date(day).toLocaleDateString([], { weekday: 'long', day: 'numeric', month: 'long' });
}

const messages = () => [...$('messages').querySelectorAll('.message')];

// Hides the messages of other channels, and inserts a line where a day begins.
function arrange() {
  for (const line of $('messages').querySelectorAll('.day')) line.remove();
  let day = null;
  for (const node of messages()) {
    node.hidden = node.dataset.channel !== shown;
    if (node.hidden || node.dataset.day === day) continue;
    day = node.dataset.day;
    const line = element('li', 'day');
    line.append(element('span', '', dayName(day)));
    node.before(line);
  }
  const empty = !messages().some((node) => !node.hidden);
  $('empty').hidden = !empty;
  $('clear').disabled = empty;
  foldLong();
}

const isAtEnd = () => {
  const box = $('scroll');
  return box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END_PX;
};

function toEnd() {
  $('scroll').scrollTop = $('empty').hidden ? $('scroll').scrollHeight : 0;
}

function choose(channel) {
  shown = channel;
  unread.delete(channel);
  $('channel').textContent = channel;
  arrange();
  channels();
  toEnd();
}

function channels() {
  const names = [...new Set(messages().map((node) => node.dataset.channel))].sort();
  if (shown && !names.includes(shown)) names.unshift(shown);
  $('channels').replaceChildren(...names.map((name) => {
    const item = element('li');
    const choice = element('button', '', name);
    choice.type = 'button';
    choice.setAttribute('aria-current', String(name === shown));
    choice.addEventListener('click', () => choose(name));
    if (unread.get(name)) choice.append(' ', element('span', 'badge', unread.get(name)));
    item.append(choice);
    return item;
  }));
}

function titleAndJump() {
  if (!document.hidden && isAtEnd()) away = 0;
  $('jump').hidden = away === 0 || isAtEnd();
  $('jump').textContent = away === 1 ? '1 new message ↓' : `${away} new messages ↓`;
  document.title = `${away ? `(${away}) ` : ''}${shown ?? '#alerts'} · slack-mock`;
}

function add(list, first) {
  const stay = !first && !isAtEnd();
  for (const item of list) {
    const node = message(item);
    $('messages').append(node);
    if (first) continue;
    node.classList.add('new');
    if (item.channel === shown) away++;
    else unread.set(item.channel, (unread.get(item.channel) ?? 0) + 1);
  }
  if (first) choose(list.at(-1)?.channel ?? '#alerts');
  else if (messages().length === list.length) choose(list.at(-1).channel); // the first messages of an empty page
  arrange();
  channels();
  if (!stay) toEnd();
}

// ---- around the list

function counts(data) {
  const ok = data.results.ok;
  const refused = Object.values(data.results).reduce((sum, n) => sum + n, 0) - ok;
  $('kept').textContent = data.stored;
  $('delivered').textContent = ok;
  $('refused').textContent = refused;
  $('older').hidden = data.dropped === 0;
  $('older').textContent = `${data.dropped} older ${data.dropped === 1 ? 'message has' : 'messages have'} been dropped: the channel keeps only the newest.`;
  const { mode, meaning, delay_s: delay } = data.control;
  $('mode').value = mode;
  $('meaning').textContent = mode === 'slow' ? `delays every response by ${delay} s` : meaning;
  document.body.dataset.mode = mode;
  $('trouble').hidden = mode === 'ok';
  if (mode === 'ok') return;
  const back = element('button', 'quiet', 'Back to normal');
  back.type = 'button';
  back.addEventListener('click', () => setMode('ok'));
  const text = `Simulating “${mode.replaceAll('_', ' ')}”: ${$('meaning').textContent}. `;
  if ($('trouble').dataset.text === text) return;
  $('trouble').dataset.text = text;
  $('trouble').replaceChildren(text, back);
}

function connected(yes) {
  $('link').textContent = yes ? 'live' : 'slack-mock does not respond; retrying';
  $('link').dataset.live = String(yes);
}

function reset() {
  $('messages').replaceChildren();
  unread.clear();
  away = 0;
  lastId = 0;
  epoch = null;
}

async function poll() {
  const response = await fetch(`/messages?after=${lastId}`, { cache: 'no-store', signal: AbortSignal.timeout(10000) });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const data = await response.json();
  if (data.epoch !== epoch && lastId > 0) { // the store was cleared, or slack-mock restarted
    reset();
    return poll();
  }
  if (data.epoch !== epoch || data.messages.length) add(data.messages, data.epoch !== epoch);
  epoch = data.epoch;
  lastId = Math.max(lastId, data.messages.at(-1)?.id ?? 0);
  for (const node of messages().slice(0, Math.max(0, messages().length - data.stored))) node.remove();
  counts(data);
  titleAndJump();
}

async function loop() {
  let ok = true;
  try {
    await poll();
  } catch {
    ok = false;
  }
  connected(ok);
  setTimeout(loop, ok ? POLL_MS : RETRY_MS);
}

async function setMode(mode) {
  await fetch('/control', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ mode }) });
}

async function modes() {
  const { modes: rows, mode, any_hook } = await (await fetch('/control')).json();
  showHook(any_hook ? `${location.origin}/services/T000/B000/anything` : `${location.origin}/services/… (the address of --hook)`);
  $('mode').replaceChildren(...rows.map((row) => {
    const option = element('option', '', row.mode === 'ok' ? 'no failure' : row.mode.replaceAll('_', ' '));
    option.value = row.mode;
    option.title = row.meaning;
    return option;
  }));
  $('mode').value = mode;
}

function showHook(address) {
  $('hook').textContent = address;
  $('curl').textContent = `curl -H 'Content-Type: application/json' -d '{"text":"Hello, *world*"}' ${address}`;
}

function sample() {
  return fetch('/messages', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      username: 'Alertmanager',
      icon_emoji: ':rotating_light:',
      attachments: [{
        color: 'danger',
        title: '[FIRING:1] HighErrorRate',
        title_link: location.href,
        text: '*More than 10 % of the requests fail.*\nThis is an example; _nothing is broken_.',
        fields: [{ title: 'Severity', value: 'critical', short: true }, { title: 'Route', value: '`/payment/pay`', short: true }],
        footer: 'slack-mock',
      }],
    }),
  });
}

$('sample').addEventListener('click', sample);
$('mode').addEventListener('change', () => setMode($('mode').value));
$('clear').addEventListener('click', () => {
  if (confirm('Delete all messages?')) fetch('/messages', { method: 'DELETE' });
});
$('jump').addEventListener('click', toEnd);
$('scroll').addEventListener('scroll', titleAndJump, { passive: true });
document.addEventListener('visibilitychange', titleAndJump);
modes().catch(() => {});
loop();
