// @ts-check
// What each span of this bench holds, the same for all contenders.

/** @type {{ [key: string]: string | number | boolean }} */
export const ATTRIBUTES = {
  'http.request.method': 'GET',
  'url.path': '/cart/17/items',
  'http.route': '/cart/:id/items',
  'http.response.status_code': 200,
  'server.address': 'shop.example',
  'cache.hit': true,
}
export const EVENT = { name: 'rows read', attributes: { rows: 12, table: 'items' } }
