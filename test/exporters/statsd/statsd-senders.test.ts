import { Socket as UdpSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants } from 'node:os'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { StatsdExporter } from '../../../src/exporters/statsd/index.js'
import { type UnixDatagrams, UnixDatagramSender } from '../../../src/exporters/statsd/unix-datagram-sender.js'
import { UdpSender } from '../../../src/exporters/statsd/udp-sender.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { freePort } from '../../prometheus-real/real-program.js'
import { metric } from '../prometheus/format/metric-samples.js'
import { parseLine } from './statsd-grammar.js'
import { UdpReceiver } from './udp-receiver.js'

const counter = (value: number): Metric[] => [metric({ name: 'a', type: 'CUMULATIVE_INT64' }, [[], value])]
const sumOf = (lines: string[]): number =>
  lines.filter((line) => line !== '').reduce((total, line) => total + parseLine(line, 'dogstatsd').value, 0)
const failed = expect.objectContaining({ code: 'ERR_STATSD_FAILED', retryable: true })

/** Takes connections, and what comes by them. */
class StreamReceiver {
  received = Buffer.alloc(0)
  readonly sockets = new Set<Socket>()
  readonly #server: Server

  constructor(onConnection: (socket: Socket) => void = () => {}) {
    this.#server = createServer((socket) => {
      this.sockets.add(socket)
      socket.on('data', (chunk) => (this.received = Buffer.concat([this.received, chunk])))
      socket.on('error', () => {})
      onConnection(socket)
    })
  }

  listen(at: { port?: number; path?: string }): Promise<void> {
    return new Promise((resolve) => this.#server.listen({ host: '127.0.0.1', ...at }, resolve))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async until(bytes: number): Promise<Buffer> {
    await vi.waitUntil(() => this.received.length >= bytes, { timeout: 5_000, interval: 2 })
    return this.received
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}

let folder: string
const exporters: StatsdExporter[] = []
const keep = (exporter: StatsdExporter): StatsdExporter => {
  exporters.push(exporter)
  return exporter
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tallyscope-statsd-'))
})
afterEach(async () => {
  await Promise.all(exporters.splice(0).map((exporter) => exporter.shutdown()))
  rmSync(folder, { recursive: true, force: true })
})

