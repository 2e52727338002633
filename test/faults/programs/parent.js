// Has a server and an open file, starts another program, and lets go of both while that one goes on.
import { spawn } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { count, FileExporter, Stats } from 'tallyscope'
import { serveMetrics } from 'tallyscope/prometheus'

const { path } = JSON.parse(process.argv[2])
const stats = new Stats()
const measure = stats.measure('calls')
stats.viewManager.registerView({ name: 'calls', measure, aggregation: count() })
const exporter = new FileExporter({ path })
await exporter.export([{ first: 'line' }])
const { port, close } = await serveMetrics({ port: 0, producers: [stats] })
const links = (pid) =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })
const own = links(process.pid)
const child = spawn('sleep', ['30'], { stdio: ['ignore', 'ignore', 'ignore'] })
await new Promise((resolve) => setTimeout(resolve, 100))
const inherited = links(child.pid).filter((link) => own.includes(link) && (link.startsWith('socket:') || link === path))
await close()
const again = await serveMetrics({ port, producers: [stats] })
await again.close()
await exporter.shutdown()
const isAlive = child.exitCode === null
child.kill()
process.stdout.write(`${JSON.stringify({ isOpen: own.includes(path), inherited, isAlive, port, again: again.port })}\n`)
