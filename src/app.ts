import { watchAlarms } from './alarms.ts'
import { createApi } from './api/server.ts'
import { systemClock } from './clock.ts'
import type { Config } from './config/schema.ts'
import { imapAccount, type Secrets, smtpAccount } from './config/secrets.ts'
import type { PassedOn } from './desk/outgoing-mail.ts'
import type { Policy } from './desk/policy.ts'
import { createDispatcher, takeUpHistory } from './dispatch/dispatcher.ts'
import { DeskError } from './errors.ts'
import type { AfterReading, StartFrom, WatchedFolder } from './inbound/folder.ts'
import type { ImapAccount } from './inbound/imap.ts'
import { type Intake, release, replay } from './inbound/ingest.ts'
import { watchFolder } from './inbound/poller.ts'
import { createReader, type Reader } from './inbound/reader.ts'
import { reconcileWatched } from './inbound/reconcile.ts'
import { instanceIds } from './instance.ts'
import type { Instant } from './instant.ts'
import type { Logger } from './log.ts'
import { pause } from './loop.ts'
import { tokenSources } from './oauth.ts'
import { createSender } from './outbound/sender.ts'
import { openSmtp } from './outbound/smtp.ts'
import { lockDatabase } from './store/lock.ts'
import { openStore, type SqliteOptions, type Store } from './store/store.ts'

export type AppOptions = {
  readonly config: Config
  readonly secrets: Secrets
  readonly policy: Policy
  readonly log: Logger
  /** The time of day; a test may give its own. */
  readonly clock?: () => Instant
  /** How often it is looked whether an alarm or a date is due (ms); a minute. */
  readonly alarmsEveryMs?: number
  /** A test may set limits to the database. */
  readonly database?: SqliteOptions
  /** The module that reads mails in its own process; a test may give its own. */
  readonly readerProgram?: URL
}

/** The running service. Disposing of it stops it in order; nothing in hand is lost. */
export type App = AsyncDisposable & {
  readonly store: Store
  /** Where the API answers: `http://127.0.0.1:8025`. */
  readonly url: string
}

/**
 * The roof: opens the store, builds the API and starts the loops. Throws DeskError when the database cannot be opened or
 * another process serves it, or when the port is taken; mail servers that do not answer are tried again for ever, and the API tells of them.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const { path } = options.config.storage
  const lock = lockDatabase(path, (options.clock ?? systemClock)())
  let store: Store | undefined
  const close = async () => {
    await store?.[Symbol.asyncDispose]()
    lock[Symbol.dispose]()
  }
  try {
    store = await openStore(path, options.database)
    return await startOn(store, close, options)
  } catch (error) {
    await close()
    throw error
  }
}

async function startOn(
  store: Store,
  close: () => Promise<void>,
  { config, secrets, policy, log, clock = systemClock, alarmsEveryMs, readerProgram }: AppOptions,
): Promise<App> {
  if (store.migrated.length > 0) log.info({ migrations: store.migrated }, 'database brought to the newest schema')
  const backup = await store.write(tx => tx.takeUpBackup(clock()))
  if (backup) log.warn(backup, 'the database is a backup put back: what may have been sent since is not sent again')
  await takeUpHistory(store)
  const ids = await instanceIds(store)
  const reader = createReader({ policy, log, ...(readerProgram && { program: readerProgram }) })
  const openAttachment = attachmentsOf(store, reader)
  const withTokens = tokenSources({ log, clock })
  const outgoing = Object.keys(config.mailboxes).map(mailbox => {
    const transport = openSmtp(withTokens(smtpAccount(config, secrets, mailbox)))
    return { transport, sender: createSender({ store, clock, log, mailbox, transport, openAttachment }) }
  })
  const wakeSenders = () => {
    for (const { sender } of outgoing) sender.wake()
  }
  const folders = watchedFolders(config, mailbox => withTokens(imapAccount(config, secrets, mailbox)))
  const dispatcher = createDispatcher({ store, policy, ids, clock, log, onQueued: wakeSenders }, alarmsEveryMs)
  const wakeAll = () => {
    wakeSenders()
    dispatcher.wake()
  }
  const intake: Intake = { policy, ids, store, reader, clock, log, onIngested: wakeAll }
  const api = await createApi({
    store,
    policy,
    ids,
    clock,
    log,
    trustProxy: config.http.trustProxy,
    folders,
    onQueued: wakeAll,
    replay: rawMail => replay(intake, rawMail),
    release: rawMail => release(intake, rawMail),
    reconcile: async mailbox =>
      (
        await Promise.all(folders.filter(one => one.mailbox === mailbox).map(one => reconcileWatched(intake, one)))
      ).flat(),
    openAttachment,
  })
  const url = await listen(api, config.http)

  const reading = new AbortController()
  const sending = new AbortController()
  const hangUp = new AbortController()
  const readers = folders.map(folder => watchFolder(intake, folder, reading.signal, hangUp.signal))
  const dispatched = dispatcher.run(reading.signal)
  const senders = outgoing.map(({ sender }) => sender.run(sending.signal))
  const { admins, alarmAfter: alarmAfterMs } = config
  const watching = {
    store,
    policy,
    ids,
    clock,
    log,
    folders,
    admins,
    alarmAfterMs,
    startedAt: clock(),
    onQueued: wakeSenders,
  }
  const alarms = watchAlarms(watching, reading.signal, alarmsEveryMs)
  log.info({ url, mailboxes: Object.keys(config.mailboxes) }, 'postdesk is up')

  return {
    store,
    url,
    async [Symbol.asyncDispose]() {
      // In this order nothing new comes in while what is in hand is finished; whoever keeps us waiting is hung up on.
      const patience = config.shutdownGrace / 2
      reading.abort()
      await within(patience, Promise.all([api.close(), alarms, dispatched, ...readers]), () => {
        log.warn('a client or a mailbox did not stop in time: its mail is read again')
        api.server.closeAllConnections()
        hangUp.abort()
      })
      sending.abort()
      await within(patience, Promise.all(senders), () => log.warn('a delivery did not end in time: it is tried again'))
      for (const { transport } of outgoing) transport.close()
      await reader[Symbol.asyncDispose]()
      // Whoever was hung up on has something to write down yet.
      await within(LAST_WORDS_MS, Promise.all([...readers, ...senders]), () => log.warn('something still hangs'))
      await close()
      log.info('postdesk has stopped')
    },
  }
}

/** Saying goodbye to a server that hangs takes two seconds at most. */
const LAST_WORDS_MS = 3_000

