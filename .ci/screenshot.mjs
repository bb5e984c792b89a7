// Takes the picture of the README, schema/graphiql.png: GraphiQL in the demo, with a query and its answer. It needs
// Chromium, from /usr/bin or CHROMIUM.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const QUERY = `# Cost by team; null is without a team
query CostByTeam {
  workloadCosts(filter: { last: "30d" }) {
    breakdown(by: [{ label: "team" }], first: 3) {
      groupCount
      groups {
        keys {
          value
        }
        share
        totals {
          totalCost
        }
      }
      others {
        totalCost
      }
    }
  }
}
`;

const demo = spawn(process.execPath, ['dist/main.js', '--demo'], {
  env: { ...process.env, PORT: '0' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
try {
  const [line] = await once(createInterface(demo.stdout), 'line');
  const [url] = /http\S+/.exec(line);
  const page = await browser.newPage({ viewport: { width: 1280, height: 680 } });
  await page.goto(`${url}?query=${encodeURIComponent(QUERY)}`);
  await page.locator('.graphiql-query-editor .monaco-editor').waitFor();
  await page.locator('.graphiql-spinner').waitFor({ state: 'detached' });
  await page.locator('.graphiql-execute-button').click();
  await page.locator('.result-window', { hasText: '"breakdown"' }).waitFor();
  // The tab takes the name of the operation at the first edit.
  await page.locator('.graphiql-query-editor .monaco-editor').click();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText(' ');
  await page.locator('.graphiql-tab-active', { hasText: 'CostByTeam' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+Home');
  // The caret blinks, and the button has a tooltip: neither belongs in the picture.
  await page.addStyleTag({
    content: '.cursor, [data-radix-popper-content-wrapper] { visibility: hidden !important; }',
  });
  await page.mouse.move(640, 678);
  await page.screenshot({ path: 'schema/graphiql.png' });
} finally {
  await browser.close();
  demo.kill('SIGTERM');
}
