// Attacks the /metrics of a port on this machine, until it is killed: node attack.js <port> <kind>
import { connect } from 'node:net'

const [port, kind] = [Number(process.argv[2]), process.argv[3]]
const GET = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
const IMPATIENT = 'GET /metrics HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.001\r\n\r\n'

function open(request, reads) {
  const socket = connect(port, '127.0.0.1', () => socket.write(request))
  socket.on('error', () => {})
  if (reads) socket.resume()
  else socket.pause()
  return socket
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
}

ATTACKS[kind]()
setTimeout(() => process.stdout.write('attacking\n'), 500)
setInterval(() => {}, 60_000) // connections that are not read keep no process alive
