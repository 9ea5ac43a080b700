import type { Address, Header } from './message.ts'

/*
 * What our own MX found out about the sender (RFC 8601), and, behind a forwarder we trust, what that one found (RFC 8617).
 * A proof is about the domain: who writes from one account of a domain may still name another.
 */

/** One method's result, all in lower case; properties are `ptype.property` as written, the first of a name counts. */
export type AuthenticationResult = {
  readonly method: string
  readonly result: string
  readonly properties: ReadonlyMap<string, string>
}

/** One field. `servId` in lower case, '' where it has none: Exchange Online's names no server. */
export type AuthenticationResults = { readonly servId: string; readonly results: readonly AuthenticationResult[] }

// Stands where a comment touches a word. No domain matches with it: `example.net(.evil.example)` is how a sender made
// OpenDMARC speak of another domain (CVE-2020-12272).
const CUT = '\x01'
const MARKED = new RegExp(CUT, 'g')

/** The text between semicolons, without comments; null when a comment or a quotation never ends. */
function pieces(value: string): string[] | null {
  const all: string[] = []
  let piece = ''
  let depth = 0
  let quoted = false
  let copied = 0
  const text = value.replace(MARKED, ' ')
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '\\' && (quoted || depth > 0)) at++
    else if (quoted) quoted = char !== '"'
    else if (char === '(' && depth++ === 0)
      piece += `${text.slice(copied, at)}${/[^\s=;]/.test(text[at - 1] ?? ';') ? CUT : ''} `
    else if (char === ')' && depth > 0 && --depth === 0) copied = at + 1
    else if (depth === 0 && char === '"') quoted = true
    else if (depth === 0 && char === ';') {
      all.push(piece + text.slice(copied, at))
      piece = ''
      copied = at + 1
    }
  }
  if (quoted || depth > 0) return null
  return [...all, piece + text.slice(copied)].map(one => one.replace(/\s+/g, ' ').trim())
}

// RFC 8601 §2.2: `method[/version]=result`, `reason=value` and `ptype.property=value`; Microsoft's `action=none` too.
const KEY = /([a-z\d_.-]{1,100})\x01? ?(?:\/ ?\d{1,9} ?)?= ?/iy
// Unquoted values hold `=` in practice (BATV, SRS): they end with the word.
const VALUE = /(?:"(?:[^"\\]|\\.)*"|[^\s"])*/y
const NEXT = / |$/g

function readPiece(piece: string): AuthenticationResult | null {
  let first: { method: string; result: string } | null = null
  const properties = new Map<string, string>()
  for (let at = 0; at < piece.length; ) {
    KEY.lastIndex = at
    const key = KEY.exec(piece)?.[1]?.toLowerCase()
    VALUE.lastIndex = key === undefined ? at : KEY.lastIndex
    const value = VALUE.exec(piece)?.[0].toLowerCase() ?? ''
    NEXT.lastIndex = VALUE.lastIndex
    at = (NEXT.exec(piece)?.index ?? piece.length) + 1
    if (key === undefined) {
      if (!first) return null
    } else if (!first) first = { method: key, result: unquoted(value.replace(CUT, '')) }
    else if (!properties.has(key)) properties.set(key, value)
  }
  return first && { ...first, properties }
}

function unquoted(value: string): string {
  return /^".*"$/.test(value) ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value
}

// No server has so much to say.
const LONGEST_VALUE = 65_536

/**
 * Reads an Authentication-Results value (RFC 8601 §2.2); null when a comment or a quotation in it never ends, or it is
 * longer than 64 KB.
 */
export function readAuthenticationResults(value: string): AuthenticationResults | null {
  const all = value.length > LONGEST_VALUE ? null : pieces(value)
  if (!all) return null
  const [head = '', ...rest] = all
  const nameless = readPiece(head) // Exchange Online begins with a result
  const servId = nameless ? '' : unquoted((/^(?:"[^"]*"|[^\s"]+)/.exec(head)?.[0] ?? '').replace(CUT, '')).toLowerCase()
  const results = (nameless ? [head, ...rest] : rest).map(readPiece).filter(result => result !== null)
  return { servId, results }
}

