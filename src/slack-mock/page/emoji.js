// SPDX-License-Identifier: MIT
// Slack's :names: as pictures. Those of alerts are drawn here, so that they look the same without an emoji font. The
// font draws the others.

const circle = (fill) => [[`M12 2a10 10 0 1 0 0 20a10 10 0 1 0 0-20z`, fill]];

// Paths on a 24 by 24 grid, from back to front.
const DRAWN = {
  rotating_light: [
    ['M12 .5v3M3.2 4.2l2 2.1M20.8 4.2l-2 2.1M1 12h2.6M23 12h-2.6', null, '#f5a524'],
    ['M6 18v-5a6 6 0 0 1 12 0v5z', '#e5484d'],
    ['M9 18v-5a3 3 0 0 1 3-3', null, '#ffc2c4'],
    ['M4.5 18h15a1 1 0 0 1 1 1v3h-17v-3a1 1 0 0 1 1-1z', '#6b7280'],
  ],
  fire: [
    ['M12.5 1c1 4 6.5 6.5 6.5 13a7 7 0 0 1-14 .5c0-3 1.5-5 3-6.5c.3 1.7 1 2.5 2 3c-.5-4 .5-7.5 2.5-10z', '#f2552c'],
    ['M12.2 11.5c.6 2.3 3.1 3.4 3.1 6.3a3.3 3.3 0 0 1-6.6 0c0-1.6.8-2.6 1.6-3.4c.3.8.6 1.1 1.1 1.4c-.2-1.7 0-3 .8-4.3z', '#ffc53d'],
  ],
  white_check_mark: [
    ['M5 2h14a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H5a3 3 0 0 1-3-3V5a3 3 0 0 1 3-3z', '#2f9e5f'],
    ['M6.5 12.5l4 4l7.5-9', null, '#fff'],
  ],
  heavy_check_mark: [['M4 13l5.5 5.5L20 6', null, '#2f9e5f']],
  x: [['M5 5l14 14M19 5L5 19', null, '#e5484d']],
  warning: [
    ['M10.3 3.2a2 2 0 0 1 3.4 0l8.6 15.3a2 2 0 0 1-1.7 3H3.4a2 2 0 0 1-1.7-3z', '#f5b301'],
    ['M12 9v5.5M12 18v.1', null, '#3b2f00'],
  ],
  bell: [
    ['M12 2a6.5 6.5 0 0 1 6.5 6.5c0 5 1.5 6.5 2.5 8.5H3c1-2 2.5-3.5 2.5-8.5A6.5 6.5 0 0 1 12 2z', '#f5b301'],
    ['M9 19h6a3 3 0 0 1-6 0z', '#b07d00'],
  ],
  red_circle: circle('#e5484d'),
  large_green_circle: circle('#2f9e5f'),
  large_yellow_circle: circle('#f5c518'),
  large_orange_circle: circle('#f2802c'),
  large_blue_circle: circle('#3b82f6'),
};

const SIGNS = {
  no_bell: '🔕', ok: '🆗', ok_hand: '👌', thumbsup: '👍', '+1': '👍', thumbsdown: '👎', '-1': '👎',
  tada: '🎉', boom: '💥', bug: '🐛', eyes: '👀', wave: '👋', mag: '🔍', chart_with_upwards_trend: '📈',
  chart_with_downwards_trend: '📉', bar_chart: '📊', hourglass: '⌛', stopwatch: '⏱️', clock1: '🕐', zap: '⚡',
  green_heart: '💚', broken_heart: '💔', heart: '❤️', rocket: '🚀', package: '📦',
  shopping_trolley: '🛒', credit_card: '💳', moneybag: '💰', robot_face: '🤖', ghost: '👻', sos: '🆘',
  information_source: 'ℹ️', memo: '📝', link: '🔗', book: '📖', wrench: '🔧', hammer: '🔨', construction: '🚧',
  snail: '🐌', skull: '💀', sunny: '☀️', cloud: '☁️', point_right: '👉', arrow_up: '⬆️', arrow_down: '⬇️',
};

const SVG = 'http://www.w3.org/2000/svg';

function draw(paths, label) {
  const picture = document.createElementNS(SVG, 'svg');
  picture.setAttribute('viewBox', '0 0 24 24');
  picture.setAttribute('class', 'emoji');
  picture.setAttribute('role', 'img');
  picture.setAttribute('aria-label', label);
  for (const [shape, fill, stroke] of paths) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', shape);
    path.setAttribute('fill', fill ?? 'none');
    if (stroke) {
      path.setAttribute('stroke', stroke);
      path.setAttribute('stroke-width', '2.4');
      path.setAttribute('stroke-linecap', 'round');
      path.setAttribute('stroke-linejoin', 'round');
    }
    picture.append(path);
  }
  return picture;
}

// Returns a node for the name, with or without its colons, or null for an unknown name.
export function emoji(name) {
  const key = String(name ?? '').replaceAll(':', '');
  if (Object.hasOwn(DRAWN, key)) return draw(DRAWN[key], key.replaceAll('_', ' '));
  return Object.hasOwn(SIGNS, key) ? document.createTextNode(SIGNS[key]) : null;
}
