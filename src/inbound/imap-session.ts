/*
 * One connection with one open folder (RFC 3501, IDLE of RFC 2177), used by one loop: one call at a time, except that
 * close() may come at any moment. Once the connection is gone every call rejects with the same temporary DeskError; the
 * loop connects anew. Nothing here remembers anything longer than the connection does: the cursor lives in the store.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ImapFlow } from 'imapflow'
import { DeskError } from '../errors.ts'
import { type Instant, instantOf } from '../instant.ts'
import { Bell } from './bell.ts'
import { intoWindows, isHeavy, type Listed, uidSets } from './imap-uids.ts'
import type { FetchedMail, Fetching, FolderState, ImapLog, ImapSession } from './session.ts'

// A server that ends IDLE by itself faster than this is not asked again before the rest of it is over.
const IDLE_MIN_MS = 1000
const GOODBYE_MS = 2000
const WINDOW = 50
// Header and text of practically every mail; what comes behind is files.
const BEGINNING_BYTES = 256 * 1024

/** A mail to be fetched, some `size` bytes: whole (`most` null), or only its first bytes. `fullSize`: as far as it is told. */
type Wanted = Pick<Listed, 'uid' | 'size'> & { readonly most: number | null; readonly fullSize: number | null }

/** What a session is made of; `explain` puts what imapflow raises while `doing` something into words for an admin. */
type Opened = {
  readonly client: ImapFlow
  readonly host: string
  readonly signedInUntil: Instant | null
  readonly log: ImapLog
  readonly explain: (error: unknown, doing: string) => DeskError
}

export class Session implements ImapSession {
  readonly #client: ImapFlow
  readonly #host: string
  readonly signedInUntil: Instant | null
  readonly #log: ImapLog
  readonly #explain: Opened['explain']
  /** Rings when the folder or the connection has changed. */
  readonly #bell = new Bell()
  /** What the connection died of, as imapflow told it. */
  #failure: unknown = null
  /** Set once the connection is gone: what every call rejects with from then on. */
  #lost: DeskError | null = null
  #closed: Promise<void> | null = null
  /** What was begun last, for the words of a lost connection. */
  #doing = 'connect'
  /** The server told of another number of mails than we have looked at. */
  #changed = false
  /** The server's view of the folder is as new as its last word to us; otherwise a NOOP comes first. */
  #fresh = false
  #idling: Promise<boolean | undefined> | null = null
  #idleRefused = false

  constructor({ client, host, signedInUntil, log, explain }: Opened) {
    this.#client = client
    this.#host = host
    this.signedInUntil = signedInUntil
    this.#log = log
    this.#explain = explain
    client.on('error', error => {
      this.#failure = error
    })
    client.on('close', () => {
      const error = this.#failure ?? { code: 'NoConnection', reason: client.byeReason }
      this.#lost = client.closedByClient
        ? new DeskError('imap', 'this IMAP session was closed', { temporary: true })
        : this.#explain(error, this.#doing)
      this.#bell.ring()
    })
    client.on('exists', () => {
      this.#changed = true
      this.#fresh = true
      this.#bell.ring()
    })
  }

  get lost(): boolean {
    return this.#lost !== null
  }

