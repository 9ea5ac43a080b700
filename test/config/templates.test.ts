import { describe, expect, test } from 'vitest'
import { type Files, failure, faults, GOOD, load, type Options } from '../support/config.ts'

describe('templates', () => {
  const own = (files: Files): Options => ({ files: { 'desk.d/README.md': '', ...files } })
  const YAML = `${GOOD}templates: ./desk.d\n`

  test('replace the shipped ones one by one', () => {
    const { policy, warnings } = load(
      YAML,
      own({
        'desk.d/en/acknowledgement.txt.liquid': 'Hi {{ ticket_number }}',
        'desk.d/en/acknowledgement.html.liquid': '',
      }),
    )
    expect(warnings).toEqual([])
    const mail = policy.templates.mails.get('acknowledgement')?.get('en')
    expect(mail?.text.path).toMatch(/desk\.d\/en\/acknowledgement\.txt\.liquid$/)
    expect(mail?.subject.path).toMatch(/config\/templates\/en\//)
    expect(mail?.html).toBeNull()
  })

  test('a text of your own beside the shipped HTML is a warning', () => {
    const { warnings } = load(YAML, own({ 'desk.d/en/acknowledgement.txt.liquid': 'Hi {{ ticket_number }}' }))
    expect(warnings).toEqual([
      expect.stringMatching(
        /acknowledgement\.txt\.liquid:1:1 the text is yours, but the HTML beside it is still the shipped one → add/,
      ),
    ])
  })

  test('may bring a language', () => {
    const files = {
      'desk.d/pl/acknowledgement.subject.liquid': '{{ ticket_tag }}',
      'desk.d/pl/acknowledgement.txt.liquid': '{{ ticket_number }}',
    }
    expect(
      load(YAML.replace('    serviceLevel', '    language: pl\n    serviceLevel'), own(files)).config.mailboxes['it']
        ?.language,
    ).toBe('pl')
  })

  test('tell their faults where they are', () => {
    const files = {
      'desk.d/en/acknowledgement.txt.liquid': 'Hi\n  {{ ticket_numbr }}',
      'desk.d/en/ack.text.liquid': 'x',
    }
    const error = failure(YAML, own(files))
    expect(error.faults).toHaveLength(2)
    expect(error.message).toMatch(
      /ack\.text\.liquid:1:1 no template is called so → name it like en\/acknowledgement\.txt\.liquid/,
    )
    expect(error.message).toMatch(/acknowledgement\.txt\.liquid:2:\d+ .*ticket_numbr/)
  })

  test('a folder that is none', () => {
    expect(faults(`${GOOD}templates: ./nope\n`)).toEqual([
      expect.stringMatching(/^17:12 templates \S+nope does not exist → /),
    ])
    expect(faults(`${GOOD}templates: ./desk.yaml\n`)).toEqual([expect.stringMatching(/ is no folder → /)])
  })
})
