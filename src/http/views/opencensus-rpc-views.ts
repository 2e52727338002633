import { type Aggregation, count, sum } from '../../stats/views/aggregation.js'
import { OPENCENSUS_BYTES, OPENCENSUS_COUNTS, OPENCENSUS_RPC_MS } from './opencensus-bounds.js'
import type { ReadyMeasure, ReadyView } from './predefined-view.js'

type Side = 'client' | 'server'

function measure(side: Side, name: string, unit: '1' | 'By' | 'ms', description: string): ReadyMeasure {
  return Object.freeze({ name: `grpc.io/${side}/${name}`, unit, description, type: unit === 'ms' ? 'double' : 'int64' })
}

function view(side: Side, of: ReadyMeasure, aggregation: Aggregation, name: string = of.name, byStatus = false): ReadyView {
  const tagKeys = Object.freeze([`grpc_${side}_method`, ...(byStatus ? [`grpc_${side}_status`] : [])])
  return Object.freeze({ name, measure: of, tagKeys, aggregation, description: of.description ?? '' })
}

function bytesAndMessages(side: Side, direction: 'sent' | 'received', what: string): { basic: ReadyView; extra: ReadyView[] } {
  const bytes = measure(side, `${direction}_bytes_per_rpc`, 'By', `Bytes ${direction} in ${what} of one call`)
  const messages = measure(side, `${direction}_messages_per_rpc`, '1', `Messages ${direction} as ${what} of one call`)
  const each = measure(side, `${direction}_messages_per_method`, '1', `Messages ${direction} as ${what}, recorded one by one`)
  const eachBytes = measure(side, `${direction}_bytes_per_method`, 'By', `Bytes ${direction} in ${what}, recorded message by message`)
  const extra = [view(side, messages, OPENCENSUS_COUNTS), view(side, each, count()), view(side, eachBytes, sum())]
  return { basic: view(side, bytes, OPENCENSUS_BYTES), extra }
}

function viewsOf(side: Side): { basic: readonly ReadyView[]; extra: readonly ReadyView[] } {
  const [out, back] = side === 'client' ? (['requests', 'responses'] as const) : (['responses', 'requests'] as const)
  const sent = bytesAndMessages(side, 'sent', out)
  const received = bytesAndMessages(side, 'received', back)
  const serverLatency = measure(side, 'server_latency', 'ms', 'Time from the first byte received to the last sent, on the server')
  const latency =
    side === 'server' ? serverLatency : measure(side, 'roundtrip_latency', 'ms', 'Time from the first byte sent to the last received')
  const started = measure(side, 'started_rpcs', '1', 'Calls that were started, also those that have not completed')
  const basic = [
    sent.basic,
    received.basic,
    view(side, latency, OPENCENSUS_RPC_MS),
    view(side, latency, count(), `grpc.io/${side}/completed_rpcs`, true),
    view(side, started, count()),
  ]
  const extra = [...sent.extra, ...received.extra]
  if (side === 'client') extra.push(view(side, serverLatency, OPENCENSUS_RPC_MS))
  return { basic, extra }
}

const client = viewsOf('client')
const server = viewsOf('server')

/**
 * The default views of the OpenCensus specification for remote procedure calls. This library does not record these measures; programs may.
 * @see https://github.com/census-instrumentation/opencensus-specs/blob/master/stats/gRPC.md
 */
export const openCensusRpcViews: readonly ReadyView[] = Object.freeze([...client.basic, ...server.basic])

/** The additional views of that specification: messages of a call, and counts while it streams. */
export const openCensusRpcExtraViews: readonly ReadyView[] = Object.freeze([...client.extra, ...server.extra])
