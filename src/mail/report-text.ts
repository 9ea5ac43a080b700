/*
 * What a bounce says in its text. Half of the bounces met in practice follow no standard (qmail, Exim, Yahoo, Exchange
 * 2003 …), so their words are read line by line: who failed, with which status, is it final. Bounded and linear.
 */
import { foldAddress } from './address.ts'
import { type RawField, readFields } from './header.ts'
import type { ReportRecipient } from './message.ts'

/** What the text of a bounce told. It does not say whether the mail is one: people quote bounces. */
export type BounceText = {
  /** Does it say, in a language we know, that something was not delivered? */
  readonly claims: boolean
  /** Does it begin with that, and cite what the other server answered? */
  readonly opensWithReply: boolean
  /** The server is still trying. */
  readonly delayed: boolean
  readonly recipients: readonly ReportRecipient[]
  /** Who failed, where that stands without a domain: names of the host that reports. */
  readonly names: readonly string[]
  /** The first status it cites, whomever it is about. */
  readonly status: string | null
  /** The header of the mail that comes back below the explanation; empty when none does. */
  readonly returned: readonly RawField[]
}

// The explanation stands at the top: what is longer than this holds the returned mail.
const MAX_CHARS = 200_000
const MAX_LINES = 4_000
const MAX_LINE = 1_000
const MAX_CLAIM = 20_000

/** Lines of a text, with bounds that keep everything done with them linear. */
export function boundedLines(text: string): string[] {
  return text
    .slice(0, MAX_CHARS)
    .split(/\r?\n/, MAX_LINES)
    .map(line => line.slice(0, MAX_LINE))
}

/** The blocks of header fields in `lines`, parted by empty lines; what is no field is passed over. */
export function readBlocks(lines: readonly string[]): RawField[][] {
  const blocks: string[][] = [[]]
  for (const line of lines) {
    if (line.trim() === '') blocks.push([])
    else blocks.at(-1)?.push(line)
  }
  return blocks.map(block => readFields(block.join('\n'))).filter(fields => fields.length > 0)
}

