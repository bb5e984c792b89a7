// GraphiQL in a real Chromium whose only network access is the gateway. The gateway's own server, in this process, records
// requests and responses of the page.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { isObjectType } from 'graphql';
import type { Browser, Page, Response } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';

import { createSchema } from '../../src/graphql/schema.js';
import { EXAMPLE_TABS } from '../../src/http/graphiql/examples.js';
import { findChromium, launchChromium, openContext, type WatchedContext } from '../kit/clients/browser.js';
import { startStack, TOKEN, type TestStack } from '../kit/gateway.js';

// In CI a missing Chromium is a failure of launchChromium().
const isSkipped = findChromium() === undefined && process.env.CI === undefined;
if (isSkipped) console.warn('GraphiQL is not tested: no Chromium. Install one, or set CHROMIUM to where it is.');

const tabs = EXAMPLE_TABS.map(({ name }) => name);
const FAILING = 'ErrorOnPurpose';
const WORKING = tabs.filter((name) => name !== FAILING);

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

// Undefined when beforeAll failed early.
let browser: Browser | undefined;
let stack: TestStack | undefined;
let url: string;
let watched: WatchedContext;
let page: Page;
/** The responses of the gateway, in order. */
let exchanges: Exchange[];

const record = (message: unknown): void => {
  exchanges.push(message as Exchange);
};

