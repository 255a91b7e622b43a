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
  await page.locator('main').getByRole('link', { name: 'Queue a command' }).click();
  await page.getByRole('button', { name: 'lock_workstation' }).click();
  await page.getByRole('button', { name: 'Preview' }).click();
  assert.match(await page.locator('#preview').textContent(), /Machine.*floor\.machine/s);
  await page.getByRole('button', { name: 'Queue', exact: true }).click();
  await page.waitForURL((url) => url.searchParams.has('notice'));
  const { items } = await api('GET', `/devices/${site.ids.devices[3]}/commands`);
  const queued = items.find((one) => one.type === 'lock_workstation');
  assert.ok(queued, JSON.stringify(items.map((one) => one.type)));
  await page.goto(`${site.origin}/console/commands/${queued.id}`);
  assert.match(await page.locator('main').textContent(), /lock/i);
});

test('an operator starts a batch and sees what becomes of it', async () => {
  const page = await signedIn('operator');
  await page.goto(`${site.origin}/console/batches`);
  await page.getByRole('link', { name: 'Start a batch' }).click();
  await page.getByRole('button', { name: 'lock_workstation' }).click();
  await page.getByRole('radio', { name: 'Every device that you may see' }).check();
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByRole('button', { name: 'Start the batch' }).click();
  await page.waitForURL((url) => /^\/console\/batches\/[^/]+$/.test(url.pathname));
  await until('every device had its turn', async () => {
    await page.getByRole('link', { name: 'Look again' }).click();
    return /[1-9]\d* of \d+ queued|[1-9]\d* queued/.test(await page.locator('#live-status').textContent());
  });
  assert.match(await page.locator('#live').textContent(), /What became of the commands/);
});

test('an auditor has a decision explained', async () => {
  const page = await signedIn('auditor');
  await page.goto(`${site.origin}/console/policies/explain`);
  await page.locator('main select[name=mode]').selectOption('Machine');
  await page.locator('main [name=kind]').selectOption('lock');
  await page.getByRole('button', { name: 'Explain' }).click();
  assert.match(await page.locator('main').textContent(), /floor\.machine/);
});
