# syntax=docker/dockerfile:1
FROM node:26-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Neither the embedded PostgreSQL nor a second Node.js belongs into the image: both are optional packages.
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:26-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY . .
RUN mkdir -p node_modules/.cache && chown node:node node_modules/.cache
USER node
# Modules are compiled once, here and by the user who will run them: the image's files cannot be written later.
RUN ["node", "--import", "./src/start/compile-cache.mjs", "--eval", "await import('./src/start/service.ts')"]
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
CMD ["node", "--max-semi-space-size=16", "--max-old-space-size=768", "--no-concurrent-recompilation", "--import", "./src/start/compile-cache.mjs", "src/main.ts"]
