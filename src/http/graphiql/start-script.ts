// The script that starts GraphiQL in the browser: it sends operations, asks for a credential once, and keeps the tabs.

/** Defines `start(options)`: JavaScript that finds YogaGraphiQL in its scope. */
export const START_SCRIPT = String.raw`
function start({ title, icon, examples, credential, introspection }) {
  const refetchAfterMs = 300;
  const headers = credential === null ? undefined : JSON.stringify({ [credential.header]: credential.value }, null, 2);
  const tabs = examples.map((example) => ({ ...example, headers }));
  const hasPlaceholder = (value) => value.includes(credential.value.split(' ').at(-1));
  /** The header with the credential that was entered in any tab. It stays in memory. */
  let entered;
  let hasSchema = false;

  function noticeCredential(headers) {
    const names = ['x-api-key', 'authorization'];
    const found = names.find((name) => headers.has(name) && !hasPlaceholder(headers.get(name)));
    if (found !== undefined) entered = [found, headers.get(found)];
  }

  /** Whether the headers have what the gateway asks for. */
  function completeHeaders(headers, isIntrospection) {
    if (credential === null) return true;
    noticeCredential(headers);
    if (entered === undefined) return isIntrospection && credential.allowsIntrospection;
    headers.delete(credential.header);
    headers.set(...entered);
    return true;
  }

  // The query goes out as it was typed, so that the locations of errors are those in the editor. With application/json an
  // invalid query is no error of HTTP, which the browser would report on its console.
  async function send({ query, variables, operationName }, options) {
    const isIntrospection = operationName === 'IntrospectionQuery';
    const headers = new Headers(options?.headers);
    if (!completeHeaders(headers, isIntrospection)) {
      const message = 'Enter your ' + credential.name + ' in the Headers editor. All tabs use it, until the page is closed.';
      return { data: null, errors: [{ message }] };
    }
    headers.set('content-type', 'application/json');
    headers.set('accept', 'application/json');
    // A POST makes a browser drop what it caches of the same URL (RFC 9111, section 4.4), which is the page itself.
    // For a moment after a click on a tab, GraphiQL sends the query of the new tab with the operation of the old one.
    const isDefined = new RegExp('query\\s+' + operationName + '\\b').test(query);
    const body = JSON.stringify({ query, variables, operationName: isDefined ? operationName : undefined });
    const response = await fetch('?graphiql', { method: 'POST', headers, body });
    const result = await response.json().catch(() => undefined);
    if (isIntrospection && result?.data) hasSchema = true;
    return result ?? { data: null, errors: [{ message: 'HTTP status ' + response.status + ', without JSON.' }] };
  }

  let timer;
  function onEditHeaders(text) {
    clearTimeout(timer);
    if (credential === null || hasSchema || !introspection) return;
    timer = setTimeout(() => {
      const before = String(entered);
      try {
        noticeCredential(new Headers(JSON.parse(text)));
      } catch {
        // Not complete yet.
      }
      if (String(entered) !== before) document.querySelector('[aria-label^="Re-fetch GraphQL schema"]')?.click();
    }, refetchAfterMs);
  }

  /** GraphiQL opens the stored tab with the stored query, or adds one. */
  function restoreTabs() {
    const stored = JSON.parse(localStorage.getItem('graphiql:tabState'));
    if (stored === null) return;
    const active = stored.tabs[stored.activeTabIndex];
    const kept = stored.tabs.filter((tab) => tab === active || tab.query);
    const missing = examples.filter(({ name }) => kept.every((tab) => tab.operationName !== name));
    const added = missing.map(({ name, query, variables = null }) => {
      return { id: name, title: name, operationName: name, query, variables, headers: null, response: null };
    });
    const state = { tabs: [...kept, ...added], activeTabIndex: kept.indexOf(active) };
    localStorage.setItem('graphiql:tabState', JSON.stringify(state));
    localStorage.setItem('graphiql:query', active.query ?? '');
    localStorage.setItem('graphiql:variables', active.variables ?? '');
    // GraphiQL writes the query into the URL a moment late: at a reload it may be that of another tab.
    if (performance.getEntriesByType('navigation')[0]?.type === 'reload') history.replaceState({}, '', location.pathname);
  }

  try {
    restoreTabs();
  } catch {
    // GraphiQL works without what the browser stores, or with what it makes of it.
  }
  const linkedQuery = new URL(location.href).searchParams.get('query');
  YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
    title,
    logo: '<img alt="" width="24" src="' + icon + '" />',
    fetcher: send,
    defaultTabs: linkedQuery === null ? tabs : [{ query: linkedQuery, headers }, ...tabs],
    headers,
    onEditHeaders,
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: credential === null ? innerWidth > 700 : 'headers',
    // GraphiQL's own, which are the documentation and the history.
    plugins: undefined,
    // With null GraphiQL does not ask for it.
    schema: introspection ? undefined : null,
  });
}
`;
