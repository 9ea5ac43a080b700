/*
 * The yardstick: mailparser's simpleParser over the same files, and nothing else. A process of its own, so that its CPU time
 * and its garbage are its own. Neither it nor the service is warmed up: both begin with code that was never run. Prints one JSON line.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { simpleParser } from 'mailparser'

export type BareFigures = { readonly mails: number; readonly wallMs: number; readonly cpuMs: number }

const folder = process.argv[2] ?? '.'
const mails = readdirSync(folder).map(name => readFileSync(join(folder, name)))

const cpu = process.cpuUsage()
const start = performance.now()
for (const mail of mails) await simpleParser(mail)
const wallMs = performance.now() - start
const { user, system } = process.cpuUsage(cpu)
const figures: BareFigures = { mails: mails.length, wallMs, cpuMs: (user + system) / 1000 }
process.stdout.write(`${JSON.stringify(figures)}\n`)
