// Apollo Server, stand-alone. ANSWER_CACHE=on enables its response cache.

import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginCacheControl } from '@apollo/server/plugin/cacheControl';
import { startStandaloneServer } from '@apollo/server/standalone';
import responseCachePlugin from '@apollo/server-plugin-response-cache';

import { resolvers, typeDefs } from './schema.mjs';

const plugins =
  process.env.ANSWER_CACHE === 'on'
    ? [ApolloServerPluginCacheControl({ defaultMaxAge: 3600, calculateHttpHeaders: false }), responseCachePlugin()]
    : [];
await startStandaloneServer(new ApolloServer({ typeDefs, resolvers, plugins }), {
  listen: { port: Number(process.env.PORT), host: '127.0.0.1' },
});
