// The checks of assets find what they are for.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { script, styles, unknown } from '../lib/assets.mjs';

const NAMES = { globals: ['document', 'window'], members: ['getElementById', 'textContent'] };

test('a script in ES5 with listed names passes', () => {
  const good = "(function () { 'use strict'; var at = { id: 'x' }; document.getElementById(at.id).textContent = ''; }());";
  assert.deepEqual(script(good, NAMES), []);
});

for (const [what, text, fault] of [
  ['an arrow function', 'var f = () => 1;', 'not ES5'],
  ['const', 'const f = 1;', 'not ES5'],
  ['a template', 'var f = `x`;', 'not ES5'],
  ['EventSource', "new EventSource('/x');", 'EventSource'],
  ['fetch', "fetch('/x');", 'fetch'],
  ['forEach of a list of nodes', "document.getElementById('x').forEach();", 'forEach'],
  ['a member by its text', "document['closest']('x');", 'closest'],
]) {
  test(`${what} is found in a script`, () => {
    const faults = script(text, NAMES);
    assert.ok(faults.some((one) => one.includes(fault)), JSON.stringify(faults));
  });
}

test('names that no interface of IE has are found in a list', () => {
  assert.deepEqual(unknown(['getElementById', 'XMLHttpRequest', 'EventSource', 'replaceChildren', 'closest']), [
    'EventSource', 'replaceChildren', 'closest',
  ]);
});

test('a plain style sheet passes', async () => {
  const good = '@media (max-width: 600px) { .card:hover, a:not(.button) { margin: 0 1em; display: flex; -ms-flex: 1 } } '
    + '@media print { p { orphans: 2 } } @-ms-viewport { width: device-width } .a::before { content: "x"; color: rgba(0, 0, 0, 0.5) } '
    + 'progress::-webkit-progress-bar { color: red } svg { fill: red; text-decoration: underline; word-wrap: break-word }';
  assert.deepEqual(await styles(good, 'good.css'), []);
});

for (const [text, fault] of [
  [':root { --a: 1px }', 'css-variables'],
  ['a { color: var(--a) }', 'var()'],
  ['a { display: flex; gap: 2px }', 'gap'],
  ['a { position: sticky }', 'sticky'],
  ['a { width: min(1px, 2px) }', 'min()'],
  ['a { width: clamp(1px, 2px, 3px) }', 'clamp()'],
  ['a { inset: 0 }', 'inset'],
  ['a { accent-color: red }', 'accent-color'],
  ['a { aspect-ratio: 1 }', 'aspect-ratio'],
  ['a:focus-visible { color: red }', ':focus-visible'],
  ['a:is(b) { color: red }', ':is'],
  ['a:focus-within { color: red }', ':focus-within'],
  ['input::placeholder { color: red }', ':placeholder'],
  ['@supports (display: grid) { a { color: red } }', '@supports'],
  ['@media (prefers-color-scheme: dark) { a { color: red } }', 'prefers-color-scheme'],
  ['@media (hover: none) { a { color: red } }', 'hover'],
  ['a { text-decoration: underline dotted red }', 'text-decoration'],
  ['a, input::-webkit-inner-spin-button { color: red }', '-webkit-inner-spin-button'],
  ['a { margin-inline: 1px }', 'margin-inline'],
]) {
  test(`found in a style sheet: ${text}`, async () => {
    const faults = await styles(text, 'bad.css');
    assert.ok(faults.some((one) => one.includes(fault)), JSON.stringify(faults));
  });
}
