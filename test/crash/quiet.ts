import { existsSync } from 'node:fs'
import { Database } from '../../src/store/native.ts'
import { command } from '../support/command.ts'
import { isDispatched } from '../support/store.ts'
import type { Inbox } from './inbox.ts'
import { copiesThatAre } from './mails.ts'
import type { Schedule } from './plan.ts'
import type { Home, Program } from './program.ts'

/*
 * Is anything left to do, and does the program itself say that all is accounted for?
 */

/**
 * Throws, with what is left, unless every mail on the server has its line in the ledger and is marked or moved, and every
 * agent was told of it, and nothing waits in the outbox for its first or second try. Gives the ids of what was tried more often and waits: for minutes, of its
 * own time.
 */
export async function isQuiet(
  databasePath: string,
  inboxes: ReadonlyMap<string, Inbox>,
  { mails, afterReading }: Pick<Schedule, 'mails' | 'afterReading'>,
): Promise<readonly number[]> {
  const leftOut = copiesThatAre('left out', mails)
  const unreadable = copiesThatAre('quarantine', mails)
  const db = new Database(databasePath, { readonly: true })
  try {
    const lines = db
      .prepare<unknown[], number>('select uid from raw_mails where mailbox = ? and folder = ? and uid_validity = ?')
      .pluck()
    for (const [name, inbox] of inboxes) {
      for (const [folder, { uidValidity, mails: shown }] of (await inbox.list()).folders) {
        const read = new Set(lines.all(name, folder, uidValidity))
        const isDone = (uid: number, copy: string, isMarked: boolean) => {
          if (leftOut.has(copy) || !read.has(uid)) return leftOut.has(copy)
          return afterReading === 'leave' || folder === 'Sent' || unreadable.has(copy) || isMarked
        }
        const left = [...shown].filter(([uid, { copy, isMarked }]) => !isDone(uid, copy, isMarked))
        const words = left.map(([uid, { copy }]) => `${uid} (${copy})`)
        if (left.length > 0) throw new Error(`${name} ${folder} ${uidValidity}: not read, marked or moved: ${words}`)
      }
    }
    const queued = db
      .prepare<[], { id: number; attempts: number; error: string | null }>(
        "select id, attempts, last_error as error from outbox where state = 'queued'",
      )
      .all()
    const stuck = queued.filter(({ attempts }) => attempts > 2)
    if (!isDispatched(databasePath)) throw new Error('agents are still to be told')
    if (queued.length > stuck.length) throw new Error(`in the outbox: ${JSON.stringify(queued)}`)
    return stuck.map(({ id }) => id)
  } finally {
    db.close()
  }
}

type Sum = {
  readonly onServer: number
  readonly accounted: number
  readonly leftOut: number
  readonly repaired: number
}

/** What the program's own reconciliation finds wrong. */
export async function reconcileByApi(program: Program, key: string, mailboxes: readonly string[]): Promise<string[]> {
  const wrong: string[] = []
  for (const mailbox of mailboxes) {
    const { items } = (await ask(program, key, 'GET', `/v1/mailboxes/${mailbox}/reconciliation`)) as { items: Sum[] }
    for (const sum of items)
      if (sum.accounted + sum.leftOut !== sum.onServer || sum.repaired !== 0)
        wrong.push(`reconciliation: ${JSON.stringify(sum)}`)
    if (items.length === 0) wrong.push(`there is no reconciliation of ${mailbox}`)
  }
  return wrong
}

/** Has every folder been opened for the first time? What comes from then on must be read, whatever the start policy is. */
export function isOpened(databasePath: string, folders: number): boolean {
  if (!existsSync(databasePath)) return false
  const db = new Database(databasePath, { readonly: true })
  try {
    const opened = 'select count(*) from mailbox_folders where uid_validity is not null'
    return db.prepare<[], number>(opened).pluck().get() === folders
  } catch {
    // Not migrated yet, or just being made.
    return false
  } finally {
    db.close()
  }
}

/** What the commands `reconcile` and `verify` find wrong, as an admin runs them beside the program. */
export async function reconcileByCommand({ configPath, env }: Home): Promise<string[]> {
  const wrong: string[] = []
  for (const name of ['reconcile', 'verify']) {
    const { code, stdout, stderr } = await command([name, '--config', configPath], { env })
    const repaired = name === 'reconcile' && /missing/.test(stdout)
    if (code !== 0 || stderr !== '' || repaired) wrong.push(`postdesk ${name} ended with ${code}: ${stdout}${stderr}`)
  }
  return wrong
}

/** One request. Throws when it is answered with an error; that a mail was sent already is none. */
export async function ask(program: Program, key: string, method: string, path: string): Promise<unknown> {
  const headers = { authorization: `Bearer ${key}`, connection: 'close' }
  const answer = await fetch(`${program.url}${path}`, { method, headers })
  const body = await answer.text()
  if (!answer.ok && answer.status !== 409) throw new Error(`${method} ${path}: ${answer.status} ${body}`)
  return JSON.parse(body)
}
