import { randomUUID } from 'node:crypto'
import { PACKAGE_VERSION } from '../../base/package-version.js'
import { processGlobal } from '../../base/process-global.js'
import type { Resource } from '../../base/resource.js'

/**
 * Adds the attributes that every process must have. Without `service.instance.id`, all workers of a service would write to the same
 * series.
 */
export function processResource(given: Resource | undefined): Resource {
  const instance = processGlobal('service-instance-id', () => ({ id: randomUUID() }))
  const own = {
    'service.name': 'unknown_service:node',
    'service.instance.id': instance.id,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'tallyscope',
    'telemetry.sdk.version': PACKAGE_VERSION,
  }
  return withLabels({ ...given, labels: own }, given?.labels ?? {})
}

/** Returns the resource with these labels, which take precedence. A label that is empty is not set. */
export function withLabels(resource: Resource, labels: Readonly<Record<string, string>>): Resource {
  const set = Object.entries(labels).filter(([, value]) => Boolean(value))
  return { ...resource, labels: { ...resource.labels, ...Object.fromEntries(set) } }
}
