import { posix } from 'node:path'
import type { MetricDescriptor } from '../metrics/data/metric.js'
import { type Collector, exact, merged, type AddValue } from './collector.js'
import type { SystemFiles } from './system-file.js'

const ROOT = '/sys/fs/cgroup'

/**
 * Memory and CPU limits of the container or other cgroup of version 2. No metrics if there is none.
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export class CgroupCollector implements Collector {
  readonly name = 'cgroup'
  /** Merged by `max`, because all processes of a container report the same. */
  readonly descriptors: readonly MetricDescriptor[] = [
    exact('process_cgroup_memory_limit_bytes', 'Memory that the container may use, in bytes. Absent if there is no limit.', 'By'),
    exact('process_cgroup_memory_usage_bytes', 'Memory that the container uses, in bytes.', 'By'),
    exact('process_cgroup_cpu_limit_cores', 'Processors that the container may use. Absent if there is no limit.', '1'),
    exact(
      'process_cgroup_cpu_throttled_seconds_total',
      'Time that the container was kept from running by its limit.',
      's',
      'CUMULATIVE_DOUBLE',
    ),
    exact(
      'process_cgroup_cpu_throttled_periods_total',
      'Periods in which the container was kept from running by its limit.',
      '1',
      'CUMULATIVE_DOUBLE',
    ),
  ].map((descriptor) => merged('max', descriptor))
  readonly #files: SystemFiles
  /** The folders from the cgroup of the process up to the root. The limits of all of them apply. */
  #folders: readonly string[] | undefined

  constructor(files: SystemFiles) {
    this.#files = files
  }

  collect(add: AddValue): void {
    this.#folders ??= this.#findFolders()
    const [own] = this.#folders
    if (own === undefined) return
    const memory = this.#least((folder) => numberOf(this.#files.read(`${folder}/memory.max`)))
    if (memory !== undefined) add('process_cgroup_memory_limit_bytes', memory)
    const usage = numberOf(this.#files.read(`${own}/memory.current`))
    if (usage !== undefined) add('process_cgroup_memory_usage_bytes', usage)
    const cores = this.#least((folder) => coresOf(this.#files.read(`${folder}/cpu.max`)))
    if (cores !== undefined) add('process_cgroup_cpu_limit_cores', cores)
    const stat = this.#files.read(`${own}/cpu.stat`) ?? ''
    const throttled = /^throttled_usec (\d+)$/m.exec(stat)
    if (throttled !== null) add('process_cgroup_cpu_throttled_seconds_total', Number(throttled[1]) / 1e6)
    const periods = /^nr_throttled (\d+)$/m.exec(stat)
    if (periods !== null) add('process_cgroup_cpu_throttled_periods_total', Number(periods[1]))
  }

  #findFolders(): readonly string[] {
    const own = /^0::(\/.*)$/m.exec(this.#files.read('/proc/self/cgroup') ?? '')
    if (own === null || this.#files.read(`${ROOT}/cgroup.controllers`) === undefined) return []
    const folders: string[] = []
    for (let folder = posix.join(ROOT, own[1]!); folder.startsWith(ROOT); folder = posix.dirname(folder))
      folders.push(folder.replace(/\/$/, ''))
    // In a container the path may be that of the host, which does not exist here. The root is then the container's own cgroup.
    return folders.filter((folder) => this.#files.read(`${folder}/cgroup.controllers`) !== undefined)
  }

  #least(limitOf: (folder: string) => number | undefined): number | undefined {
    const limits = this.#folders!.flatMap((folder) => limitOf(folder) ?? [])
    return limits.length === 0 ? undefined : Math.min(...limits)
  }
}

function numberOf(text: string | undefined): number | undefined {
  const number = Number(text?.trim() || Number.NaN) // NaN for `max`, which means no limit
  return Number.isFinite(number) ? number : undefined
}

/** Parses `quota period`, in microseconds. */
function coresOf(text: string | undefined): number | undefined {
  const [quota, period] = (text ?? '').trim().split(' ').map(Number) as [number, number?]
  return Number.isFinite(quota) && period !== undefined && period > 0 ? quota / period : undefined
}