describe('UDP', () => {
  test('refused increments are part of the next export once the receiver listens', async () => {
    const port = await freePort()
    const exporter = keep(new StatsdExporter({ port }))
    await expect(exporter.export(counter(3))).rejects.toThrow(failed)
    await expect(exporter.export(counter(5))).rejects.toThrow(failed)
    const receiver = await UdpReceiver.open(port)
    await exporter.export(counter(7))
    expect(await receiver.lines()).toEqual(['a:7|c'])
    await receiver.close()
  })

  test('a receiver that restarts gets the increments that were refused', async () => {
    let receiver = await UdpReceiver.open()
    const { port } = receiver
    const exporter = keep(new StatsdExporter({ port }))
    await exporter.export(counter(3))
    expect(sumOf(await receiver.lines())).toBe(3)
    await receiver.close()
    await expect(exporter.export(counter(5))).rejects.toThrow(failed)
    receiver = await UdpReceiver.open(port)
    await exporter.export(counter(9))
    expect(sumOf(await receiver.lines())).toBe(6)
    await receiver.close()
  })

  test('a host that cannot be resolved rejects the export', async () => {
    const exporter = keep(new StatsdExporter({ host: 'no-such-host.invalid' }))
    await expect(exporter.export(counter(1))).rejects.toThrow(failed)
  })

  test('a packet too large for a datagram fails without affecting the others', async () => {
    const receiver = await UdpReceiver.open()
    const sender = new UdpSender('127.0.0.1', receiver.port)
    const faults = await sender.send([Buffer.from('a:1|c'), Buffer.alloc(70_000), Buffer.from('b:1|c')])
    expect(faults).toEqual([undefined, expect.objectContaining({ code: 'EMSGSIZE' }), undefined])
    expect(await receiver.lines()).toEqual(['a:1|c', 'b:1|c'])
    sender.reset()
    await receiver.close()
  })

  test('a packet is sent again after a delay if the buffer of the network device is full', async () => {
    const receiver = await UdpReceiver.open()
    const sender = new UdpSender('127.0.0.1', receiver.port)
    const full = Object.assign(new Error('send ENOBUFS'), { code: 'ENOBUFS' })
    const send = vi.spyOn(UdpSocket.prototype, 'send')
    onTestFinished(() => send.mockRestore())
    send.mockImplementationOnce(((_packet: Buffer, callback: (error: Error) => void) => callback(full)) as never)
    expect(await sender.send([Buffer.from('a:1|c'), Buffer.from('b:1|c')])).toEqual([undefined, undefined])
    expect(send).toHaveBeenCalledTimes(3)
    expect(await receiver.lines()).toEqual(['b:1|c', 'a:1|c'])
    sender.reset()
    await receiver.close()
  })

  test('a refusal that is reported after its call does not repeat the packets of the next call', async () => {
    const receiver = await UdpReceiver.open()
    const sender = new UdpSender('127.0.0.1', receiver.port)
    const send = vi.spyOn(UdpSocket.prototype, 'send')
    onTestFinished(() => send.mockRestore())
    await sender.send([Buffer.from('a:1|c')])
    const [socket] = send.mock.contexts as UdpSocket[]
    socket!.emit('error', Object.assign(new Error('recvmsg ECONNREFUSED'), { code: 'ECONNREFUSED' }))
    expect(await sender.send([Buffer.from('b:1|c')])).toEqual([undefined])
    expect(await receiver.lines()).toEqual(['a:1|c', 'b:1|c'])
    sender.reset()
    await receiver.close()
  })

  test('a socket that cannot be connected is closed', async () => {
    const close = vi.spyOn(UdpSocket.prototype, 'close')
    onTestFinished(() => close.mockRestore())
    const sender = new UdpSender('255.255.255.255', 8_125) // a broadcast address, which needs a permission
    expect(await sender.send([Buffer.from('a:1|c')])).toEqual([expect.objectContaining({ code: 'EACCES' })])
    expect(close).toHaveBeenCalledTimes(1)
  })

  test('a call that was given up while its socket was opened sends nothing', async () => {
    const receiver = await UdpReceiver.open()
    const sender = new UdpSender('127.0.0.1', receiver.port)
    const sending = sender.send([Buffer.from('a:1|c')])
    sender.reset()
    expect(await sending).toEqual([expect.objectContaining({ message: 'the socket was closed while it was opened' })])
    expect(await receiver.lines()).toEqual([])
    await receiver.close()
  })

  test('an export of many packets while timers are faked neither waits forever nor blocks later ones', async () => {
    const receiver = await UdpReceiver.open()
    const exporter = keep(new StatsdExporter({ port: receiver.port }))
    const series = Array.from({ length: 3_000 }, (_, at): [string[], number] => [[`value of a label ${at}`], at])
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    await exporter.export([metric({ name: 'many', type: 'GAUGE_DOUBLE', labelKeys: ['key'] }, ...series)])
    await exporter.export(counter(1))
    expect((await receiver.lines()).filter((line) => line.startsWith('a')).length).toBe(1)
    await receiver.close()
  })

  test('an IPv6 address is accepted', async () => {
    const exporter = keep(new StatsdExporter({ host: '::1', port: await freePort() }))
    await expect(exporter.export(counter(1))).rejects.toThrow(/udp \[::1\]:\d+ failed/)
  })
})

describe('TCP', () => {
  test('every packet ends with a line feed', async () => {
    const receiver = new StreamReceiver()
    await receiver.listen({ port: 0 })
    const exporter = keep(new StatsdExporter({ protocol: 'tcp', port: receiver.port, tagStyle: 'none' }))
    await exporter.export(counter(1))
    await exporter.export(counter(3))
    expect((await receiver.until(12)).toString()).toBe('a:1|c\na:2|c\n')
    expect(receiver.sockets.size).toBe(1)
    await receiver.close()
  })

  test('a closed connection is opened again', async () => {
    const receiver = new StreamReceiver()
    await receiver.listen({ port: 0 })
    const openSockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const before = openSockets()
    const exporter = keep(new StatsdExporter({ protocol: 'tcp', port: receiver.port }))
    await exporter.export(counter(1))
    await receiver.until(6)
    for (const socket of receiver.sockets) socket.destroy()
    await expect.poll(openSockets).toBe(before) // the exporter has seen it too
    await exporter.export(counter(5))
    expect(sumOf((await receiver.until(12)).toString().split('\n'))).toBe(5)
    await receiver.close()
  })

  test('no increment is lost if the receiver refuses or does not exist', async () => {
    const port = await freePort()
    const exporter = keep(new StatsdExporter({ protocol: 'tcp', port }))
    await expect(exporter.export(counter(2))).rejects.toThrow(failed)
    const receiver = new StreamReceiver()
    await receiver.listen({ port })
    await exporter.export(counter(5))
    expect((await receiver.until(6)).toString()).toBe('a:5|c\n')
    await receiver.close()
  })

  test('an export to a receiver that does not read fails after the time-out', async () => {
    const receiver = new StreamReceiver((socket) => socket.pause())
    await receiver.listen({ port: 0 })
    const exporter = keep(new StatsdExporter({ protocol: 'tcp', port: receiver.port, timeoutMs: 300, maxPacketBytes: 65_000 }))
    const series = Array.from({ length: 50_000 }, (_, i) => [['x'.repeat(200) + i], 1] as [string[], number])
    const large = metric({ name: 'a', type: 'CUMULATIVE_INT64', labelKeys: ['k'] }, ...series)
    await expect(exporter.export([large])).rejects.toThrow(/timed out after 300 ms/)
    await receiver.close()
  })
})

