import type { MetricDescriptor } from '../metrics/data/metric.js'
import { type Collector, exact, merged, type AddValue } from './collector.js'
import type { SystemFiles } from './system-file.js'

const MEMORY = {
  process_resident_memory_bytes: 'VmRSS',
  process_virtual_memory_bytes: 'VmSize',
  process_heap_bytes: 'VmData',
} as const

/** CPU time, memory, file descriptors and start time of the process. */
export class ProcessCollector implements Collector {
  readonly name = 'process'
  readonly descriptors: readonly MetricDescriptor[] = [
    exact('process_cpu_user_seconds_total', 'Total user CPU time spent in seconds.', 's', 'CUMULATIVE_DOUBLE'),
    exact('process_cpu_system_seconds_total', 'Total system CPU time spent in seconds.', 's', 'CUMULATIVE_DOUBLE'),
    exact('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds.', 's', 'CUMULATIVE_DOUBLE'),
    merged('min', exact('process_start_time_seconds', 'Start time of the process since unix epoch in seconds.', 's')),
    exact('process_resident_memory_bytes', 'Resident memory size in bytes.', 'By'),
    exact('process_virtual_memory_bytes', 'Virtual memory size in bytes.', 'By'),
    exact('process_heap_bytes', 'Process heap size in bytes.', 'By'),
    exact('process_open_fds', 'Number of open file descriptors.', '1'),
    exact('process_max_fds', 'Maximum number of open file descriptors.', '1'),
  ]
  readonly #files: SystemFiles
  readonly #startTimeUnixMs: number

  constructor(files: SystemFiles, startTimeUnixMs: number) {
    this.#files = files
    this.#startTimeUnixMs = startTimeUnixMs
  }

  collect(add: AddValue): void {
    const { user, system } = process.cpuUsage()
    add('process_cpu_user_seconds_total', user / 1e6)
    add('process_cpu_system_seconds_total', system / 1e6)
    add('process_cpu_seconds_total', (user + system) / 1e6)
    add('process_start_time_seconds', Math.round(this.#startTimeUnixMs / 1e3))
    this.#collectMemory(add)
    const open = this.#files.count('/proc/self/fd')
    if (open !== undefined) add('process_open_fds', open - 1) // without the one that reads this folder
    const most = /^Max open files\s+(\d+)/m.exec(this.#files.read('/proc/self/limits') ?? '')
    if (most !== null) add('process_max_fds', Number(most[1]))
  }

  #collectMemory(add: AddValue): void {
    const status = this.#files.read('/proc/self/status')
    if (status === undefined) return add('process_resident_memory_bytes', process.memoryUsage.rss())
    for (const [name, field] of Object.entries(MEMORY)) {
      const found = new RegExp(`^${field}:\\s*(\\d+) kB`, 'm').exec(status)
      if (found !== null) add(name, Number(found[1]) * 1_024)
    }
  }
}
