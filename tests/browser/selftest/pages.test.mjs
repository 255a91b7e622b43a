// Each check of pages finds the fault that it is for, and a good page has none.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { heard, tree } from '../lib/accessibility.mjs';
import { launch, open } from '../lib/chromium.mjs';
import { crawl } from '../lib/crawl.mjs';
import { tabTo } from '../lib/keyboard.mjs';
import { dark, forced, paper } from '../lib/media.mjs';
import { script } from '../lib/old_browser.mjs';
import { targets, width } from '../lib/page_checks.mjs';
import { validate } from '../lib/vnu.mjs';
import { shape } from '../lib/walk.mjs';
import { BAD, start, UNHEARD } from './server.mjs';

let browser;
let server;
before(async () => {
  [browser, server] = await Promise.all([launch(), start()]);
});
after(async () => {
  await browser?.close();
  server?.close();
});

async function crawled(home) {
  const { context, page, faults } = await open(browser);
  const planted = ['mgt_planted_secret'];
  const found = await crawl({ page, faults, origin: server.origin, home, planted });
  await context.close();
  return found;
}

test('a good site has no fault', async () => {
  const found = await crawled('/good');
  assert.deepEqual(found.faults, []);
  assert.deepEqual(found.visited, ['/good', '/good/one?auto=15']);
  assert.deepEqual(await validate(found.html), []);
});

test('each fault is found, on its page only', async () => {
  const found = await crawled('/console');
  const wrong = [];
  for (const [name, { fault }] of Object.entries(BAD)) {
    const here = found.faults.filter((one) => one.startsWith(`/console/bad/${name}: `));
    if (name === 'invalid') continue;
    if (!here.some((one) => one.includes(fault))) wrong.push(`${name}: expected '${fault}', found ${JSON.stringify(here)}`);
  }
  wrong.push(...found.faults.filter((one) => !one.startsWith('/console/bad/')));
  assert.deepEqual(wrong, []);
  const invalid = await validate(found.html);
  assert.ok(invalid.some((one) => one.startsWith('/console/bad/invalid: ')), JSON.stringify(invalid));
});

test('a small target and a wide page are found', async () => {
  const { context, page } = await open(browser, { viewport: { width: 320, height: 480 } });
  for (const [path, check, fault] of [['/small', targets, 'target of 20 x 20'], ['/wide', width, 'scrolls sideways']]) {
    await page.goto(server.origin + path);
    const faults = await check(page);
    assert.ok(faults.length === 1 && faults[0].startsWith(fault), JSON.stringify(faults));
    await page.goto(`${server.origin}/console/good`);
    assert.deepEqual(await check(page), []);
  }
  await context.close();
});

test('what stays bright, loses its border, or is unfit for paper is found', async () => {
  const { context, page } = await open(browser);
  for (const [check, path, fault] of [
    [dark, '/bright', 'dark: text'],
    [forced, '/unseen', 'forced colours: no border: <button'],
    [paper, '/bright', 'print: shows <nav>'],
    [paper, '/unseen', "print: expected the page's address"],
    [paper, '/bright', 'print: text'],
  ]) {
    await page.goto(server.origin + path);
    const faults = await check(page);
    assert.ok(faults.some((one) => one.startsWith(fault)), `${path}: ${JSON.stringify(faults)}`);
    await page.goto(`${server.origin}/console/good`);
    assert.deepEqual(await check(page), [], check.name);
  }
  await context.close();
});

test('what assistive technology is not given is found', async () => {
  const { context, page } = await open(browser);
  await page.goto(`${server.origin}/heard`);
  assert.deepEqual(heard(await tree(page), { isLive: true }), []);
  for (const [nth, [was, , fault]] of UNHEARD.entries()) {
    await page.goto(`${server.origin}/unheard/${nth}`);
    const faults = heard(await tree(page), { isLive: true });
    assert.ok(faults.some((one) => one.startsWith(fault)), `without ${was}: ${JSON.stringify(faults)}`);
  }
  await context.close();
});

test('a focus that is not seen is found', async () => {
  const { context, page } = await open(browser);
  await page.goto(`${server.origin}/console/good`);
  assert.deepEqual(await tabTo(page, 'the button', (now) => now.tag === 'BUTTON'), ['A the console', 'BUTTON Do it']);
  await page.goto(`${server.origin}/unseen`);
  await assert.rejects(tabTo(page, 'the button', (now) => now.tag === 'BUTTON'), /is not seen/);
  await context.close();
});

test('what IE 11 lacks is gone, and what it has is not', async () => {
  const { context, page } = await open(browser);
  await page.addInitScript(script());
  await page.goto(`${server.origin}/lost`);
  assert.equal(await page.title(), `${'undefined'.repeat(4)}functionfunction`);
  assert.ok(await page.evaluate(() => document.lacking) > 800);
  await context.close();
});

test('pages that differ by ids and values only have one shape', () => {
  const at = (text) => shape(new URL(text, 'http://x'));
  assert.equal(at('/console/devices/0195-a?b=1&a=2'), '/console/devices/:id?a&b');
  assert.equal(at('/console/devices/TAB-1?a=3&b=4'), at('/console/devices/7?b=1&a=2'));
  assert.notEqual(at('/console/devices'), at('/console/devices/7'));
});
