// A browser that lacks what Internet Explorer 11 lacks: the script works, and live pages live.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from './lib/chromium.mjs';
import { script } from './lib/old_browser.mjs';
import { live, pick, search } from './lib/portal.mjs';
import { sync, until } from './lib/processes.mjs';
import { signIn } from './lib/sign_in.mjs';
import { caller, site } from './lib/site.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

test('an install arrives while a person watches', async () => {
  const { page, faults } = await open(browser);
  await page.addInitScript(script());
  await signIn(page, caller('person'), site.origin);
  await search(page, 'field');
  await pick(page, 'Field maps');
  assert.ok((await page.evaluate(() => document.lacking)) > 800, 'the browser lacks nothing');
  const address = page.url();
  // Marks that a new page would not have, and what the page says to those who do not see it.
  await page.evaluate(() => {
    document.body.setAttribute('data-same', 'yes');
    window.said = [];
    var box = document.querySelector('#live-status');
    new MutationObserver(function () { window.said.push(box.textContent); }).observe(box, { childList: true, characterData: true, subtree: true });
  });
  const held = page.locator('#live a[href], #live-actions button, #live-actions a').last();
  await held.focus();
  const name = await page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
  const seen = [await live(page).textContent()];
  for (let visit = 0; visit < 6; visit += 1) {
    await sync([visit % 2 ? 'nightly' : 'logon']);
    await until('the page shows another step', async () => {
      const text = await live(page).textContent();
      return text !== seen.at(-1) && seen.push(text);
    }, 16_000).catch(() => {});
    if (/ready|installed/i.test(await page.locator('#live-status').textContent())) break;
  }
  assert.ok(seen.length > 1, `nothing arrived: ${seen}`);
  assert.equal(page.url(), address);
  assert.equal(await page.locator('body').getAttribute('data-same'), 'yes');
  const said = JSON.parse(await page.evaluate(() => JSON.stringify(window.said)));
  assert.deepEqual(said, said.filter((one, nth) => nth === 0 || one !== said[nth - 1]), 'said twice');
  assert.equal(await page.evaluate(() => document.activeElement.id || document.activeElement.textContent), name);
  assert.deepEqual(faults, []);
});

test('every page works that the script touches', async () => {
  const { page, faults } = await open(browser);
  await page.addInitScript(script());
  await signIn(page, caller('admin'), site.origin);
  for (const path of ['/console', '/console/devices', `/console/devices/${site.ids.devices[0]}`, '/console/queue', '/console/batches']) {
    await page.goto(site.origin + path);
  }
  assert.deepEqual(faults, []);
});

test('two taps on a button are one install', async () => {
  const { page } = await open(browser);
  await page.addInitScript(script());
  await signIn(page, caller('person'), site.origin);
  const posts = [];
  page.on('request', (request) => request.method() === 'POST' && posts.push(request.url()));
  await page.goto(`${site.origin}/portal/apps/erp`);
  await page.getByRole('button', { name: 'Install again' }).dblclick({ noWaitAfter: true });
  await page.waitForURL((url) => /^\/portal\/installs\//.test(url.pathname));
  assert.equal(posts.length, 1, posts.join(' '));
});
