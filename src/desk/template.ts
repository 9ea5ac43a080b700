import { Liquid, LiquidError, type Template } from 'liquidjs'
import { DeskError, errorText } from '../errors.ts'
import { TEMPLATE_KINDS, type TemplateKind } from './template-variables.ts'

/*
 * Texts that an operator may change, in Liquid. They are compiled once, at start-up, and whatever is wrong with them is
 * told then; afterwards rendering is a pure function. A template sees the variables it is given and nothing else: no
 * file, no other template, no clock.
 */

const ENDINGS = { subject: 'subject', txt: 'text', html: 'html' } as const
type Part = (typeof ENDINGS)[keyof typeof ENDINGS]

/** One template as the operator wrote it. */
export type TemplateFile = {
  /** Where it came from, for faults. */
  readonly path: string
  /** BCP 47: `de`, `pt-BR`. */
  readonly language: string
  /** Which mail it is for: `acknowledgement`. */
  readonly name: string
  readonly part: Part
  readonly source: string
}

/** Something wrong in a template, and what to do about it. */
export type TemplateFault = {
  readonly path: string
  readonly line: number
  readonly column: number
  readonly message: string
}

type Compiled = { readonly path: string; readonly liquid: Liquid; readonly template: Template[] }
type Mail = { readonly subject: Compiled; readonly text: Compiled; readonly html: Compiled | null }

/** Compiled templates, by name and language. */
export type TemplateSet = { readonly mails: ReadonlyMap<string, ReadonlyMap<string, Mail>> }

/**
 * Reads a path such as `de/acknowledgement.txt.liquid`: the language is the folder, then come name and part, which is
 * `subject`, `txt` or `html`. Null when no template is called so.
 */
