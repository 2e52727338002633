// A program with spans that wait to be exported, and an end that the test chooses.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { dirname } from 'node:path'
import {
  AlwaysOnSampler,
  AsyncTransport,
  count,
  exportPeriodically,
  FileExporter,
  installShutdownHooks,
  stats,
  SyncTransport,
  Tracer,
} from 'tallyscope'

const {
  path,
  exporter = 'file',
  spans = 2_048,
  gracePeriodMs = 5_000,
  hooks = 1,
  end,
  transport = 'async',
  metrics = 0,
  serves = 'nothing',
  raiseSignal = false,
  ...options
} = JSON.parse(process.argv[2])
const exporters = {
  file: () => new FileExporter({ path }),
  hanging: () => ({ name: 'hanging', export: () => new Promise(() => {}), shutdown: () => new Promise(() => {}) }),
  failing: () => ({ name: 'failing', export: () => Promise.reject(new Error('no')) }),
}
const tracer = new Tracer({
  sampler: new AlwaysOnSampler(),
  exporter: exporters[exporter](),
  transport: (to) =>
    transport === 'sync'
      ? new SyncTransport(to)
      : new AsyncTransport(to, { maxQueueSize: 4_096, maxBatchSize: 4_096, gracePeriodMs, ...options }),
})

// Servers whose last request ends while they are closed.
async function lastRequest() {
  await new Promise((resume) => setTimeout(resume, 200))
  tracer.span('last request').end()
}
const server = serves === 'node' ? createServer((_request, response) => lastRequest().then(() => response.end())) : { close: lastRequest }
if (serves === 'node') {
  server.listen(0, '127.0.0.1', () => void fetch(`http://127.0.0.1:${server.address().port}`))
  await once(server, 'request')
}
const uninstalls = Array.from({ length: hooks }, () =>
  installShutdownHooks(serves !== 'nothing' ? [server, tracer.transport] : tracer.transport, { gracePeriodMs, raiseSignal }),
)
if (metrics > 0) {
  const measure = stats.measure('jobs')
  stats.viewManager.registerView({ name: 'jobs', measure, aggregation: count() })
  installShutdownHooks(exportPeriodically({ producers: [stats], exporter: new FileExporter({ path: `${path}.metrics` }) }))
  for (let i = 0; i < metrics; i++) stats.record(measure, 1)
}
for (let i = 0; i < spans; i++) tracer.span(`span ${i}`).end()

function signalExit(home, key, isCaptured) {
  home[key] = { count: 1 }
  const timer = setInterval(() => {}, 1_000)
  const listener = () => {
    if (process.listeners('SIGTERM').length !== home[key].count) return
    process.off('SIGTERM', listener)
    home[key].count = 0
    process.stdout.write('cleaned up\n')
    if (!isCaptured()) return process.kill(process.pid, 'SIGTERM')
    clearInterval(timer)
    process.exitCode = 44
  }
  process.on('SIGTERM', listener)
}

const ends = {
  signal: () => setInterval(() => {}, 1_000),
  'signal to others too': () => {
    setInterval(() => {}, 1_000)
    process.on('SIGTERM', () => setTimeout(() => process.exit(42), 2_000))
  },
  // As NestJS does: the last step of the application's own listener.
  'signal to others that raise it again': () => {
    const timer = setInterval(() => {}, 1_000)
    process.once('SIGTERM', async () => {
      await tracer.transport.flush()
      clearInterval(timer)
      process.kill(process.pid, 'SIGTERM')
    })
  },
  'signal of its own as the last step': () => void setTimeout(() => process.kill(process.pid, 'SIGTERM'), 100),
  'throw in a listener of exit': () => {
    process.on('exit', () => {
      throw new Error('thrown')
    })
  },
  'throw in a listener of exit, with a status': () => {
    process.exitCode = 7
    ends['throw in a listener of exit']()
  },
  'exit with a listener of exit that throws': () => {
    process.on('exit', () => {
      throw new Error('thrown')
    })
    setTimeout(() => process.exit(3), 100)
  },
  // As the package signal-exit does, in versions 3 and 4: it acts only if all listeners are its own.
  'signal to one that yields': () => signalExit(process, '__signal_exit_emitter__', () => false),
  'signal to one that yields, and goes on': () => signalExit(globalThis, Symbol.for('signal-exit emitter'), () => true),
  'signal after taking the hooks away': () => {
    for (const uninstall of uninstalls) uninstall()
    setInterval(() => {}, 1_000)
  },
  nothing: () => {},
  'nothing, with a status': () => {
    process.exitCode = 7
  },
  exit: () => process.exit(3),
  'exit while a flush is under way': () => {
    void tracer.transport.flush()
    setImmediate(() => process.exit(3))
  },
  'signal to others that exit at once': () => {
    setInterval(() => {}, 1_000)
    process.on('SIGTERM', () => process.exit(42))
  },
  throw: () => {
    setTimeout(() => {
      throw Object.assign(new TypeError('thrown'), { detail: 5 })
    })
  },
  // As Sentry does: it ends the process unless there are listeners of others, which it knows by a mark.
  'throw to one that yields': () => {
    const listener = () => {
      const others = process.listeners('uncaughtException').filter(({ _errorHandler }) => _errorHandler !== true)
      if (others.length === 0) setTimeout(() => process.exit(1), 500)
    }
    process.on('uncaughtException', Object.assign(listener, { _errorHandler: true }))
    setInterval(() => {}, 1_000)
    ends.throw()
  },
  'throw, with a report': () => {
    Object.assign(process.report, { reportOnUncaughtException: true, directory: dirname(path), filename: 'report.json' })
    ends.throw()
  },
  'throw no error': () => {
    setTimeout(() => {
      throw 'a text' // oxlint-disable-line typescript/only-throw-error
    })
  },
  reject: () => void Promise.reject(new Error('rejected')),
  'throw to others too': () => {
    process.on('uncaughtException', () => setTimeout(() => process.exit(43), 2_000))
    setTimeout(() => {
      throw new Error('thrown')
    })
  },
}
ends[end]()
process.stdout.write('ready\n')
