// An application that knows nothing of tallyscope. Its instances share a port.
import { createServer } from 'node:http'

createServer((_request, response) => response.end('ok')).listen(Number(process.env.SHARED_PORT), '127.0.0.1', () => process.send?.('ready'))