describe('a Unix stream', () => {
  test('every packet is prefixed by its length in four bytes, little-endian', async () => {
    const path = join(folder, 'dsd.socket')
    const receiver = new StreamReceiver()
    await receiver.listen({ path })
    const exporter = keep(new StatsdExporter({ path }))
    await exporter.export(counter(7))
    expect(await receiver.until(9)).toEqual(Buffer.concat([Buffer.from([5, 0, 0, 0]), Buffer.from('a:7|c')]))
    await receiver.close()
  })

  test('an agent that restarts gets the increments that it missed', async () => {
    const path = join(folder, 'dsd.socket')
    const exporter = keep(new StatsdExporter({ path }))
    await expect(exporter.export(counter(1))).rejects.toThrow(failed) // the path is missing
    let receiver = new StreamReceiver()
    await receiver.listen({ path })
    await exporter.export(counter(2))
    expect((await receiver.until(9)).subarray(4).toString()).toBe('a:2|c')
    await receiver.close()
    receiver = new StreamReceiver()
    await receiver.listen({ path })
    await exporter.export(counter(5))
    expect((await receiver.until(9)).subarray(4).toString()).toBe('a:3|c')
    await receiver.close()
  })
})

/** Stands for the package, which reports faults by numbers. */
class FakeDatagrams implements UnixDatagrams {
  readonly taken: string[] = []
  readonly codes: number[] = []
  connectCode = 0
  opened = 0
  closed = 0

  createSocket(): ReturnType<UnixDatagrams['createSocket']> {
    let onError: (error: Error) => void = () => {}
    const fault = (code: number) => Object.assign(new Error(`fault ${code}`), { code })
    this.opened++
    return {
      on: (event, listener) => {
        if (event === 'error') onError = listener
      },
      connect: () => {
        if (this.connectCode !== 0) onError(fault(this.connectCode))
      },
      send: (packet, callback) => {
        const code = this.codes.shift() ?? 0
        if (code === 0) this.taken.push(packet.toString())
        callback(code === 0 ? undefined : fault(code))
      },
      close: () => {
        this.closed++
      },
    }
  }
}

describe('Unix datagrams', () => {
  const { EAGAIN, EMSGSIZE, ECONNREFUSED, ENOENT } = constants.errno
  const packets = ['a', 'b', 'c'].map((text) => Buffer.from(text))

  test('a full buffer is retried after a delay', async () => {
    const datagrams = new FakeDatagrams()
    datagrams.codes.push(0, 1, -EAGAIN)
    expect(await new UnixDatagramSender('/s', async () => datagrams).send(packets)).toEqual([undefined, undefined, undefined])
    expect(datagrams.taken).toEqual(['a', 'b', 'c'])
  })

  test('a refused packet has its own error, and the next call opens the path again', async () => {
    const datagrams = new FakeDatagrams()
    const sender = new UnixDatagramSender('/s', async () => datagrams)
    datagrams.codes.push(0, -ECONNREFUSED, -EMSGSIZE)
    const code = (name: string) => expect.objectContaining({ code: name })
    expect(await sender.send(packets)).toEqual([undefined, code('ECONNREFUSED'), code('EMSGSIZE')])
    datagrams.connectCode = -ENOENT
    expect(await sender.send(packets)).toEqual([code('ENOENT'), code('ENOENT'), code('ENOENT')])
    datagrams.connectCode = 0
    expect(await sender.send(packets)).toEqual([undefined, undefined, undefined])
    sender.reset()
    expect([datagrams.opened, datagrams.closed]).toEqual([3, 3])
  })

  test('a missing package is an error of each packet', async () => {
    const sender = new UnixDatagramSender('/s', () => Promise.reject(new Error('not installed')))
    expect(await sender.send(packets.slice(0, 1))).toEqual([new Error('not installed')])
  })
})

test('shutdown leaves no handle open', async () => {
  const receiver = await UdpReceiver.open()
  const exporter = new StatsdExporter({ port: receiver.port })
  await exporter.export(counter(1))
  await exporter.shutdown()
  await receiver.close()
  await expect.poll(() => process.getActiveResourcesInfo().filter((name) => name.includes('UDP'))).toEqual([])
})
