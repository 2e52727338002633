// What `fastify start` of fastify-cli loads.
module.exports = async (app, _options) => {
  app.get('/carts/:id', async (request) => `cart ${request.params.id}`)
  app.get('/fail', async () => {
    throw new Error('planned')
  })
}
