import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

export default defineConfig({
  oxc: { include: /\.([cm]?ts|[jt]sx)$/ }, // .cts too, which is left out by default
  resolve: {
    alias: [
      { find: /^tallyscope$/, replacement: source('index.ts') },
      { find: /^tallyscope\/prometheus$/, replacement: source('exporters/prometheus/index.ts') },
      { find: /^tallyscope\/testing$/, replacement: source('testing/index.ts') },
      { find: /^tallyscope\/(fastify|http-client|opentracing|prom-client|logging|auto)$/, replacement: source('integrations/$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    execArgv: ['--expose-gc'],
    testTimeout: 30_000,
    reporters: process.env.CI ? ['default', 'json'] : ['default'],
    outputFile: { json: '.run/vitest.json' },
    coverage: { include: ['src/**/*.ts'], reporter: ['text-summary', 'json-summary'] },
  },
})
