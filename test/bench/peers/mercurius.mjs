// Fastify and Mercurius with its query compiler. Without mercurius-cache: it caches resolver results, which are in memory
// here anyway, and made it 5 times slower at 1,000 rows.

import Fastify from 'fastify';
import mercurius from 'mercurius';

import { resolvers, typeDefs } from './schema.mjs';

const app = Fastify();
app.register(mercurius, { schema: typeDefs, resolvers, jit: 1 });
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