// Bounded repetitions: an unbounded local part would make a line without @ quadratic.
const ADDRESS = /[^\s\p{Cc}<>()[\]"“”„',;:=@|\\]{1,64}@[\p{L}\p{N}][\p{L}\p{N}.-]{0,250}/gu

/** The addresses standing in a line, in order. */
export function addressesIn(line: string): string[] {
  return [...line.slice(0, MAX_LINE).matchAll(ADDRESS)].map(match => match[0].replace(/[.-]+$/, ''))
}

// RFC 3463 §2: class.subject.detail. IP addresses and version numbers look alike.
const STATUS = /(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)/
const SMTP_REPLY = /(?:^|[\s:'"“(<[#])([45])\d\d(?=[\s\-:'",]|$)/

/** The enhanced status code in some words; from the mere code of an SMTP reply its class, X.0.0 (RFC 3463 §3.1); or null. */
export function statusIn(text: string): string | null {
  // "554 5.4.7 expired (421 4.4.2 timed out)", "5.1.0 - 550 5.7.1 denied": one right after a reply code is the server's own.
  const said = /(?:^|\D)[45]\d\d[ -]{1,2}#?([45]\.\d{1,3}\.\d{1,3})(?!\.?\d)/.exec(text)?.[1] ?? STATUS.exec(text)?.[1]
  if (said && !said.endsWith('.0.0')) return said
  const reply = SMTP_REPLY.exec(text)?.[1]
  return said ?? (reply ? `${reply}.0.0` : null)
}

/** `lines` without what stands before a field in each: some indent what they return, some quote it. */
export function unquoted(lines: readonly string[], before: string): readonly string[] {
  const mark = before.trimEnd()
  return before === ''
    ? lines
    : lines.map(line => (line.startsWith(before) ? line.slice(before.length) : line === mark ? '' : line))
}

/** Reads the visible text of a mail that may be a bounce. `own`: the addresses this mail went to, who sent what failed. */
export function readBounceText(text: string, own: readonly string[]): BounceText {
  const lines = boundedLines(text)
  const cut = startOfReturned(lines)
  const report = lines.slice(0, cut)
  const said = report.join(' ').slice(0, MAX_CLAIM)
  const from = lines.findIndex((line, at) => at >= cut && ANY_FIELD.test(line))
  return {
    claims: CLAIM.test(said),
    opensWithReply: CLAIM.test(said.slice(0, 300)) && SMTP_REPLY.test(said.slice(0, 600)),
    delayed: DELAYED.test(said) && !GIVEN_UP.test(said),
    recipients: failedIn(report, new Set(own.map(foldAddress))),
    names: namesIn(report),
    status: statusIn(said),
    returned:
      from < 0 ? [] : (readBlocks(unquoted(lines.slice(from), /^[ >]*/.exec(lines[from] ?? '')?.[0] ?? ''))[0] ?? []),
  }
}

// Fields that transport writes: no explanation begins a line with them.
const TRACE =
  /^[ >]{0,8}(?:return-path|received|delivered-to|dkim-signature|domainkey-signature|message-id|mime-version|authentication-results|x-received|arc-seal) ?:/i
const ANY_FIELD = /^[ >]{0,8}[A-Za-z][\w-]{1,60}:(?:\s|$|<)/
const BAR = new RegExp(
  `^[\\s>*=_#-]{0,80}(?:${[
    'below (?:this line )?is a copy of',
    'this is a copy of (?:the|your)',
    '(?:included is )?a copy of (?:the|your) (?:original )?(?:message|mail|header)',
    '(?:the )?headers? of the original',
    '(?:the )?(?:original|returned|unsent|undelivered|rejected|bounced) (?:e-?mail )?(?:message|mail)(?: headers?)?(?: (?:follows|as follows|is following|is attached|below))?[\\s.:*=_#-]*$',
    '(?:the )?message headers? follows?',
    'ursprüngliche nachricht[\\s.:*=_#-]*$',
  ].join('|')})`,
  'i',
)

/** The first line of the mail that came back inside the text, or the number of lines when none did. */
function startOfReturned(lines: readonly string[]): number {
  let start = lines.findIndex(
    (line, at) => at > 0 && (BAR.test(line) || (TRACE.test(line) && ANY_FIELD.test(nextField(lines, at)))),
  )
  if (start < 0) return lines.length
  // The returned header may begin with From: or To:, which alone prove nothing.
  while (start > 1 && TRACE.test(lines[start] ?? '') && /^[A-Za-z][\w-]{1,60}:\s/.test(lines[start - 1] ?? '')) start--
  return start
}

/** The line after the field at `at`, past its folded continuation. */
function nextField(lines: readonly string[], at: number): string {
  for (let next = at + 1; next < at + 12; next++) {
    const line = lines[next] ?? ''
    if (!/^[ \t>]{1,12}\S/.test(line) || ANY_FIELD.test(line)) return line
  }
  return ''
}

// What stands right before an address that failed, and what else a line with an address can be.
const HEAD =
  /^[\s>*•·–—=-]{0,24}(?:(?:failed|original|final|intended|e-?mail)?[ -]?(?:recipient|address)(?: address)?\s?:\s?)?["'“<([]{0,2}$/i
const NAMED =
  /(?:\bto|\bfor|recipients?|address(?:es|\(es\))?|user|mailbox|account|reach(?:ing)?|full|userid|attempts|deliver(?:ed|ing)?|failed|following|\ban|\bà|\bpara|\baan|\bnaar|\btill?|\bdo|către|empfänger\p{L}{0,2}|destinat\p{L}{2,5}|ontvanger\p{L}?|mottagare\p{L}?|adresat\p{L}{0,3}|получател\p{L}{1,3}|адрес\p{L}{0,3})(?: e-?mail)?[\s:：<"'“([]{0,6}$/iu
const TRANSCRIPT = /rcpt to ?:|\b[45]\d\d[ -](?:[45]\.\d{1,3}\.\d{1,3} )?[^@]{0,60}$/i
// Whom we wrote to; a transcript may name whom an alias made of it.
const DELIVERED_TO = /deliver(?:ing)? (?:your|the) (?:message|mail|e-?mail) to[\s<"'“]{0,4}$/i
const SENDER =
  /mail from|(?:^|[\s(])(?:from|sender|von|reply-to|return-path|envelope-from) ?:?\s*["'<([]{0,2}(?:smtp:)?$|(?:sent by|message from)\W{0,4}$/i
// Exim, Sendmail and Postfix: what the mail was sent to, before an alias made of it what failed. It is all there is where that is withheld.
const ALIAS = /\((?:generated|expanded) from:? ["'<]{0,2}$/i
// Exchange and MailEnable: "[SMTP:anna@…]", X.400 "dda:SMTP=anna@…".
const TYPED = /(?:^|[\s[(;:])smtp[:=] ?$/i
const HELP =
  /contact|assistance|support|help|question|please (?:write|send|e-?mail)|try (?:writ|e-?mail)ing|abuse|report (?:this|to)|administrator/i

const LEAST = 0.5 // below all that names the failed themselves
type Candidate = { address: string; line: number; sure: number }

/** Who failed, by the lines of the explanation. Several ways of saying so are known; the surest one found is believed. */
function failedIn(report: readonly string[], own: ReadonlySet<string>): ReportRecipient[] {
  const found: Candidate[] = []
  const senders = new Set<string>()
  let before = ''
  report.forEach((line, at) => {
    if (line.includes('@')) {
      for (const match of [...line.matchAll(ADDRESS)].slice(0, 20)) {
        const address = match[0].replace(/[.-]+$/, '')
        if (!address.includes('.', address.indexOf('@'))) continue
        const lead = line.slice(Math.max(0, match.index - 120), match.index)
        const first = /^\W*$/.test(lead)
        if (ALIAS.test(first ? `${before.slice(-40)} ${lead.trim()}` : lead))
          found.push({ address, line: at, sure: LEAST })
        else if (SENDER.test(lead) || (first && /(?:sent by|message from|from:)\W*$/i.test(before)))
          senders.add(foldAddress(address))
        else
          found.push({ address, line: at, sure: sureness(first ? runningOn(report[at - 1], line) + lead : lead, line) })
      }
    }
    if (line.trim()) before = line
  })
  const is = (test: (folded: string) => boolean) => (candidate: Candidate) => !test(foldAddress(candidate.address))
  const daemon = (folded: string) => /^(?:postmaster|mailer-daemon|double-bounce|abuse)@/.test(folded)
  const usable = found.filter(candidate => candidate.sure > 0)
  const kept =
    [
      usable.filter(is(folded => senders.has(folded) || own.has(folded) || daemon(folded))),
      usable.filter(is(folded => senders.has(folded) || own.has(folded))),
      usable.filter(is(folded => senders.has(folded))),
    ].find(some => some.length > 0) ?? []
  const surest = Math.max(...kept.map(candidate => candidate.sure), 0)
  const failed = new Map<string, Candidate>()
  for (const candidate of kept)
    if (candidate.sure === surest && !failed.has(foldAddress(candidate.address)))
      failed.set(foldAddress(candidate.address), candidate)
  const list = [...failed.values()].slice(0, 100)
  return list.map(({ address, line }, at) => {
    const after = report.slice(line, Math.min(list[at + 1]?.line ?? report.length, line + 20)).join(' ')
    return { address, action: null, status: statusIn(after) }
  })
}

const PROSE = /[\p{L},] [\p{L}.,'’()-]{1,30} [\p{L}.,'’()-]{1,30} \p{Ll}{1,30},?\s*$/u
const GOES_ON = /^[^@]{0,90}@[\p{L}\p{N}.-]{1,250}[>"')\]]{0,2},? \p{Ll}{2,30}(?:,? \p{Ll}|[.,]?\s*$)/u

/** The line above when its sentence runs on past an address that begins the next: then words say what it is, not its place. */
function runningOn(above = '', line: string): string {
  return PROSE.test(above.slice(-120)) && GOES_ON.test(line) ? `${above.trim()} ` : ''
}

const LIST_OPENS = /(?:recipients?|address(?:es|\(es\))?|users?)(?: [^:@]{1,60})?:\s*$/i

/** The single words right below "… following address(es) failed:". */
function namesIn(report: readonly string[]): string[] {
  const opens = report.findIndex(line => LIST_OPENS.test(line.slice(-120)))
  if (opens < 0) return []
  const below = report.slice(opens + 1, opens + 40).filter(line => line.trim() !== '')
  const names = below.map(line => /^\s{0,16}<?([\w.+-]{1,64})>?\s*$/.exec(line)?.[1]?.toLowerCase())
  const end = names.indexOf(undefined)
  return names.slice(0, end < 0 ? names.length : end).filter(name => name !== undefined)
}

/** How sure it is that the address after `lead` is one that failed: 0 not at all. */
function sureness(lead: string, line: string): number {
  if (/^\s*(?:to|an|à|a|cc|aan|para|till|do|кому)\s?:/i.test(line)) return 1
  if (HEAD.test(lead) || TYPED.test(lead)) return 4
  if (HELP.test(lead)) return 0
  if (DELIVERED_TO.test(lead)) return 3.5
  if (TRANSCRIPT.test(lead)) return 3
  return NAMED.test(lead) ? 2 : 0
}

const CLAIM = new RegExp(
  [
    '(?:could|can) ?(?:not|n.t) be (?:delivered|sent|reached)|(?:un|not )able to (?:deliver|be deliver)|undeliver(?:able|ed)|(?:could|can|did|was)n.t (?:be )?deliver',
    'not (?:yet )?been (?:delivered|relayed|completed)|\\bnot (?:delivered|relayed)\\b|did not (?:reach|receive)|could not be reached|trouble delivering',
    'deliver(?:y|ing) (?:[a-z]{1,20} ){0,6}(?:fail|abort|delay|postpon|stopped)|fail(?:ed|ure) to deliver|deliver[a-z]{0,3} (?:was |has )?(?:failed|failure|impossible)',
    'error (?:[a-z]{1,20} ){0,5}(?:deliver|sending your)|your (?:message|mail|e-?mail) (?:[a-z]{1,20} ){0,4}(?:rejected|blocked|returned|refused)|(?:message|mail|e-?mail) has been returned because',
    '(?:fatal|permanent|transient|delivery) (?:non-fatal )?(?:errors?|failures?|problems?)|address(?:\\(es\\)|es)? failed|transcript of session follows',
    '(?:unknown|invalid|no such|non-?existent) (?:[a-z]{1,20} ){0,3}(?:user|recipient|mailbox|address|account)|user(?:name)? (?:is )?(?:unknown|not found)',
    'mailbox (?:is |was )?(?:full|unavailable|disabled|not found)|(?:postponed|returned|delayed) due to a full mailbox|quota exceeded|over quota|rejected by (?:a|the) remote|failure reasons',
    'nicht zugestellt|unzustellbar|zustellung (?:\\p{L}{1,20} ){0,6}(?:fehlgeschlagen|nicht möglich|gescheitert)|nicht (?:\\p{L}{1,20} )?zustellen',
    "n['’](?:a|ont) (?:pas )?pu être|n['’]a pas été (?:remis|distribu|livr)|échec de (?:la )?(?:remise|distribution)|non (?:remis|distribu)",
    'no se (?:ha|han|pudo|puede) (?:podido )?entreg|no ha podido ser entregad|error (?:en|de) la entrega|entrega (?:\\p{L}{1,20} ){0,4}fall',
    'non è stato (?:possibile (?:recap|conseg)|recapitat|consegnat)|recapito non è riuscito|impossibile (?:recapitare|consegnare)|mancato recapito',
    'não (?:foi |pôde |pode )?(?:possível |ser )?entreg|falha n[ao] entrega',
    'niet (?:worden )?(?:bezorgd|afgeleverd)|onbestelbaar|bezorging (?:\\p{L}{1,20} ){0,5}mislukt',
    'nie (?:\\p{L}{1,20} ){1,4}dostarcz|niedostarcz|niedoręcz|nu (?:a|au) putut fi (?:livrat|trimis)|nelivra',
    'kunde inte (?:levereras|skickas)|(?:kunne|kan) ikke (?:be)?lever|ei (?:voitu|voida|voi) toimittaa|nem (?:\\p{L}{1,20} )?kézbesít',
    'nelze doručit|(?:nepodařilo|nebylo možné|nemohla být) (?:\\p{L}{1,20} )?doruč|teslim edileme|не (?:может быть |могло быть |была? |удалось )?доставл?[еи]',
    '(?:送信|配信|送達|配送)(?:が|は|に)?(?:でき|失敗|不能|エラー)|届けることができません|エラー|无法(?:传递|投递|送达|递送)|未送达|退信|無法傳遞|배달할 수 없|반송',
  ].join('|'),
  'iu',
)
const DELAYED = new RegExp(
  [
    'has not yet been|not yet been delivered|still (?:being retried|undelivered|trying)|will keep trying|delivery attempts will continue',
    'will (?:be retried|retry|continue (?:to (?:be )?)?(?:retr|try))|(?:delivery|message) (?:\\p{L}{1,20} ){0,3}(?:is |been )?(?:delayed|postponed)|has been postponed|warning message only|this is a warning only',
    'not need to re-?send|only a temporary failure|noch nicht zugestellt|verzögert|pas encore été|aún no se ha|non è ancora stat|ainda não foi|nog niet bezorgd',
  ].join('|'),
  'iu',
)
// Said of a mail that was delayed and is now lost.
const GIVEN_UP =
  /(?:i've|i have|has) given up|giving up|no (?:further|longer) (?:\w{1,12} )?(?:attempts?|be retried)|permanent (?:fatal )?(?:error|failure)/i
