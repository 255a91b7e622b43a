// What is true of each page, whoever reads it. Each check returns its faults as text.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Most bytes of one page of HTML. */
export const MOST_HTML = { console: 40 * 1024, portal: 20 * 1024 };

/** The headers of every page, each with its exact value. */
export const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
    "require-trusted-types-for 'script'; trusted-types 'none'",
  'x-ua-compatible': 'IE=edge',
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-xss-protection': '0',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-store',
  'content-type': 'text/html; charset=utf-8',
};

/** Header by header: each page has these, and none tells what serves it. */
export function headers(found) {
  const faults = Object.entries(HEADERS)
    .filter(([name, value]) => found[name]?.toLowerCase() !== value.toLowerCase())
    .map(([name, value]) => `header ${name}: expected '${value}', found '${found[name]}'`);
  const vary = (found.vary ?? '').toLowerCase().split(/\s*,\s*/);
  for (const name of ['cookie', 'accept-language']) {
    if (!vary.includes(name)) faults.push(`header vary: expected ${name} in it, found '${found.vary}'`);
  }
  for (const name of ['server', 'x-powered-by', 'content-encoding']) {
    if (found[name] !== undefined) faults.push(`header ${name} is sent: '${found[name]}'`);
  }
  return faults;
}

/** A page's size, for the area that its path is in. */
export function size(path, bytes) {
  const most = path.startsWith('/portal') ? MOST_HTML.portal : MOST_HTML.console;
  return bytes > most ? [`${bytes} bytes of HTML, more than ${most}`] : [];
}

/** Nothing that is secret stands in a page, escaped or not. */
export function secrets(html, planted) {
  return planted.filter((secret) => html.includes(secret)).map((secret) => `shows the secret '${secret.slice(0, 8)}…'`);
}

/** What axe finds. `without` names rules that a page was asked to break. */
export function axe(page, without = []) {
  const rules = Object.fromEntries(without.map((rule) => [rule, { enabled: false }]));
  return violations(page, { runOnly: { type: 'tag', values: TAGS }, rules });
}

/** Texts whose contrast is too low, by axe. */
export function contrast(page) {
  return violations(page, { runOnly: { type: 'rule', values: ['color-contrast'] } });
}

async function violations(page, options) {
  if (!(await page.evaluate(() => typeof globalThis.axe === 'object'))) await page.evaluate(AXE);
  const run = { ...options, resultTypes: ['violations'] };
  const found = await page.evaluate((all) => globalThis.axe.run(document, all), run);
  return found.violations.flatMap((one) =>
    one.nodes.slice(0, 3).map((node) => `axe ${one.id}: ${one.help}: ${node.html.slice(0, 160)} (${why(node)})`),
  );
}

function why(node) {
  return [...node.any, ...node.all, ...node.none].map((check) => check.message).slice(0, 2).join('; ');
}

/** The structure that every page has: one heading of the first rank, a title, a language, a way
 * back, links that lead to places of this server only, and no markup that somebody planted. */