  get capabilities(): ReadonlySet<string> {
    return new Set([...this.#client.capabilities.keys()].map(name => name.toUpperCase()))
  }

  async open(folder: string): Promise<FolderState> {
    const doing = `open the folder ${JSON.stringify(folder)}`
    // Before and not after the command: an EXISTS right behind its answer must not be forgotten.
    this.#changed = false
    const box = await this.#do(doing, () => this.#client.mailboxOpen(folder))
    this.#fresh = true
    // RFC 3501 §7.1 lets a server leave UIDNEXT out of SELECT; STATUS has to tell it.
    const status = box.uidNext ? box : await this.#do(doing, () => this.#client.status(folder, { uidNext: true }))
    const uidNext = status ? status.uidNext : undefined
    if (!box.uidValidity || !uidNext) {
      const words = `the IMAP server ${this.#host} gives the mails of ${JSON.stringify(folder)} no lasting UIDs`
      throw new DeskError('imap', `${words}: it cannot be read without losing or doubling mail`, { temporary: false })
    }
    return { uidValidity: String(box.uidValidity), uidNext, exists: box.exists ?? 0 }
  }

  async *fetch(
    listed: readonly Listed[],
    { window = WINDOW, largest = Number.POSITIVE_INFINITY }: Fetching = {},
  ): AsyncGenerator<readonly FetchedMail[], void, undefined> {
    const windows = intoWindows(
      listed.map(mail => asWanted(mail, largest)),
      window,
    )
    const load = (mails: readonly Wanted[] = []) => {
      const loaded = this.#load(mails)
      // The caller may leave before awaiting the prefetch; who stays gets the rejection all the same.
      loaded.catch(() => undefined)
      return loaded
    }
    const heavy = windows.map(mails => isHeavy(mails.map(({ size }) => size)))
    let next = load(windows[0])
    for (let at = 1; at <= windows.length; at++) {
      const mails = await next
      const ahead = !heavy[at - 1] && !heavy[at]
      if (ahead) next = load(windows[at])
      if (mails.length > 0) yield mails
      if (!ahead) next = load(windows[at])
    }
  }

  async waitForChange(signal: AbortSignal, maxMs: number, pollMs: number): Promise<'changed' | 'time' | 'aborted'> {
    const until = performance.now() + maxMs
    for (;;) {
      if (signal.aborted) return 'aborted'
      if (this.#lost) throw this.#lost
      if (this.#changed) return 'changed'
      const left = until - performance.now()
      if (left <= 0) return 'time'
      if (this.capabilities.has('IDLE') && !this.#idleRefused) await this.#idle(signal, left)
      else await this.#poll(signal, left, pollMs)
    }
  }

  async sentFolder(): Promise<string | null> {
    const folders = await this.#do('list the folders', () => this.#client.list())
    return folders.find(({ specialUse }) => specialUse === '\\Sent')?.path ?? null
  }

  async peek(folder: string): Promise<FolderState | null> {
    const query = { uidValidity: true, uidNext: true, messages: true }
    const status = await this.#status(folder, query)
    if (!status?.uidValidity || !status.uidNext) return null
    return { uidValidity: String(status.uidValidity), uidNext: status.uidNext, exists: status.messages ?? 0 }
  }

  async mark(uids: readonly number[], flag: 'seen' | 'flagged'): Promise<void> {
    await this.#addFlag(uids, flag === 'seen' ? '\\Seen' : '\\Flagged', `mark mails as ${flag}`)
  }

  async move(uids: readonly number[], folder: string): Promise<void> {
    const doing = `move mails to the folder ${JSON.stringify(folder)}`
    // RFC 2180 §4.4: a server may carry no mail at all because others have removed one (seen: Dovecot, MOVE and COPY).
    // Those that are left are asked for again.
    let left = this.capabilities.has('UIDPLUS') ? uids : await this.#stillHere(uids, doing)
    for (let look = 0; look < 3 && left.length > 0; look++) left = await this.#carry(left, folder, doing)
    if (left.length > 0) throw this.#explain({ message: 'the server left mails where they were' }, doing)
    if (this.capabilities.has('MOVE')) return
    // RFC 6851 §3.3. Without UIDPLUS an EXPUNGE would also take what people have marked as deleted: the mails stay marked.
    if (this.capabilities.has('UIDPLUS'))
      for (const set of uidSets(uids)) await this.#do(doing, () => this.#client.messageDelete(set, { uid: true }))
    else await this.#addFlag(uids, '\\Deleted', doing)
  }

  /** Moves mails to another folder, or copies them where the server cannot move. Gives those that were not, and are here. */
  async #carry(uids: readonly number[], folder: string, doing: string): Promise<readonly number[]> {
    const moves = this.capabilities.has('MOVE')
    const known = new Set<number>()
    for (const set of uidSets(uids)) {
      const carry = () =>
        this.#do(doing, () =>
          moves
            ? this.#client.messageMove(set, folder, { uid: true })
            : this.#client.messageCopy(set, folder, { uid: true }),
        )
      // Refused without an error: most likely there is no such folder yet (TRYCREATE, RFC 3501 §6.4.7).
      let carried = await carry()
      if (!carried) {
        await this.#do(doing, () => this.#client.mailboxCreate(folder))
        carried = await carry()
      }
      if (!carried) throw this.#explain({ message: 'refused; may mails be moved there?' }, doing)
      for (const uid of carried.uidMap?.keys() ?? []) known.add(uid)
    }
    // imapflow takes a NO for OK when it says that some mails are gone; COPYUID (RFC 4315 §3) is sure.
    const unsure = uids.filter(uid => !known.has(uid))
    if (unsure.length === 0) return []
    const here = await this.#stillHere(unsure, doing)
    // A copy without COPYUID: where no mail is gone, none was refused because of one.
    return moves || here.length < unsure.length ? here : []
  }

  async #stillHere(uids: readonly number[], doing: string): Promise<number[]> {
    // Lets the server tell of what others have removed.
    await this.#do(doing, () => this.#client.noop())
    return this.#among(uids, doing)
  }

  async #among(uids: readonly number[], doing: string): Promise<number[]> {
    const asked = new Set(uids)
    const here: number[] = []
    for (const set of uidSets(uids)) {
      const found = await this.#do(doing, () => this.#client.search({ uid: set }, { uid: true }))
      if (!found) throw this.#explain({ message: 'the server does not tell what is left' }, doing)
      // Whatever else an answer names: what was not taken in must not be moved.
      here.push(...found.filter(uid => asked.has(uid)))
    }
    return here
  }

  async #addFlag(uids: readonly number[], flag: string, doing: string): Promise<void> {
    for (const set of uidSets(uids)) {
      const done = await this.#do(doing, () => this.#client.messageFlagsAdd(set, [flag], { uid: true, silent: true }))
      if (!done) throw this.#explain({ message: 'refused; is the folder read-only?' }, doing)
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#goodbye()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Not of the open folder: some servers answer that wrongly (RFC 3501 §6.3.10). */
  async #status(folder: string, query: Parameters<ImapFlow['status']>[1]) {
    const doing = `look at the folder ${JSON.stringify(folder)}`
    try {
      return (await this.#do(doing, () => this.#client.status(folder, query))) || null
    } catch (error) {
      if (error instanceof DeskError && error.fields['code'] === 'NotFound') return null
      throw error
    }
  }

  /** One command, however sparse the UIDs are. */
  async list(lastUid = 0, { sizes = false } = {}): Promise<readonly Listed[]> {
    const doing = 'list new mails'
    if (!this.#fresh) await this.#do(doing, () => this.#client.noop())
    this.#changed = false
    this.#fresh = false
    const box = this.#client.mailbox
    if (this.#lost) throw this.#lost
    if (!box) throw new Error('list() before open()')
    // An empty folder has no "*" to name, and servers differ in what they say to it.
    if (box.exists === 0) return []
    const listed = new Map<number, Listed>()
    await this.#do(doing, async () => {
      // Asking for the sizes costs 14 µs a mail where SEARCH would cost 1, and bounds the memory (see intoWindows).
      const query = { uid: true, size: sizes, internalDate: true }
      for await (const row of this.#client.fetch(`${lastUid + 1}:*`, query, { uid: true })) {
        const { uid, size, internalDate } = row
        // News of flags that came in between, for any mail: it would take the place of what was asked for.
        if (size === undefined && internalDate === undefined) continue
        // §6.4.8 wants it in each answer. Without, the mail would be passed by and nobody could tell which.
        if (!uid)
          throw new DeskError('imap', `the IMAP server ${this.#host} lists a mail without its UID`, { temporary: true })
        // §6.4.8 as well: "n:*" always names the last mail, also when its UID is below n.
        if (uid > lastUid) listed.set(uid, { uid, size: size ?? 0, receivedAt: this.#receivedAt(row) })
      }
    })
    return [...listed.values()].sort((a, b) => a.uid - b.uid)
  }

  /** The mails of one window, all of them before anything is handed out: a command inside imapflow's fetch loop hangs. */
  async #load(wanted: readonly Wanted[]): Promise<FetchedMail[]> {
    const [first, another] = wanted
    const doing = first && !another ? `fetch the mail with UID ${first.uid}` : 'fetch mails'
    const found = new Map<number, FetchedMail>()
    let missing = wanted
    // RFC 2180 §4.1: of mails expunged by others a server may send nothing, or emptiness, and say NO to the whole
    // command. A second look, after a NOOP has let it tell us, makes sure that nothing but those is left out.
    for (let look = 0; look < 2 && missing.length > 0; look++) {
      if (look > 0) await this.#do(doing, () => this.#client.noop())
      try {
        await this.#do(doing, () => this.#fetchInto(found, missing))
      } catch (error) {
        if (look > 0 || this.#lost || !(error instanceof DeskError) || !error.temporary) throw error
      }
      missing = missing.filter(({ uid }) => !found.has(uid))
    }
    if (missing.length > 0) await this.#areGone(missing, doing)
    return wanted.flatMap(({ uid }) => found.get(uid) ?? [])
  }

  /** Throws when mails are there that the server was asked for twice, and gave nothing of, with no word about it. */
  async #areGone(mails: readonly Wanted[], doing: string): Promise<void> {
    const uids = mails.map(({ uid }) => uid)
    const here = await this.#among(uids, doing)
    if (here.length > 0) throw this.#explain({ message: `it shows UID ${here.join(', ')} and gives nothing` }, doing)
    this.#log.info({ uids }, 'imap: mails were removed before they could be fetched')
  }

  async #fetchInto(found: Map<number, FetchedMail>, mails: readonly Wanted[]): Promise<void> {
    const wanted = new Map(mails.map(mail => [mail.uid, mail]))
    for (const most of new Set(mails.map(mail => mail.most))) {
      const source = most === null ? true : { start: 0, maxLength: most }
      const query = { uid: true, internalDate: true, size: most !== null, source }
      const uids = mails.filter(mail => mail.most === most).map(({ uid }) => uid)
      for (const set of uidSets(uids)) {
        for await (const row of this.#client.fetch(set, query, { uid: true })) {
          const mail = wanted.get(row.uid)
          // Rows without a body are news of flags, for any mail of the folder, that came in between; an empty body is
          // how some servers show an expunged mail (RFC 2180 §4.1.3).
          if (!row.source?.length || !mail) continue
          const { uid } = mail
          found.set(uid, { uid, receivedAt: this.#receivedAt(row), ...givenOf(mail, row.source, row.size) })
        }
      }
    }
  }

  #receivedAt(row: { readonly uid: number; readonly internalDate?: Date | string | undefined }): Instant {
    try {
      return instantOf(new Date(row.internalDate ?? Number.NaN).getTime())
    } catch {
      // No server was seen to do this. It has the mail now, so "now" errs by the time it lay there.
      const fields = { uid: row.uid, internalDate: String(row.internalDate) }
      this.#log.warn(fields, 'imap: unreadable INTERNALDATE, taking now')
      return instantOf(Date.now())
    }
  }

  /** IDLE until news, abort or `ms`. It goes on behind our back when we return: the next command ends it (RFC 2177). */
  async #idle(signal: AbortSignal, ms: number): Promise<void> {
    const began = performance.now()
    this.#doing = 'wait for mail'
    this.#idling ??= this.#client.idle().finally(() => {
      this.#idling = null
    })
    // Ended without news: renewed by imapflow, or by the server, or the connection is gone, which the caller sees.
    const ended = this.#idling.then(
      answer => answer !== false,
      () => false,
    )
    const reason = await this.#bell.wait(signal, ms, ended)
    if (reason === 'rung' || this.#lost || signal.aborted) return
    if (reason === false) this.#idleRefused = true
    else if (reason === true) await this.#bell.wait(signal, Math.min(ms, began + IDLE_MIN_MS - performance.now()))
  }

