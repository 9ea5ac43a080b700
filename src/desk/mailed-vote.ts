import { foldAddress } from '../mail/address.ts'
import type { Message } from '../mail/message.ts'
import { readVote } from '../mail/survey.ts'
import type { Facts } from './decision.ts'
import { answersElsewhere } from './people.ts'
import { isOpenSurvey, type MailedVote } from './survey.ts'
import { SEEN } from './thread.ts'

/** The answer that a mail is to a survey that was put to its sender; null: it is none, or nothing shows that it is theirs. */
export function mailedVote(message: Message, facts: Facts): MailedVote | null {
  const { from, automatic } = message
  if (!from || automatic || facts.past || facts.proof.level === 'fail' || answersElsewhere(message)) return null
  const vote = readVote(message)
  if (!vote) return null
  const sender = foldAddress(from.address)
  for (const candidate of facts.candidates) {
    const asked = facts.surveys.get(candidate.ticket.id)
    const { ticket, signal, issuedTo } = candidate
    if (!asked || asked.survey.anonymous || !isOpenSurvey(asked.survey, facts.now)) continue
    if (foldAddress(ticket.requester?.address ?? '') !== sender || (issuedTo ?? sender) !== sender) continue
    if (SEEN.has(signal) || asked.named || facts.proof.level === 'pass')
      return { ...vote, survey: asked.survey, candidate }
  }
  return null
}
