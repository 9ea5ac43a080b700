import type { AutomatedContext } from '../mail/automated.ts'
import { understand } from '../mail/understand.ts'
import { parseMail } from './parse.ts'
import { faultOf, type ReadMail } from './reader.ts'

/** Bytes → what a person reads; nothing is looked up. Never throws: strange mail gives a fault. */
export async function readMail(bytes: Buffer, past: boolean, context: AutomatedContext): Promise<ReadMail> {
  try {
    const mail = await parseMail(bytes)
    const message = understand(mail, context)
    if (!past || message.automatic?.kind !== 'loop') return { message }
    // What arrives from our own address has come back; elsewhere it is how the desk answered.
    return { message: understand(mail, { ...context, ownAddresses: new Set() }) }
  } catch (error) {
    return { fault: faultOf(error) }
  }
}
