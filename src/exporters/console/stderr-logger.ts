import { systemClock } from '../../base/clock.js'
import type { Logger } from '../../base/logger.js'
import { jsonLine } from '../json-lines.js'
import { StreamWriter } from './stream-writer.js'

const stderr = new StreamWriter(() => process.stderr)

const write =
  (level: string) =>
  (fields: object, message: string): void => {
    const line = jsonLine({ level, time: new Date(systemClock.unixMs()).toISOString(), ...fields, msg: message })
    if (line.error !== undefined) throw new TypeError('the entry has no JSON form', { cause: line.error })
    void stderr.write(`${line.text}\n`)
  }

/** Writes one line of JSON per entry to stderr. */
export const stderrLogger: Logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