describe.skipIf(isSkipped)('GraphiQL', () => {
  beforeAll(async () => {
    browser = await launchChromium();
    stack = await startStack({ simulator: { workloads: 1000, now: Date.now } });
    url = await stack.gateway.listen();
  });
  afterAll(async () => {
    await browser?.close();
    await stack?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    exchanges = [];
    subscribe('http.server.response.finish', record);
    watched = await openContext(browser!, url);
    page = await watched.newPage();
  });
  afterEach(async ({ task }) => {
    unsubscribe('http.server.response.finish', record);
    const { SCREENSHOTS: folder } = process.env;
    if (folder !== undefined) await page.screenshot({ path: join(folder, `${task.name.replaceAll(/\W+/g, '-')}.png`) });
    const { foreignRequests, errors } = watched;
    await watched[Symbol.asyncDispose]();
    expect({ foreignRequests, errors }).toEqual({ foreignRequests: [], errors: [] });
  });

  test('opens from the path /, with the examples as tabs', async () => {
    const response = await page.goto(url);
    expect(page.url()).toBe(`${url}/graphql`);
    expect(response?.headers()['content-encoding']).toBe('br');
    expect(await page.title()).toBe('ScaleOps costs');
    await ready();
    expect(await tabTitles()).toEqual(tabs);
    expect(exchanges.map(({ request }) => `${request.method} ${request.url}`)).toEqual([
      'GET /',
      'GET /graphql',
      // The introspection query of the page.
      expect.stringMatching(/^POST \/graphql\b/),
    ]);
  });

  test.each(WORKING)('opens the example %s with the first click, and it shows rows without errors', async (name) => {
    await open();
    await click(name);
    const response = (await (await execute(name)).json()) as { data: Record<string, unknown>; errors?: unknown };
    expect(response.errors).toBeUndefined();
    expect(Object.keys(response.data)).not.toEqual([]);
    for (const [field, value] of Object.entries(response.data)) expect(hasCosts(value), field).toBe(true);
    const [firstField = ''] = Object.keys(response.data);
    await page.locator('.result-window', { hasText: `"${firstField}"` }).waitFor();
  });

  // Mutation: no style for .graphiql-tab, whose unfinished animation moves the tab away from the pressed mouse.
  test('opens an example with the first click after a resized pane has moved the tabs', async () => {
    await open();
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.waitForFunction(() =>
      document.querySelector<HTMLElement>('.graphiql-tab')!.style.transform.startsWith('translate'),
    );
    for (const name of tabs.slice(1, 4)) await click(name);
  });

  // Mutation: the query is parsed and printed before it is sent.
  test('shows errors with the locations that they have in the editor', async () => {
    await open();
    await click(FAILING);
    const { errors, data } = (await (await execute(FAILING)).json()) as ErrorResponse;
    const lines = EXAMPLE_TABS.at(-1)!.query.split('\n');
    const line = lines.findIndex((text) => text.includes('fails:')) + 1;
    expect(errors.map(({ path, locations }) => [path, locations])).toEqual([[['fails'], [{ line, column: 3 }]]]);
    expect([hasCosts(data.works), data.fails]).toEqual([true, null]);
  });

  // Mutation: no restoreTabs().
  test('has its examples, the selected tab and the typed text after a reload', async () => {
    await open();
    expect(await reload()).toEqual({ titles: tabs, active: tabs[0] });
    await click(tabs[1]!);
    await type('operation.graphql', 'query Mine { __typename }');
    await page.locator('.graphiql-tab-active', { hasText: 'Mine' }).waitFor();
    await click(tabs[2]!);
    await click('Mine');
    // GraphiQL stores its tabs a moment later.
    await page.waitForFunction(() => {
      const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState') ?? '') as StoredTabs;
      return tabs[activeTabIndex]?.title === 'Mine';
    });
    const titles = tabs.with(1, 'Mine');
    // The example itself is the last tab again.
    expect(await reload()).toEqual({ titles: [...titles, tabs[1]], active: 'Mine' });
    await editor('operation.graphql').filter({ hasText: 'Mine' }).waitFor();
  });

  test('opens a link with a query in a separate tab', async () => {
    await page.goto(`${url}/graphql?query=${encodeURIComponent('query Linked { __typename }')}`);
    await ready();
    expect(await tabTitles()).toEqual(['Linked', ...tabs]);
    await editor('operation.graphql').filter({ hasText: 'Linked' }).waitFor();
  });

  test('lists executed queries in the history', async () => {
    await open();
    await execute(tabs[0]!);
    await page.getByRole('button', { name: 'Show History' }).click();
    await page.locator('.graphiql-history-item', { hasText: tabs[0]! }).waitFor();
  });

  // Mutation: no styles for narrow windows, where the response is 20 pixels wide.
  test('shows the response below the query in a window of 360 pixels', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await open();
    await click(tabs[3]!);
    await execute(tabs[3]!);
    const query = (await page.locator('.graphiql-query-editor').boundingBox())!;
    const response = (await page.locator('.graphiql-response').boundingBox())!;
    expect(Math.min(query.width, response.width)).toBeGreaterThan(300);
    expect(response.y).toBeGreaterThan(query.y + query.height - 1);
    expect(Math.min(query.height, response.height)).toBeGreaterThan(250);
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    const pane = (await page.locator('.graphiql-plugin').boundingBox())!;
    expect([pane.width > 300, pane.x + pane.width]).toEqual([true, 360]);
  });

  test('sends the headers of the headers editor', async () => {
    await open();
    await page.getByRole('button', { name: 'Headers', exact: true }).click();
    await type('request-headers.json', '{"authorization": "Bearer from-the-editor"}');
    const answered = await execute(tabs[0]!);
    expect(await answered.request().allHeaders()).toMatchObject({ authorization: 'Bearer from-the-editor' });
  });

  test.each([
    ['Query', 'aggregatedCosts'],
    ['CostRow', 'totalCost'],
    ['CostRow', 'share'],
  ])('shows the description of %s.%s in the documentation explorer', async (typeName, fieldName) => {
    const type = createSchema().getType(typeName);
    const description = isObjectType(type) ? type.getFields()[fieldName]?.description : undefined;
    await open();
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.getByRole('combobox').click();
    await page.keyboard.type(fieldName);
    await page.getByRole('option', { name: new RegExp(`^${typeName}\\.${fieldName}`) }).click();
    const shown = page.locator('.graphiql-doc-explorer-content .graphiql-markdown-description').first();
    expect(plain(await shown.innerText())).toBe(plain(description ?? 'no such field'));
  });

  test('completes names while the user types', async () => {
    await open();
    await page.getByRole('button', { name: 'New tab' }).click();
    await type('operation.graphql', '{ aggreg');
    await page.keyboard.press('Control+Space');
    await page.locator('.suggest-widget.visible', { hasText: 'aggregatedCosts' }).waitFor();
    await page.keyboard.press('Enter');
    await editor('operation.graphql').filter({ hasText: 'aggregatedCosts' }).waitFor();
  });

  test('runs only code and workers of the gateway', async () => {
    const workers: string[] = [];
    page.on('worker', (worker) => workers.push(worker.url()));
    await open();
    // The editor's language workers: without them it falls back to the main thread, with a warning.
    await expect.poll(() => workers.length).toBeGreaterThanOrEqual(2);
    expect(workers.every((worker) => worker.startsWith('blob:'))).toBe(true);
    expect(watched.errors).toEqual([]);
    const ran = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "foreign"';
      document.body.append(script);
      return document.title;
    });
    expect(ran).toBe('ScaleOps costs');
    const [complaint, ...others] = watched.takeErrors();
    expect(complaint).toMatch(/Content Security Policy/);
    expect(others).toEqual([]);
  });

  test('is downloaded once: the second request gets 304', async () => {
    await open();
    await open();
    const pages = exchanges.filter(({ request }) => request.method === 'GET');
    expect(pages.map(({ response }) => response.statusCode)).toEqual([200, 304]);
  });
});

