// A library counts its queries by table; the application sees them by tenant too. Two copies of either do no harm.
import { AsyncLocalStorage } from 'node:async_hooks'
import { Counter, register } from 'prom-client'

// The library
const copy = register.getSingleMetric('db_queries_total')
const queries = copy instanceof Counter ? copy : new Counter({ name: 'db_queries_total', help: 'Queries', labelNames: ['table'] })
const listeners = new Set([(table = '') => queries.inc({ table })])
const query = async (table = '') => listeners.forEach((listener) => listener(table))

// The application
const tenants = new AsyncLocalStorage()
const byTenant = new Counter({ name: 'db_queries_by_tenant_total', help: 'Queries', labelNames: ['table', 'tenant'] })
listeners.add((table) => byTenant.inc({ table, tenant: String(tenants.getStore()) }))
await tenants.run('acme', () => query('orders'))
console.log((await register.metrics()).match(/^db_.*$/gm)?.join('\n'))
