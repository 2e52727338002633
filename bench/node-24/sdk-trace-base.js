// @ts-nocheck
// Version 3 of the SDK has other names for the same classes.
export { AlwaysOffSampler, AlwaysOnSampler, BatchSpanProcessor, TracerProvider as BasicTracerProvider } from '@opentelemetry/sdk-trace'
