/*
 * The sum that an admin asks for: every mail on the server has its place.
 */

import { expect, test } from 'vitest'
import { Database } from '../../src/store/native.ts'
import { describeOnBoth, startDesk } from '../support/desk.ts'
import { mail } from '../support/mail.ts'
import { eventually } from '../support/wait.ts'

const letter = (name: string) => mail({ from: `${name}@example.org`, to: 'it@example.org', text: `I am ${name}.` })

describeOnBoth('reconciliation', kind => {
  test('counts what was left out and what has an outcome, and reads what has none', async () => {
    await using desk = await startDesk(kind, {
      mailboxes: { it: { startFrom: 'now' } },
      async before(imap) {
        for (const old of ['old', 'older']) await imap.deliver('it', 'INBOX', letter(old))
      },
    })
    const { service } = desk
    const sum = async () => {
      const { items } = await service.get<{ items: { missing: number[] }[] }>('/v1/mailboxes/it/reconciliation')
      return items[0]
    }
    await eventually(async () => expect(await sum()).toMatchObject({ onServer: 2 }), 15_000)
    await desk.arrives(letter('ann'))
    await desk.arrives(letter('ben'))
    const balanced = { onServer: 4, accounted: 2, leftOut: 2, pending: [], missing: [], repaired: 0 }
    expect(await sum()).toMatchObject(balanced)

    await service.stop()
    forget(service.databasePath, 4)
    await service.start()
    expect(await sum()).toMatchObject({ ...balanced, accounted: 1, missing: [4], repaired: 1 })
    expect(await sum()).toMatchObject(balanced)
  })
})

/** What no crash of ours leaves behind: the ledger has lost a line below its cursor. */
function forget(path: string, uid: number): void {
  const db = new Database(path)
  db.pragma('foreign_keys = OFF')
  db.exec(`
    update messages set raw_mail_id = null where raw_mail_id in (select id from raw_mails where uid = ${uid});
    delete from raw_mails where uid = ${uid};
  `)
  db.close()
}
