import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8'
import type { MetricDescriptor } from '../metrics/data/metric.js'
import { type Collector, exact, type AddValue } from './collector.js'

/** Sizes of V8's heap and its spaces, and the version of Node.js. */
export class HeapCollector implements Collector {
  readonly name = 'heap'
  readonly descriptors: readonly MetricDescriptor[] = [
    exact('nodejs_heap_size_total_bytes', 'Process heap size from Node.js in bytes.', 'By'),
    exact('nodejs_heap_size_used_bytes', 'Process heap size used from Node.js in bytes.', 'By'),
    exact('nodejs_heap_size_limit_bytes', 'Heap size from which Node.js ends the process, in bytes.', 'By'),
    exact('nodejs_external_memory_bytes', 'Node.js external memory size in bytes.', 'By'),
    ...(['total', 'used', 'available'] as const).map((what) =>
      exact(`nodejs_heap_space_size_${what}_bytes`, `Process heap space size ${what} from Node.js in bytes.`, 'By', 'GAUGE_DOUBLE', [
        'space',
      ]),
    ),
    exact('nodejs_version_info', 'Node.js version info.', '1', 'INFO', ['version', 'major', 'minor', 'patch']),
  ]

  collect(add: AddValue): void {
    const { heapTotal, heapUsed, external } = process.memoryUsage()
    add('nodejs_heap_size_total_bytes', heapTotal)
    add('nodejs_heap_size_used_bytes', heapUsed)
    add('nodejs_heap_size_limit_bytes', getHeapStatistics().heap_size_limit)
    add('nodejs_external_memory_bytes', external)
    for (const { space_name, space_size, space_used_size, space_available_size } of getHeapSpaceStatistics()) {
      const space = [space_name.replace(/_space$/, '')]
      add('nodejs_heap_space_size_total_bytes', space_size, space)
      add('nodejs_heap_space_size_used_bytes', space_used_size, space)
      add('nodejs_heap_space_size_available_bytes', space_available_size, space)
    }
    const [major, minor, patch] = process.version.slice(1).split('.') as [string, string, string]
    add('nodejs_version_info', 1, [process.version, String(parseInt(major)), String(parseInt(minor)), String(parseInt(patch))])
  }
}
