// Tablets, upright and snapped: everything fits, and can be hit with a finger.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from './lib/chromium.mjs';
import { targets, width } from './lib/page_checks.mjs';
import { signIn } from './lib/sign_in.mjs';
import { caller, site } from './lib/site.mjs';
import { brief, isPage, walk } from './lib/walk.mjs';

/** A tablet, the same upright, and snapped to the side of the screen of Windows 8.1. */
const SIZES = [[1366, 768], [768, 1366], [320, 480]];

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** The faults of a page at each size. */
async function look(page, url, response) {
  if (!isPage(response)) return [];
  const faults = [];
  for (const [wide, high] of SIZES) {
    await page.setViewportSize({ width: wide, height: high });
    const found = [...(await width(page)), ...(await targets(page))];
    faults.push(...found.map((fault) => `${wide}x${high}: ${fault}`));
  }
  return faults;
}

for (const name of ['admin', 'person']) {
  test(`the pages of the ${name} at three sizes`, async (t) => {
    const { page } = await open(browser, { hasTouch: true });
    await signIn(page, caller(name), site.origin);
    const found = await walk({ page, origin: site.origin, home: caller(name).home, look, ofAShape: 2 });
    t.diagnostic(`${found.visited.length} pages`);
    assert.deepEqual(brief(found.faults), []);
  });
}
