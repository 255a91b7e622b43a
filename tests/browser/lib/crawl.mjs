// Follows every link of a site once, as one caller, and checks each page on the way.
import { axe, headers, secrets, size, structure } from './page_checks.mjs';

/** Pages of one shape (the same path but for its ids, the same parameters) that are looked at:
 * a matrix links to hundreds of explanations. */
const OF_A_SHAPE = 5;

/** What stands in paths for one of many: numbers, UUIDs, digests, and whatever has a digit. */
export function shape(url) {
  const path = url.pathname.split('/').map((part) => (/\d|%|[A-Z]/.test(part) ? ':id' : part)).join('/');
  const names = [...new Set(url.searchParams.keys())].sort().join('&');
  return names === '' ? path : `${path}?${names}`;
}

/**
 * Crawls from `home`. Returns `faults` (each begins with the address), `visited` (addresses) and
 * `html`, one page of each shape by its shape.
 */
export async function crawl({ page, faults: seen, origin, home, planted }) {
  const queue = [new URL(home, origin)];
  const queued = new Set([queue[0].href]);
  const [shapes, titles, html] = [new Map(), new Map(), {}];
  const result = { faults: [], visited: [], html, left: 0 };
  while (queue.length > 0) {
    const url = queue.shift();
    const kind = shape(url);
    const nth = (shapes.get(kind) ?? 0) + 1;
    if (nth > OF_A_SHAPE) {
      result.left += 1;
      continue;
    }
    shapes.set(kind, nth);
    seen.length = 0;
    const add = (found) => result.faults.push(...found.map((fault) => `${url.pathname}${url.search}: ${fault}`));
    let visit;
    try {
      visit = await look(page, url, { isFirst: nth === 1, planted, home });
    } catch (error) {
      add([`could not be looked at: ${error.message.split('\n')[0]}`, ...seen]);
      continue;
    }
    result.visited.push(url.pathname + url.search);
    add([...visit.faults, ...seen]);
    if (visit.html === undefined) continue;
    if (nth === 1) html[kind] = visit.html;
    const at = titles.get(visit.title);
    if (at !== undefined && at !== url.pathname) add([`has the title of ${at}: '${visit.title}'`]);
    titles.set(visit.title, url.pathname);
    for (const link of visit.links.filter((one) => !queued.has(one))) {
      queued.add(link);
      queue.push(new URL(link));
    }
  }
  return result;
}

/** One page, by a navigation; a file to save, by a request. */
async function look(page, url, { isFirst, planted, home }) {
  const file = await asFile(page, url);
  if (file !== undefined) return file;
  const response = await page.goto(url.href, { waitUntil: 'load' });
  const body = await response.body();
  const text = body.toString('utf8');
  const faults = [];
  const status = response.status();
  if (status !== 200) faults.push(`${status}, expected 200`);
  const found = await response.allHeaders();
  faults.push(...headers(found), ...size(url.pathname, body.length), ...secrets(text, planted));
  faults.push(...(await structure(page, home)));
  // A page that is asked to look again by itself breaks one rule, as its reader chose.
  const without = url.searchParams.has('auto') ? ['meta-refresh'] : [];
  if (isFirst) faults.push(...(await axe(page, without)));
  const title = await page.title();
  const links = await page.evaluate(() => [...document.querySelectorAll('a[href]')]
    .filter((link) => link.origin === location.origin && !link.hasAttribute('download') && !link.pathname.startsWith('/api/'))
    .map((link) => link.href.replace(/#.*$/, '')));
  return { faults, html: text, title, links };
}

/** Exports are answered with files; to navigate there would be a download. */
async function asFile(page, url) {
  if (!/\.(csv|jsonl?|toml|pem|xml|zip|svg|png|txt)$|[?&](format|as|export)=/.test(url.pathname + url.search)) return undefined;
  const answer = await page.request.get(url.href);
  const kind = answer.headers()['content-type'] ?? '';
  if (kind.startsWith('text/html')) return undefined;
  const faults = [];
  if (answer.status() !== 200) faults.push(`${answer.status()}, expected 200`);
  if (answer.headers()['x-content-type-options'] !== 'nosniff') faults.push('a file without x-content-type-options: nosniff');
  return { faults };
}
