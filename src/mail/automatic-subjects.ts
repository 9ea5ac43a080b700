/*
 * Subjects that machines write, by language. All are anchored: the words stand at the very start and end with the subject
 * or a separator, so that "Automatic reply system is broken" and "Abwesenheitsnotiz einrichten" stay with the people who
 * wrote them. A quarter of the vacation mails met in practice carries nothing but such a subject.
 */

// Exchange writes one of these, localized by the language of the mailbox, before the subject it answers.
const AUTOMATIC_REPLY = [
  // en
  '(?:yahoo! )?auto(?:matic|mated|mat)?[ -]?(?:e-?mail )?(?:reply|replies|response|answer|acknowledge?ment)(?: (?:message|from [^:]{1,60}))?',
  'auto(?:[ -]?response|-?responder)(?: message)?|vacation (?:auto-?)?(?:reply|response|responder|message|notice)|holiday auto-?(?:reply|response|responder)',
  // de, nl
  'automatische (?:antwort(?:mail|nachricht)?|r[üu]ckantwort|abwesenheits\\p{L}{2,12}|e-?mail-?antwort|empfangsbest[äa]tigung|eingangsbest[äa]tigung)',
  'automatisierte antwort|automatisch (?:generierte|erstellte|erzeugte) (?:antwort|empfangsbest[äa]tigung|eingangsbest[äa]tigung)',
  'automatisch(?:e)? (?:antwoord(?:bericht)?|beantwoording|bericht|reactie|afwezigheidsmelding|ontvangstbevestiging)',
  // fr, es, ca, gl, pt, it, ro
  'r[ée]ponse automatique|message automatique|accus[ée] de r[ée]ception automatique|respuesta (?:autom[áa]tica|automatizada)|contestador autom[áa]tico|resposta autom[àáa]tica|risposta automatica(?: (?:di|per) assenza)?',
  'risposta (?:non al computer|per assenza)|r[ăa]spuns automat',
  // sv, no, da, is, fi, et
  'autosvar|auto(?:matisk|matiskt)? ?svar|automatiskt svar|automatisk svar|sj[áa]lfvirkt svar|automaattinen (?:vastaus|poissaoloviesti)|automaattivastaus|automaatvastus|automaatne vastus',
  // pl, cs, sk, hu, sl, hr, sr, lv, lt
  'odpowied[źz] automatyczna|automatyczna odpowied[źz]|autoodpowied[źz]|automatick[áa] (?:odpov[ěe][ďd]|odpove[ďd])|automat(?:ikus|a) v[áa]lasz',
  'samodejni odgovor|automatski odgovor|аутоматски одговор|autom[āa]tisk[āa] atbilde|automatinis atsakymas',
  // tr, el, ru, uk, bg
  'otomatik yan[ıi]t|otomatik cevap|αυτόματη απάντηση|автоматический ответ|автоответ(?:чик)?|автоматична відповідь|автовідповідь|автоматичен отговор',
  // ar, he, fa, ja, zh, ko, vi, id, th
  'رد تلقائي|(?:תשובה|מענה) אוטומטי(?:ת)?|پاسخ خودکار|自動(?:応答|返信)|自动(?:答复|回复)|自動(?:回覆|回復|答覆)|(?:부재 ?중 )?자동 ?(?:회신|응답)',
  'trả lời tự động|thư trả lời tự động|balasan otomatis|balas automatik|ตอบกลับอัตโนมัติ',
]
const ABSENCE = [
  // en
  'out[ -]of[ -](?:the[ -])?office(?: (?:auto-?reply|automatic reply|reply|message|notification|notice|response|auto-?response|assistant|alert))?',
  'i(?: a|.)m (?:currently |now )?out of (?:the )?office|(?:away|absent) from (?:office|(?:the |my )(?:office|mail|e-?mail|desk))|absence (?:notification|notice|message)',
  // de, nl
  'abwesenheits(?:notiz|nachricht|meldung|benachrichtigung|assistent|info|mail|mitteilung|agent)|(?:ich bin |derzeit )?nicht im b[üu]ro|au(?:ß|ss)er haus|urlaubs(?:notiz|nachricht|benachrichtigung)',
  'afwezigheids(?:bericht|melding|assistent)|(?:ik ben )?niet (?:op|in) (?:het )?kantoor',
  // fr, es, ca, pt
  "absen(?:ce|te?|t\\(e\\)) d[ue] bureau|(?:message|notification|r[ée]ponse|avis|notice) (?:automatique )?d[’']absence(?: du bureau)?|gestionnaire d[’']absence(?:s)?",
  'fuera de (?:la )?oficina|ausen(?:te|cia) (?:de|en) (?:la )?oficina|(?:mensaje|aviso|notificaci[óo]n|respuesta) (?:autom[áa]tic[ao] )?(?:de|por) (?:ausencia|vacaciones)|fora de l.oficina',
  'fora do (?:escrit[óo]rio|gabinete)|aus(?:ente|[êe]ncia) do (?:escrit[óo]rio|gabinete)|aus[êe]ncia tempor[áa]ria|(?:mensagem|aviso|notifica[çc][ãa]o|resposta) (?:autom[áa]tica )?de (?:aus[êe]ncia|f[ée]rias)',
  // it, ro
  "fuori (?:ufficio|sede)|assen(?:te|za) dall[’']?ufficio|(?:messaggio|notifica|avviso) (?:automatico )?di assenza",
  'absent(?:[ăa])? (?:de la|din) birou|(?:plecat(?:[ăa])?|lipsesc) (?:de la|din) birou|(?:mesaj|notificare) de absen[țţt][ăa]|[îi]n afara biroului',
  // pl, cs, sk, hu
  'poza biurem|nieobecno[śs][ćc] w (?:biurze|pracy)|nieobecn[ya] w (?:biurze|pracy)|(?:informacja|wiadomo[śs][ćc]|powiadomienie) o nieobecno[śs]ci',
  '(?:jsem )?mimo kancel[áa][řr]|nep[řr][íi]tomnost v kancel[áa][řr]i|h[áa]zon k[íi]v[üu]l|irod[áa]n k[íi]v[üu]l|t[áa]voll[ée]ti (?:[üu]zenet|[ée]rtes[íi]t[ée]s)',
  // sv, no, da, fi, tr
  'fr[åa]nvaro(?:meddelande|besked)|meddelande om fr[åa]nvaro|(?:inte|ej) p[åa] kontoret|frav[æa]rs(?:melding|besked|meddelelse|assistent)(?:e[nt])?|ikke p[åa] kontoret|(?:ute av|borte fra|utenfor|ude af) kontoret|ferie(?:besked|melding)',
  'poissaolo(?:viesti|ilmoitus)|poissa toimistosta|poissa toimistolta|ofis d[ıi][şs][ıi](?:nda(?:y[ıi]m)?)?(?: yan[ıi]t[ıi])?|i̇?[şs] ?yeri d[ıi][şs][ıi]nda',
  // ru, uk, bg, el
  'вне офиса|нет (?:на месте|в офисе|на работе)|отсутству(?:ю|ет) (?:в офисе|на рабочем месте)|отсутствие на рабочем месте|поза офісом|извън офиса|εκτός γραφείου|απουσία από το γραφείο',
  // he, ar, ja, zh
  'מענה [\'‘’"]?אני לא נמצא[\'‘’"]?|מחוץ למשרד|خارج المكتب|不在(?:通知|のお知らせ|返信|連絡)|不在办公室|不在辦公室',
]
// Words for being away that people also begin a mail to HR with: only believed of an answer.
const BARE = [
  'o\\.?o\\.?o\\.?|on (?:vacation|holidays?|(?:annual |parental |maternity |paternity |sick )?leave)|(?:(?:i(?: a|.)?m|i will be) )?(?:currently |now )?(?:away|on (?:vacation|holidays?|(?:annual )?leave)|out of (?:the )?office)|away message|vacation alert',
  '(?:derzeit |zur ?zeit |momentan )?(?:abwesend|nicht im b[üu]ro)|abwesenheit|(?:bin )?im urlaub|ich bin .{0,40}(?:abwesend|im urlaub|nicht (?:im (?:hause?|b[üu]ro)|erreichbar|anwesend))|urlaubsabwesenheit|abwesenheitsinformation',
  'auto-?antwort|r[ée]ponse auto|auto-?r?respuesta|contestaci[óo]n autom[áa]tica|auto-?risposta|auto-?resposta',
  'afwezigheid|met verlof|vakantiebericht|(?:ik ben )?(?:momenteel |tijdelijk )?(?:afwezig|niet aanwezig)|(?:ik ben )?(?:met|op) vakantie',
  'absente?|absence(?: temporaire)?|en cong[ée]s?(?: (?:de )?maternit[ée])?|en vacances|je suis .{0,20}(?:absente?(?: du bureau)?|en cong[ée]s?|en vacances)|ausente|aus[eê]ncia|(?:estoy )?de vacaciones|(?:estou )?(?:de|em) f[ée]rias|estou ausente|(?:sono )?assente|assenza|(?:sono )?in ferie',
  "estoy fuera de (?:la )?oficina|estou fora do escrit[óo]rio|sono fuori (?:ufficio|sede)|fuori dall[’']ufficio",
  'absent[ăa]?|absen[țţt]a din birou|absen[țţt]ă|[îi]n concediu|sunt .{0,20}[îi]n concediu|nieobecno[śs][ćc]|nieobecn[ya]|(?:jestem )?na urlopie|jestem poza biurem|nu sunt la birou|nep[řr][íi]tom(?:nost|en|na)|dovolen[áa]',
  'fr[åa]nvaro|fr[åa]nvarande|frav[æa]r|frav[æa]rende|ikke til ?stede|på ferie|(?:jag är )?på semester|poissa|en ole paikalla|lomalla|poissaolo|szabads[áa]gon|t[áa]voll[ée]t|[iİ]zinde(?:yim)?',
  '(?:я )?в отпуске|отсутству(?:ю|ет)|отсутствие(?: в офисе)?|нет на рабочем месте|у відпустці|немає на робочому місці|в отпуск|απουσία|不在|外出中?|休暇中?|休假中?|부재 ?중(?: ?알림)?',
]
// Leave by its name: people write of it to HR, also in an answer with a new subject. A machine sets it before the "Re:".
const LEAVE = [
  'vacation|holidays?|(?:(?:on )?(?:annual|parental|maternity|paternity|sick) )?leave|(?:o\\.?o\\.?o\\.?|away)',
  'urlaub|betriebsurlaub|betriebsferien|elternzeit|mutterschutz|nicht erreichbar|vakantie|(?:zwangerschaps|ouderschaps)?verlof',
  'cong[ée]s?(?: (?:de )?(?:maternit[ée]|paternit[ée]|parental))?|vacances|vacaciones|ferie|f[ée]rias|concediu(?: de (?:odihn[ăa]|maternitate))?|urlop|dovolen[áa]|semester|отпуск|відпустка',
]
const ANSWER = '(?:re|aw|sv|fw|fwd|wg|tr|vs|antw|odp|rif|res) ?:'
const ENDS = [
  '[.!]{0,3}$',
  '\\s?[:：]',
  '\\s[-–—|](?:\\s[^?]*)?$',
  '\\s?\\([^()]*\\)$',
  '\\s?[\\])>](?:\\s|$)',
  '\\s?(?:】|[\\])](?=[\\p{scx=Han}\\p{scx=Kana}\\p{scx=Hang}]))', // no blank in Japanese, Chinese, Korean
  `\\s${ANSWER}`,
  ',?\\s(?:until|till?|from|since|bis|vom|ab|seit|jusqu.au|du|tot|vanaf|hasta|desde|del|fino al|dal|at[ée]|p[âa]n[ăa](?: la)?|do|od|indtil|до|с)\\s.{0,20}\\p{N}',
].join('|')
const OPEN = '^[\\[(<*"\'“【]{0,2}'
// A person's own "Re:" before these words answers such a mail; the machine writes the words first.
const VACATION = new RegExp(`${OPEN}(?:${[...AUTOMATIC_REPLY, ...ABSENCE].join('|')})["'”*]{0,2}(?:${ENDS})`, 'iu')
const AWAY = new RegExp(`${OPEN}(?:${BARE.join('|')})(?:${ENDS})`, 'iu')
const ON_LEAVE = new RegExp(
  `${OPEN}(?:${LEAVE.join('|')})(?:\\s(?:until|till?|bis|jusqu.au|tot|hasta|fino al|at[ée]|p[âa]n[ăa] la|do)\\s[^:]{1,20})?\\s?[\\]:–-]?\\s${ANSWER}`,
  'iu',
)
// What gateways and desks set before the subject. A desk's number is also kept by people, so it counts of an answer alone.
const GATEWAY =
  /^(?:\[(?:ext(?:ern(?:al|e|o|a)?)?(?: (?:e-?mail|mail|sender))?|(?:suspected )?spam)\]|external ?:|\*{2,6} ?(?:external|spam) ?\*{2,6})\s?/iu
