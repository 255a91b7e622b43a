// Debian's Chromium, without what it does on its own.
import { chromium } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** How long anything in a page is waited for, in milliseconds. */
export const PATIENCE = 20_000;

/** Starts the browser with a new profile. */
export function launch(executablePath = process.env.MODEGATE_CHROMIUM ?? '/usr/bin/chromium') {
  return chromium.launch({ executablePath, headless: true, args: FLAGS });
}

/** A page in a context of its own, and what goes wrong in it, as text, in `faults`. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  return { context, page, faults: watch(page) };
}

/** Collects what a page reports by itself: console errors (violations of the content security
 * policy are among them), uncaught exceptions, dialogs, and requests to other origins. */
export function watch(page) {
  const faults = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') {
      faults.push(`console ${message.type()}: ${message.text()}`);
    }
  });
  page.on('pageerror', (error) => faults.push(`exception: ${error.message}`));
  page.on('dialog', (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    const from = page.url();
    if (from.startsWith('http') && url.protocol !== 'data:' && url.origin !== new URL(from).origin) {
      faults.push(`request to another origin: ${url.href}`);
    }
  });
  return faults;
}
