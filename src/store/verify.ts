import { createHash } from 'node:crypto'
import { DeskError, errorText } from '../errors.ts'
import { foldId } from '../mail/message-id.ts'
import { migrationNames } from './migrations.ts'
import type { Native } from './native.ts'
import { codeOf, openNative } from './sqlite.ts'

/*
 * What must be true of a database of ours whatever happened to it: SQLite's own structure, and our rules. It is only
 * read, as it was at one moment, so it may be looked at while the service works on it.
 */

/** A rule that the database breaks. */
export type Finding = {
  readonly rule: string
  /** What breaks it: ids, names or words of SQLite, at most `ROWS_SHOWN` of them. */
  readonly rows: readonly string[]
  /** Are there more than these? */
  readonly more: boolean
}

export type Verified = {
  readonly findings: readonly Finding[]
  /** How many rules were tried. */
  readonly rules: number
  /** How much there is: rows by table. */
  readonly rows: Readonly<Record<string, number>>
  /** Its schema is that of an older Postdesk: only its structure was looked at. */
  readonly older: boolean
}

export type VerifyOptions = {
  /** Also compare each mail with its checksum, and the search index with every message: as long as reading it all takes. */
  readonly deep?: boolean
  /** Told of each step as it begins. */
  readonly onStep?: (step: string) => void
}

const ROWS_SHOWN = 20

/** After tickets were joined or split one of them may hold what belonged to another. */
const NEVER_JOINED = (ticket: string) =>
  `not exists (select 1 from ticket_events j where j.ticket_id = ${ticket} and j.kind in ('merged', 'split'))`

/** Each query gives the rows that break the rule, what names them as `id`. */
const RULES: Readonly<Record<string, string>> = {
  'a mail that opened or joined a ticket has a message on it': `
    select r.id from raw_mails r left join messages m on m.raw_mail_id = r.id
    where r.outcome in ('open', 'append') and (r.ticket_id is null or m.id is null or m.ticket_id is not r.ticket_id)`,
  'a mail that opened a ticket is the only one that did': `
    select ticket_id as id from raw_mails r where outcome = 'open' group by ticket_id
    having count(*) > 1 and ${NEVER_JOINED('r.ticket_id')}`,
  'a report or the answer of a machine has a message': `
    select r.id from raw_mails r left join messages m on m.raw_mail_id = r.id
    where r.outcome in ('report', 'automatic') and m.id is null`,
  'a mail that was set aside has a reason and no message': `
    select r.id from raw_mails r left join messages m on m.raw_mail_id = r.id
    where r.outcome in ('quarantine', 'duplicate', 'blocked', 'skip') and (r.reason is null or m.id is not null)`,
  'a mail that the server does not hand out has no outcome': `
    select f.mailbox || ' ' || f.folder || ' ' || f.uid as id from refused_mails f
    join raw_mails r on r.mailbox = f.mailbox and r.folder = f.folder and r.uid_validity = f.uid_validity and r.uid = f.uid`,
  'a blocked mail is on no ticket': "select id from raw_mails where outcome = 'blocked' and ticket_id is not null",
  'a mail is not larger than it was on the server': 'select id from raw_mails where length(bytes) > size',
  'each ticket was opened once': `
    select t.id from tickets t
    where (select count(*) from ticket_events e where e.ticket_id = t.id and e.kind = 'opened') <> 1`,
  'the history of a ticket begins with its opening': `
    select t.id from tickets t where 'opened' is not
      (select e.kind from ticket_events e where e.ticket_id = t.id order by e.id limit 1)`,
  'the revision of a ticket counts from 1': 'select id from tickets where revision < 1',
  'a solved ticket has its time': `
    select id from tickets where (status in ('solved', 'closed')) <> (solved_at is not null)`,
  'a requester takes part in the ticket': `
    select t.id from tickets t left join participants p on p.ticket_id = t.id and p.person_id = t.requester_id
    where t.requester_id is not null and p.ticket_id is null`,
  'an accepted message can be found by its id': `
    select m.id from messages m left join thread_ids i on i.message_id = fold_id(m.message_id) and i.ticket_id = m.ticket_id
    where m.ticket_id is not null and m.message_id is not null and m.standing = 'accepted' and m.report is null
      and (i.held is null or i.held <> 1)`,
  'an attachment is a part of a mail that is here': `
    select a.id from attachments a join messages m on m.id = a.message_id
    where m.raw_mail_id is null or a.size < 0 or a.part < 0`,
  'a ticket is acknowledged at most once': `
    select ticket_id as id from outbox o where kind = 'acknowledgement' group by ticket_id
    having count(*) > 1 and ${NEVER_JOINED('o.ticket_id')}`,
  'an acknowledgement is that of its ticket': `
    select id from outbox o where kind = 'acknowledgement' and dedupe_key is not 'ack:' || ticket_id
      and ${NEVER_JOINED('o.ticket_id')}`,
  'an outgoing mail and its message are on one ticket': `
    select o.id from outbox o join messages m on m.id = o.message_id where o.ticket_id is not m.ticket_id`,
  'a sent mail has its time': `select id from outbox where (state = 'sent') <> (sent_at is not null)`,
  'a promise stands in a mail to the same ticket': `
    select p.id from promises p join outbox o on o.id = p.outbox_id where o.ticket_id is not p.ticket_id`,
  'a mail promises a date once': `
    select outbox_id as id from promises group by outbox_id, kind having count(*) > 1`,
  'a merged ticket is closed': `select id from tickets where merged_into is not null and status <> 'closed'`,
  'what was merged is on a ticket that was not': `
    select t.id from tickets t join tickets s on s.id = t.merged_into where s.merged_into is not null`,
  'a merged ticket holds no mail': `
    select t.id from tickets t where t.merged_into is not null and (
      exists (select 1 from messages m where m.ticket_id = t.id) or exists (select 1 from outbox o where o.ticket_id = t.id)
      or exists (select 1 from raw_mails r where r.ticket_id = t.id)
      or exists (select 1 from promises p where p.ticket_id = t.id))`,
  'whoever took part in a merged ticket takes part in the one it was merged into': `
    select t.id from tickets t join participants p on p.ticket_id = t.id
    left join participants s on s.ticket_id = t.merged_into and s.person_id = p.person_id
    where t.merged_into is not null and s.person_id is null`,
  'an answer to a survey is on the ticket of whom it was put to, or nowhere': `
    select s.ticket_id as id from surveys s where (s.score is null) <> (s.answers = 0) and s.anonymous = 0`,
  'as many answered an anonymous survey as there are answers': `
    select 'asked ' || a.n || ', kept ' || b.n as id from
      (select count(*) as n from surveys where anonymous = 1 and answers > 0) a, (select count(*) as n from anonymous_answers) b
    where a.n <> b.n`,
  'every message but our own can be searched, and no other': `
    select m.id from messages m left join messages_fts_docsize d on d.id = m.id
    where (m.author <> 'postdesk') <> (d.id is not null)
    union all select d.id from messages_fts_docsize d left join messages m on m.id = d.id where m.id is null`,
}

