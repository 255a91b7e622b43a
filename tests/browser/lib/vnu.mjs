// The Nu HTML checker over many pages at once: each start of it costs seconds.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const JAR = join(createRequire(import.meta.url).resolve('vnu-jar/package.json'), '../build/dist/vnu.jar');

/** The errors in these pages, `{name: html}`, each as `name: error`. */
export async function validate(pages) {
  const dir = mkdtempSync(join(tmpdir(), 'modegate-vnu-'));
  try {
    const names = Object.keys(pages);
    if (names.length === 0) throw new Error('no page to validate');
    names.forEach((name, nth) => writeFileSync(join(dir, `${nth}.html`), pages[name]));
    const run = ['-Xss2m', '-jar', JAR, '--format', 'json', '--exit-zero-always', '--errors-only', dir];
    const { stderr, stdout } = await promisify(execFile)('java', run, { maxBuffer: 1 << 26, timeout: 120_000 });
    const { messages } = JSON.parse(stderr.trim() === '' ? stdout : stderr);
    return messages.map((one) => {
      const nth = /(\d+)\.html$/.exec(one.url)?.[1];
      return `${names[nth] ?? one.url}: line ${one.lastLine}: ${one.message}: ${one.extract?.trim().slice(0, 120)}`;
    });
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
