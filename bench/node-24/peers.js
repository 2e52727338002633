// @ts-check
// The peers that need a newer Node than 20. `bench/main.js --node=24` installs them and measures against them.

/** What is installed, and the exact versions. */
export const PEERS_24 = {
  '@prometheus-io/client': '0.16.1',
  '@opentelemetry/api': '1.10.0',
  '@opentelemetry/core': '3.1.1',
  '@opentelemetry/sdk-metrics': '3.1.1',
  '@opentelemetry/sdk-trace': '3.1.1',
  '@opentelemetry/exporter-prometheus': '0.301.0',
  '@opentelemetry/context-async-hooks': '3.1.1',
}

/** The suites that have peers there; the others measure the same on each version. */
export const SUITES_24 = ['record', 'views', 'trace', 'propagation', 'scrape', 'first scrape']
