const express = require('express')
const app = express()
app.get('/x', (_request, response) => response.send('x'))
const server = app.listen(0, '127.0.0.1', async () => {
  console.log(await (await fetch(`http://127.0.0.1:${server.address().port}/x`)).text())
  server.closeAllConnections()
  server.close()
})
