// Pictures of pages to look at: each in two sizes, light and dark. What they show is judged by a
// person; here a page only has to be there.
import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { launch, open } from './lib/chromium.mjs';
import { signIn } from './lib/sign_in.mjs';
import { caller, site } from './lib/site.mjs';

const { devices: [device], commands: [command], installs: [install], batch } = site.ids;

/** Each page by the name of its picture. */
const PAGES = {
  admin: {
    home: '/console',
    devices: '/console/devices',
    device: `/console/devices/${device}`,
    preview: `/console/devices/${device}/preview?mode=Machine`,
    command: `/console/commands/${command}`,
    'new-command': `/console/devices/${device}/commands/new?type=inventory`,
    queue: '/console/queue',
    batch: `/console/batches/${batch}`,
    push: '/console/push',
    matrix: '/console/policies/matrix',
    audit: '/console/audit',
    access: '/console/access',
  },
  person: {
    apps: '/portal/apps',
    install: `/portal/installs/${install}`,
    requests: '/portal/requests',
    tablet: '/portal/device',
  },
};
const SIZES = [[1366, 768], [320, 568]];

let browser;
before(async () => {
  browser = await launch();
  mkdirSync(site.pictures, { recursive: true });
});
after(() => browser?.close());

for (const [name, pages] of Object.entries(PAGES)) {
  test(`pictures of what the ${name} sees`, async () => {
    const { page } = await open(browser);
    await signIn(page, caller(name), site.origin);
    const wrong = [];
    for (const [picture, path] of Object.entries(pages)) {
      const response = await page.goto(site.origin + path);
      if (response.status() !== 200) wrong.push(`${path}: ${response.status()}`);
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
    assert.deepEqual(wrong, []);
  });
}
