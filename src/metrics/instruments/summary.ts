import type { Epochs } from '../cells/cells.js'
import { PercentilesData } from '../histograms/hdr-percentiles.js'
import { ObservingInstrument } from './histogram.js'
import type { InstrumentKind, InstrumentOptions } from './instrument.js'
import {
  PERCENTILES_ROW_LIMIT,
  type PercentilesConfig,
  type PercentilesOptions,
  percentilesSettings,
} from '../histograms/percentiles-options.js'
import { SketchCells } from '../cells/sketch-cells.js'

/** The options of an instrument and of `percentiles()`. `rowLimit` is 100 by default, because each series takes 10 to 20 KB. */
export interface SummaryOptions<K extends string = never> extends Omit<InstrumentOptions<K>, 'type'>, PercentilesOptions {}

export function summaryKind(config: PercentilesConfig, epochs: Epochs): InstrumentKind {
  return {
    type: 'SUMMARY',
    cells: () => new SketchCells(() => new PercentilesData(config, epochs.clock)),
    sketched: true,
    settings: { ...percentilesSettings(config) },
    rowLimit: PERCENTILES_ROW_LIMIT,
    startsAtZero: true,
  }
}

/**
 * Quantiles of the values of the last minutes, with the count and sum of all values. Created by `registry.summary()`.
 * @example
 * registry.summary('job/size', { unit: 'By', quantiles: [0.5, 0.99] }).observe(512)
 */
export class Summary<K extends string = never> extends ObservingInstrument<K> {}
