// With a keyboard alone: what has the focus is seen, and everything is reached.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from './lib/chromium.mjs';
import { focused, tabTo } from './lib/keyboard.mjs';
import { signIn } from './lib/sign_in.mjs';
import { api, caller, site } from './lib/site.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test('a person skips to the content, searches and picks', async () => {
  const { page } = await open(browser);
  await signIn(page, caller('person'), site.origin);
  await page.goto(`${site.origin}/portal/apps`);
  const passed = await tabTo(page, 'the skip link', () => true);
  assert.equal(passed.length, 1);
  await page.keyboard.press('Enter');
  assert.equal(new URL(page.url()).hash, '#content');
  await tabTo(page, 'the search', (now) => now.name === 'q');
  await page.keyboard.type('field');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('q') === 'field');
  await tabTo(page, 'a button to install', (now) => now.tag === 'BUTTON' && /^(Install|Update)/.test(now.text));
  await page.keyboard.press('Space');
  await page.waitForURL((url) => /^\/portal\/installs\//.test(url.pathname));
});

test('an operator finds a device and queues a command', async () => {
  const { page } = await open(browser);
  await signIn(page, caller('operator'), site.origin);
  await page.goto(`${site.origin}/console/devices`);
  await tabTo(page, 'the search', (now) => now.name === 'q');
  await page.keyboard.type('TABLET-2');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('q') === 'TABLET-2');
  await tabTo(page, 'the device', (now) => now.tag === 'A' && now.text === 'TABLET-2');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname === `/console/devices/${site.ids.devices[2]}`);
  await tabTo(page, 'what queues a command', (now) => now.tag === 'A' && now.text === 'Queue a command');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname.endsWith('/commands/new'));
  await tabTo(page, 'the type inventory', (now) => now.tag === 'BUTTON' && now.text === 'inventory');
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.searchParams.get('type') === 'inventory');
  for (const name of ['Preview', 'Queue']) {
    await tabTo(page, `the button ${name}`, (now) => now.tag === 'BUTTON' && now.text === name);
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Space')]);
  }
  const { items } = await api('GET', `/devices/${site.ids.devices[2]}/commands`);
  assert.ok(items.some((one) => one.type === 'inventory' && one.actor?.includes('olga')), JSON.stringify(items));
});

for (const name of ['admin', 'person']) {
  test(`on the first page of the ${name} the focus is always seen, and goes around`, async () => {
    const { page } = await open(browser);
    await signIn(page, caller(name), site.origin);
    const total = await page.locator('a[href], button, input:not([type=hidden]), select, textarea').count();
    const seen = new Set();
    for (let nth = 0; nth < total + 2; nth += 1) {
      await page.keyboard.press('Tab');
      const now = await focused(page);
      if (now.tag === 'BODY') break;
      assert.ok(now.isSeen, `the focus on ${now.tag} '${now.text}' is not seen`);
      seen.add(nth);
    }
    assert.ok(seen.size >= total - 1, `${seen.size} of ${total} were reached`);
  });
}
