/*
 * An IMAP server that keeps real folders (UIDs, UIDVALIDITY, flags, arrivals, removals) and, by a plan, does in between what real
 * servers and networks were seen to do, and some that nobody has seen yet. When the plan is over it behaves.
 */
import { createServer, type Socket } from 'node:net'
import type { ImapAccount } from '../../src/inbound/imap.ts'
import {
  at,
  CODES,
  FAULTS,
  type Fault,
  type FaultKind,
  type Is,
  LISTS,
  type Nature,
  sayings,
  TEXTS,
} from './odd-imap-faults.ts'
import { fetchRows, type OddMail } from './odd-imap-fetch.ts'
import { listening, portOf } from './ports.ts'

type Folder = { validity: number; uidNext: number; mails: OddMail[] }

export interface OddImap extends AsyncDisposable {
  readonly account: ImapAccount
  /** What clients sent, without tags. */
  readonly commands: readonly string[]
  readonly folders: ReadonlyMap<string, Folder>
  /** The mail that ever had this name, as far as the server told it. */
  known(folder: string, validity: string, uid: number): OddMail | undefined
  deliver(folder: string, bytes: Buffer): OddMail
  /** The next mail comes. */
  arrive(): void
  /** The plan is over. */
  behave(): void
  /** Whether all of the plan has happened. */
  readonly over: boolean
}

/** By how much a UIDVALIDITY is wrong. */
const LIE = 1000
const DATE = '"23-Nov-2026 08:00:00 +0000"'

type Setup = {
  readonly nature: Nature
  readonly plan: readonly Fault[]
  /** There since 2020. */
  readonly old: Buffer
  /** Half of them are there, the others come later. */
  readonly mails: readonly Buffer[]
}