  async #poll(signal: AbortSignal, ms: number, pollMs: number): Promise<void> {
    const reason = await this.#bell.wait(signal, Math.min(ms, pollMs))
    if (reason === 'time' && !this.#lost && pollMs <= ms) await this.#do('look for news', () => this.#client.noop())
  }

  async #goodbye(): Promise<void> {
    const given = new AbortController()
    const patience = sleep(GOODBYE_MS, undefined, { signal: given.signal }).catch(() => undefined)
    if (!this.#lost) await Promise.race([this.#client.logout().catch(() => undefined), patience])
    given.abort()
    this.#client.close()
  }

  /** Runs one command; whatever it raises becomes a DeskError, and the reason of a lost connection comes first. */
  async #do<T>(doing: string, command: () => Promise<T>): Promise<T> {
    if (this.#lost) throw this.#lost
    this.#doing = doing
    try {
      const result = await command()
      if (this.#lost) throw this.#lost
      return result
    } catch (error) {
      throw this.#lost ?? this.#explain(error, doing)
    }
  }
}

function asWanted({ uid, size }: Listed, largest: number): Wanted {
  if (size > largest) return { uid, size: BEGINNING_BYTES, most: BEGINNING_BYTES, fullSize: size }
  // A window of its own, and not more than is read: the size was not told.
  if (size === 0 && largest < Number.POSITIVE_INFINITY) return { uid, size: largest, most: largest, fullSize: null }
  return { uid, size, most: null, fullSize: null }
}

/** RFC822.SIZE may be an estimate: a mail of which there is less than was asked for is whole. */
function givenOf({ most, fullSize }: Wanted, bytes: Buffer, told = 0): Pick<FetchedMail, 'bytes' | 'fullSize'> {
  if (most === null || bytes.length < most) return { bytes, fullSize: null }
  return { bytes: bytes.subarray(0, BEGINNING_BYTES), fullSize: Math.max(fullSize ?? told, bytes.length) }
}
