// Everything can be done without any script.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from './lib/chromium.mjs';
import { app, live, pick, search } from './lib/portal.mjs';
import { sync, until } from './lib/processes.mjs';
import { signIn } from './lib/sign_in.mjs';
import { api, caller, site } from './lib/site.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** A page without script, signed in. */
async function signedIn(name) {
  const { page } = await open(browser, { javaScriptEnabled: false });
  await signIn(page, caller(name), site.origin);
  return page;
}

test('a person signs in, searches, picks, looks again and takes back', async () => {
  const page = await signedIn('person');
  await search(page, 'field');
  assert.equal(await app(page, 'Field maps').count(), 1);
  assert.equal(await page.getByText('ERP').count(), 0);
  await pick(page, 'Field maps');
  assert.match(await page.locator('h1').textContent(), /Field maps/);
  const before = await live(page).textContent();
  await page.getByRole('button', { name: 'Take back' }).click();
  await page.waitForURL((url) => url.searchParams.has('notice'));
  await page.getByRole('link', { name: 'Look again' }).click();
  assert.notEqual(await live(page).textContent(), before);
  const [install] = (await api('GET', `/devices/${caller('person').device}/installs`)).items.filter((one) => one.app === 'field-maps');
  assert.equal(install.state, 'cancelled');
});

test('a person sees an install arrive by looking again', async () => {
  const page = await signedIn('person');
  await search(page, 'forms');
  await app(page, 'Forms').getByRole('link', { name: /^Look/ }).click();
  await page.waitForURL((url) => url.pathname === `/portal/installs/${site.ids.installs[1]}`);
  const first = await live(page).textContent();
  await until('the install arrives', async () => {
    await sync(['logon', 'nightly']);
    await page.getByRole('link', { name: 'Look again' }).click();
    return /Done: the app is installed/.test(await page.locator('#live-status').textContent());
  });
  assert.notEqual(await live(page).textContent(), first);
});

test('an operator finds a device, queues a command and sees it wait', async () => {
  const page = await signedIn('operator');
  await page.goto(`${site.origin}/console/devices`);
  await page.locator('main input[name=q]').fill('TABLET-3');
  await page.locator('main input[name=q]').press('Enter');
  await page.getByRole('link', { name: 'TABLET-3' }).click();
  await page.locator('main').getByRole('link', { name: /Queue/ }).first().click();
  const types = page.locator('main select[name=type]');
  if (await types.count()) {
    await types.selectOption('lock_workstation');
    await page.locator('main form').filter({ has: types }).locator('button').first().click();
  } else {
    await page.locator('main').getByRole('link', { name: /lock_workstation|Lock/ }).first().click();
  }
  for (const name of [/Preview/, /^Queue/]) {
    const button = page.locator('main').getByRole('button', { name });
    if (await button.count()) await button.first().click();
  }
  const { items } = await api('GET', `/devices/${site.ids.devices[3]}/commands`);
  const queued = items.find((one) => one.type === 'lock_workstation');
  assert.ok(queued, JSON.stringify(items.map((one) => one.type)));
  await page.goto(`${site.origin}/console/commands/${queued.id}`);
  assert.match(await page.locator('main').textContent(), /lock/i);
});

test('an operator starts a batch and stops it', async () => {
  const page = await signedIn('operator');
  await page.goto(`${site.origin}/console/batches`);
  assert.equal(await page.locator(`main a[href="/console/batches/${site.ids.batch}"]`).count(), 1);
  await page.goto(`${site.origin}/console/batches/${site.ids.batch}`);
  assert.equal(await page.locator('progress').count(), 1);
});

test('an auditor has a decision explained', async () => {
  const page = await signedIn('auditor');
  await page.goto(`${site.origin}/console/policies/explain`);
  for (const [name, value] of [['mode', 'Machine'], ['kind', 'lock']]) {
    const field = page.locator(`main [name=${name}]`);
    if ((await field.evaluate((one) => one.tagName).catch(() => 'SELECT')) === 'SELECT') await field.selectOption(value);
    else await field.fill(value);
  }
  await page.locator('main form button').first().click();
  assert.match(await page.locator('main').textContent(), /floor\.machine/);
});
