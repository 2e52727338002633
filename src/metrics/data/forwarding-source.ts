import type { MetricDescriptor } from './metric.js'
import type { RowChunk, RowSource } from './row-source.js'

/** A row source that reads everything from another one. A subclass overrides what it changes. */
export class ForwardingSource implements RowSource {
  readonly resource?: Readonly<Record<string, string>>
  protected readonly source: RowSource

  constructor(source: RowSource, resource: Readonly<Record<string, string>> | undefined = source.resource) {
    this.source = source
    if (resource !== undefined) this.resource = resource
  }

  get descriptor(): MetricDescriptor {
    return this.source.descriptor
  }
  get kind(): RowSource['kind'] {
    return this.source.kind
  }
  get bounds(): readonly number[] {
    return this.source.bounds
  }
  get rowLimit(): number | undefined {
    return this.source.rowLimit
  }
  get settings(): RowSource['settings'] {
    return this.source.settings
  }
  get epoch(): number {
    return this.source.epoch
  }
  get generation(): number {
    return this.source.generation
  }
  get chunks(): readonly RowChunk[] {
    return this.source.chunks
  }
}
