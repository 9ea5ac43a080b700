import { describe, expect, test } from 'vitest'
import { readSurveyToken, readVote } from '../../src/mail/survey.ts'

const vote = (newText: string, subject = 'Re: Printer [#1042]') => readVote({ newText, newTextIsBelow: false, subject })

describe('an answer to a survey', () => {
  test('is not what stands in a mail that was passed on', () => {
    const message = { newText: 'SURVEY 1\nThey never call back.', newTextIsBelow: true, subject: 'Fwd: Printer' }
    expect(readVote(message)).toBeNull()
    expect(readVote({ ...message, subject: 'SURVEY 4' })).toEqual({ score: 4, comment: null })
  })

  test.each([
    ['SURVEY 4', 4, null],
    ['survey: 5/5', 5, null],
    ['*Survey 1*\n\nNobody called me back.', 1, 'Nobody called me back.'],
    ['UMFRAGE 3', 3, null],
    ['Enquete 2.', 2, null],
    ['ENQUÊTE 2', 2, null],
    ['> SONDAJ 5', 5, null],
  ])('%j', (text, score, comment) => {
    expect(vote(text)).toEqual({ score, comment })
  })

  test.each([
    'Survey 4 is broken',
    'SURVEY',
    'SURVEY 0',
    'SURVEY 6',
    'SURVEY 45',
    'Hello,\nSURVEY 4',
    'Can I still take the survey?',
    '4',
    'thanks',
    '',
  ])('is not: %j', text => {
    expect(vote(text)).toBeNull()
  })

  test('as the subject of a mail begun by a link, not of an answer to such a mail', () => {
    expect(vote('Great help!', 'SURVEY 5 [#1042]')).toEqual({ score: 5, comment: 'Great help!' })
    expect(vote('', 'Encuesta 1')).toEqual({ score: 1, comment: null })
    expect(vote('What do you mean?', 'Re: SURVEY 5 [#1042]')).toBeNull()
    expect(vote('', 'Survey 5 does not open')).toBeNull()
  })

  test('the comment is without the token, without what nobody types, and bounded', () => {
    const token = `1042.mi8x2k1c.${'a'.repeat(26)}`
    expect(vote(`SURVEY 2\n\n${token}\n`)).toEqual({ score: 2, comment: null })
    expect(vote(`SURVEY 2\n\n${token}\n\nSlow\u0000.`)).toEqual({ score: 2, comment: 'Slow.' })
    expect(vote(`SURVEY 2\n${'x'.repeat(5_000)}`)?.comment).toHaveLength(1_000)
  })

  test('the token is found as we write it and nowhere within something else', () => {
    const mac = 'b'.repeat(26)
    expect(readSurveyToken(`see 1042.mi8x2k1c.${mac} there`)).toMatchObject({ ticket: 1042, solved: 'mi8x2k1c', mac })
    for (const other of [`1042.${mac}`, `1042.mi8x2.${mac}`, `1042.mi8x2k1c.${mac}b`, `x1042.mi8x2k1c.${mac}`, '1042'])
      expect(readSurveyToken(other)).toBeNull()
  })
})
