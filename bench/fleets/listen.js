// @ts-check
/**
 * @param {import('node:http').Server} server
 * @returns {Promise<string>}
 */
export function listen(server) {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      if (address === null || typeof address === 'string') return reject(new Error('not a port'))
      resolve(`http://127.0.0.1:${address.port}/metrics`)
    })
  })
}
