// The script and the style sheets are what Internet Explorer 11 can read, and small.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { script, styles, unknown } from './lib/assets.mjs';

const ASSETS = join(process.env.MODEGATE_BROWSER_ROOT, 'src/pages/assets');
const MOST = { 'ui.js': 4 * 1024, 'ui.css': 12 * 1024, 'dark.css': 3 * 1024 };

/** Every name of the platform that ui.js uses. A new one is added when IE 11 is known to have it
 * on the very object that it is used on: `forEach` is one of arrays, not of lists of nodes. */
const ALLOWED = JSON.parse(readFileSync(new URL('ui_names.json', import.meta.url), 'utf8'));

const read = (name) => readFileSync(join(ASSETS, name), 'utf8');

test('ui.js is ES5 and uses no name that is not on the list', () => {
  assert.deepEqual(script(read('ui.js'), ALLOWED), []);
});

test('each name on the list is one that Internet Explorer 11 has somewhere', () => {
  assert.deepEqual(unknown([...ALLOWED.globals, ...ALLOWED.members]), []);
});

test('ui.css says nothing that Internet Explorer 11 lacks', async () => {
  assert.deepEqual(await styles(read('ui.css'), 'ui.css'), []);
});

test('no asset is larger than its budget', () => {
  for (const [name, most] of Object.entries(MOST)) {
    const path = join(ASSETS, name);
    assert.ok(existsSync(path), `${name} is missing`);
    const { size } = statSync(path);
    assert.ok(size <= most, `${name}: ${size} bytes, more than ${most}`);
  }
});
