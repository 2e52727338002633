import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { AppModule, requestItself } from './nest-module.mjs'

const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: false })
await requestItself(app)
