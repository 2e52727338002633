import type { Environment, VariableProblem } from '../../base/resource.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { parseWholeNumber } from '../parse-whole-number.js'
import { MAX_TIMER_MS } from '../../base/timer.js'
import type { AsyncTransportOptions } from './async-transport-options.js'

/** Options from environment variables, and the variables with problems. */
export interface BatchReading {
  readonly options: Pick<AsyncTransportOptions, 'waitPeriodMs' | 'exportTimeoutMs' | 'maxQueueSize' | 'maxBatchSize'>
  readonly problems: readonly VariableProblem[]
}

const MAX_ITEMS = 10_000_000

/** Variables of OpenTelemetry's batch span processor, with the minimum and the maximum of each. */
const VARIABLES = {
  waitPeriodMs: ['OTEL_BSP_SCHEDULE_DELAY', 0, MAX_TIMER_MS],
  exportTimeoutMs: ['OTEL_BSP_EXPORT_TIMEOUT', 1, MAX_TIMER_MS],
  maxQueueSize: ['OTEL_BSP_MAX_QUEUE_SIZE', 1, MAX_ITEMS],
  maxBatchSize: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 1, MAX_ITEMS],
} as const

/**
 * Reads the options of an {@link AsyncTransport} from OpenTelemetry's variables of the batch span processor: `OTEL_BSP_SCHEDULE_DELAY`,
 * `OTEL_BSP_EXPORT_TIMEOUT`, `OTEL_BSP_MAX_QUEUE_SIZE` and `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`. Empty variables are ignored. Values that are
 * not whole numbers in range are reported and have no effect. A batch size above the queue size is reported and reduced to it.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/#batch-span-processor
 */
export function batchOptionsFromEnvironment(env: Environment): BatchReading {
  const problems: VariableProblem[] = []
  const options: { -readonly [name in keyof BatchReading['options']]: BatchReading['options'][name] } = {}
  for (const [name, [variable, min, max]] of Object.entries(VARIABLES)) {
    const text = env[variable]?.trim() ?? ''
    if (text === '') continue
    const number = parseWholeNumber(text, min, max)
    if (number !== undefined) options[name as keyof typeof VARIABLES] = number
    else problems.push({ variable, problem: `it must be a whole number from ${min} to ${max}: it is ${inspectValue(text)}` })
  }
  const { maxBatchSize = 1, maxQueueSize = MAX_ITEMS } = options
  if (maxBatchSize > maxQueueSize) {
    options.maxBatchSize = maxQueueSize
    const problem = `it must be at most OTEL_BSP_MAX_QUEUE_SIZE, ${maxQueueSize}, which is used: it is ${maxBatchSize}`
    problems.push({ variable: 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', problem })
  }
  return { options, problems }
}
