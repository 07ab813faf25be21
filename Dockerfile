# Multi-stage: the image that runs has neither compiler nor tests, and no root.
FROM node:20.20-bookworm-slim AS build
WORKDIR /zone
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --no-audit --no-fund --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npx tsc -p tsconfig.build.json

FROM node:20.20-bookworm-slim AS dependencies
WORKDIR /zone
COPY package.json package-lock.json .npmrc ./
# The embedded PostgreSQL is for trying out without Docker; here the database is a server.
RUN npm install --no-save --omit=dev --omit=optional --no-audit --no-fund --ignore-scripts

FROM node:20.20-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 ZONE_HOME=/var/lib/zone
WORKDIR /zone
RUN mkdir -p /var/lib/zone && chown node:node /var/lib/zone
COPY --from=dependencies /zone/node_modules node_modules
COPY --from=build /zone/dist dist
COPY package.json ./
COPY schema schema
COPY seeds seeds
USER node
VOLUME /var/lib/zone
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:4000/health').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=64", "dist/main.js", "serve"]
