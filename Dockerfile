# The image of the gateway: compiled in one stage, production dependencies installed in another, and only the results of
# both in the last. test/project/docker.test.ts parses and runs these steps, so use plain COPY, RUN, ENV and exec forms only.

# Node 26 is the newest line with long-term support. Debian and not Alpine: Node's official builds, which CI tests, need
# glibc; those for musl are unofficial.
FROM node:26-slim AS base
WORKDIR /app
COPY package.json package-lock.json ./

FROM base AS build
# No package needs an install script, and none gets to run one.
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

FROM base AS production
RUN npm ci --omit=dev --ignore-scripts

FROM node:26-slim
# `version` is that of package.json; a test compares them.
LABEL org.opencontainers.image.title="scaleops-cost-gateway" \
  org.opencontainers.image.description="A GraphQL gateway in front of the ScaleOps cost reports" \
  org.opencontainers.image.version="0.2.0"
# Nothing is installed at run time, so an attacker finds no package manager. Missing files are no error: newer base images
# have fewer of these.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
  /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-*
WORKDIR /app
# The container's own loopback would not be reachable through a published port. Without the settings of malloc glibc keeps
# freed memory of large reports: the peak of five cold reports of 75 MB is 457 instead of 511 MiB.
ENV NODE_ENV=production HOST=0.0.0.0 \
  MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072
COPY package.json ./
COPY --from=production /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# The user `node` of the base image, as a number: runAsNonRoot of Kubernetes cannot check a name.
USER 1000:1000
EXPOSE 4000
# Liveness, not readiness: a gateway that finishes its last requests must not be restarted.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The exec form: a shell would not pass SIGTERM on. The gateway handles it as process 1, starts no other process, and
# writes no file, so the root file system may be read-only.
# V8 collects its old generation when it outgrows an initial size of some 10 MiB. With 128 MiB a cold report of 10,000 rows
# takes a quarter less CPU (npm run bench -- cold large).
CMD ["node", "--initial-old-space-size=128", "dist/main.js"]
