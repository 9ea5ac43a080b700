/*
 * The API over two tickets that are about the same: 1001 is Jane's printer, answered by Ana, 1002 is Bob's.
 */
import { MINUTE } from '../../src/instant.ts'
import { type Answer, openTestApi, type TestApi } from './api.ts'
import { withSubaddresses } from './stage.ts'

export const BOB = { from: 'Bob Roe <bob@example.org>' }
export const MALLORY = { from: 'Mallory <mallory@elsewhere.example>' }

/** A minute passes before each mail that arrives. */
export type TwoTickets = TestApi & {
  say(id: number, body: object): Promise<Answer>
  // biome-ignore lint/suspicious/noExplicitAny: what came over HTTP is looked at by expectations
  ticket(id: number): Promise<any>
  /** The Message-ID of the last mail of ours on a ticket. */
  ours(id: number): Promise<string>
}

export async function openTwoTickets(): Promise<TwoTickets> {
  const api = await openTestApi(withSubaddresses())
  const { arrives, agent, reader } = api
  const ticket: TwoTickets['ticket'] = async id => (await reader.get(`/v1/tickets/${id}`)).body
  const two = Object.assign(api, {
    ticket,
    say: (id: number, body: object) => agent.post(`/v1/tickets/${id}/messages`, body),
    ours: async (id: number): Promise<string> => (await ticket(id)).outbox[0].messageId,
    arrives(source: Parameters<typeof arrives>[0]) {
      api.passes(MINUTE)
      return arrives(source)
    },
  })
  await two.arrives({ subject: 'Printer', messageId: 'jane@example.org', text: 'The printer is on fire.' })
  await two.say(1001, { kind: 'answer', text: 'Run.', agent: 'ana' })
  await two.arrives({ ...BOB, subject: 'Broken', messageId: 'bob@example.org', references: ['lost@example.org'] })
  return two
}

export const addresses = (people: readonly { address: string }[]) => people.map(({ address }) => address)
/** The last event of a ticket of this kind. */
export const last = (one: { events: readonly { kind: string }[] }, kind: string) =>
  one.events.findLast(event => event.kind === kind)
