// Live pages while things go wrong around them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';

import { launch, open } from './lib/chromium.mjs';
import { kill, restart, resume, stall, sync, until } from './lib/processes.mjs';
import { signIn } from './lib/sign_in.mjs';
import { api, caller, site } from './lib/site.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const waiting = `/portal/installs/${site.ids.installs[1]}`;
/** Opens the live page of an install that waits. */
async function watch(page) {
  await page.goto(site.origin + waiting);
  assert.equal(await page.locator('#live[data-every]').count(), 1, 'the page is not live');
}
const shown = (page, id) => page.locator(`#${id}`).isVisible();

test('seven tabs of one live page, and an eighth page opens at once', async () => {
  const { context, page } = await open(browser);
  await signIn(page, caller('person'), site.origin);
  const tabs = [];
  for (let nth = 0; nth < 7; nth += 1) {
    const tab = await context.newPage();
    await watch(tab);
    tabs.push(tab);
  }
  await pause(3_000);
  const begun = Date.now();
  await page.goto(`${site.origin}/portal/apps`);
  assert.ok(Date.now() - begun < 5_000, 'the tabs keep the eighth page waiting');
  for (const tab of tabs) assert.equal(await shown(tab, 'live-lost'), false);
  await context.close();
});

test('a server that stalls and goes on again is waited for', async () => {
  const { context, page } = await open(browser);
  await signIn(page, caller('person'), site.origin);
  await watch(page);
  stall();
  try {
    await pause(20_000);
    assert.equal(await page.locator('h1').count(), 1);
  } finally {
    resume();
  }
  await until('no notice of a lost server', async () => !(await shown(page, 'live-lost')), 70_000);
  assert.equal(await shown(page, 'live-signed-out'), false);
  await context.close();
});

test('a server that is killed is missed in words, and found again', async () => {
  const { context, page } = await open(browser);
  await signIn(page, caller('person'), site.origin);
  await watch(page);
  const rev = await page.locator('#live').getAttribute('data-rev');
  kill();
  await until('the page says that the server is missing', () => shown(page, 'live-lost'), 60_000);
  await restart();
  await until('the notice is gone', async () => !(await shown(page, 'live-lost')), 70_000);
  if (!(await shown(page, 'live-signed-out'))) {
    await sync(['logon', 'nightly']);
    await until('the page shows what came since', async () => (await page.locator('#live').getAttribute('data-rev')) !== rev, 70_000);
  }
  await context.close();
});

test('a session that was ended says so, and the page stays', async () => {
  const made = await api('POST', '/tokens', { name: 'temporary', role: 'operator' });
  const { context, page } = await open(browser);
  await signIn(page, { home: '/console', token: made.token }, site.origin);
  const path = `/console/batches/${site.ids.batch}`;
  await page.goto(site.origin + path);
  const isLive = (await page.locator('#live[data-every]').count()) > 0;
  await api('DELETE', `/tokens/${made.id}`);
  if (isLive) await until('the page says that nobody is signed in', () => shown(page, 'live-signed-out'), 60_000);
  await page.goto(site.origin + path);
  assert.equal(new URL(page.url()).pathname, '/console/sign-in');
  await context.close();
});
