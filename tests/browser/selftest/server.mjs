// A small site that is as it should be, and one page for each fault.
import { createServer } from 'node:http';

import { HEADERS } from '../lib/page_checks.mjs';

const CSS = `body { margin: 0; color: #111; background: #fff; font: 16px/1.5 sans-serif }
a, button, input { display: inline-block; box-sizing: border-box; min-height: 44px; min-width: 44px; line-height: 44px; border: 1px solid #555 }
:focus { outline: 3px solid #1a5fb4 }
@media print { .screen-only { display: none } }
@media screen and (prefers-color-scheme: dark) { body { color: #eee; background: #111 } a { color: #8cf } button { color: #eee; background: #222 } }
p a { display: inline; border: 0 } bdi { word-wrap: break-word }`;

const page = ({ title = 'One', h1 = `<h1>${title}</h1>`, main = '', back = '<p>Back to <a href="/console">the console</a>, its home.</p>', lang = ' lang="en"', head = '' }) =>
  `<!DOCTYPE html>\n<html${lang}><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`
  + `<title>${title}</title><link rel="stylesheet" href="/ui.css">${head}</head><body><main>${back}${h1}${main}</main></body></html>`;

const links = (...paths) => paths.map((path) => `<p>See <a href="/console/${path}">the page ${path}</a> for more.</p>`).join('');

/** What each fault's page is: its HTML, headers that differ, and its status. */
export const BAD = {
  'two-h1': { html: page({ title: 'Two', h1: '<h1>a</h1><h1>b</h1>' }), fault: '2 h1' },
  'no-title': { html: page({ title: '' , h1: '<h1>x</h1>' }), fault: 'no title' },
  'no-lang': { html: page({ title: 'No lang', lang: '' }), fault: 'html-has-lang' },
  'no-way-back': { html: page({ title: 'No way back', back: '' }), fault: 'no way back' },
  'same-title': { html: page({ title: 'Good', h1: '<h1>x</h1>' }), fault: 'has the title of' },
  'inline-script': { html: page({ title: 'Inline script', head: '<script>var x = 1;</script>' }), fault: 'console error' },
  'inline-style': { html: page({ title: 'Inline style', main: '<p style="color: red">x</p>' }), fault: 'console error' },
  exception: { html: page({ title: 'Exception', head: '<script src="/throws.js"></script>' }), fault: 'exception: thrown' },
  secret: { html: page({ title: 'Secret', main: '<p>mgt_planted_secret</p>' }), fault: 'shows the secret' },
  planted: { html: page({ title: 'Planted', main: '<b data-planted="">x</b>' }), fault: 'planted markup' },
  turned: { html: page({ title: 'Turned', main: '<p>The file \u202etxt.exe <b>is good</b></p>' }), fault: 'is not isolated' },
  javascript: { html: page({ title: 'Script link', main: '<p>A <a href="javascript:alert(1)">link that acts</a> here.</p>' }), fault: 'link with javascript:' },
  unlabelled: { html: page({ title: 'Unlabelled', main: '<input name="q">' }), fault: 'axe label' },
  pale: { html: page({ title: 'Pale', main: '<p class="pale">pale</p>', head: '<link rel="stylesheet" href="/pale.css">' }), fault: 'axe color-contrast' },
  invalid: { html: page({ title: 'Invalid', main: '<ul><p>no item</p></ul>' }), fault: 'p' },
  large: { html: page({ title: 'Large', main: `<p>${'x '.repeat(21 * 1024)}</p>` }), fault: 'bytes of HTML' },
  'no-policy': { html: page({ title: 'No policy' }), headers: { 'content-security-policy': undefined }, fault: 'content-security-policy' },
  stored: { html: page({ title: 'Stored' }), headers: { 'cache-control': 'max-age=1' }, fault: 'cache-control' },
  named: { html: page({ title: 'Named' }), headers: { server: 'x/1' }, fault: 'header server' },
  broken: { html: page({ title: 'Broken' }), status: 500, fault: '500, expected 200' },
};

/** Pages that are good for the crawl and bad to touch or too wide. */
export const UNTOUCHABLE = page({ title: 'Small', main: '<ul><li><a href="/console" class="small">x</a></li></ul>', head: '<link rel="stylesheet" href="/small.css">' });
/** Its button loses its border and its focus; it stays light in the dark and has no address on paper. */
export const UNSEEN = page({ title: 'Unseen', main: '<button class="unseen">x</button>', head: '<link rel="stylesheet" href="/small.css">' });
export const BRIGHT = page({ title: 'Bright', main: '<nav>x</nav>', head: '<link rel="stylesheet" href="/bright.css">' });
export const WIDE = page({ title: 'Wide', main: '<p class="wide">x</p>', head: '<link rel="stylesheet" href="/small.css">' });

