import { DeskError } from '../errors.ts'
import { Type } from '../json-schema.ts'
import { type FolderStatus, isReplaced } from '../store/mailboxes.ts'
import { folderTrouble } from './health.ts'
import type { Routes, Watched } from './options.ts'
import { problems } from './problem.ts'
import { instant, list, number, object, oneOf, orNull, ref, text } from './shapes.ts'

const FolderShape = object(
  {
    folder: text('Its name on the server.'),
    role: oneOf(['received', 'sent'], '`sent`: what agents write in the mailbox itself is found there.'),
    healthy: Type.Boolean({ description: 'It is read as it should be.' }),
    trouble: orNull.text('Why not.'),
    uidValidity: orNull.text('With `lastUid`, how far it has been read; null before the first time.'),
    lastUid: number('The last mail that was read.'),
    readSince: orNull.instant('Mail that the server received earlier is not read; null: all of it is.'),
    checkedAt: orNull.instant('When it was last read to its end.'),
    lastError: orNull.text('Why it could not be read the last time; null when it could.'),
    failingSince: orNull.instant('When the failures since the last good reading began.'),
  },
  { $id: 'Folder', description: 'A folder that is read.' },
)

const AlarmShape = object(
  {
    cause: oneOf(
      ['reading', 'sending', 'silence', 'storm', 'refused'],
      '`reading`: a folder cannot be read. `sending`: its mail does not leave. `silence`: no mail comes where it always did. `storm`: it has used up its automatic mails (`automatic.perMailbox`). `refused`: the server does not hand out some mails of a folder.',
    ),
    folder: orNull.text('The folder that cannot be read, or not wholly.'),
    since: instant('Since when.'),
    detail: text('What is known of it.'),
    raisedAt: instant('When it was noticed.'),
    toldAt: orNull.instant('When the admins were last told by mail.'),
  },
  { $id: 'Alarm', description: 'Something that does not work.' },
)

const MailboxShape = object(
  {
    name: text('Its name in the configuration.'),
    displayName: text('The sender of its mails.'),
    addresses: list(text('A mail address.'), 'The first is the sender of its mails.'),
    team: orNull.text('The team that gets its tickets when no rule says otherwise.'),
    folders: list(ref(FolderShape), 'In the order of the configuration.'),
    alarms: list(ref(AlarmShape), 'What has not worked for longer than `alarmAfter`, as long as it lasts.'),
  },
  { $id: 'Mailbox', description: 'A shared mailbox.' },
)

const ReconciliationShape = object(
  {
    mailbox: text('The mailbox.'),
    folder: text('Its folder.'),
    onServer: number('Mails that the server shows: the sum of the four below.'),
    accounted: number('Mails with an outcome in the ledger.'),
    leftOut: number('Mails from before the first day, left alone by `startFrom`.'),
    pending: list(
      object({ uid: number('Its UID.'), receivedAt: instant('When the server got it.') }),
      'Mails that are about to be read.',
    ),
    missing: list(number('A UID.'), 'Mails that had no outcome.'),
    repaired: number('How many of the missing ones were taken in now.'),
    refused: list(
      object({ uid: number('Its UID.'), reason: text('What the server says.') }),
      'Those of the missing ones that the server does not hand out. They are tried again every quarter of an hour.',
    ),
  },
  { $id: 'Reconciliation', description: 'A folder held against the ledger.' },
)

export const MAILBOX_SHAPES = [FolderShape, AlarmShape, MailboxShape, ReconciliationShape]

/** The shared mailboxes, and how well they are read. */
export const mailboxRoutes: Routes = async (app, { store, policy, folders, clock, reconcile }) => {
  app.get(
    '/mailboxes',
    {
      config: { role: 'reader' },
      schema: {
        tags: ['mailboxes'],
        operationId: 'listMailboxes',
        summary: 'The mailboxes, how far they have been read, and what went wrong',
        response: {
          200: object(
            { items: list(ref(MailboxShape), 'In the order of the configuration.') },
            { description: 'All of them.' },
          ),
          ...problems(),
        },
      },
    },
    async () => {
      const known = await store.read.folders()
      const alarms = (await store.read.alarms()).filter(({ overAt }) => overAt === null)
      const now = clock()
      const folderOf = (watched: Watched) => {
        const status =
          known.find(one => one.mailbox === watched.mailbox && one.folder === watched.folder) ?? unread(watched)
        // Sent mail is read when there is some: that nothing was read for long says nothing.
        const trouble = status.role === 'sent' ? status.lastError : folderTrouble(watched, status, now)
        return { ...status, healthy: trouble === null, trouble }
      }
      /** The watched ones, and the folder of sent mail that is read beside them. */
      const foldersOf = (mailbox: string): readonly Watched[] => {
        const watched = folders.filter(one => one.mailbox === mailbox)
        const sent = known.filter(one => one.mailbox === mailbox && one.role === 'sent' && !isReplaced(one, known))
        return [
          ...watched,
          ...sent.map(({ folder }) => ({ mailbox, folder, pollEveryMs: watched[0]?.pollEveryMs ?? 0 })),
        ]
      }
      const items = [...policy.mailboxes.values()].map(({ name, displayName, addresses, team }) => ({
        ...{ name, displayName, addresses, team },
        folders: foldersOf(name).map(folderOf),
        alarms: alarms.filter(one => one.mailbox === name).map(one => ({ ...one, folder: one.folder || null })),
      }))
      return { items }
    },
  )

  app.get(
    '/mailboxes/:name/reconciliation',
    {
      config: { role: 'admin' },
      schema: {
        tags: ['mailboxes'],
        operationId: 'reconcileMailbox',
        summary: 'Holds the mails on the server against the ledger, and takes in what is missing there',
        params: object({ name: text('Its name in the configuration.') }),
        response: {
          200: object({ items: list(ref(ReconciliationShape), 'One a folder.') }, { description: 'The sums.' }),
          ...problems(404, 502),
        },
      },
    },
    async request => {
      const { name } = request.params
      if (!policy.mailboxes.has(name)) throw new DeskError('not_found', `there is no mailbox ${name}`)
      return { items: await reconcile(name) }
    },
  )
}

function unread({ mailbox, folder }: Watched): FolderStatus {
  return {
    mailbox,
    folder,
    role: 'received',
    uidValidity: null,
    lastUid: 0,
    readSince: null,
    checkedAt: null,
    lastError: null,
    failingSince: null,
  }
}
