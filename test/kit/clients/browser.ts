// A Chromium of this machine, never downloaded, that reaches only this host. It records requests to other origins and
// errors in the console, so a test can require that there are none.

import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** The path of Chromium, if there is one. */
export function findChromium(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome'].map((name) => `/usr/bin/${name}`);
  return [process.env.CHROMIUM ?? '', ...names].find((path) => existsSync(path));
}

export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error('No Chromium: install one, or set CHROMIUM to where it is.');
  return chromium.launch({
    executablePath,
    args: [
      // Containers, and root, have no user namespaces for a sandbox.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      // No background requests. Other hosts do not resolve: the rule applies below the page, and leaves the HTTP cache on, which
      // Playwright's interception would disable.
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
    ],
  });
}

export interface WatchedContext extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly newPage: () => Promise<Page>;
  /** Requests to other origins than the given one. */
  readonly foreignRequests: readonly string[];
  /** Errors and warnings in the console, and uncaught errors of a page. */
  readonly errors: readonly string[];
  /** The errors so far. */
  takeErrors(): readonly string[];
}

/** A profile with an empty cache and storage. */
export async function openContext(browser: Browser, origin: string): Promise<WatchedContext> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const foreignRequests: string[] = [];
  const errors: string[] = [];
  context.on('request', (request) => {
    // Parts of pages that never leave the browser: `blob:http://…` and `data:`.
    if (!/^(?:blob|data):/.test(request.url()) && new URL(request.url()).origin !== origin) {
      foreignRequests.push(request.url());
    }
  });
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) errors.push(message.text());
  });
  context.on('weberror', (error) => errors.push(String(error.error())));
  return {
    context,
    newPage: () => context.newPage(),
    foreignRequests,
    errors,
    takeErrors: () => errors.splice(0),
    [Symbol.asyncDispose]: () => context.close(),
  };
}
