/*
 * The remote control of Mozilla's programs, as much as it takes to run a script inside: JSON over TCP, each message with
 * its length in front (`12:[0,1,"…",{}]`), one question at a time.
 */
import { connect, type Socket } from 'node:net'
import { within } from './wait.ts'

export interface Marionette {
  /** What a function with this body gives inside the program, with all its rights; a promise is awaited for 15 s. */
  run(body: string, args?: readonly unknown[]): Promise<unknown>
  /** Hangs up. */
  end(): void
}

type Answer = readonly [type: 1, id: number, error: { error: string; message: string } | null, result: unknown]

const STARTING_MS = 60_000
const SCRIPT_MS = 15_000

/** Begins a session with the program at this port. Rejects when nobody listens there. */
export async function marionette(port: number): Promise<Marionette> {
  const socket = connect(port, '127.0.0.1')
  const messages = received(socket)
  let asked = 0

  const next = async (what: string): Promise<unknown> => {
    const { value, done } = await within(STARTING_MS, what, messages.next())
    if (done) throw new Error(`${what}: the program hung up`)
    return value
  }
  const ask = async (command: string, parameters: object): Promise<unknown> => {
    const question = Buffer.from(JSON.stringify([0, ++asked, command, parameters]))
    socket.write(`${question.length}:`)
    socket.write(question)
    const [, , error, result] = (await next(command)) as Answer
    if (error) throw new Error(`${command}: ${error.error}: ${error.message}`)
    return result
  }

  try {
    await next('its greeting')
    await ask('WebDriver:NewSession', {})
    await ask('WebDriver:SetTimeouts', { script: SCRIPT_MS })
    await ask('Marionette:SetContext', { value: 'chrome' })
  } catch (error) {
    socket.destroy()
    throw error
  }
  return {
    async run(body, args = []) {
      const result = await ask('WebDriver:ExecuteScript', { script: body, args, sandbox: 'system' })
      return (result as { value: unknown }).value
    },
    end: () => void socket.destroy(),
  }
}

async function* received(socket: Socket): AsyncGenerator<unknown, void> {
  let rest = Buffer.alloc(0)
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const colon = rest.indexOf(':')
      const end = colon + 1 + Number(rest.subarray(0, colon))
      if (colon < 0 || rest.length < end) break
      yield JSON.parse(rest.toString('utf8', colon + 1, end))
      rest = rest.subarray(end)
    }
  }
}
