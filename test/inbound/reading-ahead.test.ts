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

  const heavy = (uid: number) => [{ uid, bytes: Buffer.alloc(17 * 1024 * 1024, ' ') }]
  /** What is fetched, read and taken in, in that order. */
  const seenWith = async (all: readonly (readonly { readonly uid: number; readonly bytes: Buffer }[])[]) => {
    const seen: string[] = []
    const uids = new Map(all.flat().map(({ uid, bytes }) => [bytes, uid]))
    const reader = {
      ...desk.intake.reader,
      read: async (bytes: Buffer) => {
        seen.push(`reads ${uids.get(bytes)}`)
        return { fault: 'not read here' }
      },
    }
    async function* windows() {
      for (const mails of all) {
        seen.push(`gets ${mails.map(({ uid }) => uid)}`)
        yield mails
      }
    }
    for await (const mails of readAhead(reader, windows(), false)) seen.push(`at ${mails.map(({ uid }) => uid)}`)
    return seen
  }

  test('the next window is being read while the caller is at this one, and none is asked for before its time', async () => {
    expect(await seenWith([window(1, 2), window(3), window(4)])).toEqual([
      ...['gets 1,2', 'reads 1', 'reads 2', 'gets 3', 'reads 3', 'at 1,2'],
      ...['gets 4', 'reads 4', 'at 3', 'at 4'],
    ])
  })

  test('beside a mail as large as a window there is no other', async () => {
    expect(await seenWith([window(1), heavy(2), heavy(3), window(4), window(5)])).toEqual([
      ...['gets 1', 'reads 1', 'gets 2', 'reads 2', 'at 1', 'at 2', 'gets 3', 'reads 3', 'at 3'],
      ...['gets 4', 'reads 4', 'gets 5', 'reads 5', 'at 4', 'at 5'],
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
