import { createHash } from 'node:crypto'
import type { SurveyWords } from '../desk/survey-words.ts'
import { RATINGS } from '../desk/ticket.ts'
import { LONGEST_COMMENT } from '../mail/survey.ts'

/*
 * The page as HTML: one form, no script, nothing from elsewhere.
 */

const STYLE = `
:root { color-scheme: light dark }
body { font: 18px/1.5 system-ui, -apple-system, 'Segoe UI', sans-serif; max-width: 34em; margin: 2em auto; padding: 0 1em }
fieldset { border: 0; padding: 0; margin: 0 0 1em }
legend, .ask { font-weight: 600; padding: 0; margin: 0 0 .5em }
label { display: block; padding: .3em 0; cursor: pointer }
textarea { font: inherit; width: 100%; box-sizing: border-box }
button { font: inherit; padding: .4em 1.6em; cursor: pointer }
.note { opacity: .8 }
`

/** Only this style sheet, and forms that go nowhere else. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

type Page = {
  readonly language: string
  readonly words: SurveyWords
  /** Of the desk. */
  readonly name: string
}

/** Asks. `note`: what is to be said first; `chosen` and `comment`: what was said before. */
export function askingPage(
  page: Page & {
    readonly tag: string
    readonly anonymous: boolean
    readonly note: string | null
    readonly chosen: number | null
    readonly comment: string | null
  },
): string {
  const { words, tag, anonymous, note, chosen, comment } = page
  const choices = RATINGS.map(
    (score, at) =>
      `<label><input type="radio" name="score" value="${score}" required${score === chosen ? ' checked' : ''}> ${score} – ${escaped(words.scale[at] ?? '')}</label>`,
  )
  return html(
    page,
    `${note === null ? '' : `<p role="status">${escaped(note)}</p>\n`}<form method="post">
<fieldset>
<legend>${escaped(words.question)}</legend>
<p class="note">${escaped(page.name)} ${escaped(tag)}</p>
${choices.join('\n')}
</fieldset>
<p><label for="comment">${escaped(words.comment)}</label>
<textarea id="comment" name="comment" rows="4" maxlength="${LONGEST_COMMENT}">${escaped(comment ?? '')}</textarea></p>
${anonymous ? `<p class="note">${escaped(words.anonymous)}</p>\n` : ''}<p><button type="submit">${escaped(words.send)}</button></p>
</form>`,
  )
}

/** Says one thing. */
export function sayingPage(page: Page, said: string): string {
  return html(page, `<p role="status">${escaped(said)}</p>`)
}

function html({ language, name }: Page, body: string): string {
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="robots" content="noindex, nofollow">
<title>${escaped(name)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => ENTITIES[character] ?? '')
}
