// A real Chromium, found on the machine and never downloaded, that reaches no host but this one. It is told of every
// request and every complaint of a page, so that a test can say there were none.

import { existsSync } from 'node:fs';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

/** Where Chromium is, if it is anywhere. */
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
      // Containers, and root, have no user namespaces to make a sandbox of.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      // No calls home. What is left finds no host: the rule is below the page, and leaves the HTTP cache alone, which
      // Playwright's own interception would switch off.
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
  /** Requests that were meant for another origin than the one given. */
  readonly foreignRequests: readonly string[];
  /** Errors in the console, and thrown on a page. */
  readonly complaints: readonly string[];
  /** The complaints so far, which a test has asked for. */
  forget(): readonly string[];
}

/** A profile of its own, with an empty cache and no storage. */
export async function openContext(browser: Browser, origin: string): Promise<WatchedContext> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const foreignRequests: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => {
    // Pages are also made of parts that never leave the browser: `blob:http://…` and `data:`.
    if (!/^(?:blob|data):/.test(request.url()) && new URL(request.url()).origin !== origin) {
      foreignRequests.push(request.url());
    }
  });
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  context.on('weberror', (error) => complaints.push(String(error.error())));
  return {
    context,
    newPage: () => context.newPage(),
    foreignRequests,
    complaints,
    forget: () => complaints.splice(0),
    [Symbol.asyncDispose]: () => context.close(),
  };
}
