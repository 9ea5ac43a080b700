import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Database } from '../../src/store/native.ts'
import { check, type Evidence } from './check.ts'
import { idIn } from './sent.ts'

/*
 * What a worse program would have done, put by hand into the evidence of a schedule that passed: the check must see it.
 */

/** `sql` is run on a copy of the database; `change` alters the rest of the evidence. */
type Sabotage = {
  readonly what: string
  readonly sql?: string
  readonly change?: (evidence: Evidence) => Partial<Evidence>
}

const A_MAIL = "(select id from raw_mails where outcome = 'open' order by id limit 1)"

const SABOTAGES: readonly Sabotage[] = [
  {
    what: 'a mail has no line in the ledger',
    sql: `update messages set raw_mail_id = null where raw_mail_id = ${A_MAIL}; delete from raw_mails where id = ${A_MAIL}`,
  },
  {
    what: 'a mail is known as a duplicate of nothing',
    sql: `update raw_mails set outcome = 'duplicate', reason = 'so' where id = ${A_MAIL}`,
  },
  {
    what: 'a mail was set aside',
    sql: `update raw_mails set outcome = 'quarantine', reason = 'so' where id = ${A_MAIL}`,
  },
  {
    what: 'a mail has lost its end',
    sql: `update raw_mails set bytes = substr(bytes, 1, size / 2) where id = ${A_MAIL}`,
  },
  {
    what: 'a ticket was opened twice',
    sql: `create temp table other as select * from tickets order by id limit 1;
      update other set id = (select max(id) + 1 from tickets);
      insert into tickets select * from other`,
  },
  { what: 'a message is gone', sql: `delete from attachments; delete from messages where raw_mail_id = ${A_MAIL}` },
  {
    what: 'a message is on another ticket',
    sql: `update messages set ticket_id = (select max(id) from tickets) where raw_mail_id = ${A_MAIL}`,
  },
  {
    what: 'a message is another mail’s',
    sql: `update messages set text = 'other words' where raw_mail_id = ${A_MAIL}`,
  },
  {
    what: 'an acknowledgement was never made',
    sql: "delete from promises; delete from outbox where kind = 'acknowledgement'",
  },
  { what: 'agents were told nothing', sql: "delete from outbox where kind = 'notification'" },
  { what: 'an acknowledgement still waits', sql: "update outbox set state = 'queued', sent_at = null" },
  {
    what: 'what is said to be sent was not',
    change: ({ accepted: [first, ...others] }) => ({
      accepted: others.filter(({ bytes }) => idIn(bytes) !== (first && idIn(first.bytes))),
    }),
  },
  {
    what: 'an acknowledgement was sent twice without need',
    change: ({ accepted, handedOver }) => {
      // Of one that had to be sent again a third copy would be excused.
      const isOnce = (id: string) => handedOver.filter(({ messageId }) => messageId === id).length === 1
      const one = handedOver.find(
        ({ answeredAt, hungUp, messageId }) => answeredAt !== null && !hungUp && isOnce(messageId),
      )
      const again = accepted.find(({ bytes }) => idIn(bytes) === one?.messageId)
      return one && again ? { accepted: [...accepted, again], handedOver: [...handedOver, one] } : {}
    },
  },
  {
    what: 'a second acknowledgement has other bytes',
    change: ({ accepted, handedOver }) => {
      const [one] = accepted
      const [handed] = handedOver
      if (!one || !handed) return {}
      const other = { ...one, bytes: Buffer.concat([one.bytes, Buffer.from('.')]) }
      return { accepted: [...accepted, other], handedOver: [{ ...handed, answeredAt: null }, ...handedOver] }
    },
  },
]

/** Gives how many sabotages were made and which of them the check did not see. */
export function sabotage(evidence: Evidence, folder: string): { made: number; unseen: string[] } {
  const unseen: string[] = []
  const databasePath = join(folder, 'sabotaged.sqlite')
  for (const { what, sql, change } of SABOTAGES) {
    for (const end of ['', '-wal', '-shm']) rmSync(`${databasePath}${end}`, { force: true })
    copyFileSync(evidence.databasePath, databasePath)
    if (sql !== undefined) alter(databasePath, sql)
    const { differences } = check({ ...evidence, databasePath, ...change?.(evidence) })
    if (differences.length === 0) unseen.push(what)
  }
  return { made: SABOTAGES.length, unseen }
}

function alter(databasePath: string, sql: string): void {
  const db = new Database(databasePath)
  try {
    db.pragma('foreign_keys = OFF')
    db.exec(sql)
  } finally {
    db.close()
  }
}
