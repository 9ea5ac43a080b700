import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent, get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MeasuredService } from './service.ts'

/*
 * Questions to the API: the list of the last 50 tickets, as a dashboard asks for it.
 */

const LIST = '/v1/tickets?limit=50'

/** Asks every 50 ms until the end; how long each answer took (ms). */
export async function askMeanwhile(service: MeasuredService, key: string, end: AbortSignal): Promise<number[]> {
  const agent = new Agent({ keepAlive: true })
  const ms: number[] = []
  while (!end.aborted) {
    const started = performance.now()
    await ask(agent, service.url + LIST, key)
    ms.push(performance.now() - started)
    await sleep(50)
  }
  agent.destroy()
  return ms
}

const REQUESTS = 2_000
const CONNECTIONS = 8

/**
 * CPU time that an idle service takes for a list, against that of bare Fastify for the same JSON as an object that never
 * changes: 1 would be free of cost. CPU time, for the client takes part of the machine.
 */
export async function compareIdle(service: MeasuredService, key: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const many = async (url: string) => {
    const one = async () => {
      for (let at = 0; at < REQUESTS / CONNECTIONS; at++) await ask(agent, url, key)
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, one))
  }
  await many(service.url + LIST)
  const before = service.cpuMs()
  await many(service.url + LIST)
  const own = service.cpuMs() - before
  const fixed = await fixedCost(JSON.parse(await ask(agent, service.url + LIST, key)), many)
  agent.destroy()
  return fixed / own
}

async function fixedCost(answer: unknown, many: (url: string) => Promise<void>): Promise<number> {
  const child = fork(join(import.meta.dirname, 'fixed-list.ts'), { execArgv: ['--import', 'tsx'] })
  const told = async (message: unknown): Promise<number> => {
    const reply = once(child, 'message')
    child.send(message as object)
    return (await reply)[0] as number
  }
  const [url] = (await once(child, 'message')) as [string]
  await told({ answer })
  await many(`${url}/`)
  const before = await told('cpu')
  await many(`${url}/`)
  const cost = (await told('cpu')) - before
  child.disconnect()
  return cost
}

function ask(agent: Agent, url: string, key: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent, headers: { authorization: `Bearer ${key}` } }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', chunk => {
        text += chunk
      })
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(text))))
    }).on('error', reject)
  })
}
