import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

// Tests that look at time or start other programs: afterwards and one file at a time, since what runs beside would be measured too.
const MEASURING = [
  'test/bench/**/*.test.ts',
  'test/prometheus-real/**/*.test.ts',
  'test/**/*-under-load.test.ts',
  'test/**/*-process.test.ts',
]

export default defineConfig({
  oxc: { include: /\.([cm]?ts|[jt]sx)$/ }, // .cts too, which is left out by default
  resolve: {
    alias: [
      { find: /^tallyscope$/, replacement: source('index.ts') },
      { find: /^tallyscope\/prometheus$/, replacement: source('exporters/prometheus/index.ts') },
      { find: /^tallyscope\/testing$/, replacement: source('testing/index.ts') },
      {
        find: /^tallyscope\/(fastify|http-server|http-client|opentracing|prom-client|logging|auto)$/,
        replacement: source('integrations/$1/index.ts'),
      },
    ],
  },
  test: {
    reporters: process.env.CI ? ['default', 'json'] : ['default'],
    outputFile: { json: '.run/vitest.json' },
    expect: { poll: { timeout: 10_000 } }, // what a busy machine does late is done all the same
    coverage: { include: ['src/**/*.ts'], reporter: ['text-summary', 'json-summary'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'side by side',
          include: ['test/**/*.test.ts'],
          exclude: MEASURING,
          execArgv: ['--expose-gc'],
          testTimeout: 120_000, // a test that hangs fails in any case, a slow machine should not
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'one by one',
          include: MEASURING,
          execArgv: ['--expose-gc'],
          testTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
