import { internalCount, internalCounter, mergedGauge } from '../../base/internal-metrics.js'

/** Why a tick had no run: `late` if the process was late, `running` if a run and a due tick were pending, `stuck` if a run hangs. */
export type SkipReason = 'late' | 'running' | 'stuck'

const runs = internalCounter(
  'tallyscope_task_runs_total',
  'Runs of periodic tasks by result: done, failed, or late if the time-out was exceeded.',
  'task',
  'result',
)
const runSeconds = internalCounter('tallyscope_task_run_seconds_total', 'Time that runs of periodic tasks took.', 'task')
const skipped = internalCounter('tallyscope_task_skipped_ticks_total', 'Ticks of periodic tasks without a run.', 'task', 'reason')
const lastSuccess = mergedGauge(
  'max',
  'tallyscope_task_last_success_timestamp_seconds',
  'When a run of the periodic task last succeeded, in seconds since 1970.',
  'task',
)

/** Counts a run; `late` if it exceeded its time-out. */
export function countRun(task: string, result: 'done' | 'failed' | 'late', tookMs: number): void {
  internalCount(runs, task, result).value++
  internalCount(runSeconds, task).value += tookMs / 1_000
}

export function countSkippedTicks(task: string, reason: SkipReason, ticks: number): void {
  if (ticks > 0) internalCount(skipped, task, reason).value += ticks
}

export function setLastSuccess(task: string, unixMs: number): void {
  internalCount(lastSuccess, task).value = unixMs / 1_000
}