/** The folders to be read, and how to sign in for each. */
export function watchedFolders(config: Config, account: (mailbox: string) => ImapAccount): WatchedFolder[] {
  return Object.entries(config.mailboxes).flatMap(([mailbox, settings]) => {
    const { folders, sentFolder, startFrom, pollEvery, largestMail } = settings
    return folders.map(
      (folder, at): WatchedFolder => ({
        mailbox,
        folder,
        role: 'received',
        account: account(mailbox),
        startFrom: startInstant(startFrom),
        pollEveryMs: pollEvery,
        largestMail,
        afterReading: afterReading(settings),
        sent: at === 0 && sentFolder !== 'none' ? sentFolder : null,
        siblings: folders,
      }),
    )
  })
}

function afterReading({ afterReading, moveTo }: Config['mailboxes'][string]): AfterReading {
  if (afterReading === 'move') return moveTo === null ? 'leave' : { moveTo }
  return afterReading === 'flag' ? 'flagged' : afterReading
}

function startInstant(startFrom: Config['mailboxes'][string]['startFrom']): StartFrom {
  return startFrom === 'now' || startFrom === 'all' ? startFrom : `${startFrom}T00:00:00.000Z`
}

/** Attachments are kept only inside the raw mail they came with. */
function attachmentsOf(store: Store, reader: Reader) {
  return async ({ rawMail, part }: PassedOn): Promise<Buffer | null> => {
    const bytes = await store.read.rawBytes(rawMail)
    return bytes && reader.attachment(bytes, part)
  }
}

async function listen(api: Awaited<ReturnType<typeof createApi>>, { host, port }: Config['http']): Promise<string> {
  try {
    return await api.listen({ host, port })
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw cause
    const advice =
      code === 'EADDRINUSE'
        ? 'is Postdesk running already? Stop it, or choose another http.port'
        : 'choose another http.host or http.port'
    throw new DeskError('config', `cannot listen on ${host}:${port} (${code}): ${advice}`, { cause })
  }
}

async function within(ms: number, work: Promise<unknown>, late: () => void): Promise<void> {
  const done = new AbortController()
  const timer = pause(ms, done.signal).then(() => {
    if (!done.signal.aborted) late()
  })
  await Promise.race([work, timer])
  done.abort()
}
