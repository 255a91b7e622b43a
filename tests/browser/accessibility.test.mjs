// What assistive technology is given of ten pages: landmarks, headings, names of controls,
// captions, and the status that is said when a live page changes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { heard, tree } from './lib/accessibility.mjs';
import { launch, open } from './lib/chromium.mjs';
import { signIn } from './lib/sign_in.mjs';
import { caller, site } from './lib/site.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

const [device] = site.ids.devices;
const [, waiting] = site.ids.installs;

/** Ten pages: by whom, what each must have at least, as `[role, name]`, and whether it is live. */
const PAGES = [
  [undefined, '/console/sign-in', [['textbox', /token/i], ['button', /sign in/i]]],
  [undefined, '/portal/sign-in', [['textbox', /code/i], ['button', /./]]],
  ['person', '/portal/apps', [['searchbox|textbox', /search/i], ['button', /^(Install|Update).*Field maps/]]],
  ['person', '/portal/requests', [['link', /ERP|Forms/]]],
  ['person', `/portal/installs/${waiting}`, [['button', /take back/i], ['link', /look again/i], ['list', /^/], ['status', /^/]], true],
  ['person', '/portal/device', [['heading', /./]]],
  ['operator', '/console', [['image|img', /./], ['table', /./]]],
  ['operator', '/console/devices', [['table', /./], ['checkbox', /TABLET-/], ['textbox|searchbox', /./], ['link', /^TABLET-0$/]]],
  ['operator', `/console/devices/${device}`, [['heading', /^Happened$/], ['table', /./], ['button', /wake/i], ['status', /^/]]],
  ['operator', '/console/policies/matrix', [['table', /./], ['rowheader', /./], ['columnheader', /Machine/]]],
];

test('there are ten pages', () => assert.equal(PAGES.length, 10));

for (const [who, path, has, isLive = false] of PAGES) {
  test(`${path.replace(device, ':id').replace(waiting, ':id')}, by ${who ?? 'nobody'}`, async () => {
    const { context, page } = await open(browser);
    if (who !== undefined) await signIn(page, caller(who), site.origin);
    const response = await page.goto(site.origin + path);
    assert.equal(response.status(), 200);
    const nodes = await tree(page);
    assert.deepEqual(heard(nodes, { isLive, isSignedIn: who !== undefined }), []);
    for (const [role, name] of has) {
      const roles = role.split('|');
      const names = nodes.filter((node) => roles.includes(node.role)).map((node) => node.name);
      assert.ok(names.some((one) => name.test(one)), `no ${role} called ${name}: ${JSON.stringify(names)}`);
    }
    await context.close();
  });
}

test('what is wrong with a form is said with its field', async () => {
  const { context, page } = await open(browser);
  await page.goto(`${site.origin}/console/sign-in`);
  await page.locator('main input[name=token]').fill('nobody-has-this-token');
  await page.locator('main form button[type=submit]').click();
  await page.waitForLoadState();
  const nodes = await tree(page);
  assert.deepEqual(heard(nodes, { isSignedIn: false }), []);
  assert.match(nodes.find((node) => node.role === 'RootWebArea').name, /^Error: /);
  const described = await page.evaluate(() => {
    const field = document.querySelector('main input[name=token]');
    const ids = (field.getAttribute('aria-describedby') || '').split(' ').filter(Boolean);
    return ids.map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
  });
  assert.match(described, /not known/);
  await context.close();
});
