// The programs around the pages: tablets that sync, and the server itself.
import { execFile, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { PATIENCE } from './chromium.mjs';
import { site } from './site.mjs';

/** Lets the first `devices` tablets of the fleet sync, once for each trigger. */
export async function sync(triggers, devices = 1) {
  const run = site.simulate.map((one, nth) => (site.simulate[nth - 1] === '--devices' ? String(devices) : one));
  run.push('--sessions', String(triggers.length), '--trigger', triggers.join(','), '--push-wait', '1');
  await promisify(execFile)(site.program, run, { timeout: 60_000 });
}

/** Waits until `look` returns something true; that. */
export async function until(what, look, patience = PATIENCE) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within ${patience} ms: ${what}`);
    await pause(50);
  }
}

let running;

/** Ends the server as a power cut would. */
export function kill() {
  process.kill(running?.pid ?? site.pid, 'SIGKILL');
}

/** Starts the server again where it was; returns once it answers. */
export async function restart() {
  running = spawn(site.program, site.serve, { stdio: 'ignore' });
  running.unref();
  process.once('exit', () => running.kill('SIGKILL'));
  await until('the server answers', () => fetch(site.origin).then(() => true, () => false));
}

/** Stops the server from answering without closing anything, and lets it go on. */
export function stall() {
  process.kill(running?.pid ?? site.pid, 'SIGSTOP');
}
export function resume() {
  process.kill(running?.pid ?? site.pid, 'SIGCONT');
}