/** Columns of JSON text; null is allowed where the schema allows it. */
const JSON_COLUMNS = [
  ['messages', 'message_references'],
  ['messages', 'recipients'],
  ['messages', 'automatic'],
  ['messages', 'report'],
  ['ticket_events', 'data'],
  ['outbox', 'mail'],
] as const

const INSTANT = `'${'2000-00-00T00:00:00.000Z'.replace(/\d/g, '[0-9]')}'`

const COUNTED = ['raw_mails', 'tickets', 'messages', 'attachments', 'people', 'outbox', 'promises', 'ticket_events']

/**
 * Looks through the database file at `path` and tells what is wrong with it. Throws DeskError('store') when it cannot be
 * opened, and DeskError('invalid') when it is none of ours, or written by a newer version.
 */
export function verifyDatabase(path: string, { deep = false, onStep = () => undefined }: VerifyOptions = {}): Verified {
  const db = openNative(path, { readonly: true })
  try {
    // SQLite's lower() knows the letters of ASCII alone.
    db.function('fold_id', { deterministic: true }, id => (id === null ? null : foldId(String(id))))
    db.exec('begin')
    const older = isOlder(db, path)
    const findings: Finding[] = []
    let rules = 0
    const rule = (name: string, find: () => Iterable<unknown>) => {
      rules++
      const finding = look(name, find)
      if (finding) findings.push(finding)
    }
    const query = (name: string, sql: string) =>
      rule(name, () => db.prepare<[], { id: unknown }>(sql).pluck().iterate())

    onStep('structure')
    rule('the structure of the file is sound', () => integrity(db))
    rule('what refers to something finds it', () => (db.pragma('foreign_key_check') as object[]).map(refersToNothing))
    if (older) return { findings, rules, rows: {}, older }
    onStep('rules')
    for (const [name, sql] of Object.entries(RULES)) query(name, sql)
    query('every instant is written in full', instantsQuery(db))
    query(
      'what is kept as JSON can be read',
      JSON_COLUMNS.map(([t, c]) => `select '${t}.${c} of ' || id as id from ${t} where not json_valid(${c})`).join(
        ' union all ',
      ),
    )
    if (deep) {
      onStep('mails')
      rule('each mail is the one that was taken in (SHA-256)', () => changedMails(db))
      onStep('search')
      rule('the search index agrees with the messages', () => searchDifferences(db))
    }
    const rows = Object.fromEntries(
      COUNTED.map(table => [table, db.prepare<[], number>(`select count(*) from ${table}`).pluck().get() ?? 0]),
    )
    return { findings, rules, rows, older }
  } finally {
    db.close()
  }
}

