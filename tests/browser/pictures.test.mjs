// Pictures of pages to look at: each in two sizes, light and dark, and some on paper. What they
// show is judged by a person; here a page only has to be there. With MODEGATE_DOCS_PICTURES set,
// those of the documents are taken, too.
import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { launch, open } from './lib/chromium.mjs';
import { signIn } from './lib/sign_in.mjs';
import { caller, site } from './lib/site.mjs';

const { devices, commands, installs, batch } = site.ids;
const [device] = devices;
const empty = devices[7];

/** Each page by the name of its picture. */
const PAGES = {
  nobody: {
    'sign-in': '/console/sign-in',
    'portal-sign-in': '/portal/sign-in',
  },
  admin: {
    home: '/console',
    devices: '/console/devices',
    'no-devices': '/console/devices?q=NONE',
    device: `/console/devices/${device}`,
    'device-queue': `/console/devices/${device}/queue`,
    'device-empty': `/console/devices/${empty}/installs`,
    channel: `/console/devices/${device}/channel`,
    inventory: `/console/devices/${device}/inventory`,
    preview: `/console/devices/${device}/preview?mode=Machine`,
    command: `/console/commands/${commands[0]}`,
    'command-waits': `/console/commands/${commands[1]}`,
    'new-command': `/console/devices/${device}/commands/new?type=inventory`,
    queue: '/console/queue',
    batch: `/console/batches/${batch}`,
    push: '/console/push',
    'console-apps': '/console/apps',
    installs: '/console/installs',
    policies: '/console/policies',
    matrix: '/console/policies/matrix',
    explain: '/console/policies/explain?mode=Machine&kind=app_install&family=windows81',
    audit: '/console/audit',
    statement: '/console/audit/statement',
    verify: '/console/audit/verify',
    compliance: '/console/compliance',
    alerts: '/console/alerts',
    access: '/console/access',
    error: '/console/devices/none',
  },
  person: {
    apps: '/portal/apps',
    install: `/portal/installs/${installs.at(-1)}`,
    requests: '/portal/requests',
    tablet: '/portal/device',
  },
};
const SIZES = [[1366, 768], [320, 568]];
/** What is read on paper, too. */
const PAPER = ['home', 'device', 'statement', 'audit', 'compliance'];
/** The pictures of docs/pictures: the page and how much of it, in pixels. */
const DOCS = {
  home: 768,
  device: 620,
  preview: 640,
  queue: 560,
  batch: 560,
  push: 760,
  explain: 768,
  statement: 900,
  apps: 560,
  install: 660,
};
/** A picture of the documents has at most so many bytes. */
const DOCS_BYTES = 120 * 1024;

let browser;
before(async () => {
  browser = await launch();
  mkdirSync(site.pictures, { recursive: true });
  if (site.docs) mkdirSync(site.docs, { recursive: true });
});
after(() => browser?.close());

/** The page as it is on a screen, in each size and light. */
async function onScreen(page, picture) {
  for (const [width, height] of SIZES) {
    for (const colorScheme of ['light', 'dark']) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      const file = join(site.pictures, `${picture}-${width}-${colorScheme}.png`);
      await page.screenshot({ path: file, fullPage: true });
      assert.ok(statSync(file).size > 2_000, file);
    }
  }
}

/** The page's upper part for the documents. */
async function forDocs(page, picture) {
  await page.setViewportSize({ width: 1120, height: DOCS[picture] });
  await page.emulateMedia({ colorScheme: 'light' });
  const file = join(site.docs, `${picture}.png`);
  await page.screenshot({ path: file });
  assert.ok(statSync(file).size <= DOCS_BYTES, `${file}: ${statSync(file).size} bytes`);
}

for (const [name, pages] of Object.entries(PAGES)) {
  test(`pictures of what the ${name} sees`, async () => {
    const { page } = await open(browser);
    if (name !== 'nobody') await signIn(page, caller(name), site.origin);
    const wrong = [];
    for (const [picture, path] of Object.entries(pages)) {
      const response = await page.goto(site.origin + path);
      const expected = picture === 'error' ? 404 : 200;
      if (response.status() !== expected) wrong.push(`${path}: ${response.status()}`);
      await onScreen(page, picture);
      if (site.docs && picture in DOCS) await forDocs(page, picture);
      if (PAPER.includes(picture)) {
        writeFileSync(join(site.pictures, `${picture}.pdf`), await page.pdf({ format: 'A4' }));
      }
    }
    assert.deepEqual(wrong, []);
  });
}