export type MxTrust = {
  /**
   * The authserv-ids of the MX that takes our mail from outside, in lower case; '' trusts fields without one (Exchange
   * Online). That MX must remove what strangers put in under its id (RFC 8601 §5), and no server behind it may be named.
   */
  readonly servIds: ReadonlySet<string>
  /** The domains (`d=`) of forwarders whose ARC seals we believe; our own as well if our MX seals. Empty: ARC counts for nothing. */
  readonly sealers: ReadonlySet<string>
}

/** Whether the domain of the From address is proven, disproven, or neither; and the evidence in words. */
export type SenderProof = { readonly level: 'pass' | 'fail' | 'none'; readonly why: string }

const nothing = (why: string): SenderProof => ({ level: 'none', why })

/**
 * How far our MX proved the domain of `from`. `headers`: all fields, topmost first, these values not yet decoded
 * (RFC 2047 §5: an encoded word in a mailbox name would otherwise become a result).
 *
 * What a stranger forged stands below what our MX added (RFC 5321 §4.4). So only one block counts, from the topmost field
 * of a trusted id down to the next Received; in it the topmost field that names a method decides that method. A forged
 * field can then speak only where our MX was silent, and there RFC 8601 §5 has it removed.
 */
export function senderProof(headers: readonly Header[], from: Address | null, trust: MxTrust): SenderProof {
  const domain = onlySender(headers, from)
  if (domain === null) return nothing('not exactly one From address with a domain')
  const top = headers.findIndex(header => readTrusted(header, trust) !== undefined)
  if (top < 0) return nothing('no Authentication-Results of a trusted server')
  const next = headers.findIndex((header, at) => at > top && header.name === 'received')
  const block = headers.slice(top, next < 0 ? headers.length : next).map(header => readTrusted(header, trust))
  if (block.includes(null)) return nothing('the Authentication-Results of our server cannot be read')
  const fields = block.filter(field => field !== undefined && field !== null)
  const proof = judge(fields, domain)
  const arc = decisive(fields, 'arc')
  if (proof.level === 'pass' || arc.length === 0 || arc.some(({ result }) => result !== 'pass')) return proof
  return forwarderProof(headers.slice(top), domain, trust) ?? proof
}

