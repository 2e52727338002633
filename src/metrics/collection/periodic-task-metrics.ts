import { internalCount, internalCounter, mergedGauge } from '../../base/internal-metrics.js'

/** Why a tick had no run: the process was late, a run with a tick already owed was under way, or one hangs. */
export type SkipReason = 'late' | 'running' | 'stuck'

const runs = internalCounter(
  'tallyscope_task_runs_total',
  'Runs of periodic tasks by result: done, failed, late (over the time-out).',
  'task',
  'result',
)
const runSeconds = internalCounter('tallyscope_task_run_seconds_total', 'Time that runs of periodic tasks took.', 'task')
const skipped = internalCounter(
  'tallyscope_task_skipped_ticks_total',
  'Ticks of periodic tasks without a run of their own.',
  'task',
  'reason',
)
const lastSuccess = mergedGauge(
  'max',
  'tallyscope_task_last_success_timestamp_seconds',
  'When a run of the periodic task last ended well, in seconds since 1970.',
  'task',
)

/** How a run ended; `late` is over the time-out. */
export type RunResult = 'done' | 'failed' | 'late'

export interface PeriodicTaskMetrics {
  ran(result: RunResult, tookMs: number): void
  skipped(reason: SkipReason, ticks: number): void
  lastSuccess(unixMs: number): void
}

/** The counters of one task about itself; tasks of one name share them. */
export function periodicTaskMetrics(task: string): PeriodicTaskMetrics {
  return {
    ran: (result, tookMs) => {
      internalCount(runs, task, result).value++
      internalCount(runSeconds, task).value += tookMs / 1_000
    },
    skipped: (reason, ticks) => {
      if (ticks > 0) internalCount(skipped, task, reason).value += ticks
    },
    lastSuccess: (unixMs) => {
      internalCount(lastSuccess, task).value = unixMs / 1_000
    },
  }
}
