// What a person does in the portal, as one who reads its words and buttons.
import { site } from './site.mjs';

/** The row or card of an app in the list of apps. */
export function app(page, name) {
  return page.locator('main li, main tr, main .card').filter({ has: page.getByText(name, { exact: false }) }).last();
}

/** Opens the apps and searches them. */
export async function search(page, text) {
  await page.goto(`${site.origin}/portal/apps`);
  await page.locator('main input[name=q]').fill(text);
  await page.locator('main form').filter({ has: page.locator('input[name=q]') }).locator('button').click();
  await page.waitForURL((url) => url.searchParams.get('q') === text);
}

/** Picks an app in the list; ends on the page of its install. */
export async function pick(page, name) {
  await app(page, name).getByRole('button').click();
  await page.waitForURL((url) => /^\/portal\/installs\//.test(url.pathname));
}

/** What the page says of the state of things. */
export function live(page) {
  return page.locator('#live');
}
