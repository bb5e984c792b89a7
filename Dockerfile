# The image of the gateway: compiled in one stage, what it needs to run installed in another, and of both nothing but
# the result in the last. test/docker.test.ts runs these very steps, so keep to plain COPY, RUN, ENV and exec forms.

# Node 26 is the newest line with long-term support. Debian and not Alpine: Node's own builds, and what CI tests, are
# glibc; those for musl are unofficial.
FROM node:26-slim AS base
WORKDIR /app
COPY package.json package-lock.json ./

FROM base AS build
# No package needs a script of its own to be installed, and none gets to run one.
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
  org.opencontainers.image.version="0.1.0"
# Nothing is installed at run time, and who breaks in finds nothing to install with. What is not there is no fault: newer
# base images have fewer of these.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
  /usr/local/bin/yarn /usr/local/bin/yarnpkg /opt/yarn-*
WORKDIR /app
# Beyond the container's own loopback, or no published port would reach it.
ENV NODE_ENV=production HOST=0.0.0.0
COPY package.json ./
COPY --from=production /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# The user `node` of the base image, as a number: Kubernetes' runAsNonRoot cannot tell who a name is.
USER 1000:1000
EXPOSE 4000
# Alive, not ready: a gateway that is finishing its last answers must not be restarted for it.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/health/live`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The exec form: a shell in between would keep SIGTERM to itself. The gateway ends on it also as the first process, starts
# no other, and writes no file: the root file system may be read-only.
# Without the first V8 looks through all of its heap once some 10 MiB of reports and answers were made beside it, which takes
# a third of the time of a cold report of 1,000 rows; it then has 100 MiB. Without the second it makes some short-lived
# objects where the long-lived ones are, and these hold on to all else of their request: an eighth of a new question.
CMD ["node", "--initial-old-space-size=128", "--no-allocation-site-pretenuring", "dist/main.js"]
