// What the runner tells of the server under test: a file of JSON, named by MODEGATE_BROWSER_SITE.
import { readFileSync } from 'node:fs';

/** The site: `origin`, `callers`, `token` (the administrator's), `ids`, `secrets`, `program`,
 * `arguments`, `pid`, `chromium`, `out` (where pictures go). */
export const site = JSON.parse(readFileSync(process.env.MODEGATE_BROWSER_SITE, 'utf8'));

/** One request to the API by the administrator. Throws with the problem unless it succeeds. */
export async function api(method, path, body) {
  const answer = await fetch(`${site.origin}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${site.token}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** The caller of that name. */
export function caller(name) {
  const found = site.callers.find((one) => one.name === name);
  if (found === undefined) throw new Error(`the site names no caller '${name}'`);
  return found;
}
