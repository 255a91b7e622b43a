// Every page that a caller can reach by links is sound, for each of five callers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, open } from './lib/chromium.mjs';
import { crawl } from './lib/crawl.mjs';
import { axe, headers, secrets, size, structure } from './lib/page_checks.mjs';
import { signIn } from './lib/sign_in.mjs';
import { caller, site } from './lib/site.mjs';
import { validate } from './lib/vnu.mjs';
import { brief } from './lib/walk.mjs';

/** First view of a site: bytes and requests in all. */
const FIRST_VIEW = { bytes: 60 * 1024, requests: 6 };

let browser;
const html = {};
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

for (const { name } of site.callers) {
  test(`the pages that the ${name} reaches`, async (t) => {
    const { home } = caller(name);
    const { context, page, faults } = await open(browser, { ignoreHTTPSErrors: true });
    await signIn(page, caller(name), site.secure_origin);
    const found = await crawl({ page, faults, origin: site.secure_origin, home, planted: site.secrets });
    await context.close();
    for (const [shape, text] of Object.entries(found.html)) html[`${name} ${shape}`] = text;
    t.diagnostic(`${found.visited.length} pages of ${Object.keys(found.html).length} shapes, ${found.left} left out as more of the same`);
    t.diagnostic(Object.keys(found.html).join(' '));
    assert.deepEqual(brief(found.faults), []);
    assert.ok(found.visited.length > 1, `only ${found.visited} was reached`);
  });
}

test('pages before one is signed in, and pages of errors', async () => {
  const { context, page, faults } = await open(browser, { ignoreHTTPSErrors: true });
  const wrong = [];
  for (const [path, status] of [
    ['/', 200],
    ['/console/sign-in', 200],
    ['/portal/sign-in', 200],
    ['/console/nothing-here', 404],
    ['/portal/nothing-here', 404],
  ]) {
    const response = await page.goto(site.secure_origin + path);
    const body = await response.body();
    const text = body.toString('utf8');
    html[`nobody ${path}`] = text;
    const all = [
      ...(response.status() === status ? [] : [`${response.status()}, expected ${status}`]),
      ...headers(await response.allHeaders()), ...size(path, body.length), ...secrets(text, site.secrets),
      ...(await axe(page)), ...(await structure(page, path)),
      ...faults.filter((fault) => status === 200 || !fault.includes('Failed to load resource')),
    ];
    faults.length = 0;
    wrong.push(...all.map((fault) => `${path}: ${fault}`));
  }
  await context.close();
  assert.deepEqual(wrong, []);
});

test('the HTML of each shape of page is valid', async () => {
  assert.deepEqual(await validate(html), []);
});

for (const name of ['admin', 'person']) {
  test(`the first view of the ${name} is small`, async () => {
    const { context, page } = await open(browser, { ignoreHTTPSErrors: true });
    await signIn(page, caller(name), site.secure_origin);
    const key = await context.storageState();
    await context.close();
    const fresh = await open(browser, { ignoreHTTPSErrors: true, storageState: key });
    const answers = [];
    fresh.page.on('response', (response) => answers.push(response));
    await fresh.page.goto(site.secure_origin + caller(name).home);
    const sizes = await Promise.all(answers.map(async (one) => [new URL(one.url()).pathname, (await one.body()).length]));
    await fresh.context.close();
    const bytes = sizes.reduce((sum, [, size]) => sum + size, 0);
    assert.ok(bytes <= FIRST_VIEW.bytes && sizes.length <= FIRST_VIEW.requests, `${bytes} bytes: ${JSON.stringify(sizes)}`);
  });
}