describe.skipIf(isSkipped)('a gateway whose callers authenticate', () => {
  /** Opens the page of a gateway, and collects what it sends. */
  async function openPage(env: Record<string, string>) {
    const other = await startStack({ env });
    const chromium = await launchChromium();
    const origin = await other.gateway.listen();
    const context = await openContext(chromium, origin);
    page = await context.newPage();
    url = origin;
    const sent: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (request.method() !== 'POST') return;
      const { query } = JSON.parse(request.postData()!) as { readonly query: string };
      sent.push(/^\s*query (\w+)/m.exec(query)?.[1]);
    });
    await page.goto(`${origin}/graphql`);
    await ready();
    return {
      ...{ sent, received: other.received, errors: context.errors },
      async [Symbol.asyncDispose]() {
        await chromium.close();
        await other[Symbol.asyncDispose]();
      },
    };
  }
  const documentation = () => page.locator('.graphiql-doc-explorer-content', { hasText: 'CostReport' });

  // Mutation: onEditHeaders does not fetch the schema.
  test('shows its documentation as soon as an API key is entered, which then counts in all tabs', async () => {
    await using opened = await openPage({ GATEWAY_AUTH: 'api-key', GATEWAY_API_KEYS: `ui:${TOKEN}` });
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await page.locator('.graphiql-execute-button').click();
    await page.locator('.result-window', { hasText: 'Enter your API key in the Headers editor' }).waitFor();
    expect(opened.sent).toEqual([]);
    await type('request-headers.json', JSON.stringify({ 'x-api-key': TOKEN }));
    await documentation().waitFor();
    await click(tabs[2]!);
    expect(await (await execute(tabs[2]!)).json()).not.toHaveProperty('errors');
    expect(opened).toMatchObject({ sent: ['IntrospectionQuery', tabs[2]], errors: [] });
  });

  test('that forwards tokens shows its documentation without a token, and says how to send one', async () => {
    await using opened = await openPage({ SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' });
    await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
    await documentation().waitFor();
    await page.locator('.graphiql-execute-button').click();
    await page.locator('.result-window', { hasText: 'Enter your ScaleOps token in the Headers editor' }).waitFor();
    await type('request-headers.json', JSON.stringify({ authorization: `Bearer ${TOKEN}` }));
    expect(await (await execute(tabs[0]!)).json()).not.toHaveProperty('errors');
    expect(opened.received.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${TOKEN}`]);
    expect(opened).toMatchObject({ sent: ['IntrospectionQuery', tabs[0]], errors: [] });
  });

  test('with introspection off gets no query for the schema', async () => {
    await using opened = await openPage({ GATEWAY_INTROSPECTION: 'off' });
    expect(await (await execute(tabs[0]!)).json()).not.toHaveProperty('errors');
    expect(opened).toMatchObject({ sent: [tabs[0]], errors: [] });
  });
});

describe.skipIf(isSkipped)('with GRAPHIQL=off', () => {
  test('a browser gets no page', async () => {
    await using plain = await startStack({ env: { GRAPHIQL: 'off' } });
    await using chromium = await launchChromium();
    const other = await chromium.newPage();
    const response = await other.goto(`${await plain.gateway.listen()}/graphql`);
    expect(response?.ok()).toBe(false);
    expect(await response?.headerValue('content-type')).not.toContain('html');
    expect(await response?.text()).not.toMatch(/graphiql|<html/i);
  });
});

/** Waits until the page has fetched and processed the schema. */
async function ready(): Promise<void> {
  await page.locator('.graphiql-execute-button').waitFor();
  await page.locator('.graphiql-query-editor .monaco-editor').waitFor();
  await page.locator('.graphiql-spinner').waitFor({ state: 'detached' });
}

async function open(): Promise<void> {
  const introspected = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.goto(`${url}/graphql`);
  await introspected;
  await ready();
}

/** Clicks on a tab once, and waits until the editor has its query. */
async function click(name: string): Promise<void> {
  const tab = page.getByRole('button', { name, exact: true });
  await tab.scrollIntoViewIfNeeded();
  const { x, y, width, height } = (await tab.boundingBox())!;
  // At a fixed position, like a person. Playwright's click() would follow a tab that moves.
  await page.mouse.move(x + width / 2, y + height / 2);
  await page.mouse.down();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await page.mouse.up();
  await page.locator('.graphiql-tab-active', { hasText: name }).waitFor();
  await editor('operation.graphql').filter({ hasText: name }).waitFor();
}

async function reload() {
  await page.reload();
  await ready();
  return {
    titles: await tabTitles(),
    active: await page.locator('.graphiql-tab-active .graphiql-tab-button').textContent(),
  };
}

const tabTitles = () => page.locator('.graphiql-tab-button').allTextContents();

/** Runs only the operation of that name. */
async function execute(name: string): Promise<Response> {
  const answered = page.waitForResponse(
    (response) => response.request().postData()?.includes(`query ${name}`) === true,
  );
  await page.locator('.graphiql-execute-button').click();
  return answered;
}

const editor = (name: string) => page.locator(`.monaco-editor[data-uri$="${name}"]`);

/** Replaces the text of an editor. */
async function type(name: string, text: string): Promise<void> {
  await editor(name).click();
  await page.keyboard.press('Control+A');
  await page.keyboard.press('Delete');
  // In one piece, like a paste: for typed keys the editor closes brackets itself.
  await page.keyboard.insertText(text);
}

/** A cost above 0, at any depth. */
function hasCosts(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([key, member]) =>
      (['totalCost', 'current', 'values'].includes(key) && [member].flat().some((cost) => Number(cost) > 0)) ||
      hasCosts(member),
  );
}

interface StoredTabs {
  readonly tabs: readonly { readonly title: string }[];
  readonly activeTabIndex: number;
}

interface ErrorResponse {
  readonly errors: readonly { readonly path: unknown; readonly locations: unknown }[];
  readonly data: Readonly<Record<string, unknown>>;
}

/** Without Markdown formatting. */
const plain = (text: string): string => text.replaceAll('`', '').replaceAll(/\s+/g, ' ').trim();
