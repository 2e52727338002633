export { type BridgeOptions, bridgeToRegistry, type RegistryBridge } from './bridge-to-registry.js'
export { type FromRegistryOptions, fromRegistry } from './from-registry.js'
export type { PromExemplar, PromMetric, PromMetricValues, PromRegistry, PromValue } from './registry-shape.js'
