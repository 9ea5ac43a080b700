import fc from 'fast-check'
import { expect, test } from 'vitest'
import { capHtml, sanitizeHtml, textAsHtml } from '../../src/mail/html.ts'

const words = (html: string): string =>
  html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()

test.each([
  [
    'paragraphs and lists',
    '<p>Hello <b>you</b></p><ul><li>one</li></ul>',
    '<p>Hello <b>you</b></p><ul><li>one</li></ul>',
  ],
  ['images of the mail', '<img src="cid:logo@x" alt="Logo">', '<img src="cid:logo@x" alt="Logo" />'],
  [
    'pictures written into the HTML',
    '<img src="data:image/png;base64,AAAA">',
    '<img src="data:image/png;base64,AAAA" />',
  ],
  [
    'remote images become their description',
    '<img src="https://t.example/p.gif" alt="Our logo">',
    '<span>Our logo</span>',
  ],
  ['a tracking pixel leaves nothing to load', '<img src="http://t.example/p.gif" width="1">', '<span></span>'],
  ['image addresses without a protocol', '<img src="//t.example/p.gif">', '<span></span>'],
  ['vector images, which run scripts', '<img src="data:image/svg+xml;base64,AAAA">', '<span></span>'],
  ['tables', '<table><tr><td colspan="2">x</td></tr></table>', '<table><tr><td colspan="2">x</td></tr></table>'],
  ['escaped text', '<p>1 &lt; 2 &amp; 3</p>', '<p>1 &lt; 2 &amp; 3</p>'],
  ['the text of unknown elements', '<o:p>x</o:p>', 'x'],
])('%s', (_, source, safe) => {
  expect(sanitizeHtml(source)).toBe(safe)
})

test('links leave without a trace of ours, and only to places', () => {
  expect(sanitizeHtml('<a href="https://x.example/a?b=1&amp;c=2" onclick="x()">go</a>')).toBe(
    '<a href="https://x.example/a?b=1&amp;c=2" rel="noopener noreferrer nofollow" target="_blank">go</a>',
  )
  for (const target of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' java\nscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    '//x.example',
  ]) {
    expect(sanitizeHtml(`<a href="${target}">x</a>`)).not.toContain('href')
  }
})

test.each([
  '<script>alert(1)</script>',
  '<SCRIPT SRC=//x.example/a.js></SCRIPT>',
  '<img src=x onerror=alert(1)>',
  '<img src="cid:a" onerror="alert(1)">',
  '<svg onload=alert(1)><script>alert(1)</script></svg>',
  '<svg><style><img src=x onerror=alert(1)></style></svg>',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
  '<object data="x"></object><embed src="x">',
  '<form action="https://x.example"><input name=a><button>go</button></form>',
  '<base href="https://x.example/"><meta http-equiv=refresh content="0;url=https://x.example"><link rel=stylesheet href=x>',
  '<style>body{background:url(https://x.example)}</style>',
  '<p style="background:url(https://x.example)">x</p>',
  '<table background="https://x.example/p.gif"><td background=x>y</td></table>',
  '<video poster="https://x.example"><source src="https://x.example"></video>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
  '<textarea><script>alert(1)</script></textarea>',
  '<xmp><script>alert(1)</script></xmp>',
  '<!--><script>alert(1)</script>-->',
  '<<script>script>alert(1)<</script>/script>',
  '<a href="x" style="x" id="location" name="body">x</a>',
  '<img srcset="https://x.example/p.gif 1x" src="cid:a">',
  '<img src="cid:a" longdesc="https://x.example" lowsrc="https://x.example">',
])('nothing runs and nothing loads: %s', source => {
  const safe = sanitizeHtml(source)
  expect(safe).not.toMatch(
    /<(?:script|style|svg|math|iframe|object|embed|form|input|button|base|meta|link|video|source|textarea|xmp)\b/i,
  )
  expect(safe).not.toMatch(/<[^>]*\s(?:on\w+|style|srcset|background|action|poster|longdesc|lowsrc|id|name)\s*=/i)
  expect(safe).not.toMatch(/<[^>]*(?:javascript:|https?:\/\/x\.example)/i)
})

test('markup made at random stays harmless', () => {
  const pieces = fc.constantFrom(
    '<',
    '>',
    '"',
    "'",
    '/',
    '=',
    ' ',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '&lt;',
    '&#60;',
    '<script>',
    '</script>',
    '<img src=x ',
    'onerror=alert(1)',
    '<svg>',
    '<style>',
    '</style>',
    '<a href="javascript:x">',
    '<p title="',
    '<math>',
    '<textarea>',
    '</textarea>',
    'x',
  )
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 25 }), parts => {
      const safe = sanitizeHtml(parts.join(''))
      expect(safe).not.toMatch(/<(?:script|style|svg|math|textarea)\b/i)
      expect(safe).not.toMatch(/<[a-z]+(?:\s+[a-z]+="[^"<>]*")*\s+on\w+=/i)
      expect(sanitizeHtml(safe)).toBe(safe)
    }),
    { numRuns: 1000 },
  )
})

test.each([
  ['nested elements', `${'<div>'.repeat(200_000)}deep`],
  ['nested links', `${'<a>'.repeat(300_000)}deep`],
  ['elements between their own kind', `${'<p><b>'.repeat(150_000)}deep`],
  ['rows that close nothing', `${'<tbody><tr>'.repeat(90_000)}<td>deep`],
])('%s are shown as their words, without waiting', (_, source) => {
  const started = performance.now()
  const safe = sanitizeHtml(source)
  expect(performance.now() - started).toBeLessThan(3000)
  expect(words(safe)).toContain('deep')
  expect(safe.length).toBeLessThan(2000)
})

test('long rows of unclosed cells are no nesting', () => {
  const table = `<table>${'<tr><td>cell'.repeat(2000)}</table>`
  expect(sanitizeHtml(table).match(/<td>/g)).toHaveLength(2000)
})

test('ordinary depth is kept', () => {
  expect(sanitizeHtml(`${'<blockquote>'.repeat(300)}x${'</blockquote>'.repeat(300)}`)).toContain('<blockquote>')
})

test('too long: pictures go before words', () => {
  const picture = `<img src="data:image/png;base64,${'A'.repeat(5000)}">`
  expect(capHtml(`${picture}<p>words</p>`, 200)).toBe('<img src="data:,"><p>words</p>')
  const cut = capHtml('<p>words</p>'.repeat(1000), 5000)
  expect(cut.length).toBeLessThanOrEqual(5000)
  expect(cut.lastIndexOf('<')).toBeLessThan(cut.lastIndexOf('>'))
  expect(capHtml('short', 200)).toBe('short')
})

test('text as HTML', () => {
  expect(textAsHtml('1 < 2 & "3"\n<b>')).toBe('<p>1 &lt; 2 &amp; &quot;3&quot;<br>\n&lt;b&gt;</p>')
})