/** Undefined for what is no field of a trusted server; null for one that cannot be read. */
function readTrusted({ name, value }: Header, { servIds }: MxTrust): AuthenticationResults | null | undefined {
  if (name !== 'authentication-results') return undefined
  const read = readAuthenticationResults(value)
  const named = /^[^\s;("]*/.exec(value.trim())?.[0].toLowerCase() ?? ''
  return servIds.has(read?.servId ?? (named.includes('=') ? '' : named)) ? read : undefined
}

/** The results of the topmost field that has any of this method. */
function decisive(fields: readonly AuthenticationResults[], method: string): AuthenticationResult[] {
  const field = fields.find(({ results }) => results.some(result => result.method === method))
  return field?.results.filter(result => result.method === method) ?? []
}

function judge(fields: readonly AuthenticationResults[], domain: string): SenderProof {
  const dmarc = decisive(fields, 'dmarc')
  if (dmarc.some(({ result }) => result === 'fail')) return { level: 'fail', why: `dmarc=fail for ${domain}` }
  // It must name the domain: of a mail with two senders it may have judged the other one.
  const judged = dmarc.filter(result => domainAt(result, 'header.from') === domain)
  if (judged.length > 0 && dmarc.every(({ result }) => result === 'pass'))
    return { level: 'pass', why: `dmarc=pass header.from=${domain}` }
  const signer = decisive(fields, 'dkim')
    .filter(({ result }) => result === 'pass')
    .map(result => domainAt(result, 'header.d') ?? domainAt(result, 'header.i'))
    .find(signed => signed !== null && isAligned(signed, domain))
  if (signer) return { level: 'pass', why: `dkim=pass header.d=${signer} for ${domain}` }
  const envelope = decisive(fields, 'spf')
    .filter(({ result }) => result === 'pass')
    .map(result => domainAt(result, 'smtp.mailfrom') ?? domainAt(result, 'smtp.mail'))
    .find(sender => sender !== null && isAligned(sender, domain))
  if (envelope) return { level: 'pass', why: `spf=pass smtp.mailfrom=${envelope} for ${domain}` }
  const said = fields.flatMap(({ results }) => results.map(({ method, result }) => `${method}=${result}`))
  return nothing(`nothing passed for ${domain}: ${said.join(' ') || 'none'}`.slice(0, 300))
}

/**
 * Relaxed alignment (RFC 7489 §3.1) without a list of public suffixes: the same domain, or one is a subdomain of the other.
 * A parent may speak for its children; a child for its parent as mail services do (`bounce.example.org`). Two children of
 * one parent never align, so nobody who rents a name below a public suffix can speak for a neighbour.
 */
function isAligned(proven: string, domain: string): boolean {
  return proven === domain || domain.endsWith(`.${proven}`) || proven.endsWith(`.${domain}`)
}

const LABEL = '[a-z\\d_](?:[a-z\\d_-]{0,61}[a-z\\d])?'
// A domain with a dot, alone or behind a mailbox name; quotes and an @ in the name only as RFC 5321 §4.1.2 has them.
const DOMAIN = new RegExp(`^<?(?:(?:"(?:[^"\\\\]|\\\\.)*"|[^\\s"@;<>\\x01]*)@)?((?:${LABEL}\\.)+${LABEL})\\.?>?$`)

function domainAt({ properties }: AuthenticationResult, property: string): string | null {
  const value = properties.get(property) ?? ''
  return DOMAIN.exec(value)?.[1] ?? DOMAIN.exec(unquoted(value))?.[1] ?? null
}

/** The domain of the one sender; null when the mail names none or several, for then nobody knows whom the MX judged. */
function onlySender(headers: readonly Header[], from: Address | null): string | null {
  const fields = headers.filter(header => header.name === 'from')
  const address = from?.address.toLowerCase() ?? ''
  const written = (fields[0]?.value ?? '').toLowerCase()
  const inBrackets = [...written.matchAll(/<([^<>]*)>/g)].map(match => match[1]?.replace(/\s/g, ''))
  const bare = written.split(/[,\s]+/).filter(word => word.includes('@'))
  const alone = (inBrackets.length > 0 ? inBrackets : bare).every(one => one === address)
  if (fields.length !== 1 || !alone) return null
  return DOMAIN.exec(asciiDomain(address))?.[1] ?? null
}

/** Servers write domains as A-labels, some senders as U-labels. */
function asciiDomain(address: string): string {
  const at = address.lastIndexOf('@') + 1
  const domain = address.slice(at)
  if (!/[^ -~]/.test(domain) || /[\s/?#:\\]/.test(domain)) return address
  const url = `http://${domain}`
  return `${address.slice(0, at)}${URL.canParse(url) ? new URL(url).hostname : ''}`
}

// RFC 8617 §4.2.1: instances 1 to 50.
const MOST_SEALS = 50

/**
 * What the first forwarder saw, when our MX found the chain whole (`arc=pass`) and every link of it is one we believe: a
 * whole chain alone only says who sealed it (RFC 8617 §9.4). Sets above our MX's results are its own and later.
 */
function forwarderProof(headers: readonly Header[], domain: string, { sealers }: MxTrust): SenderProof | null {
  const seals = headers.filter(({ name }) => name === 'arc-seal').map(({ value }) => tags(value))
  const results = headers.filter(({ name }) => name === 'arc-authentication-results')
  if (seals.length === 0 || seals.length > MOST_SEALS || results.length !== seals.length) return null
  for (let instance = 1; instance <= seals.length; instance++) {
    const [seal, ...doubles] = seals.filter(one => one.get('i') === String(instance))
    if (!seal || doubles.length > 0 || !sealers.has(seal.get('d') ?? '')) return null
  }
  const [first, ...doubles] = results.filter(({ value }) => /^\s*i\s*=\s*1\s*;/i.test(value))
  if (!first || doubles.length > 0) return null
  const seen = readAuthenticationResults(first.value.slice(first.value.indexOf(';') + 1))
  const proof = seen && judge([seen], domain)
  if (proof?.level !== 'pass') return null
  const sealed = seals.map(seal => seal.get('d')).join(', ')
  return { level: 'pass', why: `arc=pass, sealed by ${sealed}: ${proof.why}`.slice(0, 300) }
}

/** A list of tags: `i=1; d=example.org; b=…`, names and values in lower case. */
function tags(value: string): Map<string, string> {
  return new Map(
    value
      .toLowerCase()
      .split(';')
      .map(tag => {
        const [name = '', ...rest] = tag.split('=')
        return [name.trim(), rest.join('=').trim()]
      }),
  )
}
