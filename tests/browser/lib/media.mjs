// Dark, high contrast and on paper.
import { contrast } from './page_checks.mjs';

/** A screen as most people have it. */
export const SCREEN = { media: 'screen', colorScheme: 'light', forcedColors: 'none' };

/** The colours of a page's ground and text, as `[r, g, b]`. */
const colours = (page) => page.evaluate(() => {
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const style = getComputedStyle(document.body);
  return { ground: parse(style.backgroundColor), text: parse(style.color) };
});
const light = ([red, green, blue, alpha = 1]) => (alpha === 0 ? 255 : (red + green + blue) / 3);

/** Light text on dark ground, by colours that can be told apart. */
export async function dark(page) {
  await page.emulateMedia({ ...SCREEN, colorScheme: 'dark' });
  const { ground, text } = await colours(page);
  const faults = light(ground) < 80 && light(text) > 160 ? [] : [`dark: text ${text} on ${ground}`];
  return [...faults, ...(await contrast(page)).map((fault) => `dark: ${fault}`)];
}

/** Where the system decides all colours, what only a colour shows is lost: controls keep a
 * border; the system draws boxes to tick itself. */
export async function forced(page) {
  await page.emulateMedia({ ...SCREEN, forcedColors: 'active' });
  return page.evaluate(() => [...document.querySelectorAll('button, .button, .badge, .notice, .card, input:not([type=hidden]):not([type=checkbox]):not([type=radio]), select, textarea')]
    .filter((element) => {
      const style = getComputedStyle(element);
      const edges = ['Top', 'Right', 'Bottom', 'Left'];
      return element.getBoundingClientRect().width > 1
        && !edges.some((edge) => style[`border${edge}Style`] !== 'none' && parseFloat(style[`border${edge}Width`]) > 0);
    })
    .slice(0, 3)
    .map((element) => `forced colours: no border: ${element.outerHTML.slice(0, 100)}`));
}

/** Dark on white, without what only a screen needs, with the page's address. */
export async function paper(page) {
  await page.emulateMedia({ ...SCREEN, media: 'print', colorScheme: 'dark' });
  const { ground, text } = await colours(page);
  const faults = light(ground) > 240 && light(text) < 80 ? [] : [`print: text ${text} on ${ground}`];
  faults.push(...(await page.evaluate(() => {
    const shown = (element) => element.getClientRects().length > 0;
    const all = (selector) => [...document.querySelectorAll(selector)];
    const found = all('nav, .bar-nav, .skip, .no-print, button').filter(shown).map((element) => `print: shows ${element.outerHTML.slice(0, 80)}`);
    const foot = all('.print-only').filter(shown).map((element) => element.textContent).join(' ');
    if (!foot.includes(location.pathname)) found.push(`print: expected the page's address on paper, found '${foot.slice(0, 80)}'`);
    for (const box of all('.scroll')) {
      if (getComputedStyle(box).overflowX !== 'visible' && box.scrollWidth > box.clientWidth) found.push('print: a table is cut off');
    }
    return found;
  })));
  await page.emulateMedia({ ...SCREEN, media: null });
  const pdf = await page.pdf({ format: 'A4' });
  if (pdf.subarray(0, 5).toString() !== '%PDF-') faults.push('print: no PDF came of it');
  return faults;
}