const NUMBER = /^\[[^\][#]{0,60}#\d{1,20}\]\s?/u
// "AUTO: Jane Doe is out of the office (returning 03/09)" is Lotus Notes; "Auto:" alone is a car.
const AUTO =
  /^auto ?: ?(?:(?:re|aw|sv|fw|fwd|antw|odp|rif|res) ?:|.{2,60} (?:is|will be|ist|est|è|está|jest|är|er|este) .)/iu
const PERSON_AWAY =
  /^[^:?]{2,60}? (?:is|will be|ist|est|è|está|jest|är|er|este) (?:currently |now |zur ?zeit |actuellement |attualmente |actualmente )?(?:out of (?:the )?office|on (?:vacation|holiday|annual leave|leave)|away from (?:the |my )(?:office|mail|desk)|au(?:ß|ss)er haus|abwesend|nicht im b[üu]ro|im urlaub|absent(?:e|\(e\))?(?: du bureau)?|en cong[ée]s?|afwezig|fuori (?:ufficio|sede)|fuera de la oficina|ausente|poza biurem|na urlopie|fr[åa]nvarande|ikke p[åa] kontoret|[îi]n concediu)(?:[.!]?$|\s?\(.{0,60}\)\.?$|,? (?:until|till|from|bis|ab|vom|jusqu|fino|hasta|do|till?|până) .{1,40}$)/iu

/**
 * Does the subject announce an absence or an automatic reply, in the words machines use? `answer`: the mail says that it
 * answers another one (In-Reply-To), so that "Abwesend: …" is an automaton and not an employee reporting sick.
 */
export function isVacationSubject(subject: string, answer: boolean): boolean {
  const marked = tidy(subject).replace(GATEWAY, '')
  const said = answer ? marked.replace(NUMBER, '') : marked
  if (!answer && said.endsWith('?')) return false // "Out of office: how do I switch it on?"
  return (
    VACATION.test(said) ||
    isInTwoLanguages(said) ||
    AUTO.test(said) ||
    (answer && [AWAY, ON_LEAVE, PERSON_AWAY].some(pattern => pattern.test(said)))
  )
}

/** "Abwesenheitsnotiz / Out of office: Printer". */
function isInTwoLanguages(said: string): boolean {
  const stroke = said.search(/[/|]/)
  return (
    stroke > 0 && VACATION.test(said.slice(0, stroke).trimEnd()) && VACATION.test(said.slice(stroke + 1).trimStart())
  )
}

const BOUNCE = new RegExp(
  `^(?:\\[[^\\]]{1,40}\\] ?|sorry, |\\*{1,3}|[\\w-]{1,60}(?:\\.[\\w-]{1,60}){1,8} )?(?:${[
    // en
    'undeliver(?:able|ed)(?: (?:mail|message|e-?mail|report)s?)?(?: returned.{0,30}|, .{1,60})?(?=$| ?:)|returned (?:mail|e-?mail|message)(?=$| ?:| - | to sender)|(?:mail|message) returned',
    '(?:notice: )?(?:(?:permanent|temporary|transient|fatal) )?(?:e-?mail |mail |message )?delivery (?:status(?: notifications?)?|failure|failed|notification|problem|error|report|delay(?:ed)?|has failed|incomplete)(?=$|[ :.,(-])',
    '(?:mail|message|e-?mail|your (?:mail|message|e-?mail)) (?:delivery )?(?:could not be|cannot be|was not|not|has not been|couldn.t be) (?:delivered|sent)|(?:mail|message) (?:delivery )?(?:failure|failed|has failed|error)(?=$| ?[:(]|, return)',
    'message (?:delivery )?(?:has )?failed|message delivery has (?:failed|been delayed)|message status - undeliverable|failed (?:mail|delivery|message)|failure (?:notice|notification|delivery)(?=$| ?[:(])',
    'mail system error|delayed mail|mail delivery|(?:automatic )?(?:e-?mail |mail )?(?:bounce|non-?delivery|delivery) (?:notification|report|notice|receipt)|non-?deliver(?:y|able)|ndn ?:|dsn ?:|bounced (?:mail|message)',
    'warning: (?:could not send|message .{1,60} delayed|e-?mail .{0,40} delay)|could not (?:send|deliver) (?:the |your )?(?:message|mail)|(?:there was an |an )?error (?:sending|delivering) (?:your )?(?:mail|message|e-?mail)',
    'considered unsolicited bulk|message you sent blocked|(?:your )?(?:message|mail|e-?mail) (?:you sent )?(?:was |has been )?(?:blocked|rejected|refused) by|rejected mail|user unknown|(?:warning: )?[^\\s@]{1,64}@[^\\s@]{1,100} - user unknown!?$|postfix smtp server: errors',
    'nondeliverable mail|unable to deliver (?:your )?(?:mail|message)|sorry, your mail could not|delivery to .{3,80} (?:failed|has been delayed)',
    // de, fr, es, it, pt, nl, pl, ro
    'unzustellbar(?:keitsbericht|e? (?:nachricht|e-?mail|mail))?(?=$| ?[:(])|nicht zustellbar|nicht zugestellt|zustellung(?:sbericht|sfehler)?(?: fehlgeschlagen)?(?=$| ?[:(])|(?:ihre )?(?:nachricht|e-?mail) konnte nicht|benachrichtigung (?:zum|über den) [üu]bermittlungsstatus',
    "non remis(?=$| ?:)|non distribu(?:able|é)|[ée]chec de (?:la )?(?:remise|distribution)|rapport de non[- ]remise|message non (?:remis|distribu)|notification d[’'][ée]tat de (?:remise|la distribution)",
    'no se (?:puede|pudo|ha podido) entregar|no entregad[oa]|entrega (?:fallida|retrasada)|notificaci[óo]n (?:de|sobre el) estado de (?:la )?entrega|error (?:en|de) (?:la )?entrega|mensaje (?:no entregado|devuelto)',
    'non recapitabile|mancato recapito|mancata consegna|impossibile recapitare|recapito (?:non riuscito|ritardato)|notifica (?:di|sullo) stato del(?:la)? (?:recapito|consegna)',
    'n[ãa]o (?:foi poss[íi]vel entregar|entregue|[ée] poss[íi]vel entregar)|falha n[ao] entrega|notifica[çc][ãa]o de (?:status|estado) d[ae] entrega|mensagem (?:n[ãa]o entregue|devolvida)',
    'onbestelbaar|niet bezorgd|bezorging (?:mislukt|vertraagd)|bericht kan niet|nie mo[żz]na dostarczy[ćc]|niedostarczon|niedor[ęe]czon|nelivrabil|nu (?:a )?(?:s-a )?putut (?:fi )?livra',
    // sv, da, no, fi, hu, cs, tr, ru, ja, zh, ko
    'olevererbart|kan inte levereras|kunde inte levereras|ikke leveret|kan ikke leveres|ikke levert|kunne ikke levere|ei voi(?:da|tu) toimittaa|toimittamat|k[ée]zbes[íi]thetetlen|nedoru[čc]iteln|nelze doru[čc]it|teslim edileme',
    'не (?:удается|удалось|может быть) доставл?[еи]|недоставл|ваше сообщение не доставлено|配信不能|配信(?:できません|エラー|失敗)|メールエラー|送信(?:エラー|失敗)|未配信|无法(?:传递|投递|送达)|退信|系统退信|無法傳遞|배달되지 않음|반송',
  ].join('|')})`,
  'iu',
)

/** Does the subject say, in the words of mail servers, that something was not delivered? */
export function isBounceSubject(subject: string): boolean {
  return BOUNCE.test(tidy(subject))
}

// "Prove that you are a person": BoxTrapper and its like. Answering one confirms an address somebody else may have forged.
const CHALLENGE =
  /verify#\S{4,}|^(?:your (?:e-?mail|message) (?:requires|needs) (?:verification|confirmation)|please (?:confirm|verify|authenticate) your (?:message|e-?mail (?:delivery|message)))(?:\b|$)/i

/** Does the subject ask a sender to confirm that they are a person? */
export function isChallengeSubject(subject: string): boolean {
  return CHALLENGE.test(tidy(subject))
}

/** Does the subject say, in brackets before all else, that a machine made the mail? Without brackets people write it of others. */
export function isGeneratedSubject(subject: string): boolean {
  return /^\[auto(?:matically|matic)?[ -]?generated\]/i.test(tidy(subject))
}

// Composed accents, plain blanks, and bounded: all patterns above are anchored or linear in this.
function tidy(subject: string): string {
  return subject.slice(0, 300).normalize('NFC').replace(/\s+/g, ' ').trim()
}
