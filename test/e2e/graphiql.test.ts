// GraphiQL in a real Chromium whose only network access is the gateway. The gateway's own server, in this process, records
// requests and responses of the page.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { isObjectType, Kind, parse, type DefinitionNode } from 'graphql';
import type { Browser, Page, Response } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from 'vitest';

import { createSchema } from '../../src/graphql/schema.js';
import { EXAMPLE_TABS } from '../../src/http/graphiql/examples.js';
import { findChromium, launchChromium, openContext, type WatchedContext } from '../kit/browser.js';
import { startStack, TOKEN, type TestStack } from '../kit/gateway.js';

// In CI a missing Chromium is a failure of launchChromium().
const isSkipped = findChromium() === undefined && process.env.CI === undefined;
if (isSkipped) console.warn('GraphiQL is not tested: no Chromium. Install one, or set CHROMIUM to where it is.');

const tabs = EXAMPLE_TABS.map(({ query }) => nameOf(parse(query).definitions[0]));

function nameOf(definition: DefinitionNode | undefined): string {
  return definition?.kind === Kind.OPERATION_DEFINITION ? (definition.name?.value ?? '') : '';
}

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
    const { foreignRequests, complaints } = watched;
    await watched[Symbol.asyncDispose]();
    expect({ foreignRequests, complaints }).toEqual({ foreignRequests: [], complaints: [] });
  });

  test('opens from the path /, with the examples as tabs', async () => {
    const response = await page.goto(url);
    expect(page.url()).toBe(`${url}/graphql`);
    expect(response?.headers()['content-encoding']).toBe('gzip');
    expect(await page.title()).toBe('ScaleOps costs');
    await ready();
    expect(await page.locator('.graphiql-tab-button').allTextContents()).toEqual(tabs);
    expect(exchanges.map(({ request }) => `${request.method} ${request.url}`)).toEqual([
      'GET /',
      'GET /graphql',
      // The introspection query of the page.
      expect.stringMatching(/^POST \/graphql\b/),
    ]);
  });

  test.each(tabs)('runs the example %s, which shows rows and no errors', async (name) => {
    await open();
    await select(name);
    const answer = (await (await execute(name)).json()) as { data: Record<string, unknown>; errors?: unknown };
    expect(answer.errors).toBeUndefined();
    expect(Object.keys(answer.data)).not.toEqual([]);
    for (const [field, value] of Object.entries(answer.data)) expect(hasRows(value), field).toBe(true);
    const [firstField = ''] = Object.keys(answer.data);
    await page.locator('.result-window', { hasText: `"${firstField}"` }).waitFor();
    await page.locator('.graphiql-tab-active', { hasText: name }).waitFor();
  });

  test('sends the headers of the headers editor', async () => {
    await open();
    await page.getByRole('button', { name: 'Headers', exact: true }).click();
    await type('request-headers.json', '{"authorization": "Bearer from-the-editor"}');
    await execute(tabs[0]!);
    expect(exchanges.at(-1)?.request.headers).toMatchObject({ authorization: 'Bearer from-the-editor' });
  });

  test.each([
    ['Query', 'aggregatedCosts'],
    ['CostRow', 'totalCost'],
    ['CostRow', 'share'],
  ])('explains %s.%s in the documentation explorer, in the words of the schema', async (typeName, fieldName) => {
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

  test('runs no code or worker except its own', async () => {
    const workers: string[] = [];
    page.on('worker', (worker) => workers.push(worker.url()));
    await open();
    // The editor's language workers: without them it falls back to the main thread, with a warning.
    await expect.poll(() => workers.length).toBeGreaterThanOrEqual(2);
    expect(workers.every((worker) => worker.startsWith('blob:'))).toBe(true);
    expect(watched.complaints).toEqual([]);
    const ran = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'document.title = "foreign"';
      document.body.append(script);
      return document.title;
    });
    expect(ran).toBe('ScaleOps costs');
    const [complaint, ...others] = watched.forget();
    expect(complaint).toMatch(/Content Security Policy/);
    expect(others).toEqual([]);
  });

  test('is sent once: the second request gets 304', async () => {
    await open();
    await open();
    const pages = exchanges.filter(({ request }) => request.method === 'GET');
    expect(pages.map(({ response }) => response.statusCode)).toEqual([200, 304]);
  });
});

describe.skipIf(isSkipped)('with SCALEOPS_AUTH=forward', () => {
  test('the documentation works without a token, and the headers editor has a line for the token', async () => {
    await using forward = await startStack({ env: { SCALEOPS_AUTH: 'forward', SCALEOPS_TOKEN: '' } });
    await using chromium = await launchChromium();
    page = await chromium.newPage();
    const introspected = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.goto(`${await forward.gateway.listen()}/graphql`);
    expect((await introspected).status()).toBe(200);
    await ready();
    const refused = (await (await execute(tabs[0]!)).json()) as { errors: { extensions: { code: string } }[] };
    expect(refused.errors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
    await page.getByRole('button', { name: 'Headers', exact: true }).click();
    await type('request-headers.json', JSON.stringify({ authorization: `Bearer ${TOKEN}` }));
    expect(await (await execute(tabs[0]!)).json()).not.toHaveProperty('errors');
    expect(forward.received.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer YOUR-SCALEOPS-TOKEN',
      `Bearer ${TOKEN}`,
    ]);
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

/** Selects a tab, and waits until GraphiQL has processed its operation, a moment after it is shown. */
async function select(name: string): Promise<void> {
  if (name === tabs[0]) return;
  // By keyboard: a mouse click is lost while tabs still move into place.
  await page.getByRole('button', { name, exact: true }).press('Enter');
  const query = EXAMPLE_TABS[tabs.indexOf(name)]?.query;
  await page.waitForFunction((text) => localStorage.getItem('graphiql:query') === text, query);
}

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

/** A list of objects, at any depth. */
function hasRows(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.length > 0 && typeof value[0] === 'object';
  return Object.values(value).some(hasRows);
}

/** Without Markdown formatting. */
const plain = (text: string): string => text.replaceAll('`', '').replaceAll(/\s+/g, ' ').trim();