export async function structure(page, home) {
  return page.evaluate((start) => {
    const faults = [];
    const count = document.querySelectorAll('h1').length;
    if (count !== 1) faults.push(`${count} h1, expected 1`);
    if (document.title.trim() === '') faults.push('no title');
    if (document.documentElement.lang === '') faults.push('no lang');
    const here = location.pathname;
    const links = [...document.querySelectorAll('a[href]')];
    for (const link of links) {
      if (!/^(https?|mailto):$/.test(link.protocol)) faults.push(`link with ${link.protocol}: ${link.href}`);
      else if (link.protocol !== 'mailto:' && link.origin !== location.origin && !link.rel.includes('noreferrer')) {
        faults.push(`link to another origin without rel=noreferrer: ${link.href}`);
      }
    }
    const isBack = (link) => link.origin === location.origin && link.pathname !== here
      && (link.closest('.crumbs') || here.startsWith(`${link.pathname}/`) || link.pathname === start);
    const inNav = links.some((link) => link.pathname === here && link.closest('nav'));
    const isOutside = here === start || here.endsWith('/sign-in');
    if (!isOutside && !inNav && !links.some((link) => isBack(link) && link.closest('main'))) {
      faults.push('no way back: expected a link in main to where the page belongs');
    }
    if (document.querySelector('[data-planted]') || globalThis.planted) faults.push('planted markup became an element');
    const bidi = /[\u202a-\u202e\u2066-\u2069]/;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (bidi.test(node.data) && !isolated(node)) {
        faults.push(`text that turns the direction is not isolated: ${JSON.stringify(node.data.trim().slice(0, 60))}`);
      }
    }
    /** Whether it turns nothing but itself: within a `bdi`, or as all the text of its block. */
    function isolated(node) {
      const around = node.parentElement;
      const block = around.closest('bdi, option, textarea, td, th, p, li, dd, dt, h1, h2, h3, pre, div');
      return block !== null && (block.tagName === 'BDI' || block.textContent.trim() === node.data.trim());
    }
    return faults;
  }, home);
}

/** Nothing is wider than the window: no sideways scroll of the page itself. */
export async function width(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const name = (element) => `${element.tagName.toLowerCase()}${element.className && typeof element.className === 'string' ? `.${element.className}` : ''}`;
    const scrolls = (element) => element !== document.body && element !== document.documentElement
      && /auto|scroll|hidden/.test(getComputedStyle(element).overflowX);
    const inside = (element) => element && (scrolls(element) || inside(element.parentElement));
    const wide = [...document.body.querySelectorAll('*')]
      .filter((element) => element.getBoundingClientRect().right > clientWidth + 1 && !inside(element.parentElement));
    return [`scrolls sideways at ${clientWidth} px: ${scrollWidth} px wide, by ${wide.slice(-3).map(name).join(', ')}`];
  });
}

/** Each control is large enough for a finger: 44 px both ways, or 44 px high and in a sentence
 * or a table, where the row is the target's height (WCAG 2.2, 2.5.8 and 2.5.5 except both). */
export async function targets(page) {
  return page.evaluate(() => {
    const least = 44;
    const faults = [];
    const controls = 'a[href], button, input:not([type=hidden]), select, textarea, summary';
    for (const element of document.querySelectorAll(controls)) {
      const label = element.labels?.[0];
      const boxes = [element, /checkbox|radio/.test(element.type) ? label : undefined]
        .filter(Boolean).map((one) => one.getBoundingClientRect());
      const style = getComputedStyle(element);
      if (!boxes.some((box) => box.width > 1 && box.height > 1) || style.visibility === 'hidden') continue;
      if (element.classList.contains('skip') || inSentence(element)) continue;
      const height = Math.max(...boxes.map((box) => box.bottom)) - Math.min(...boxes.map((box) => box.top));
      const wide = Math.max(...boxes.map((box) => box.right)) - Math.min(...boxes.map((box) => box.left));
      const inTable = element.closest('td, th') !== null;
      const most = inTable && element.tagName === 'A' ? 24 : least;
      if (height < most - 0.5 || (!inTable && wide < least - 0.5)) {
        faults.push(`target of ${Math.round(wide)} x ${Math.round(height)} px: ${element.outerHTML.slice(0, 120)}`);
      }
    }
    /** Whether a link stands within text of its own line. */
    function inSentence(element) {
      if (element.tagName !== 'A' || getComputedStyle(element).display !== 'inline') return false;
      const line = element.closest('p, li, dd, dt, caption, figcaption, td, th, label, small, .hint, .muted, .notice');
      if (!line) return false;
      const own = line.textContent.replace(/\s+/g, ' ').trim();
      return own.length > element.textContent.replace(/\s+/g, ' ').trim().length + 2;
    }
    return faults;
  });
}
