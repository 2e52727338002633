import type { Tallyscope } from '../../setup/tallyscope.js'
import { startAuto } from './auto.js'

/**
 * Instruments a program without changes to its code, configured by environment variables: `node --import tallyscope/auto app.js`.
 * HTTP servers, Fastify applications and outgoing requests are traced and measured. The metrics are at `/metrics` of each Fastify
 * application, or on the port `TALLYSCOPE_PROMETHEUS_PORT`.
 *
 * Undefined if `TALLYSCOPE_ENABLED` is false or the configuration cannot be read.
 */
export const scope: Tallyscope | undefined = startAuto()
