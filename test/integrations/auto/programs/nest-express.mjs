import { NestFactory } from '@nestjs/core'
import { AppModule, requestItself } from './nest-module.mjs'

const app = await NestFactory.create(AppModule, { logger: false })
await requestItself(app)
