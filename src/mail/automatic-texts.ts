/*
 * Texts of machines under the subject of what they answer. They open the mail: who asks about one writes or quotes above
 * it. All are read of the first lines alone.
 */
import type { ParsedMail } from './message.ts'

const FORWARDED = /^(?:fwd?|wg|tr|rv) ?:/i

/** The first lines, from the first that `before` does not know, as one line; null where there is none. */
function opening(mail: ParsedMail, before: RegExp): string | null {
  if (FORWARDED.test(mail.subject)) return null
  const lines = mail.text.slice(0, 1_200).split('\n', 40)
  const opens = lines.findIndex(line => !before.test(line.trim()))
  return opens < 0 ? null : lines.slice(opens).join(' ').replace(/\s+/g, ' ').trim().slice(0, 600)
}

// --- challenges -------------------------------------------------------------------------------------------------------

const CHALLENGE = new RegExp(
  `^(?:${[
    '(?:this|the|my) (?:account|mailbox|inbox|address|e-?mail(?: account| address)?) is protected by [^@]{1,160}?\\byour (?:e-?mail )?address added to [^@]{0,80}?\\b(?:allow(?:ed)?|approved|guest|safe|white)[ -]?(?:senders? )?list\\b',
    'i apologi[sz]e for this automatic reply to your e-?mail\\b', // EarthLink
  ].join('|')})`,
  'i',
)
// What Bluebottle and its like write above it: that a mail came, and fields of that mail.
const BEFORE_CHALLENGE = /^(?:your (?:message|mail|e-?mail) .*:|(?:to|subject|date): .*|)$/i

/** A challenge under the subject of what it answers. */
export function challengeIn(mail: ParsedMail): string | null {
  const said = opening(mail, BEFORE_CHALLENGE)
  return said !== null && CHALLENGE.test(said) ? said : null
}

// --- notices ----------------------------------------------------------------------------------------------------------

