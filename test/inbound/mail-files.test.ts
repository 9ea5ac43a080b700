import { chmod, mkdir, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  type Found,
  type FoundMail,
  findMails,
  LARGEST_MAIL,
  placeOf,
  readFound,
} from '../../src/inbound/mail-files.ts'
import { type TempDir, tempDir } from '../support/temp-dir.ts'

const NOW = '2026-11-23T09:00:00.000Z'
const WRITTEN = '2024-05-05T05:05:05.000Z'

let folder: TempDir
beforeEach(async () => {
  folder = await tempDir('mail-files')
})
afterEach(() => folder[Symbol.asyncDispose]())

const put = async (name: string, content: string | Buffer): Promise<string> => {
  const path = join(folder.path, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  await utimes(path, new Date(WRITTEN), new Date(WRITTEN))
  return path
}
const find = async (...paths: string[]): Promise<Found[]> => {
  const all: Found[] = []
  for await (const found of findMails(paths, NOW)) all.push(found)
  return all
}
const mailsOf = (found: readonly Found[]): FoundMail[] => found.flatMap(one => (one.kind === 'mail' ? one.mail : []))
const others = (found: readonly Found[]) =>
  found.flatMap(one => (one.kind === 'mail' ? [] : `${one.kind} ${relative(folder.path, one.place)}: ${one.why}`))
const read = async (found: readonly Found[]): Promise<string[]> => {
  const texts: string[] = []
  for (const mail of mailsOf(found)) texts.push((await readFound(mail)).toString('latin1'))
  return texts
}

const SEPARATOR = 'From jane@example.org Sat Jan  3 01:05:34 2015\n'
const crlf = (text: string) => text.replaceAll('\n', '\r\n')
const part = (subject: string, body = 'Hello\n') => `Subject: ${subject}\nTo: it@example.org\n\n${body}`

const MAIL_WITHIN = `\n${SEPARATOR}Subject: inside\n\n>From x\nmore\n`

/** The file, and the mails that stand in it (line ends as LF, for reading). */
const MBOXES: Readonly<Record<string, readonly [file: string, mails: readonly string[]]>> = {
  'one mail': [`${SEPARATOR}${part('a')}\n`, [part('a')]],
  'two mails': [`${SEPARATOR}${part('a')}\n${SEPARATOR}${part('b')}\n`, [part('a'), part('b')]],
  CRLF: [crlf(`${SEPARATOR}${part('a')}\n${SEPARATOR}${part('b')}\n`), [part('a'), part('b')]],
  'no line end at the end of the file': [`${SEPARATOR}${part('a', 'Hello')}`, [part('a', 'Hello')]],
  'one line end at the end of the file': [`${SEPARATOR}${part('a')}`, [part('a')]],
  'no empty line between the mails': [`${SEPARATOR}${part('a')}${SEPARATOR}${part('b')}`, [part('a'), part('b')]],
  'a mail that ends in empty lines keeps all but the one of the file': [
    `${SEPARATOR}${part('a', 'Hello\n\n\n')}\n${SEPARATOR}${part('b')}\n`,
    [part('a', 'Hello\n\n\n'), part('b')],
  ],
  'a mail without a body': [`${SEPARATOR}Subject: a\n\n${SEPARATOR}${part('b')}\n`, ['Subject: a\n', part('b')]],
  'empty lines and a byte order mark before the first mail': [`\xef\xbb\xbf\n\n${SEPARATOR}${part('a')}`, [part('a')]],
  'rubbish before the first mail': [`*mbx* 0001\nsome data\n\n${SEPARATOR}${part('a')}\n`, [part('a')]],
  'an empty file': ['', []],

  '>From loses its mark': [`${SEPARATOR}${part('a', '>From now on\n')}\n`, [part('a', 'From now on\n')]],
  '>>From loses one': [
    `${SEPARATOR}${part('a', 'x\n>>From me\n>>>From you\n')}\n`,
    [part('a', 'x\n>From me\n>>From you\n')],
  ],
  '> and > From keep theirs': [
    `${SEPARATOR}${part('a', '> From me\n>Frompt\n>\n>>\n')}\n`,
    [part('a', '> From me\n>Frompt\n>\n>>\n')],
  ],
  '>From in the header stays a line of it': [
    `${SEPARATOR}>From uucp Sat Jan  3 01:05:34 2015 remote from x\n${part('a')}\n`,
    [`>From uucp Sat Jan  3 01:05:34 2015 remote from x\n${part('a')}`],
  ],
  'words that begin with From': [
    `${SEPARATOR}${part('a', 'Hi\n\nFrom now on we are open.\n\nFrom 10:30 on, in May 2015\n\nJane\n')}\n`,
    [part('a', 'Hi\n\nFrom now on we are open.\n\nFrom 10:30 on, in May 2015\n\nJane\n')],
  ],
  'words that look like a From_ line, with no header behind': [
    `${SEPARATOR}${part('a', `\n${SEPARATOR}as the file said\n`)}\n`,
    [part('a', `\n${SEPARATOR}as the file said\n`)],
  ],
  'From_ inside MIME': [
    `${SEPARATOR}${part('a', `--b\nContent-Type: text/plain\n\n${SEPARATOR}\n>From x\n--b--\n`)}\n${SEPARATOR}${part('b')}\n`,
    [part('a', `--b\nContent-Type: text/plain\n\n${SEPARATOR}\nFrom x\n--b--\n`), part('b')],
  ],

  'Thunderbird: a hyphen for the sender': [
    `From - Sat Jan 03 01:05:34 2015\n${part('a')}\nFrom - \n${part('b')}\nFrom \n${part('c')}\n`,
    [part('a'), part('b'), part('c')],
  ],
  'Gmail: the zone before the year': [
    `From 1599@xxx Fri Dec 03 12:00:00 +0000 2021\nX-GM-THRID: 1\n${part('a')}\n`.repeat(2),
    [`X-GM-THRID: 1\n${part('a')}`, `X-GM-THRID: 1\n${part('a')}`],
  ],
  'only a sender': [`From jane@example.org\n${part('a')}\nFrom -\n${part('b')}\n`, [part('a'), part('b')]],
  'a date of its own kind': [
    `From jane 2015-01-03 10:00:00\n${part('a')}\nFrom jane Sat, 3 Jan 2015 01:05 +0100\n${part('b')}\n`,
    [part('a'), part('b')],
  ],

  'a right Content-Length keeps a mail within a mail together': [
    `${SEPARATOR}Content-Length: ${MAIL_WITHIN.length}\n${part('a', MAIL_WITHIN)}\n${SEPARATOR}${part('b')}\n`,
    [part('a', MAIL_WITHIN), part('b')],
  ],
  'a right Content-Length at the end of the file': [
    `${SEPARATOR}Content-Length: 6\n${part('a')}\n${SEPARATOR}Content-Length: 6\n${part('b')}`,
    [part('a'), part('b')],
  ],
  'a Content-Length beside quoted lines (mboxcl)': [
    `${SEPARATOR}Content-Length: 13\n${part('a', '>From now on\n')}\n${SEPARATOR}${part('b')}\n`,
    [part('a', 'From now on\n'), part('b')],
  ],
  'a Content-Length that is too small, too large, or absurd': [
    [3, 20, 999, 999_999_999_999].map(n => `${SEPARATOR}Content-Length: ${n}\n${part(String(n))}\n`).join(''),
    [3, 20, 999, 999_999_999_999].map(n => part(String(n))),
  ],
  'what mail programs keep in the header': [
    `${SEPARATOR}Status: RO\nX-Status: A\nX-UID: 7\nX-Keywords: a\n  b\nX-Mozilla-Status: 0001\n${part('a', 'Status: fine\n')}\n`,
    [part('a', 'Status: fine\n')],
  ],
  'the end torn off in the body': [
    `${SEPARATOR}${part('a')}\n${SEPARATOR}Subject: b\n\nHel`,
    [part('a'), 'Subject: b\n\nHel'],
  ],
  'the end torn off in the header': [`${SEPARATOR}${part('a')}\n${SEPARATOR}Subj`, [part('a'), 'Subj']],
  'the end torn off behind a From_ line': [`${SEPARATOR}${part('a')}\n${SEPARATOR}`, [part('a'), '']],
}

describe('a mailbox file', () => {
  for (const [name, [file, mails]] of Object.entries(MBOXES)) {
    test(`${name}`, async () => {
      const found = await find(await put('old.mbox', Buffer.from(file, 'latin1')))
      expect(await read(found)).toEqual(mails.map(crlf))
      expect(found.filter(one => one.kind === 'unreadable')).toEqual([])
    })
  }

  test('is known by its beginning, whatever its name; the ledger names it alike from wherever it was found', async () => {
    const path = await put('Inbox', `${SEPARATOR}${part('a')}\n${SEPARATOR}${part('b')}\n`)
    const [first, second] = mailsOf(await find(path))
    expect(first?.file).toEqual({ path, folder: 'Inbox', kind: 'mbox' })
    expect(placeOf(second!)).toBe(`${path} (byte ${`${SEPARATOR}${part('a')}\n`.length})`)
    expect(mailsOf(await find(folder.path))).toEqual([first, second])
  })

  test('larger than what is read at once: mails that lie across the borders come out whole', async () => {
    // 1 MB is read at once: sizes that let the border fall into a header, a body and a From_ line in turn.
    const bodies = Array.from({ length: 700 }, (_, at) => `${'x'.repeat(70)}\n`.repeat(at % 97).concat(`>From ${at}\n`))
    const file = bodies.map((body, at) => `${SEPARATOR}${part(String(at), body)}\n`).join('')
    expect(file.length).toBeGreaterThan(2_300_000)
    const mails = await read(await find(await put('large.mbox', file)))
    expect(mails).toHaveLength(700)
    expect(mails).toEqual(bodies.map((body, at) => crlf(part(String(at), body.replace('>From', 'From')))))
  })

  test('full of From lines takes linear time', async () => {
    const path = await put(
      'hostile.mbox',
      `${SEPARATOR}${part('a')}${'\nFrom x\n\nFrom - 10:00 May 2015\n'.repeat(60_000)}the end`,
    )
    const started = performance.now()
    expect(mailsOf(await find(path))).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test('of binary junk is told, and is no mail', async () => {
    const junk = Buffer.from(Array.from({ length: 5_000 }, (_, at) => (at * 7919) % 256))
    expect(others(await find(await put('junk.mbox', junk)))).toEqual([
      'unreadable junk.mbox: holds no mail: no line begins with "From "',
    ])
  })

  test('what a mail program has deleted, and data of a mail server, are left out and told', async () => {
    const data = "X-IMAP: 1 2\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n\nThis text is part of it.\n"
    const file = `${SEPARATOR}${data}\n${SEPARATOR}X-Mozilla-Status: 0009\n${part('a')}\n${SEPARATOR}${part('b')}\n`
    const found = await find(await put('old.mbox', file))
    expect(await read(found)).toEqual([crlf(part('b'))])
    expect(others(found)).toEqual([
      'skipped old.mbox (byte 0): is no mail but data of a mail server',
      expect.stringMatching(/^skipped old.mbox \(byte \d+\): was deleted/),
    ])
  })

  test('with a mail above the limit: that one is told, the others are read', async () => {
    const path = await put('old.mbox', `${SEPARATOR}${part('a')}`)
    await truncate(path, LARGEST_MAIL + 1000) // a hole: it takes no space
    const found = await find(path)
    expect(others(found)).toEqual(['unreadable old.mbox (byte 0): has 151 MB; a mail may have 150 MB'])
  })

  test('that was changed since it was looked through is told, not read wrongly', async () => {
    const path = await put('old.mbox', `${SEPARATOR}${part('a')}\n${SEPARATOR}${part('b')}\n`)
    const [first, second] = mailsOf(await find(path))
    await writeFile(path, `${SEPARATOR}${part('b')}\n`)
    await expect(readFound(first!)).resolves.toBeInstanceOf(Buffer)
    await expect(readFound(second!)).rejects.toThrow(/has changed/)
    await writeFile(path, `${SEPARATOR}${part('abc')}\n${SEPARATOR}${part('b')}\n`)
    await expect(readFound(first!)).rejects.toThrow(/has changed/)
  })
})

describe('Maildir', () => {
  test('mails of cur and new, subfolders too; tmp, drafts and bookkeeping are none', async () => {
    await put('Maildir/cur/1420246800.M1P1.host,S=30:2,RS', part('read'))
    await put('Maildir/new/1420246801.M2P1.host', part('new'))
    await put('Maildir/tmp/1420246802.M3P1.host', part('half written'))
    await put('Maildir/cur/1420246803.M4P1.host:2,DS', part('draft'))
    await put('Maildir/.Sent/cur/1420246804.M5P1.host:2,S', part('sent'))
    await put('Maildir/.Sent.2015/new/1420246805.M6P1.host', part('old'))
    await put('Maildir/Archive/cur/1420246806.M7P1.host;2,S', part('archived'))
    for (const name of [
      'dovecot-uidlist',
      'dovecot.index.log',
      'maildirfolder',
      'subscriptions',
      '.Sent/maildirfolder',
    ])
      await put(`Maildir/${name}`, 'data')
    const found = await find(join(folder.path, 'Maildir'))
    const mails = mailsOf(found).map(({ file, receivedAt }) => [file.folder, receivedAt])
    expect(mails).toEqual([
      ['.Sent', '2015-01-03T01:00:04.000Z'],
      ['.Sent.2015', '2015-01-03T01:00:05.000Z'],
      ['Archive', '2015-01-03T01:00:06.000Z'],
      ['Maildir', '2015-01-03T01:00:00.000Z'],
      ['Maildir', '2015-01-03T01:00:01.000Z'],
    ])
    expect(await read(found)).toContain(crlf(part('read')))
    expect(others(found)).toEqual(['skipped Maildir/cur/1420246803.M4P1.host:2,DS: is a draft'])
  })

  test('an empty file, junk, and one that is gone when its turn comes, are told', async () => {
    await put('Maildir/new/1.a', '')
    await put('Maildir/new/2.b', Buffer.from([0x89, 0x50, 0, 0, 1, 2, 3]))
    const found = await find(join(folder.path, 'Maildir'))
    expect(others(found)).toEqual(['skipped Maildir/new/1.a: is empty', 'unreadable Maildir/new/2.b: is no mail'])
    await put('Maildir/new/3.c', part('a'))
    const [mail] = mailsOf(await find(join(folder.path, 'Maildir')))
    await truncate(join(folder.path, 'Maildir/new/3.c'), 5)
    await expect(readFound(mail!)).rejects.toThrow(/has changed/)
  })
})

describe('files and folders', () => {
  test('are read to any depth, each for what it is', async () => {
    await put('mail/a.eml', part('a'))
    await put('mail/2015/b.EML', `${SEPARATOR}${part('b')}`)
    await put('mail/2015/17', part('as MH has it'))
    await put('mail/2015/old.mbox', `${SEPARATOR}${part('c')}\n`)
    await put('mail/jane/Maildir/cur/1420246800.M1P1.host:2,S', part('d'))
    await put('mail/empty', '')
    await put('mail/Inbox.msf', '// mork')
    await put('mail/notes.txt', 'TODO: nothing\n')
    await put('mail/photo.jpg', Buffer.from([0xff, 0xd8, 0, 0]))
    await symlink(join(folder.path, 'mail'), join(folder.path, 'mail/2015/round'))
    await symlink(join(folder.path, 'nowhere'), join(folder.path, 'mail/2015/gone.eml'))
    const found = await find(join(folder.path, 'mail'))
    expect(mailsOf(found).map(({ file }) => `${relative(folder.path, file.path)} in ${file.folder}`)).toEqual([
      'mail/2015/17 in 2015',
      'mail/2015/b.EML in 2015',
      'mail/2015/old.mbox in old.mbox',
      'mail/a.eml in mail',
      'mail/jane/Maildir/cur/1420246800.M1P1.host:2,S in Maildir',
    ])
    expect(others(found)).toEqual([
      expect.stringMatching(/^unreadable mail\/2015\/gone.eml: ENOENT/),
      'skipped mail/2015/round: is a link to a folder: name the folder itself',
      'skipped mail/notes.txt: is neither a mail nor a mailbox file (packed? unpack it first)',
      'skipped mail/photo.jpg: is neither a mail nor a mailbox file (packed? unpack it first)',
    ])
  })

  test('what was named must be mail', async () => {
    await put('a/x.txt', 'hello')
    await put('a/empty.eml', '')
    const at = (name: string) => join(folder.path, name)
    expect(others(await find(at('a/x.txt'), at('a/empty.eml'), at('missing')))).toEqual([
      'unreadable a/x.txt: is neither a mail nor a mailbox file (packed? unpack it first)',
      'skipped a/empty.eml: is empty',
      expect.stringMatching(/^unreadable missing: ENOENT/),
    ])
  })

  test.skipIf(process.getuid?.() === 0)('what may not be read is told', async () => {
    await chmod(await put('a.eml', part('a')), 0)
    expect(others(await find(folder.path))).toEqual([expect.stringMatching(/^unreadable a.eml: EACCES/)])
  })

  test('line ends become those of a mail, once', async () => {
    const text = 'Subject: a\r\n\nx\n\ny\r\nz'
    expect(await read(await find(await put('a.eml', text)))).toEqual(['Subject: a\r\n\r\nx\r\n\r\ny\r\nz'])
  })
})

describe('the time of arrival', () => {
  const received = (date: string) => `Received: from a by b; ${date}\n`
  const LATE = 'Received: from a\n by b (x; y) with z;\n\tSat, 3 Jan 2015 02:00:00 +0100\n'
  const DATE = 'Date: Sat, 3 Jan 2015 00:30:00 +0000\n'
  const CASES: Readonly<Record<string, readonly [header: string, mbox: string, eml: string]>> = {
    'the topmost Received': [
      `${LATE}${received('Fri, 2 Jan 2015 23:00:00 +0000')}${DATE}`,
      '2015-01-03T01:00:00.000Z',
      '2015-01-03T01:00:00.000Z',
    ],
    'the next Received that can be read': [
      `Received: by x\n${LATE}${DATE}`,
      '2015-01-03T01:00:00.000Z',
      '2015-01-03T01:00:00.000Z',
    ],
    'else Date': [DATE, '2015-01-03T00:30:00.000Z', '2015-01-03T00:30:00.000Z'],
    'else the file': ['', '2015-01-03T01:05:34.000Z', WRITTEN],
    'never in the future': [
      `${received('Sat, 3 Jan 2099 02:00:00 +0100')}Date: Sat, 3 Jan 2099 02:00:00 +0100\n`,
      '2015-01-03T01:05:34.000Z',
      WRITTEN,
    ],
    'never before there was mail': ['Date: Thu, 1 Jan 1970 00:00:00 +0000\n', '2015-01-03T01:05:34.000Z', WRITTEN],
    'never out of what cannot be read': ['Date: yesterday\n', '2015-01-03T01:05:34.000Z', WRITTEN],
  }
  for (const [name, [header, mbox, eml]] of Object.entries(CASES)) {
    test(name, async () => {
      const [inMbox] = mailsOf(await find(await put('a.mbox', `${SEPARATOR}${header}${part('a')}\n`)))
      const [inFile] = mailsOf(await find(await put('a.eml', `${header}${part('a')}`)))
      expect([inMbox?.receivedAt, inFile?.receivedAt]).toEqual([mbox, eml])
    })
  }

  test('of the name in a Maildir', async () => {
    await put('m/cur/1420246800.M1P1.host:2,S', part('a'))
    const [mail] = mailsOf(await find(folder.path))
    expect(mail?.receivedAt).toBe('2015-01-03T01:00:00.000Z')
  })

  test('a file written in the future counts as written now', async () => {
    const path = await put('a.eml', part('a'))
    await utimes(path, new Date('2099-01-01'), new Date('2099-01-01'))
    expect(mailsOf(await find(path))[0]?.receivedAt).toBe(NOW)
  })
})
