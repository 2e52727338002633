// Attacks the /metrics of a port on this machine, until it is killed: node attack.js <port> <kind> [tls]
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

const [port, kind, isTls] = [Number(process.argv[2]), process.argv[3], process.argv[4] === 'tls']
const GET = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
const IMPATIENT = 'GET /metrics HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.001\r\n\r\n'

/** A server that is given little processor time by others completes fewer handshakes: no more than these are begun. */
const MAX_CONNECTING = 50

/** A TCP socket and what is spoken over it, which is the same without TLS. */
function sockets() {
  const tcp = connect(port, '127.0.0.1').on('error', () => {})
  return { tcp, socket: isTls ? connectTls({ socket: tcp, rejectUnauthorized: false }).on('error', () => {}) : tcp }
}

function open(request, reads) {
  const { socket } = sockets()
  socket.write(request)
  if (reads) socket.resume()
  else socket.pause()
  return socket
}

/** A session of HTTP/2 whose streams may send nothing. */
function session() {
  const made = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, settings: { initialWindowSize: 0 } })
  return made.on('error', () => {})
}

/** Node ends a session that resets many streams; another one follows. */
let resetting
const resetSession = () => (resetting === undefined || resetting.destroyed || resetting.closed ? (resetting = session()) : resetting)

function stream(from) {
  return from.request({ ':path': '/metrics' }).on('error', () => {})
}

const ATTACKS = {
  'pipelines that are never read': () => {
    open(GET.repeat(200), false)
    setInterval(() => open(GET.repeat(200), false), 5_000)
  },
  'fifty readers that stop': () => {
    for (let at = 0; at < 50; at++) open(GET, false)
  },
  'a thousand impatient scrapes a second': () => {
    const sockets = Array.from({ length: 20 }, () => open(IMPATIENT, true))
    setInterval(() => sockets.forEach((socket) => socket.write(IMPATIENT)), 20)
  },
  'two thousand guards': () => {
    for (let at = 0; at < 500; at++) open(IMPATIENT.repeat(4), true)
  },
  'a thousand connections a second that are reset': () => {
    let connecting = 0
    const reset = () => {
      if (connecting === MAX_CONNECTING) return
      connecting++
      const { tcp, socket } = sockets()
      tcp.once('close', () => connecting--)
      socket.write(GET, () => tcp.resetAndDestroy())
    }
    setInterval(() => Array.from({ length: 20 }, reset), 20)
  },
  'five hundred streams that are never read': () => {
    const from = session()
    for (let at = 0; at < 500; at++) stream(from).pause()
  },
  'a thousand streams a second that are reset': () => {
    setInterval(() => Array.from({ length: 20 }, () => stream(resetSession()).close(8)), 20)
  },
}

ATTACKS[kind]()
setTimeout(() => process.stdout.write('attacking\n'), 500)
setInterval(() => {}, 60_000) // connections that are not read keep no process alive