// With the line above which desks want the answer.
const GREETING =
  /^(?:|(?:##-|--) ?.{1,80} ?(?:-##|--)|(?:dear|hello|hi|greetings|good (?:morning|day|afternoon|evening)|sehr geehrte[rs]?|guten tag|hallo|liebe[rs]?|bonjour|madame|monsieur|ch[eè]re?|beste|geachte|goedendag|estimad[oa]s?|hola|buen[oa]s|bun[ăa]|stimat[ăe]?|gentile|buongiorno|prezad[oa]s?|ol[áa]|szanown[iy]|dzie[ńn] dobry)(?![\p{L}]).{0,60}[^.?])$/iu
// "This is an automatic reply": what a machine says of itself, and a person of what we sent.
const NOTICE = new RegExp(
  `^(?:thank you for [^.!?@]{1,80}[.!] |vielen dank für [^.!?@]{1,80}[.!] )?[*#=~_([-]{0,80} ?(?:${[
    'this is an (?:automat(?:ic|ed)|auto-?generated|automatically (?:generated|sent|created)) (?:e-?mail |support )?(?:reply|response|message|e-?mail|mail|notification|acknowledge?ment|confirmation|receipt|notice)',
    'this (?:message|e-?mail|mail|reply|response|notification) (?:is|was|has been) (?:auto-?generated|automatically (?:generated|sent|created)|(?:generated|sent|created) automatically)',
    'dies ist eine automati(?:sche|sierte|sch (?:generierte|erstellte|erzeugte|versendete|versandte)) (?:antwort|nachricht|e-?mail|mail|mitteilung|r[üu]ckmeldung|(?:empfangs|eingangs)best[äa]tigung)',
    'diese (?:nachricht|e-?mail|mail|antwort) (?:wurde|ist) automatisch (?:generiert|erstellt|erzeugt|versendet|versandt)',
    '(?:ceci est|il s.agit d.) ?une? (?:message|e-?mail|courriel|mail|r[ée]ponse|accus[ée] de r[ée]ception|notification) (?:automatique|automatis[ée]e?|(?:envoy|g[ée]n[ée]r)[ée]e? automatiquement)',
    'dit is een automatische? (?:(?:gegenereerde?|verzonden|aangemaakte?) )?(?:bericht|antwoord|e-?mail|mail|reactie|ontvangstbevestiging|melding)',
    'est[eao] es una? (?:mensaje|correo(?: electr[óo]nico)?|e-?mail|respuesta|notificaci[óo]n|acuse de recibo) (?:autom[áa]tic[oa]|automatizad[oa]|generad[oa] autom[áa]ticamente)',
    "quest[oa] [èe] un(?:a|o|['’])? ?(?:messaggio|e-?mail|mail|risposta|notifica|conferma) (?:automatic[oa]|generat[oa] automaticamente)",
    'est[ea] [ée] uma? (?:mensagem|e-?mail|resposta|notifica[çc][ãa]o) (?:autom[áa]tic[oa]|gerad[oa] automaticamente)',
    'acea?sta este (?:un|o) (?:mesaj|r[ăa]spuns|e-?mail|confirmare|notificare) (?:automat[ăa]?|generat[ăa]? automat)',
    'to jest (?:automatyczna|automatycznie (?:wygenerowana|wys[łl]ana)) (?:odpowied[źz]|wiadomo[śs][ćc])',
  ].join(
    '|',
  )})(?:\\s?(?:[.!:;*#=~)\\]–—-]|$)|, (?:please|do not|bitte|merci|veuillez|ne pas|reageer|antwoord|por favor|no |si prega|non |v[ăa] rug[ăa]m|nu |prosimy)| to (?:let you|confirm|acknowledge|inform you|notify you)| in response to)`,
  'iu',
)
// What makes it the machine's own: that an answer is not read, or that our mail has come in.
const OF_A_MACHINE = new RegExp(
  [
    '(?:do not|don.t) (?:reply|respond)|no need to (?:reply|respond)|to (?:let you know|acknowledge|confirm) (?:that|receipt)|in response to the creation',
    'your (?:message|e-?mail|mail|request|ticket|case|enquiry|inquiry|support request) (?:[^.?!]{0,40} )?(?:has been|was) (?:received|registered|created|logged|opened|given|assigned|recorded)|we (?:have )?received your|thank you for contacting',
    'antworten sie (?:bitte )?nicht|nicht (?:direkt )?(?:auf diese [^.?!]{1,20} )?(?:zu )?antworten|ihre (?:anfrage|nachricht|e-?mail|mail|meldung) (?:wurde|ist|wird)(?! nicht)',
    'ne pas (?:y )?r[ée]pondre|votre (?:demande|message|e-?mail|courriel|ticket) (?:[^.?!]{0,20} )?(?:a|est) (?:bien )?(?:[ée]t[ée]|pris|enregistr)|(?:reageer|antwoord) niet|niet (?:te )?(?:beantwoorden|reageren|antwoorden)|uw (?:melding|bericht|vraag|e-?mail|verzoek) (?:is|wordt|werd)(?! niet)|wij reageren binnen',
    'no (?:lo )?respond[ae]|hemos (?:recibido|registrado) su|su (?:solicitud|mensaje|correo) (?:ha sido|fue)|non rispondere|(?:sua|la vostra|la sua) richiesta [èe] stata|n[ãa]o respond[ae]|(?:recebemos|registamos|registramos) (?:a |o )?(?:seu|sua)',
    'nu r[ăa]spunde[țţt]i|am primit mesajul dumneavoastr[ăa]|solicitarea (?:dumneavoastr[ăa] )?[^.?!]{0,30}a fost [îi]nregistrat[ăa]|nie odpowiada[ćcj]|zg[łl]oszenie [^.?!]{0,30}zosta[łl]o',
  ].join('|'),
  'iu',
)

// Templates of desks that say the number they gave; Freshdesk's comes without any header (freescout#2445).
const NUMBERED =
  /^(?:we would like to acknowledge that we have received your request and a ticket has been created|your request \([^()]{0,20}\d{2,20}\) has been received|a request for support has been created and assigned #\d|ihre anfrage \([^()]{0,20}\d{2,20}\) ist bei uns eingegangen)/i

// Desks say "we" and "your", people "I" and "my".
const OF_A_PERSON =
  /(?<!\p{L})(?:i|my|me|ich|mir|mich|meine?[mnrs]?|je|j['’]ai|mon|ma|mes|ik|mijn|yo|mi|mis|eu|meu|minha|io|mio|mia|vreau|moj[ae]?|nobody)(?!\p{L})/iu

/** An acknowledgement that says of itself that it is automatic. Where the subject speaks of such mails, people quote their text. */
export function noticeIn(mail: ParsedMail): string | null {
  if (/auto|abwesen|absen|out of office|vacation/i.test(mail.subject)) return null
  const said = opening(mail, GREETING)
  if (said === null || OF_A_PERSON.test(said.slice(0, 250))) return null
  // In this order: V8 makes a megabyte of code of NOTICE, which few mails need.
  return NUMBERED.test(said) || (OF_A_MACHINE.test(said) && NOTICE.test(said)) ? said : null
}

// --- receipts without a report ----------------------------------------------------------------------------------------

const READ_SUBJECT =
  /^(?:(?:not )?read|(?:un)?gelesen|(?:non )?lu|(?:no )?le[íi]do|(?:niet |on)?gelezen|(?:non )?letto|(?:n[ãa]o )?lid[ao]|(?:ne)?citit|l[æäa]st|l[äa]st|przeczytane) ?:/i
// The opening words, then the fields of our mail ("To: … Subject: …"), then what became of it.
const RECEIPT = new RegExp(
  `^(?:your message|ihre nachricht|votre message|uw bericht|(?:el|su) mensaje|il messaggio|mesajul) \\p{L}{1,14} ?: .{0,400}? (?:${[
    'was (?:read|deleted without being read) on ',
    'wurde (?:am .{1,60}? )?(?:gelesen|ungelesen gel[öo]scht)',
    'a [ée]t[ée] (?:lu|supprim[ée] sans [êe]tre lu)',
    'is (?:gelezen|(?:ongelezen )?verwijderd)',
    '(?:se ley[óo]|(?:ha sido|fue) le[íi]do)',
    '[èe] stato letto',
    'a fost citit',
  ].join('|')})`,
  'iu',
)

/** A read receipt as Exchange writes it where it makes no report (RFC 8098): our mail by its fields, and when it was read. */
export function receiptIn(mail: ParsedMail): string | null {
  if (!READ_SUBJECT.test(mail.subject)) return null
  const said = opening(mail, /^$/)
  return said !== null && RECEIPT.test(said) ? said : null
}
