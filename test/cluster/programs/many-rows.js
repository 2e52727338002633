// A process of a group with many rows, each of which has the value 7 from the beginning.
import { MetricRegistry } from 'tallyscope'
import { shareMetrics } from 'tallyscope/cluster'

const { name, rows } = JSON.parse(process.argv[2])
const registry = new MetricRegistry()
const jobs = registry.counter('jobs', { labelKeys: ['id'], rowLimit: rows })
for (let at = 0; at < rows; at++) jobs.inc(7, { id: `number ${at}` })
shareMetrics({ name, producers: [registry] })
process.stdout.write('{"shares":true}\n')
process.stdin.resume()
