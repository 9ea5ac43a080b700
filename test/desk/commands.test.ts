import { describe, expect, test } from 'vitest'
import { type Command, readCommands } from '../../src/desk/commands.ts'
import { DAY, HOUR } from '../../src/instant.ts'
import { policy } from '../support/policy.ts'

const desk = policy({ categories: new Map([['printing', { en: 'Printing', ro: 'Imprimante și copiatoare' }]]) })
const ana = desk.agents[0]
if (!ana) throw new Error('no Ana')
const read = (text: string, verb: string | null = null) => readCommands(text, verb, ana, desk)

describe('commands', () => {
  test.each<[string, readonly Command[], string]>([
    ['#solved\nThe printer has paper again.', [{ kind: 'solved' }], 'The printer has paper again.'],
    ['#Solved', [{ kind: 'solved' }], ''],
    ['\n\n  #solved  \r\n\nDone', [{ kind: 'solved' }], 'Done'],
    ['# solved\nDone', [{ kind: 'solved' }], 'Done'],
    ['*#solved*\nDone', [{ kind: 'solved' }], 'Done'],
    ['\u200b#solved.\nDone', [{ kind: 'solved' }], 'Done'],
    ['＃solved', [{ kind: 'solved' }], ''],
    // What Gmail makes of a mail that is written from right to left.
    ['\u202b#note היא משקרת\u202c\u200e', [{ kind: 'note' }], 'היא משקרת'],
    ['\u202b#note\u202c\n\u202bהיא משקרת\u202c', [{ kind: 'note' }], '\u202bהיא משקרת\u202c'],
    ['\u2067#note\u2069\nx', [{ kind: 'note' }], 'x'],
    ['\u061c#no\u00adte\u034f\nx', [{ kind: 'note' }], 'x'],
    ['#\ufe0fnote\ufe0f\nx', [{ kind: 'note' }], 'x'],
    ['\u202e*\u2066#solved\u2069*\u180e', [{ kind: 'solved' }], ''],
    ['\ufeff\n\u200e \u00ad\n#note x\n\u200b', [{ kind: 'note' }], 'x'],
    ['\u200b', [], ''],
    // Joiners make words of Persian and faces of emoji: what is said stays as it was written.
    ['#cause نمی\u200cچاپد', [{ kind: 'cause', text: 'نمی\u200cچاپد' }], ''],
    ['#solved\nمی\u200cچاپد 👩\u200d💻 ❤\ufe0f', [{ kind: 'solved' }], 'می\u200cچاپد 👩\u200d💻 ❤\ufe0f'],
    ['#note\nthe user is angry', [{ kind: 'note' }], 'the user is angry'],
    ['#note the user is angry\nand in a hurry', [{ kind: 'note' }], 'the user is angry\nand in a hurry'],
    ['#note: call her', [{ kind: 'note' }], 'call her'],
    [
      '#take\n#priority high\n\n#tag vpn, wifi\nOn my way.',
      [
        { kind: 'assign', agent: 'ana' },
        { kind: 'priority', priority: 'high' },
        { kind: 'tag', tags: ['vpn', 'wifi'] },
      ],
      'On my way.',
    ],
    ['#pending 3d', [{ kind: 'pending', forMs: 3 * DAY }], ''],
    ['#pending 4 hours', [{ kind: 'pending', forMs: 4 * HOUR }], ''],
    ['#pending', [{ kind: 'pending', forMs: null }], ''],
    ['#assign Ben Roe', [{ kind: 'assign', agent: 'ben' }], ''],
    ['#assign ben@home.example', [{ kind: 'assign', agent: 'ben' }], ''],
    ['#assign nobody', [{ kind: 'assign', agent: null }], ''],
    ['#team IT', [{ kind: 'team', team: 'it' }], ''],
    ['#category imprimante si copiatoare', [{ kind: 'category', category: 'printing' }], ''],
    ['#merge [#1042]', [{ kind: 'merge', into: 1042 }], ''],
    ['#template vpn', [{ kind: 'template', name: 'vpn' }], ''],
    [
      '#cause a loose cable\n#fix plugged in\n#solved',
      [{ kind: 'cause', text: 'a loose cable' }, { kind: 'fix', text: 'plugged in' }, { kind: 'solved' }],
      '',
    ],
    ['The printer works.\n#solved', [], 'The printer works.\n#solved'],
    ['> #solved\nok', [], '> #solved\nok'],
    ['#1 thing to try: restart', [], '#1 thing to try: restart'],
    ['# Heading', [], '# Heading'],
    ['', [], ''],
  ])('%j', (text, commands, words) => {
    expect(read(text)).toEqual({ commands, text: words, fault: null })
  })
  test('that contradict each other', () => {
    for (const text of ['#note\n#send\nHi.', '#send\n#note Hi.'])
      expect(read(text, 'note').fault).toMatchObject({ line: '#send', why: expect.stringContaining('#note') })
  })
  test('in the address itself', () => {
    expect(read('Call her.', 'note')).toEqual({ commands: [{ kind: 'note' }], text: 'Call her.', fault: null })
    expect(read('#send\nHi.', 'note')).toEqual({ commands: [{ kind: 'send' }], text: 'Hi.', fault: null })
    expect(read('Hi.', 'frobnicate').fault?.why).toContain('no command')
  })
})

// With quadratic work this would not end.
test.each(['*', '_', ' ', '\u200d', '\u202b', '#', ':', '\n'])('a million times %j holds no command', unit => {
  for (const text of [unit.repeat(1_000_000), `*#x${unit.repeat(1_000_000)}x*`]) expect(read(text).commands).toEqual([])
})

describe('what is no command, and what to do', () => {
  test.each([
    ['#sloved\nDone', '#sloved', 'no command'],
    ['#solved by rebooting\nDone', '#solved by rebooting', 'alone in its line'],
    ['#assign Carla', '#assign Carla', 'known are ana, ben'],
    ['#pending soon', '#pending soon', '#pending 3d'],
    ['#pending 999w', '#pending 999w', 'at most a year'],
    ['#priority asap', '#priority asap', 'low, normal, high, urgent'],
    ['#merge', '#merge', 'which ticket'],
    ['#cause', '#cause', 'same line'],
    ['#team', '#team', 'known are it, support'],
    ['#note\n#frob\nx', '#frob', 'no command'],
  ])('%j', (text, line, why) => {
    const { fault } = read(text)
    expect(fault?.line).toBe(line)
    expect(fault?.why).toContain(why)
  })
})
