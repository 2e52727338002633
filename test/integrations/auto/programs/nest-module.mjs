import 'reflect-metadata'
import { Controller, ForbiddenException, Get, Injectable, Module, Param, SetMetadata } from '@nestjs/common'
import { APP_GUARD, Reflector } from '@nestjs/core'

/** Decorators of a method, as the compiler applies them. */
function decorate(prototype, name, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name)
  for (const apply of decorators) apply(prototype, name, descriptor)
}

class Carts {
  find(id) {
    return `cart ${id}`
  }
  remove() {
    return 'removed'
  }
  fail() {
    throw new Error('planned')
  }
}
Param('id')(Carts.prototype, 'find', 0)
decorate(Carts.prototype, 'find', Get(':id'))
decorate(Carts.prototype, 'remove', Get(':id/remove'), SetMetadata('roles', ['admin']))
decorate(Carts.prototype, 'fail', Get(':id/fail'))
Controller('carts')(Carts)

class RolesGuard {
  constructor(reflector) {
    this.reflector = reflector
  }
  canActivate(context) {
    if (this.reflector.get('roles', context.getHandler()) !== undefined) throw new ForbiddenException()
    return true
  }
}
Reflect.defineMetadata('design:paramtypes', [Reflector], RolesGuard)
Injectable()(RolesGuard)

export class AppModule {}
Module({ controllers: [Carts], providers: [{ provide: APP_GUARD, useClass: RolesGuard }] })(AppModule)

/** Prints what the application answers to itself, and closes it. */
export async function requestItself(app) {
  await app.listen(0, '127.0.0.1')
  for (const path of ['/carts/7', '/carts/8', '/carts/7/remove', '/carts/7/fail', '/nothing']) {
    const response = await fetch((await app.getUrl()) + path)
    console.log(path, response.status, await response.text())
  }
  await app.close()
}
