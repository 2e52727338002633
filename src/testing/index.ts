export { type ContractCase, exporterContract, type ExporterContractOptions } from './exporter-contract.js'
export { ManualClock, type ManualClockOptions } from './manual-clock.js'
