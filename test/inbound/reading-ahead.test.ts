/*
 * Windows of mails are read while the ones before them are taken in.
 */
import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Arrival, ingest, readAhead } from '../../src/inbound/ingest.ts'
import { openIntake, type TestIntake } from '../support/intake.ts'
import { mail } from '../support/mail.ts'

let desk: TestIntake
beforeEach(async () => {
  desk = await openIntake()
})
afterEach(() => desk[Symbol.asyncDispose]())

const jane = { from: 'Jane Doe <jane@example.org>', to: 'it@example.org' }

describe('reading ahead', () => {
  const window = (...numbers: number[]) =>
    numbers.map(number => ({ uid: number, bytes: Buffer.from(`Subject: ${number}`) }))

  test('the next window is being read while the caller is at this one, and none is asked for before its time', async () => {
    const seen: string[] = []
    const reader = {
      ...desk.intake.reader,
      read: (bytes: Buffer) => {
        seen.push(`reads ${bytes}`)
        return desk.intake.reader.read(bytes, false)
      },
    }
    async function* windows() {
      for (const numbers of [[1, 2], [3], [4]]) yield window(...numbers)
    }
    for await (const mails of readAhead(reader, windows(), false)) {
      seen.push(`at ${mails.map(({ uid }) => uid)}`)
    }
    expect(seen).toEqual([
      ...['reads Subject: 1', 'reads Subject: 2', 'reads Subject: 3', 'at 1,2'],
      ...['reads Subject: 4', 'at 3', 'at 4'],
    ])
  })

  test('what was fetched before the connection broke is still handed out', async () => {
    async function* windows() {
      yield window(1)
      yield window(2)
      throw new Error('gone')
    }
    const uids: number[] = []
    const all = async () => {
      for await (const mails of readAhead(desk.intake.reader, windows(), false)) uids.push(...mails.map(one => one.uid))
    }
    await expect(all()).rejects.toThrow('gone')
    expect(uids).toEqual([1, 2])
  })

  test('a reader that is gone rejects where the mail is taken in, and nothing has happened', async () => {
    const stopped = { ...desk.intake.reader, read: () => Promise.reject(new Error('stopped')) }
    const ahead = readAhead<Arrival>(stopped, Readable.from([[desk.arrival(mail(jane))]]), false)
    for await (const arrivals of ahead)
      await expect(ingest(desk.intake, arrivals, desk.cursor)).rejects.toThrow('stopped')
    expect(await desk.store.read.rawMails({ limit: 9 })).toEqual([])
  })
})
