// Checks every page of a site on the way.
import { axe, headers, secrets, size, structure } from './page_checks.mjs';
import { isPage, walk } from './walk.mjs';

/** Walks from `home`. As `walk`, and `html`, one page of each shape by its shape. */
export async function crawl({ page, faults: seen, origin, home, planted }) {
  const titles = new Map();
  const html = {};
  const look = async (_, url, response, { shape, nth }) => {
    const faults = seen.splice(0);
    const status = response.status();
    if (status !== 200) faults.push(`${status}, expected 200`);
    if (!isPage(response)) {
      const sniffs = response.headers()['x-content-type-options'] !== 'nosniff';
      return sniffs ? [...faults, 'a file without x-content-type-options: nosniff'] : faults;
    }
    const body = await response.body();
    const text = body.toString('utf8');
    const found = await response.headersArray();
    faults.push(...headers(joined(found)), ...size(url.pathname, body.length), ...secrets(text, planted));
    faults.push(...(await structure(page, home)));
    if (nth === 1) {
      html[shape] = text;
      // A page that is asked to look again by itself breaks one rule, as its reader chose.
      faults.push(...(await axe(page, url.searchParams.has('auto') ? ['meta-refresh'] : [])));
    }
    const title = await page.title();
    const at = titles.get(title);
    if (status === 200 && at !== undefined && at !== url.pathname) faults.push(`has the title of ${at}: '${title}'`);
    titles.set(title, url.pathname);
    // What checks above made the page say is no fault of the next one.
    return [...faults, ...seen.splice(0)];
  };
  const found = await walk({ page, origin, home, look });
  return { ...found, html };
}

/** Headers by name; those sent twice joined. */
function joined(found) {
  const all = {};
  for (const { name, value } of found) {
    const key = name.toLowerCase();
    all[key] = all[key] === undefined ? value : `${all[key]}, ${value}`;
  }
  return all;
}