export async function oddImap({ nature, plan, old, mails: received }: Setup): Promise<OddImap> {
  let faults = plan.map(fault => ({ ...fault }))
  const commands: string[] = []
  const sockets = new Set<Socket>()
  const folders = new Map<string, Folder>()
  const told = new Map<string, Map<number, OddMail>>()
  const tell = (name: string, validity: number) => {
    const key = `${name}/${validity}`
    const mails = told.get(key) ?? new Map<number, OddMail>()
    told.set(key, mails)
    for (const mail of folders.get(name)?.mails ?? []) if (!mails.has(mail.uid)) mails.set(mail.uid, mail)
  }
  const add = (name: string, bytes: Buffer, flags: Iterable<string> = [], date = DATE): OddMail => {
    const folder = folders.get(name) ?? { validity: 7, uidNext: 1, mails: [] }
    folders.set(name, folder)
    const mail = { uid: folder.uidNext, bytes, date, flags: new Set(flags) }
    folder.uidNext += 1
    folder.mails.push(mail)
    for (const validity of [folder.validity, folder.validity + LIE])
      if (told.has(`${name}/${validity}`)) tell(name, validity)
    tell(name, folder.validity)
    return mail
  }
  if (nature.sent) folders.set('Sent', { validity: 3, uidNext: 1, mails: [] })
  folders.set('INBOX', { validity: 7, uidNext: 3, mails: [] })
  add('INBOX', old, [], '"01-Jan-2020 08:00:00 +0000"')
  /** Those that come while the plan goes on. */
  const waiting = [...received]
  for (const bytes of waiting.splice(0, Math.ceil(waiting.length / 2))) add('INBOX', bytes)

  const arrive = () => {
    const bytes = waiting.shift()
    if (bytes) add('INBOX', bytes)
  }
  const wake = new Set<() => void>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    let selected: Folder | null = null
    let name = ''
    let view: OddMail[] = []
    let idle = ''
    let deaf = false
    const write = (text: string) => {
      if (deaf || socket.destroyed) return
      const small = Math.min(text.length, 300 * nature.chunk)
      for (let from = 0; from < small; from += nature.chunk)
        socket.write(text.slice(from, Math.min(small, from + nature.chunk)), 'latin1')
      if (small < text.length) socket.write(text.slice(small), 'latin1')
    }
    /** What has changed in the open folder since this connection was told. */
    const news = (): string[] => {
      if (!selected) return []
      const lines: string[] = []
      for (const mail of [...view])
        if (!selected.mails.includes(mail)) {
          lines.push(`* ${view.indexOf(mail) + 1} EXPUNGE`)
          view.splice(view.indexOf(mail), 1)
        }
      const more = selected.mails.filter(mail => !view.includes(mail))
      view.push(...more)
      return more.length > 0 ? [...lines, `* ${view.length} EXISTS`] : lines
    }
    const idles = () => {
      if (idle)
        write(
          news()
            .map(line => `${line}\r\n`)
            .join(''),
        )
    }
    wake.add(idles)
    socket.on('close', () => {
      sockets.delete(socket)
      wake.delete(idles)
    })
    const inSet = (set: string) => {
      const last = view.at(-1)?.uid ?? 0
      const ranges = set.split(',').map(range => {
        const [from = 0, to = from] = range.split(':').map(uid => (uid === '*' ? last : Number(uid)))
        return [Math.min(from, to), Math.max(from, to)] as const
      })
      return view.filter(({ uid }) => ranges.some(([from, to]) => uid >= from && uid <= to))
    }

    const select = (wanted: string, is: Is): string[] => {
      const folder = folders.get(wanted)
      selected = null
      view = []
      if (!folder) return ['TAG NO [NONEXISTENT] no such folder']
      selected = folder
      name = wanted
      view = [...folder.mails]
      const wrong = is('wrongExists')
      const exists = wrong === null ? view.length : (at([0, view.length + 2, Math.max(0, view.length - 1)], wrong) ?? 0)
      const validity = is('otherValidity') === null ? folder.validity : folder.validity + LIE
      tell(name, validity)
      const low = is('lowUidNext')
      return [
        `* ${exists} EXISTS`,
        '* 0 RECENT',
        '* FLAGS (\\Seen \\Deleted \\Flagged)',
        ...(is('noValidity') === null ? [`* OK [UIDVALIDITY ${validity}] -`] : []),
        ...(is('noUidNext') === null ? [`* OK [UIDNEXT ${low === null ? folder.uidNext : 1}] -`] : []),
        is('readOnly') === null ? 'TAG OK [READ-WRITE] -' : 'TAG OK [READ-ONLY] -',
      ]
    }

    const search = (set: string, is: Is): string[] => {
      const uids = (is('allFound') === null ? inSet(set) : view).map(({ uid }) => uid)
      if (is('noSearch') !== null) return ['TAG OK -']
      if (is('nothingFound') !== null) return ['* SEARCH', 'TAG OK -']
      const extended = is('extended')
      if (extended === null) return [`* SEARCH${uids.map(uid => ` ${uid}`).join('')}`, 'TAG OK -']
      return [
        `* ESEARCH (TAG "x") UID${uids.length > 0 ? ` ALL ${uids.join(',')}` : ''}`,
        `* SEARCH ${uids.join(' ')} 4294967295 0 -1 x`,
        'TAG OK -',
      ]
    }

    const carry = (verb: string, set: string, to: string, is: Is): string[] => {
      const target = folders.get(to)
      if (!target) return ['TAG NO [TRYCREATE] no such folder']
      const here = inSet(set).filter(mail => selected?.mails.includes(mail))
      const half = is('halfDone')
      const mails = half === null ? here : here.slice(0, half % (here.length + 1))
      const copies = mails.map(mail => add(to, mail.bytes, mail.flags).uid)
      if (verb === 'MOVE' && selected) selected.mails = selected.mails.filter(mail => !mails.includes(mail))
      const map = `[COPYUID ${target.validity} ${mails.map(({ uid }) => uid).join(',')} ${copies.join(',')}] `
      const isTold = nature.capabilities.concat(nature.later).includes('UIDPLUS') && mails.length > 0
      if (half !== null && half % 2)
        return [...(verb === 'MOVE' ? news() : []), 'TAG NO [SERVERBUG] something is wrong']
      return verb === 'MOVE'
        ? [...(isTold ? [`* OK ${map}-`] : []), ...news(), 'TAG OK -']
        : [`TAG OK ${isTold ? map : ''}-`]
    }

    const usual = (command: string, is: Is): string[] => {
      const words = [...command.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, word = '']) => quoted ?? word)
      const [verb = '', ...rest] = command.toUpperCase().startsWith('UID ')
        ? [`UID ${words[1]?.toUpperCase()}`, ...words.slice(2)]
        : [words[0]?.toUpperCase(), ...words.slice(1)]
      const [first = '', second = ''] = rest
      const capabilities = (after: boolean) =>
        ['IMAP4rev1', ...nature.capabilities, ...(after ? nature.later : [])].join(' ')
      switch (verb) {
        case 'CAPABILITY':
          return [`* CAPABILITY ${capabilities(name !== '' || nature.later.length === 0)}`, 'TAG OK -']
        case 'LOGIN':
          return [`TAG OK [CAPABILITY ${capabilities(true)}] hello`]
        case 'LIST': {
          const odd = is('oddList')
          if (odd !== null) return [...(at(LISTS, odd) ?? []), 'TAG OK -']
          const delimiter = nature.delimiter === null ? 'NIL' : `"${nature.delimiter}"`
          if (second === '') return [`* LIST (\\Noselect) ${delimiter} ""`, 'TAG OK -']
          const names = [...folders.keys()].filter(one => second === '*' || second === one)
          return [...names.map(one => `* LIST (${one === 'Sent' ? '\\Sent' : ''}) ${delimiter} ${one}`), 'TAG OK -']
        }
        case 'STATUS': {
          const folder = folders.get(first)
          if (!folder) return ['TAG NO [NONEXISTENT] no such folder']
          const next = is('lowUidNext') === null ? folder.uidNext : 1
          const validity = is('noValidity') === null ? `UIDVALIDITY ${folder.validity} ` : ''
          return [`* STATUS ${first} (${validity}UIDNEXT ${next} MESSAGES ${folder.mails.length})`, 'TAG OK -']
        }
        case 'SELECT':
          return select(first, is)
        case 'CREATE':
          if (folders.has(first)) return ['TAG NO [ALREADYEXISTS] there is one']
          folders.set(first, { validity: 7, uidNext: 1, mails: [] })
          return ['TAG OK -']
        case 'NOOP':
          return [...news(), 'TAG OK -']
        case 'IDLE':
          return ['+ idling', ...news()]
        case 'LOGOUT':
          return ['* BYE bye', 'TAG OK -']
        case 'UID FETCH':
          return fetchRows(
            { query: rest.join(' '), mails: inSet(first), view, there: selected?.mails ?? [], nature },
            is,
          )
        case 'UID SEARCH':
          return search(rest.at(-1) ?? '', is)
        case 'UID MOVE':
        case 'UID COPY':
          return carry(verb.slice(4), first, second, is)
        case 'UID STORE': {
          if (is('halfDone') !== null) return ['TAG NO [CANNOT] flags are not kept']
          const flag = /\\(\w+)/.exec(rest.join(' '))?.[0] ?? ''
          for (const mail of inSet(first)) mail.flags.add(flag)
          return ['TAG OK -']
        }
        case 'UID EXPUNGE': {
          const marked = new Set(inSet(first).filter(({ flags }) => flags.has('\\Deleted')))
          if (selected) selected.mails = selected.mails.filter(mail => !marked.has(mail))
          return [...news(), 'TAG OK -']
        }
        default:
          return ['TAG OK -']
      }
    }

    const answer = (tag: string, command: string): void => {
      const upper = command.toUpperCase()
      const what = upper.startsWith('UID FETCH') ? `UID FETCH ${/BODY/.test(upper) ? 'BODIES' : 'LISTING'}` : upper
      const happening = new Map<FaultKind, number>()
      for (const fault of faults) {
        const concerned = FAULTS[fault.kind].test(what) || FAULTS[fault.kind].test(what.replace('UID FETCH ', ''))
        // Where it cannot be signed in, nothing else happens.
        if (!concerned || fault.times === 0) continue
        if (fault.after > 0) fault.after--
        else {
          fault.times--
          happening.set(fault.kind, fault.n)
        }
      }
      const is: Is = kind => happening.get(kind) ?? null
      if (is('arrives') !== null) arrive()
      const inbox = folders.get('INBOX')
      const removed = is('removes')
      if (removed !== null && inbox)
        inbox.mails = inbox.mails.filter((_, index) => index !== removed % inbox.mails.length)
      const flagged = is('flags')
      if (flagged !== null) at(inbox?.mails ?? [], flagged)?.flags.add('\\Seen')
      if (is('renumbers') !== null && inbox) {
        const mails = inbox.mails
        folders.set('INBOX', { validity: inbox.validity + 1, uidNext: 1, mails: [] })
        for (const { bytes, flags, date } of mails.toReversed()) add('INBOX', bytes, flags, date)
        for (const other of sockets) if (other !== socket) other.destroy()
        write('* BYE the folder is being rebuilt\r\n')
        socket.end()
        return
      }
      for (const other of wake) if (other !== idles) other()
      if (is('hangs') !== null) {
        deaf = true
        return
      }
      const refused = is('refuses')
      let lines: string[]
      if (refused !== null)
        lines = [`TAG ${refused % 2 ? 'NO' : 'BAD'} ${at(CODES, refused) ?? ''}${at(TEXTS, refused >> 1) ?? ''}`]
      else lines = usual(command, is)
      const said = is('says')
      if (said !== null) lines.splice(said % (lines.length || 1), 0, at(sayings(view.length), said) ?? '')
      const told = is('news')
      if (told !== null) lines.splice(told % (lines.length || 1), 0, ...news())
      const bye = is('bye')
      if (bye !== null) lines.splice(bye % (lines.length + 1), lines.length, '* BYE [UNAVAILABLE] going down')
      let text = lines.map(line => `${line.replace(/^TAG\b/, tag)}\r\n`).join('')
      const cut = is('cuts')
      if (cut !== null) text = text.slice(0, Math.floor((text.length * (cut % 1000)) / 1000))
      write(text)
      if (upper === 'IDLE' && lines[0]?.startsWith('+')) idle = tag
      if (bye !== null) socket.end()
      else if (cut !== null) socket.destroySoon()
      else if (upper === 'LOGOUT') socket.end()
    }

    write('* OK [CAPABILITY IMAP4rev1] ready\r\n')
    let rest = ''
    socket.on('data', chunk => {
      const lines = (rest + chunk.toString('latin1')).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line === 'DONE') {
          if (idle) write(`${idle} OK -\r\n`)
          idle = ''
          continue
        }
        const [, tag = '', command = ''] = /^(\S+) (.*)$/.exec(line) ?? []
        commands.push(command)
        if (!deaf) answer(tag, command)
      }
    })
  })
  await listening(server)
  const account = { host: '127.0.0.1', port: portOf(server), tls: 'none', verifyCertificate: true } as const
  return {
    account: { ...account, user: 'desk', password: 'pa55-word', timeoutMs: 200 },
    commands,
    folders,
    known: (folder, validity, uid) => told.get(`${folder}/${validity}`)?.get(uid),
    deliver(folder, bytes) {
      const mail = add(folder, bytes)
      for (const each of wake) each()
      return mail
    },
    arrive() {
      arrive()
      for (const each of wake) each()
    },
    get over() {
      return faults.every(({ times }) => times === 0)
    },
    behave() {
      faults = []
      for (const bytes of waiting.splice(0)) add('INBOX', bytes)
      for (const each of wake) each()
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise(resolve => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