export function templateFile(path: string, source: string): TemplateFile | null {
  const match =
    /(?:^|[/\\])([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)[/\\]([a-z][a-z0-9-]*)\.(subject|txt|html)\.liquid$/.exec(path)
  if (!match) return null
  const [, language = '', name = '', ending = ''] = match
  return { path, language, name, part: ENDINGS[ending as keyof typeof ENDINGS], source }
}

/**
 * Compiles templates. Syntax errors, unknown variables, filters and tags, templates that fail when tried and languages
 * without a subject or text are faults; a mail with a fault in any part is left out of the set. An HTML part that is
 * blank switches that part off: a shipped one can be replaced by nothing.
 */
export function compileTemplates(files: readonly TemplateFile[]): {
  readonly set: TemplateSet
  readonly faults: readonly TemplateFault[]
} {
  const faults: TemplateFault[] = []
  const mails = new Map<string, Map<string, Mail>>()
  for (const name of new Set(files.map(file => file.name))) {
    const ofName = files.filter(file => file.name === name)
    const kind = TEMPLATE_KINDS.get(name)
    if (!kind) {
      const message = `no mail is called "${name}"; there are: ${[...TEMPLATE_KINDS.keys()].join(', ')}`
      faults.push(...ofName.map(file => fault(file, message)))
      continue
    }
    const byLanguage = new Map<string, Mail>()
    for (const language of new Set(ofName.map(file => file.language))) {
      const { mail, faults: found } = compileMail(
        kind,
        ofName.filter(file => file.language === language),
      )
      faults.push(...found)
      if (mail) byLanguage.set(language, mail)
    }
    mails.set(name, byLanguage)
  }
  return { set: { mails }, faults }
}

/** The languages in which a mail can be written, sorted. */
export function templateLanguages(set: TemplateSet, name: string): readonly string[] {
  return [...(set.mails.get(name)?.keys() ?? [])].sort()
}

/**
 * Writes a mail. Values are escaped in HTML, never in text; the subject is one line whatever the values hold.
 * Throws a DeskError('config') when there is no such template or a variable it needs is not given.
 */
export function renderTemplate(
  set: TemplateSet,
  name: string,
  language: string,
  variables: Readonly<Record<string, unknown>>,
): { readonly subject: string; readonly text: string; readonly html: string | null } {
  const mail = set.mails.get(name)?.get(language)
  if (!mail) {
    const there = templateLanguages(set, name).join(', ') || 'none'
    throw new DeskError('config', `no template ${language}/${name}; languages of ${name}: ${there}`)
  }
  return {
    subject: oneLine(render(mail.subject, variables), LONGEST_SUBJECT),
    text: tidyText(render(mail.text, variables)),
    html: mail.html && tidyHtml(render(mail.html, variables)),
  }
}

// Controls, separators of lines, halves of surrogate pairs, and the marks that turn the direction of writing: in a
// header they start another field or make a line read otherwise than it is.
const UNFIT = /[\p{Cc}\p{Cs}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu

/** A text as one line without control characters, cut with an ellipsis when longer than `most` characters. */
export function oneLine(text: string, most: number): string {
  const line = text.replace(UNFIT, ' ').replace(/\s+/g, ' ').trim()
  if (line.length <= most) return line
  const characters = Array.from(line)
  return characters.length <= most
    ? line
    : `${characters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`
}

// Clients show 60 to 100 characters of a subject. The mail's composer folds and encodes it (RFC 5322 §2.2.3, RFC 2047).
const LONGEST_SUBJECT = 200

// The longest template shipped has 3,000 characters. Without loops a template does as much as it is long, but for words
// doubled again and again, which memoryLimit ends; the time limit, on the clock of a busy machine, is the last resort.
// (liquidjs 10.30 declares a `templateLimit` and never looks at it.)
const LIMITS = { parseLimit: 100_000, memoryLimit: 1_000_000, renderLimit: 5_000 }

// Left out of Liquid: what reads other templates (include, render, layout, block), loops (no variable is a list, and they
// need bounds), the clock and chance (date, sample), what takes values past the escaping of HTML (the filter raw) or
// escapes them twice (escape, capture).
const TAGS = ['assign', 'case', 'comment', 'if', 'raw', 'unless', '#']
const FILTERS = [
  'append',
  'capitalize',
  'default',
  'downcase',
  'minus',
  'plus',
  'prepend',
  'remove',
  'replace',
  'strip',
  'truncate',
  'upcase',
]

const PLAIN = engine(false)
const ESCAPING = engine(true)

function engine(escapes: boolean): Liquid {
  const liquid = new Liquid({
    ...LIMITS,
    templates: {},
    strictFilters: true,
    strictVariables: true,
    ownPropertyOnly: true,
    ...(escapes ? { outputEscape: 'escape' as const } : {}),
  })
  for (const tag of Object.keys(liquid.tags)) if (!TAGS.includes(tag)) delete liquid.tags[tag]
  for (const filter of Object.keys(liquid.filters)) if (!FILTERS.includes(filter)) delete liquid.filters[filter]
  return liquid
}

function render({ path, liquid, template }: Compiled, variables: Readonly<Record<string, unknown>>): string {
  try {
    return String(liquid.renderSync(template, variables))
  } catch (error) {
    throw new DeskError('config', `template ${path}: ${errorText(error)}`, { cause: error })
  }
}

/** The parts of one mail in one language. */
function compileMail(
  kind: TemplateKind,
  files: readonly TemplateFile[],
): { mail: Mail | null; faults: TemplateFault[] } {
  const faults: TemplateFault[] = []
  const compiled = new Map<Part, Compiled>()
  for (const file of files) {
    if (file !== files.find(other => other.part === file.part)) {
      faults.push(fault(file, `there is another ${file.part} part of ${file.language}/${file.name}: keep one`))
    } else if (file.part !== 'html' || file.source.trim() !== '') {
      const part = compilePart(kind, file)
      if (Array.isArray(part)) faults.push(...part)
      else compiled.set(file.part, part)
    }
  }
  const [first] = files
  if (first && !isLanguage(first.language))
    faults.push(fault(first, `"${first.language}" is no language: name the folder like de or pt-BR`))
  for (const [ending, part] of Object.entries(ENDINGS)) {
    if (!first || part === 'html' || files.some(file => file.part === part)) continue
    const wanted = `${first.language}/${first.name}.${ending}.liquid`
    faults.push(fault(first, `the ${part} of this mail is missing: add ${wanted}`))
  }
  const subject = compiled.get('subject')
  const text = compiled.get('text')
  const mail = faults.length === 0 && subject && text ? { subject, text, html: compiled.get('html') ?? null } : null
  return { mail, faults }
}

/** Compiles one part and tries it; its faults when there are any. */
function compilePart(kind: TemplateKind, file: TemplateFile): Compiled | TemplateFault[] {
  const liquid = file.part === 'html' ? ESCAPING : PLAIN
  const source = file.source.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n')
  let template: Template[]
  try {
    template = liquid.parse(source)
  } catch (error) {
    return [liquidFault(file, error)]
  }
  const faults = unknownVariables(kind, file, liquid, template)
  if (faults.length > 0) return faults

  for (const sample of kind.samples) {
    let output: string
    try {
      output = String(liquid.renderSync(template, sample))
    } catch (error) {
      return [liquidFault(file, error)]
    }
    const absent =
      file.part === 'subject' ? kind.inSubject.find(name => !output.includes(String(sample[name]))) : undefined
    if (absent) return [fault(file, `the subject must always show {{ ${absent} }}: replies are recognised by it`)]
    if (output.trim() === '') return [fault(file, 'this part comes out empty')]
  }
  return { path: file.path, liquid, template }
}

/** The variables a template asks for that nobody will give it, wherever they stand: also in a branch not tried. */
function unknownVariables(
  kind: TemplateKind,
  file: TemplateFile,
  liquid: Liquid,
  template: Template[],
): TemplateFault[] {
  const known = Object.keys(kind.samples[0] ?? {})
  const { globals } = liquid.analyzeSync(template, { partials: false })
  return Object.values(globals)
    .flat()
    .filter(variable => variable.segments.length > 1 || !known.includes(String(variable.segments[0])))
    .map(variable => ({
      path: file.path,
      line: variable.location.row,
      column: variable.location.col,
      message: `unknown variable "${variable}"; there are: ${known.join(', ')}`,
    }))
}

function liquidFault(file: TemplateFile, error: unknown): TemplateFault {
  if (!(error instanceof LiquidError)) return fault(file, errorText(error))
  const [line = 1, column = 1] = error.token.getPosition()
  const message = (error.originalError ?? error).message.replace(/, (?:file:.*, )?line:\d+, col:\d+$/s, '')
  return { path: file.path, line, column, message: `${message}${remedy(message)}` }
}

function remedy(message: string): string {
  if (/^tag .* not found$/.test(message)) return `; templates may use: ${TAGS.join(', ')}`
  if (message.startsWith('undefined filter')) return `; there are: ${FILTERS.join(', ')}`
  if (message.includes('limit exceeded')) return '; the template does far more than a mail needs'
  return ''
}

function fault(file: TemplateFile, message: string): TemplateFault {
  return { path: file.path, line: 1, column: 1, message }
}

function isLanguage(language: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf([language]).length > 0
  } catch {
    return false
  }
}

// RFC 3676 §4.2 breaks at 66 or so and allows 78; quoted once or twice in answers, 76 still fits a terminal.
const WIDTH = 76

/** Trailing blanks off, at most one empty line in a row, long lines wrapped at blanks, one line break at the end. */
function tidyText(text: string): string {
  const lines = text.split('\n').flatMap(line => (line === '-- ' ? [line] : wrap(line.replace(/[ \t]+$/, ''))))
  const oneEmpty = lines.join('\n').replace(/\n{3,}/g, '\n\n')
  // Once lines are broken the no-break spaces have done their work; plain ones are what people search for.
  return `${oneEmpty.replace(/^\n+|\n+$/g, '').replaceAll('\u00a0', ' ')}\n`
}

/** Wraps one line, its indentation kept. A no-break space holds together; a word longer than a line (an address) stays whole. */
function wrap(line: string): string[] {
  const indent = /^ */.exec(line)?.[0] ?? ''
  const lines: string[] = []
  let current = ''
  for (const word of line.slice(indent.length).split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`
    if (current !== '' && indent.length + longer.length > WIDTH) {
      lines.push(indent + current)
      current = word
    } else {
      current = longer
    }
  }
  return [...lines, indent + current]
}

function tidyHtml(html: string): string {
  const lines = html.split('\n').map(line => line.trimEnd())
  return `${lines.filter(line => line !== '').join('\n')}\n`
}
