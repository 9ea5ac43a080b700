import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { detectLanguage } from '../../src/mail/language.ts'
import { SENTENCES } from './sentences.ts'

describe('short requests', () => {
  test('are at least 120 in at least 8 languages', () => {
    expect(Object.values(SENTENCES).flat().length).toBeGreaterThanOrEqual(120)
    expect(Object.keys(SENTENCES).length).toBeGreaterThanOrEqual(8)
  })

  for (const [language, sentences] of Object.entries(SENTENCES)) {
    test(`are told to be ${language}`, () => {
      const answers = sentences.map(sentence => [sentence, detectLanguage(sentence.replace('~', ''))])
      const wanted = answers.map(([sentence, answer]) => [
        sentence,
        sentence?.startsWith('~') && answer === null ? null : language,
      ])
      expect(answers).toEqual(wanted)
    })

    test(`are told to be ${language} when several stand together`, () => {
      expect(detectLanguage(sentences.join('\n').replaceAll('~', ''))).toBe(language)
    })
  }

  test('in other languages of Europe', () => {
    const others = {
      da: 'Jeg har glemt min adgangskode, kan I nulstille den?',
      fi: 'Tietokoneeni ei käynnisty tänä aamuna.',
      cs: 'Můj počítač se dnes ráno nespustil.',
      hu: 'Elfelejtettem a jelszavamat, tudnának segíteni?',
      hr: 'Zaboravio sam lozinku, možete li mi pomoći?',
      el: 'Ξέχασα τον κωδικό μου, μπορείτε να βοηθήσετε;',
      uk: 'Я забув пароль, допоможіть будь ласка.',
      tr: 'Şifremi unuttum, yardımcı olabilir misiniz?',
      lt: 'Pamiršau slaptažodį, ar galite padėti?',
    }
    for (const [language, sentence] of Object.entries(others)) expect(detectLanguage(sentence), sentence).toBe(language)
  })
})

describe('what is too short or no language', () => {
  test.each([
    '',
    ' \n',
    '?',
    '...',
    '👍',
    'ok',
    'VPN?',
    'Thanks',
    'Hi',
    'bonjour',
    'Merci',
    'Test',
    'info',
    '12345',
    '+1',
    '10:30?',
    'https://portal.example.org/helpdesk/tickets/new?lang=en',
    'www.example.org',
    'jan.de.vries@example.org',
    'INC0012345',
    '+32 2 555 12 34',
    'C:\\Users\\jdoe\\AppData\\Local\\Temp\\setup.log',
    '/var/log/mail/error.log',
    'Outlook',
    'SharePoint OneDrive Teams',
    'MS Teams / Outlook / Excel',
    'password reset',
    'Windows 11 update',
    'Ana Popescu',
    'Jean-Pierre Dubois',
    'Marco Rossi, Via Roma 12, Milano',
    'Universitatea Babes-Bolyai',
    '2026-11-22 10:00:00 ERROR [main] com.example.App - Connection refused',
    'java.lang.NullPointerException: Cannot invoke "String.length()" because "s" is null',
    '    at com.example.shop.Cart.add(Cart.java:42)',
    'const answer = read(file); return answer;',
    '你好，我的电脑坏了',
    'パソコンが起動しません',
  ])('%j: nothing', text => {
    expect(detectLanguage(text)).toBeNull()
  })

  test('a language too close to its neighbour: nothing', () => {
    expect(detectLanguage('Skriveren i andre etasje virker ikke.')).toBeNull() // Norwegian, and Danish as well
  })
})

describe('what a computer said does not count', () => {
  test.each([
    ['nl', 'Ik krijg deze error: "Your connection was interrupted. A network change was detected" in Chrome'],
    ['de', 'Beim Start kommt die Meldung „The remote server could not be reached“ und dann passiert nichts.'],
    ['fr', 'Bonjour, je reçois le message « Access denied, please contact your administrator » dans SharePoint.'],
    [
      'ro',
      'Buna ziua, vedeti mai jos ce imi apare:\n\n```\nthe file could not be opened because it is in use by another\n```\n',
    ],
    [
      'es',
      'No puedo abrir el programa desde ayer:\n' +
        '2026-11-22 10:00:00,123 ERROR [main] com.example.App - The connection to the server was refused\n' +
        'Caused by: java.net.ConnectException: the connection was refused by the remote host\n' +
        '    at com.example.shop.Cart.add(Cart.java:42)\n'.repeat(30),
    ],
    [
      'it',
      'Non si apre https://portal.example.org/this/is/the/way/to/the/page-that-you-have-been-looking-for, potete guardare?',
    ],
    ['pl', 'Plik C:\\Users\\The New User\\with-the-files.txt nie chce się otworzyć, proszę o pomoc'],
  ])('%s', (language, text) => {
    expect(detectLanguage(text)).toBe(language)
  })

  test('but it is read when somebody sends nothing else', () => {
    expect(detectLanguage('"Your password has expired and must be changed before you can sign in."')).toBe('en')
  })
})

test('capitals and decomposed accents change nothing', () => {
  expect(detectLanguage('MON ORDINATEUR NE FONCTIONNE PLUS')).toBe('fr')
  expect(detectLanguage('MEIN PC GEHT NICHT MEHR AN')).toBe('de')
  expect(detectLanguage('Mój ekran jest czarny po aktualizacji.'.normalize('NFD'))).toBe('pl')
})

test('hostile texts take no time', () => {
  const pieces = [
    'a',
    '@',
    '"',
    '“',
    '(',
    'a(',
    ' ',
    '.',
    '1.',
    '`',
    '\n',
    'A',
    'é',
    '[1',
    '#a/',
    'x=1;',
    '\ud800',
    '\0',
  ]
  const began = performance.now()
  for (const piece of pieces) detectLanguage(piece.repeat(200_000))
  expect(performance.now() - began).toBeLessThan(1_000) // 40 ms when this was written
})

test('every text has an answer', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), text => {
      expect(detectLanguage(text) ?? 'none').toMatch(/^(?:[a-z]{2}|none)$/)
    }),
  )
})
