import { describe, it } from 'vitest'
import { dovecotAvailable } from './dovecot.ts'

/**
 * `describe` for tests against Dovecot. Without Dovecot they are skipped, loudly; with POSTDESK_REQUIRE_DOVECOT=1,
 * as in CI, its absence is a failure.
 */
export function describeWithDovecot(name: string, tests: () => void): void {
  if (dovecotAvailable()) {
    describe(name, tests)
    return
  }
  const words = 'needs Dovecot 2.3: apt-get install dovecot-imapd'
  if (process.env['POSTDESK_REQUIRE_DOVECOT'] === '1') {
    it(`${name} (${words})`, () => {
      throw new Error(`POSTDESK_REQUIRE_DOVECOT is set, but there is no Dovecot; ${words}`)
    })
    return
  }
  process.stderr.write(`\n!!! SKIPPED: ${name}\n!!! ${words}\n\n`)
  describe.skip(`${name} (skipped, ${words})`, tests)
}
