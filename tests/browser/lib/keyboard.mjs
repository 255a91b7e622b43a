// Going through a page by Tab.
import assert from 'node:assert/strict';

/** What has the focus: its text, and whether it looks otherwise than without. */
export const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const look = (one) => {
    const style = getComputedStyle(one);
    const outline = style.outlineStyle === 'none' ? '' : `${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor}`;
    return [outline, style.boxShadow, style.borderColor, style.backgroundColor, style.textDecorationLine].join();
  };
  const { top, bottom, width, height } = element.getBoundingClientRect();
  const withFocus = look(element);
  element.blur();
  const without = look(element);
  element.focus();
  return {
    tag: element.tagName,
    text: (element.textContent || element.labels?.[0]?.textContent || element.getAttribute('aria-label') || '').trim(),
    name: element.getAttribute('name'),
    isSeen: withFocus !== without && width > 0 && height > 0 && bottom > 0 && top < innerHeight,
  };
});

/** Presses Tab until `is` holds of what has the focus; all that had it on the way. */
export async function tabTo(page, what, is) {
  const passed = [];
  for (let nth = 0; nth < 150; nth += 1) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now.tag === 'BODY') continue;
    assert.ok(now.isSeen, `the focus on ${now.tag} '${now.text}' is not seen`);
    passed.push(`${now.tag} ${now.text || now.name}`);
    if (is(now)) return passed;
  }
  throw new Error(`Tab never came to ${what}: ${passed.slice(0, 40).join(' | ')}`);
}
