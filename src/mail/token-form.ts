/*
 * The forms of what our addresses hold in their details, as sources of regular expressions in lower case. Whether one is true
 * only the holder of the key can tell (`ids.ts`).
 */

// Base32 in lower case: some gateways fold the case of addresses.
export const MAC = '[a-z2-7]{26}'
export const TICKET = '\\d{1,15}'
// Minutes since 1970 to the base of 36 have six digits until the year 6086.
export const MADE = '[0-9a-z]{5,6}'
/** The token of an agent's address: ticket, when it was made, MAC. */
export const AGENT_TOKEN = `${TICKET}\\.${MADE}\\.${MAC}`
/** What may follow it: a command in the address itself. */
export const VERB = '\\.[a-z]{2,12}'
