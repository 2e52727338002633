// A library counts its queries by table; the application sees them by tenant too. Two copies of either do no harm.
import { count, stats, withTags } from 'tallyscope'
import { formatText } from 'tallyscope/prometheus'

// The library
const queries = stats.measure('db/queries', { tagKeys: ['table'], view: count() })
const query = async (table = '') => stats.record(queries, 1, { table })

// The application
stats.registerView({ name: 'db/queries_by_tenant', measure: queries, tagKeys: ['table'], contextTags: ['tenant'], aggregation: count() })
await withTags({ tenant: 'acme' }, () => query('orders'))
console.log(
  formatText(stats.getMetrics())
    .match(/^db_.*$/gm)
    ?.join('\n'),
)
