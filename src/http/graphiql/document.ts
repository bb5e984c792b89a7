// The HTML document of GraphiQL: one text with all its code inside, so that it works where no other host can be reached.

import { EXAMPLE_TABS } from './examples.js';
import { START_SCRIPT } from './start-script.js';
import { STYLE } from './style.js';

export interface GraphiQLSettings {
  readonly access: 'none' | 'forward' | 'api-key' | 'jwt';
  /** Without introspection there is no documentation and no completion. */
  readonly introspection: boolean;
}

/** What callers must send, as the start script takes it. `value` fills the headers editor until it is replaced. */
const CREDENTIALS = {
  none: null,
  // ScaleOps checks the token, and the schema is no secret of ScaleOps: any token shows the documentation.
  forward: {
    header: 'authorization',
    value: 'Bearer YOUR-SCALEOPS-TOKEN',
    name: 'ScaleOps token',
    allowsIntrospection: true,
  },
  jwt: { header: 'authorization', value: 'Bearer YOUR-TOKEN', name: 'token', allowsIntrospection: false },
  'api-key': { header: 'x-api-key', value: 'YOUR-KEY', name: 'API key', allowsIntrospection: false },
} as const;

const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="8" fill="#2463eb"/><path d="M4 12V8h2v4zm3 0V4h2v8zm3 0V6h2v6z" fill="#fff"/></svg>',
)}`;

const HEAD = '<meta charset="utf-8" />';
const STYLE_END = '</style>';
const START = 'YogaGraphiQL.renderYogaGraphiQL(';

export async function renderDocument({ access, introspection }: GraphiQLSettings): Promise<string> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({ title: 'ScaleOps costs', favicon: ICON });
  const places = [html.indexOf(HEAD), html.indexOf(STYLE_END), html.lastIndexOf(START)] as const;
  if (Math.min(...places) < 0) throw new Error('The document of render-graphiql has changed.');
  const [head, styleEnd, start] = places;
  const options = {
    title: 'ScaleOps costs',
    icon: ICON,
    examples: EXAMPLE_TABS,
    credential: CREDENTIALS[access],
    introspection,
  };
  return [
    html.slice(0, head),
    `${HEAD}<meta name="viewport" content="width=device-width, initial-scale=1" />`,
    withoutTextFonts(html.slice(head + HEAD.length, styleEnd)),
    STYLE,
    html.slice(styleEnd, start),
    // In place of the call of YogaGraphiQL, at the end of its script.
    `${START_SCRIPT}\nstart(${JSON.stringify(options).replaceAll('<', '\\u003c')});\n</script></body></html>\n`,
  ].join('');
}

/** Text fonts are 17 % of the page, and every system has some. The icon font is there twice, and its last copy counts. */
function withoutTextFonts(head: string): string {
  const fonts = /@font-face\s*\{[^}]*\}/g;
  const icons = head.match(fonts)?.filter((font) => font.includes('codicon')) ?? [];
  return head.replaceAll(fonts, (font) => (font === icons.at(-1) ? font : ''));
}
