// Dark, high contrast and on paper, every page can be read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from './lib/chromium.mjs';
import { SCREEN, dark, forced, paper } from './lib/media.mjs';
import { signIn } from './lib/sign_in.mjs';
import { caller, site } from './lib/site.mjs';
import { brief, isPage, walk } from './lib/walk.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

for (const name of ['admin', 'person']) {
  test(`the pages of the ${name}, dark, in high contrast and printed`, async (t) => {
    const { page } = await open(browser);
    await signIn(page, caller(name), site.origin);
    const look = async (_, url, response) => {
      if (!isPage(response)) return [];
      const faults = [...(await dark(page)), ...(await forced(page)), ...(await paper(page))];
      await page.emulateMedia(SCREEN);
      return faults;
    };
    const found = await walk({ page, origin: site.origin, home: caller(name).home, look, ofAShape: 1 });
    t.diagnostic(`${found.visited.length} pages`);
    assert.deepEqual(brief(found.faults), []);
  });
}
