import { checkNumber, checkRequiredOptions, givenOptions, type OptionNames, optionNames } from '../../base/check-options.js'
import { type Clock, timerClock } from '../../base/clock.js'
import { exportFailure, retryDelayMs } from '../../base/export-failure.js'
import { checkExporter, type Exporter, isExportedNow } from '../../base/exporter.js'
import type { Logger } from '../../base/logger.js'
import { componentName } from '../../base/strings/inspect-value.js'
import { MAX_TIMER_MS, pause } from '../../base/timer.js'
import { RisingTime } from './rising-time.js'
import { type FamilyExporter, takesFamilies } from '../data/family-exporter.js'
import { snapshotsInSlices } from '../data/snapshot.js'
import { checkProducers, gatherFamilies, gatherNow, type GatherOptions } from './gather.js'
import type { Metric } from '../data/metric.js'
import { PeriodicMetricTask } from './periodic-metric-task.js'
import type { MetricProducer } from '../data/producer.js'

export interface ExportPeriodicallyOptions {
  /** Producers whose metrics are exported. Add `selfMetrics()` for the internal metrics. */
  readonly producers: readonly MetricProducer[]
  /** Sends the metrics. `close()` of the task shuts it down. */
  readonly exporter: Exporter<Metric>
  /** Time between the starts of two exports, in milliseconds, 1 … 2^31 - 1. Default 60 000. */
  readonly intervalMs?: number
  /**
   * Time limit for gathering and exporting together, in milliseconds, 1 … 2^31 - 1. Gathering gets at most half of it, half of the
   * interval, and 10 000. A value longer than the interval is reduced to it, with a warning. Default 30 000, also if the interval is
   * shorter.
   */
  readonly exportTimeoutMs?: number
  /** Name in logs and counters. Default: the class of the exporter. */
  readonly name?: string
  /** Keeps the process alive until the task is closed. Default false. */
  readonly keepAlive?: boolean
  /** Called for failures, at most once a minute. Default: one process warning. */
  readonly logger?: Logger
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<ExportPeriodicallyOptions> = optionNames(
  'producers exporter intervalMs exportTimeoutMs name keepAlive logger clock',
)

/** `exportFamilies` must end this much earlier than its run, because a late run delays the next one. */
const SETTLE_MS = 250

/**
 * Exports the metrics of the producers every interval, beginning one interval from now. If a producer fails, only its own metrics are
 * missing. An export with a retryable error (`ExportError` with `retryable`, network errors) is retried after 1 s, 2 s, … within half of
 * `exportTimeoutMs`, or of the interval if that is shorter. After other errors, the next export is at the next tick.
 *
 * An exporter with `exportFamilies` gets rows instead of snapshots, and retries itself. Other exporters get snapshots, which are made in
 * slices. All points of an export have the same time.
 *
 * `close()` of the task exports once more and shuts down the exporter.
 *
 * @throws {@link DefinitionError} `ERR_INTERVAL`, `ERR_PRODUCER`, `ERR_EXPORTER`.
 * @example
 * const task = exportPeriodically({ producers: [stats], exporter: new FileExporter({ path: 'metrics.jsonl' }) })
 * // … at the end
 * await task.close()
 */
export function exportPeriodically(options: ExportPeriodicallyOptions): PeriodicMetricTask {
  checkRequiredOptions('exportPeriodically', options, OPTIONS)
  const { producers: given, exporter, intervalMs = 60_000, exportTimeoutMs, clock = timerClock, keepAlive, logger } = options
  const { name = componentName(exporter, 'exporter') } = options
  checkProducers(given)
  checkExporter(exporter)
  for (const [key, value] of Object.entries({ intervalMs, exportTimeoutMs })) {
    if (value !== undefined) checkNumber('ERR_INTERVAL', key, value, { min: 1, max: MAX_TIMER_MS })
  }
  const producers = [...given]
  const retryMs = Math.min(intervalMs, exportTimeoutMs ?? 30_000) / 2
  const gathering = { timeoutMs: Math.min(10_000, retryMs), keepAlive: false, clock }
  const times = new RisingTime(name)
  const timeoutMs = exportTimeoutMs === undefined ? 30_000 : Math.min(exportTimeoutMs, intervalMs)
  const exportRows = async (to: FamilyExporter, signal: AbortSignal): Promise<void> => {
    const endsMs = clock.monotonicMs() + timeoutMs - Math.min(SETTLE_MS, timeoutMs / 10)
    const timeUnixMs = times.next(clock.unixMs())
    const isLast = signal.aborted
    const families = await gatherFamilies(producers, gathering)
    await to.exportFamilies(families, { timeUnixMs, timeoutMs: Math.max(endsMs - clock.monotonicMs(), 1), signal, isLast })
  }
  const exportSnapshots = async (ending: AbortSignal): Promise<void> => {
    const timeUnixMs = times.next(clock.unixMs())
    const metrics = await snapshotsInSlices(await gatherFamilies(producers, gathering), timeUnixMs)
    await exportWithRetries(exporter, metrics, { endsInMs: retryMs, clock, ending })
  }
  return new PeriodicMetricTask({
    name,
    intervalMs,
    clock,
    ...givenOptions({ timeoutMs: exportTimeoutMs, keepAlive, logger }),
    run: takesFamilies(exporter) ? (ending) => exportRows(exporter, ending) : exportSnapshots,
    runSync: (isFlushed) => (isFlushed && exporter.exportSync === undefined ? undefined : exportSync(producers, exporter, gathering)),
    onClose: () => exporter.shutdown?.(),
  })
}

/** Exports without waiting, as far as producers and exporter can. Returns a description of what is lost. */
function exportSync(producers: readonly MetricProducer[], exporter: Exporter<Metric>, options: GatherOptions): string | undefined {
  if (takesFamilies(exporter) && exporter.exportSync === undefined) {
    exporter.flushSync?.()
    return 'the metrics are lost: the exporter cannot export without waiting'
  }
  const { metrics, isAll } = gatherNow(producers, options)
  exporter.flushSync?.()
  if (!isExportedNow(exporter, metrics)) return `${metrics.length} metrics are lost: the exporter cannot export without waiting`
  return isAll ? undefined : 'the metrics of some producers are lost: they return promises'
}

interface Retrying {
  /** How long the last retry may wait from now, in milliseconds. */
  readonly endsInMs: number
  readonly clock: Clock
  readonly ending: AbortSignal
}

/** Exports, and retries after retryable errors until `endsInMs` are over or the task is closed. */
async function exportWithRetries(exporter: Exporter<Metric>, metrics: readonly Metric[], retrying: Retrying): Promise<void> {
  const { endsInMs, clock, ending } = retrying
  const endsMs = clock.monotonicMs() + endsInMs
  let rest = metrics
  for (let retry = 0; ; retry++) {
    try {
      return await exporter.export(rest.slice())
    } catch (error) {
      const { isRetryable, isFinal, delivered, retryAfterMs } = exportFailure(error, rest.length)
      const delayMs = retryDelayMs(retry, retryAfterMs, Math.random)
      rest = rest.slice(delivered)
      if (isFinal || !isRetryable || ending.aborted || clock.monotonicMs() + delayMs > endsMs) throw error
      await pause(delayMs, clock, ending)
    }
  }
}
