// @ts-nocheck The types are those of Node 20, which has no registerHooks.
// Loaded by `--import` into the suites on Node 24: replaces the peers of Node 20 by newer ones.
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { PEERS_24 } from './peers.js'

const folder = process.env.TALLYSCOPE_BENCH_PEERS
if (folder === undefined) throw new Error('TALLYSCOPE_BENCH_PEERS must name the folder with the peers')
const from = pathToFileURL(`${folder}/index.js`).href

/** @type {{ [specifier: string]: string }} */
const RENAMED = {
  'prom-client': '@prometheus-io/client',
  '@opentelemetry/sdk-trace-base': new URL('sdk-trace-base.js', import.meta.url).href,
}

registerHooks({
  resolve(specifier, context, next) {
    const name = RENAMED[specifier] ?? specifier
    if (name in PEERS_24) return next(name, { ...context, parentURL: from })
    return next(name, context)
  },
})
