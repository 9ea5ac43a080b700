import { describe, expect, test } from 'vitest'
import { htmlToText } from '../../src/mail/html-text.ts'

describe('HTML as text', () => {
  test.each([
    ['words', 'It <b>prints</b>.', 'It prints.'],
    ['white space', ' It \n\t prints. ', 'It prints.'],
    ['line breaks', 'It<br>prints.<br><br>Really.', 'It\nprints.\n\nReally.'],
    ['a line break at the end of a block is none', '<div>It<br></div><div>prints.</div>', 'It\nprints.'],
    ['an empty line of Gmail', '<div>It</div><div><br></div><div>prints.</div>', 'It\n\nprints.'],
    [
      'an empty line of Outlook',
      '<p class="MsoNormal">It</p><p class="MsoNormal">&nbsp;</p><p class="MsoNormal">prints.</p>',
      'It\n\nprints.',
    ],
    ['paragraphs', '<p>It</p><p>prints.</p>', 'It\n\nprints.'],
    [
      'lists',
      '<ul><li>one</li><li>two</li></ul><ol start="3"><li>three<li>four</ol>',
      '- one\n- two\n\n3. three\n4. four',
    ],
    ['tables', '<table><tr><td>a</td><td>b</td></tr><tr><td>c<td>d</table>', 'a b\nc d'],
    ['verbatim text', '<pre>a\n  b</pre>c', 'a\n  b\n\nc'],
    [
      'what nobody sees',
      '<style>p{}</style><title>x</title>a<span style="display:none">b</span><script>c</script>',
      'a',
    ],
    ['entities', '&lt;a&gt; &amp; &eacute; &#8364;', '<a> & é €'],
    ['a picture that is a word', 'Fine <img alt="👍"> <img alt="Logo of Example">', 'Fine 👍'],
    ['end tags that match nothing', '</div>a</b></td>b', 'ab'],
    ['an end tag reaches into no other cell', '<div><table><tr><td>a</div>b</td><td>c</td></tr></table></div>', 'ab c'],
    ['nothing', '', ''],
  ])('%s', (_, html, text) => {
    expect(htmlToText(html)).toBe(text)
  })
})
