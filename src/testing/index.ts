export { type ContractCase, exporterContract, type ExporterContractOptions } from './exporter-contract.js'
export { dataOf, resetStats, useClock, valueOf } from './stats-for-tests.js'
export { ManualClock, type ManualClockOptions } from './manual-clock.js'
