// Follows every link of a site, as one caller.

/** Pages of one shape that are looked at: a matrix links to hundreds of explanations. */
const OF_A_SHAPE = 5;

/** An address without what stands in it for one of many: numbers, UUIDs, digests, and whatever
 * has a digit, a capital or an escape; of the parameters, their names. */
export function shape(url) {
  const path = url.pathname.split('/').map((part) => (/\d|%|[A-Z]/.test(part) ? ':id' : part)).join('/');
  const names = [...new Set(url.searchParams.keys())].sort().join('&');
  return names === '' ? path : `${path}?${names}`;
}

/**
 * Opens `home` and what it links to, and so on. `look(page, url, response, {shape, nth})` looks
 * at each page, the nth of its shape, and returns its faults. Returns the `faults`, each behind
 * its address, the addresses `visited`, and how many were `left` out as more of the same.
 */
export async function walk({ page, origin, home, look, ofAShape = OF_A_SHAPE }) {
  const queue = [new URL(home, origin)];
  const queued = new Set([queue[0].href]);
  const shapes = new Map();
  const result = { faults: [], visited: [], left: 0, shapes };
  while (queue.length > 0) {
    const url = queue.shift();
    const kind = shape(url);
    const nth = (shapes.get(kind) ?? 0) + 1;
    if (nth > ofAShape) {
      result.left += 1;
      continue;
    }
    shapes.set(kind, nth);
    const at = url.pathname + url.search;
    result.visited.push(at);
    try {
      const response = await visit(page, url);
      const found = await look(page, url, response, { shape: kind, nth });
      result.faults.push(...found.map((fault) => `${at}: ${fault}`));
      if (!isPage(response)) continue;
    } catch (error) {
      result.faults.push(`${at}: could not be looked at: ${error.message.split('\n')[0]}`);
      continue;
    }
    for (const link of (await links(page)).filter((one) => !queued.has(one))) {
      queued.add(link);
      queue.push(new URL(link));
    }
  }
  return result;
}

/** Whether an answer is a page, and not a file to save. */
export function isPage(response) {
  return (response.headers()['content-type'] ?? '').startsWith('text/html');
}

/** Opens an address; a file, which would be a download, is only asked for. */
async function visit(page, url) {
  try {
    return await page.goto(url.href, { waitUntil: 'load' });
  } catch (error) {
    if (!/Download is starting|net::ERR_ABORTED/.test(error.message)) throw error;
    return page.request.get(url.href);
  }
}

/** Where the page's links lead on this server; the API is no page. */
function links(page) {
  return page.evaluate(() => [...document.querySelectorAll('a[href]')]
    .filter((link) => link.origin === location.origin && !link.pathname.startsWith('/api/'))
    .map((link) => link.href.replace(/#.*$/, '')));
}

/** Faults by what they are, so that one in the frame of all pages does not hide the others. */
export function brief(faults) {
  const places = new Map();
  for (const fault of faults) {
    const [at, ...what] = fault.split(': ');
    const key = what.join(': ');
    places.set(key, [...(places.get(key) ?? []), at]);
  }
  const more = (at) => (at.length > 3 ? ` and ${at.length - 3} more` : '');
  return [...places].map(([what, at]) => `${what} (${at.slice(0, 3).join(', ')}${more(at)})`);
}
