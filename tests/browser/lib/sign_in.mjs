// Signing in as a person would.
import { api } from './site.mjs';

/** Signs a caller in, by its token in the console or by a one-time link in the portal. */
export async function signIn(page, caller, origin) {
  if (caller.token !== undefined) {
    await page.goto(`${origin}/console/sign-in`);
    await page.locator('main input[name=token]').fill(caller.token);
  } else {
    const link = await api('POST', `/devices/${caller.device}/portal-links`, {});
    await page.goto(origin + new URL(link.url, origin).pathname);
  }
  await page.locator('main form button[type=submit]').first().click();
  await page.waitForURL((url) => url.pathname === caller.home);
}
