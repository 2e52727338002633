export { dogstatsdOptionsFromEnvironment, type DogstatsdReading } from './dogstatsd-environment.js'
export { StatsdExporter } from './statsd-exporter.js'
export type { StatsdExporterOptions, StatsdProtocol } from './statsd-options.js'
export type { TagStyle } from './statsd-names.js'
