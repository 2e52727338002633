import type { Tallyscope } from '../../setup/tallyscope.js'
import { startAuto } from './auto.js'

/**
 * Everything, from the environment alone: `node --import tallyscope/auto app.js`. Fastify applications and outgoing
 * requests are traced and measured; the metrics are at `/metrics` of each application, or on the port of `TALLYSCOPE_PROMETHEUS_PORT`.
 *
 * What runs; undefined if `TALLYSCOPE_ENABLED` is false or the configuration cannot be read.
 */
export const scope: Tallyscope | undefined = startAuto()