/** What assistive technology needs is there; and what each change of it takes away. */
const LISTEN = '<header>Site<nav aria-label="Main"><a href="/console">Home</a></nav></header><main><h1>Page</h1><h2>Part</h2>'
  + '<p role="status">Step 1</p><table><caption>Things</caption><thead><tr><th scope="col">Name</th></tr></thead><tbody><tr><td><button>Do it</button></td></tr></tbody></table>'
  + '<p><label>Find <input name="q"></label><img src="/favicon.ico" alt="A picture"></p></main><footer>Foot</footer>';
export const UNHEARD = [
  ['<header>', '<div>', '0 banners'],
  ['<footer>', '<p>', '0 content infos'],
  ['<main>', '<div>', '0 main landmarks'],
  ['aria-label="Main"', '', 'a navigation without a name'],
  ['<nav aria-label="Main"><a href="/console">Home</a></nav>', '', 'no navigation'],
  ['<h1>Page</h1>', '', '0 headings of level 1'],
  ['<h2>Part</h2>', '<h3>Part</h3>', "the heading 'Part' of level 3"],
  ['<h2>Part</h2>', '<h2></h2>', 'a heading of level 2 without text'],
  ['Do it', '', 'a button without a name'],
  ['<label>Find ', '<label>', 'a textbox without a name'],
  ['<caption>Things</caption>', '', 'a table without a caption'],
  ['alt="A picture"', '', 'a picture without a name'],
  [' role="status"', '', 'nothing says what changes'],
  ['Step 1', '', 'the status is empty'],
];
const whole = (body) => `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Listen</title></head><body>${body}</body></html>`;

const FILES = {
  '/ui.css': ['text/css', CSS],
  '/pale.css': ['text/css', '.pale { color: #ccc }'],
  '/small.css': ['text/css', '.small { display: block; width: 20px; min-width: 0; min-height: 0; height: 20px; line-height: 20px } .wide { width: 2000px } .unseen { border: 0 } .unseen:focus { outline: 0 }'],
  '/bright.css': ['text/css', 'body { background: #dda; color: #222 !important } @media screen { body { background: #fff !important } }'],
  '/favicon.ico': ['image/png', ''],
  '/throws.js': ['text/javascript', "throw new Error('thrown');"],
  '/lost.js': ['text/javascript', "document.title = String(typeof EventSource + typeof fetch + typeof NodeList.prototype.forEach + typeof Element.prototype.closest + typeof JSON.parse + typeof XMLHttpRequest);"],
};

/** Starts it; `origin` and `close`. Below /console every page of `BAD` is linked, below /good none. */
export async function start() {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://x');
    if (FILES[pathname]) {
      response.writeHead(200, { 'content-type': FILES[pathname][0] });
      return response.end(FILES[pathname][1]);
    }
    const bad = BAD[pathname.replace('/console/bad/', '')];
    const html = bad?.html ?? {
      '/console': page({ title: 'Home', back: '', main: links('good', ...Object.keys(BAD).map((name) => `bad/${name}`)) }),
      '/console/good': page({ title: 'Good', main: '<p class="print-only">http://x/console/good</p><p>\u202eall of it</p><p>Of <bdi>\u202etxt.exe</bdi> all is well.</p><button class="screen-only">Do it</button>' }),
      '/good': page({ title: 'Home', back: '', main: '<p>See <a href="/good/one?auto=15">the page one</a> for more.</p>' }),
      '/good/one': page({ title: 'Good', head: '<meta http-equiv="refresh" content="15">', back: '<p><a href="/good">Back</a></p>' }),
      '/small': UNTOUCHABLE,
      '/unseen': UNSEEN,
      '/bright': BRIGHT,
      '/heard': whole(LISTEN),
      ...Object.fromEntries(UNHEARD.map(([was, is], nth) => [`/unheard/${nth}`, whole(LISTEN.replace(was, is))])),
      '/wide': WIDE,
      '/lost': page({ title: 'Lost', head: '<script src="/lost.js"></script>' }),
    }[pathname];
    const all = { ...HEADERS, vary: 'Cookie, Accept-Language', ...bad?.headers };
    for (const [name, value] of Object.entries(all)) if (value !== undefined) response.setHeader(name, value);
    response.writeHead(html === undefined ? 404 : (bad?.status ?? 200));
    return response.end(html);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
