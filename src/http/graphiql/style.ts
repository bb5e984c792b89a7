// Styles of the page that differ from GraphiQL's.

/** Appended to GraphiQL's style sheet. */
export const STYLE = `
/* GraphiQL's tabs keep the offset of an unfinished animation while they lack the focus. A press would move the tab away from the mouse. */
.graphiql-container .graphiql-tab { transform: none !important; }
.graphiql-container .graphiql-session-header { height: auto; align-items: end; }
.graphiql-container .graphiql-tabs { flex-wrap: wrap; row-gap: 0; }
.graphiql-container .graphiql-logo { white-space: nowrap; }
.graphiql-container #graphiql-session { min-height: 0; }
@media (max-width: 1100px) {
  .graphiql-container .graphiql-logo { display: none; }
}
@media (max-width: 700px) {
  .graphiql-container { --sidebar-width: 44px; }
  .graphiql-container .graphiql-sessions { margin: 0; }
  .graphiql-container .graphiql-tabs { flex-wrap: nowrap; }
  /* The response is below the query, and a pane of the sidebar covers both. */
  .graphiql-container #graphiql-session { flex-direction: column; padding: 0; }
  .graphiql-container .graphiql-horizontal-drag-bar { display: none; }
  .graphiql-container .graphiql-editors, .graphiql-container .graphiql-response { min-height: 0; }
  .graphiql-container .graphiql-query-editor { padding: 8px 0; position: relative; }
  .graphiql-container .graphiql-toolbar { position: absolute; right: 12px; bottom: 8px; }
  .graphiql-container .graphiql-toolbar > :not(.graphiql-execute-button) { display: none; }
  .graphiql-container .graphiql-plugin:not([style*="-1000px"]) {
    position: absolute; inset: 0 0 0 var(--sidebar-width); z-index: 10; background: hsl(var(--color-base)); overflow: auto;
  }
}
`;
