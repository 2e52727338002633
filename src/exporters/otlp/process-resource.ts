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
  const labels = {
    'service.name': 'unknown_service:node',
    'service.instance.id': instance.id,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'tallyscope',
    'telemetry.sdk.version': PACKAGE_VERSION,
    ...given?.labels,
  }
  return { ...(given?.type !== undefined && { type: given.type }), labels }
}