/** Damage can show in any query: it is a finding then, not a failure of ours. */
function look(rule: string, find: () => Iterable<unknown>): Finding | null {
  const rows: string[] = []
  try {
    for (const row of find()) {
      if (rows.length === ROWS_SHOWN) return { rule, rows, more: true }
      rows.push(String(row))
    }
  } catch (error) {
    if (!codeOf(error).startsWith('SQLITE_')) throw error
    rows.push(errorText(error))
  }
  return rows.length > 0 ? { rule, rows, more: false } : null
}

function isOlder(db: Native, path: string): boolean {
  const has = db.prepare("select 1 from sqlite_schema where name = 'kysely_migration'").get()
  const run = has ? db.prepare<[], string>('select name from kysely_migration').pluck().all() : []
  if (run.length === 0) throw new DeskError('invalid', `${path} is no database of Postdesk`)
  const unknown = run.filter(name => !migrationNames.includes(name))
  if (unknown.length > 0)
    throw new DeskError(
      'invalid',
      `${path} was written by a newer Postdesk (it has ${unknown.join(', ')}): use that one`,
    )
  return run.length < migrationNames.length
}

function integrity(db: Native): string[] {
  const said = (db.pragma('integrity_check') as { integrity_check: string }[]).map(row => row.integrity_check)
  return said.length === 1 && said[0] === 'ok' ? [] : said
}

function refersToNothing(row: object): string {
  const { table, rowid, parent } = row as { table: string; rowid: number | null; parent: string }
  return `${table}${rowid === null ? '' : ` ${rowid}`} → ${parent}`
}

/** Columns are known by their names, so that a new one is looked at too. */
function instantsQuery(db: Native): string {
  const columns = db
    .prepare<[], { table: string; name: string }>(
      `select t.name as "table", c.name from sqlite_schema t join pragma_table_info(t.name) c
       where t.type = 'table' and t.sql like '%STRICT%'
         and (c.name in ('at', 'since') or c.name like '%\\_at' escape '\\' or c.name like '%\\_due' escape '\\'
           or c.name like '%\\_since' escape '\\')`,
    )
    .all()
  return columns
    .map(({ table, name }) => {
      const wrong = `"${name}" is not null and not ("${name}" glob ${INSTANT} and julianday("${name}") is not null)`
      return `select '${table}.${name}: ' || "${name}" as id from "${table}" where ${wrong}`
    })
    .join(' union all ')
}

/** SQLite keeps no checksums of its own: a bit that a disk lost inside a mail shows here and nowhere else. */
function* changedMails(db: Native): Iterable<string> {
  const mails = db.prepare<[], { id: number; sha256: string; bytes: Buffer }>(
    'select id, sha256, bytes from raw_mails where length(bytes) = size',
  )
  for (const { id, sha256, bytes } of mails.iterate()) {
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) yield `mail ${id}`
  }
}

/**
 * FTS5's own comparison (`integrity-check`) needs a connection that may write. So the messages are indexed once more
 * beside it, in a temporary table, and the two vocabularies are compared: each word with its documents and occurrences.
 */
function searchDifferences(db: Native): Iterable<string> {
  const made = db.prepare<[], string>("select sql from sqlite_schema where name = 'messages_fts'").pluck().get() ?? ''
  db.exec(
    made.replace('messages_fts', 'temp.fresh').replace(/content='messages'\s*,\s*content_rowid='id'/, "content=''"),
  )
  db.exec(`
    insert into temp.fresh (rowid, subject, text, from_name, from_address)
      select id, subject, text, from_name, from_address from messages where author <> 'postdesk';
    create virtual table temp.kept_words using fts5vocab (main, messages_fts, col);
    create virtual table temp.fresh_words using fts5vocab (temp, fresh, col)`)
  const words = (one: string, other: string) =>
    `select * from (select term, col, doc, cnt from ${one} except select term, col, doc, cnt from ${other})`
  return db
    .prepare<[], string>(
      `select term || ' in ' || col from (${words('temp.kept_words', 'temp.fresh_words')}
       union all ${words('temp.fresh_words', 'temp.kept_words')}) group by 1`,
    )
    .pluck()
    .iterate()
}
