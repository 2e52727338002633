import type { Outcome } from '../../base/with-timeout.js'
import { selfCount, selfFamily } from '../../base/internal-metrics.js'

/** Why a tick had no run: the process was late, a run with a tick already owed was under way, or one hangs. */
export type SkipReason = 'late' | 'running' | 'stuck'

const runs = selfFamily({
  name: 'tallyscope_task_runs_total',
  description: 'Runs of periodic tasks by result: done, failed, late (over the time-out).',
  type: 'counter',
  unit: '1',
  labelKeys: ['task', 'result'],
})
const runSeconds = selfFamily({
  name: 'tallyscope_task_run_seconds_total',
  description: 'Time that runs of periodic tasks took.',
  type: 'counter',
  unit: 's',
  labelKeys: ['task'],
})
const skipped = selfFamily({
  name: 'tallyscope_task_skipped_ticks_total',
  description: 'Ticks of periodic tasks without a run of their own.',
  type: 'counter',
  unit: '1',
  labelKeys: ['task', 'reason'],
})
const lastSuccess = selfFamily({
  name: 'tallyscope_task_last_success_timestamp_seconds',
  description: 'When a run of the periodic task last ended well, in seconds since 1970.',
  type: 'gauge',
  unit: 's',
  labelKeys: ['task'],
})

export interface TaskCounts {
  ran(result: Outcome['kind'], tookMs: number): void
  skipped(reason: SkipReason, ticks: number): void
  lastSuccess(unixMs: number): void
}

/** The counters of one task about itself; tasks of one name share them. */
export function taskCounts(task: string): TaskCounts {
  return {
    ran: (result, tookMs) => {
      selfCount(runs, task, result).value++
      selfCount(runSeconds, task).value += tookMs / 1_000
    },
    skipped: (reason, ticks) => {
      if (ticks > 0) selfCount(skipped, task, reason).value += ticks
    },
    lastSuccess: (unixMs) => {
      selfCount(lastSuccess, task).value = unixMs / 1_000
    },
  }
}
