/*
 * The words that mail programs write into mails, by language: header names above a quoted mail, bars, signatures of devices,
 * disclaimers. Data and the matchers made of it; what follows from a match is decided in `quote.ts`.
 */

/** Folded for comparing: lower case, no emphasis marks, one kind of blank, no direction marks. */
export function foldPhrase(text: string): string {
  const folded = text
    .replace(INVISIBLE, '')
    .replace(/[\s\u00a0\u202f*_]+/g, ' ')
    .trim()
  return folded.replaceAll('İ', 'i').toLowerCase()
}

/** Bidi controls, zero-width characters and the byte order mark: Gmail puts them into attribution lines of rtl languages. */
export const INVISIBLE = /[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\u00ad]/g

export type FieldKind = 'from' | 'date' | 'to' | 'cc' | 'subject' | 'other'

// Outlook, Outlook web, Apple Mail, Thunderbird, Gmail, Yahoo, Lotus Notes, Orange, QQ and NetEase in the languages they
// are sold in. A word may be ambiguous ("de", "a", "do"): one line alone proves nothing.
const FIELD_WORDS: Readonly<Record<FieldKind, string>> = {
  from: `from|von|absender|de|de la part de|expéditeur|van|afzender|remitente|da|da parte di|mittente|remetente|de la|expeditor|expeditorul
    |od|nadawca|från|fran|avsändare|fra|avsender|afsender|lähettäjä|keneltä|odesílatel|odosielateľ|pošiljatelj|šalje|od koga
    |feladó|küldő|kimden|gönderen|от|от кого|отправитель|від|від кого|відправник|пошиљалац|од|από|αποστολέας|saatja|kellelt
    |no|sūtītājs|nuo|siuntėjas|frá|remitent|igorlea|nork|ó|发件人|發件人|寄件者|寄件人|差出人|送信者|送信元|보낸 사람|보낸사람|보낸이
    |từ|người gửi|dari|daripada|จาก|من|المرسل|מאת|از|فرستنده`,
  date: `date|sent|date sent|datum|gesendet|gesendet am|sendedatum|envoyé|envoyée|envoyé le|date d'envoi|date d’envoi|message du
    |verzonden|verzonden op|verstuurd|fecha|enviado|enviada|enviado el|fecha de envío|data|inviato|inviata|inviato il|data invio
    |enviado em|enviada em|data de envio|trimis|trimis la|trimisă|expediat|data trimiterii|dată|wysłano|wysłane|wysłana|wysłany
    |data wysłania|skickat|skickades|skickad|dato|sendt|päivämäärä|päiväys|pvm|lähetetty|odesláno|datum odeslání|dátum|odoslané
    |poslano|poslato|elküldve|küldve|küldés dátuma|tarih|gönderildi|gönderme tarihi|gönderilme tarihi|gönderilen|дата
    |отправлено|отправлен|дата отправки|надіслано|відправлено|изпратено|датум|ημερομηνία|στάλθηκε|εστάλη|αποστολή|saadetud
    |kuupäev|nosūtīts|datums|išsiųsta|data ir laikas|dagsetning|enviat|data d'enviament|bidalia|日期|时间|發送時間|发送时间|发送日期
    |傳送時間|寄件日期|傳送日期|发送于|送信日時|日付|日時|送信日|보낸 날짜|보낸날짜|날짜|일시|ngày|ngày gửi|đã gửi|gửi|tanggal|dikirim|terkirim
    |tarikh|วันที่|ส่ง|ส่งเมื่อ|التاريخ|تاريخ الإرسال|تم الإرسال|أرسلت|תאריך|נשלח|تاریخ`,
  to: `to|an|empfänger|à|a|pour|destinataire|destinataires|aan|ontvanger|para|destinatario|per|destinatário|către|catre|la
    |destinatar|destinatarul|pre|do|adresat|till|mottagare|til|mottaker|modtager|vastaanottaja|kenelle|komu|za|prima|címzett|címzettek|kime
    |alıcı|кому|получатель|одержувач|προς|παραλήπτης|adressaat|kellele|kam|gavėjas|adresāts|per a|nori|收件人|收件者|宛先|送信先
    |받는 사람|받는사람|받는이|đến|tới|người nhận|kepada|ke|ถึง|إلى|الى|אל|به|گیرنده`,
  cc: `cc|bcc|cci|kopie (cc)|blindkopie (bcc)|copie à|copie|copie carbone|kopie|kopie an|kopia|copia|cópia|cópia oculta|con copia|per conoscenza|kopi|kopio
    |dw|udw|do wiadomości|kópia|másolatot kap|másolat|bilgi|копия|копія|κοιν|κοινοποίηση|抄送|副本|密送|参照|참조|sao|tembusan|สำเนา
    |نسخة|עותק|másolatot kapnak|kopija`,
  subject: `subject|betreff|betrifft|objet|sujet|onderwerp|asunto|oggetto|assunto|subiect|subiectul|temat|ämne|amne|emne|aihe
    |předmět|predmet|zadeva|naslov|tárgy|konu|тема|предмет|относно|θέμα|teema|temats|tēma|efni|assumpte|gaia|主题|主題|主旨|标题|件名|題名
    |제목|chủ đề|tiêu đề|perihal|subjek|judul|เรื่อง|หัวข้อ|الموضوع|נושא|موضوع`,
  other: `reply-to|reply to|antwort an|antwoord aan|répondre à|responder a|rispondi a|risposta|odpowiedź do|svar till|svar til
    |importance|priority|wichtigkeit|priorität|priorité|prioriteit|urgentie|importancia|prioridad|importanza|priorità|importância
    |prioridade|ważność|prioritet|vigtighed|prioritet|tärkeys|важность|attachments|attachment|anlagen|anhänge|pièces jointes
    |pièce jointe|bijlagen|bijlage|datos adjuntos|adjuntos|allegati|allegato|anexos|anexo|atașări|załączniki|bilagor
    |bifogade filer|vedhæftede filer|vedlegg|liitteet|přílohy|mellékletek|вложения|organization|organisation|resent-from
    |message-id|sensitivity|附件|添付ファイル|重要度|첨부|첨부 파일`,
}

const FIELDS = new Map<string, FieldKind>()
for (const [kind, words] of Object.entries(FIELD_WORDS) as [FieldKind, string][]) {
  for (const word of words.split('|')) if (!FIELDS.has(word.trim())) FIELDS.set(word.trim(), kind)
}

// "Répondre à cette question : non" is no field; real ones are short.
const LONGEST_FIELD = 28

/** What a field is that is called so; null: nothing of the kind. */
export function fieldKind(word: string): FieldKind | null {
  return /^\p{Ll}/u.test(word) ? null : (FIELDS.get(foldPhrase(word)) ?? null)
}

// Thunderbird in Romanian.
const SMALL_FIELDS = new Set(['de la', 'pre'])

/**
 * A line such as "From: Jef <jef@example.org>", "*Envoyé :* …", "发件人：…"; null for every other line. `anyCase`: the name of
 * the field may begin with a small letter.
 */
export function readField(line: string, anyCase = false): { readonly kind: FieldKind; readonly value: string } | null {
  const at = line.slice(0, LONGEST_FIELD + 12).search(/[:：]/)
  if (at < 1) return null
  const word = line.slice(0, at).replace(/^[\s*_>|]+/, '')
  if (word.length > LONGEST_FIELD) return null
  const kind = anyCase || SMALL_FIELDS.has(word) ? FIELDS.get(foldPhrase(word)) : fieldKind(word)
  if (!kind) return null
  return { kind, value: line.slice(at + 1).replace(/^[\s\u00a0*_]+|[\s\u00a0*_]+$/g, '') }
}

/** Further field names in the value of one: some programs write several into one line. */
export function fieldsInside(value: string): FieldKind[] {
  const found: FieldKind[] = []
  for (const match of value.slice(0, 400).matchAll(/(?:^|\s)(\p{Lu}\p{L}{1,14})\s?[:：]/gu)) {
    const kind = FIELDS.get(foldPhrase(match[1] ?? ''))
    if (kind) found.push(kind)
  }
  return found
}

const set = (words: string): ReadonlySet<string> => new Set(words.split('|').map(word => word.trim()))

const ORIGINAL = set(`original message|original email|original e-mail|original mail|original appointment|reply message
  |replied message|ursprüngliche nachricht|originalnachricht|original-nachricht|originalmeldung|ursprüngliche mail
  |ursprüngliche e-mail|antwort nachricht|antwortnachricht|original-termin|ursprünglicher termin|message d'origine
  |message d’origine|message original|message initial|message de réponse|mail original|courriel d'origine|courriel original
  |rendez-vous d'origine|oorspronkelijk bericht|origineel bericht|oorspronkelijke bericht|oorspronkelijke afspraak
  |oorspronkelijke e-mail|mensaje original|correo original|mensaje de respuesta|messaggio originale|messaggio di risposta
  |e-mail originale|mensagem original|e-mail original|mensagem de resposta|mesaj original|mesajul original|mesaj inițial
  |mesaj iniţial|oryginalna wiadomość|wiadomość oryginalna|wiadomość pierwotna|pierwotna wiadomość|originalmeddelande
  |ursprungligt meddelande|ursprungliga meddelandet|originalmeddelandet|ursprungsmeddelande|oprindelig meddelelse
  |oprindelig besked|oprindelig mail|den oprindelige meddelelse|original meddelelse|opprinnelig melding|original melding
  |opprinnelig e-post|alkuperäinen viesti|alkuperäinen sähköposti|původní zpráva|původní e-mail|originální zpráva
  |pôvodná správa|izvirno sporočilo|prvotno sporočilo|izvorna poruka|originalna poruka|orginalna poruka|eredeti üzenet
  |eredeti levél|özgün ileti|orijinal ileti|orijinal mesaj|özgün mesaj|orjinal mesaj|исходное сообщение|оригинальное сообщение
  |исходное письмо|первоначальное сообщение|вихідне повідомлення|оригінальне повідомлення|початкове повідомлення
  |оригинално съобщение|оригинална порука|изворна порука|αρχικό μήνυμα|algne kiri|originaalkiri|algsõnum
  |sākotnējais ziņojums|oriģinālais ziņojums|pirminis laiškas|originalus laiškas|upprunaleg skilaboð|missatge original
  |jatorrizko mezua|mensaxe orixinal|原始邮件|原邮件|邮件原件|原始郵件|原始信息|回复的原邮件|元のメッセージ|元のメール|オリジナルメッセージ|원본 메시지
  |원본 메일|원본메일|tin nhắn gốc|thư gốc|thư ban đầu|pesan asli|mesej asal|ข้อความต้นฉบับ|ข้อความเดิม|الرسالة الأصلية|رسالة أصلية
  |הודעה מקורית|پیام اصلی`)

const FORWARDED = set(`forwarded message|forwarded email|forwarded mail|forwarded e-mail|begin forwarded message
  |forwarded conversation|weitergeleitete nachricht|weitergeleitete mail|weitergeleitete e-mail
  |anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|beginn der weitergeleiteten nachricht
  |message transféré|message réexpédié|début du message réexpédié|début du message transféré|début du message transmis
  |courriel transféré|message transmis|doorgestuurd bericht|begin doorgestuurd bericht|doorgestuurde bericht
  |begin van doorgestuurd bericht|doorgestuurde e-mail|mensaje reenviado|inicio del mensaje reenviado|correo reenviado
  |messaggio inoltrato|inizio messaggio inoltrato|inizio del messaggio inoltrato|messaggio in oltrato|mensagem encaminhada
  |mensagem reencaminhada|início da mensagem encaminhada|início da mensagem reencaminhada|inicio da mensagem encaminhada
  |mesaj redirecționat|mesaj redirecţionat|mesaj transmis|mesaj forwardat|mesaj înaintat|începutul mesajului redirecționat
  |început mesaj redirecționat|începe mesajul redirecționat|wiadomość przekazana|przekazana wiadomość|wiadomość przesłana dalej
  |przesłana wiadomość|początek przekazywanej wiadomości|początek przekazanej wiadomości|treść przekazanej wiadomości
  |vidarebefordrat meddelande|vidarebefordrat brev|vidarebefordrat mejl|vidarebefordrad e-post|vidarebefordrat mail
  |påbörja vidarebefordrat brev|vidarebefordrat meddelande börjar|videresendt meddelelse|videresendt besked|videresendt mail
  |start på videresendt besked|begyndelse på videresendt besked|videresendt melding|videresendt e-post
  |videresendt melding starter|begynnelse på videresendt melding|välitetty viesti|välitetty viesti / fwd.msg|edelleenlähetetty viesti
  |välitetty viesti alkaa|välitetyn viestin alku|přeposlaná zpráva|předaná zpráva|přeposlaný e-mail
  |začátek přeposílané zprávy|začátek přeposlané zprávy|preposlaná správa|začiatok preposlanej správy|posredovano sporočilo|posredovano pismo
  |proslijeđena poruka|započni proslijeđenu poruku|prosleđena poruka|továbbított üzenet|továbbított levél|továbbított üzenet kezdete|iletilen ileti
  |iletilen mesaj|iletilmiş mesaj|yönlendirilmiş ileti|yönlendirilen ileti|yönlendirilmiş mesaj|başlangıç iletilen mesaj|пересылаемое сообщение
  |пересланное сообщение|переадресованное сообщение|перенаправленное сообщение|пересылаемое письмо|начало переадресованного сообщения
  |начало пересылаемого сообщения|начало пересланного сообщения|переслане повідомлення|перенаправлене повідомлення
  |початок переспрямованого повідомлення|початок листа, що пересилається|препратено съобщение|проследена порука|προωθημένο μήνυμα
  |προωθούμενο μήνυμα|έναρξη προωθημένου μηνύματος|edastatud kiri|edastatud sõnum|pārsūtīts ziņojums|pārsūtītais ziņojums
  |persiųstas laiškas|persiunčiamas laiškas|framsend skilaboð|missatge reenviat|birbidalitako mezua|mensaxe reenviada
  |转发的邮件|转发邮件|已转发邮件|已轉寄的郵件|轉寄郵件|轉寄的郵件|转发邮件信息|开始转发的邮件|下面是被转发的邮件|轉寄訊息|転送されたメッセージ|転送メッセージ|メッセージを転送|転送済みメッセージ
  |전달된 메시지|전달한 메시지|전달된 메일|tin nhắn được chuyển tiếp|thư được chuyển tiếp|thư đã chuyển tiếp|pesan terusan|pesan yang diteruskan
  |mesej dimajukan|ข้อความที่ส่งต่อ|ส่งต่อข้อความ|رسالة معاد توجيهها|الرسالة المعاد توجيهها|رسالة محولة|הודעה שהועברה|הועברה הודעה|پیام ارسال شده`)

// Lotus Notes names who forwarded: "----- Forwarded by Jef/IT/ACME on 02/03/2026 10:15 -----".
const FORWARDED_BY =
  /^(?:forwarded by|weitergeleitet von|transféré par|transmis par|doorgestuurd door|remitido por|reenviado por|inoltrato da|encaminhado por|redirecționat de|przekazane przez|vidarebefordrat av|videresendt av|videresendt af) /

/** A line that a program sets between the person's words and the mail below. */
export type Bar = 'original' | 'forward'

/** "-----Original Message-----", "---------- Forwarded message ---------", "Begin forwarded message:"; else null. */
export function readBar(line: string): Bar | null {
  if (REPLY_ABOVE.test(line) || REPLY_BETWEEN_STROKES.test(line) || DAVID.test(line)) return 'original'
  // Samsung's mail program may set the header behind the bar, all of it on one line.
  const crowded = line.startsWith('-----') ? CROWDED.exec(line.slice(0, 200)) : null
  if (crowded) return readBar(crowded[1] ?? '')
  if (line.length > 200 || !BAR_EDGE.test(line)) return null
  const text = line.replace(INVISIBLE, '').replaceAll('*', '').trim()
  let start = 0
  let end = text.length
  while (start < end && (STROKES.has(text[start] ?? '') || text[start] === ' ')) start++
  while (end > start && (STROKES.has(text[end - 1] ?? '') || text[end - 1] === ' ')) end--
  if (end - start < 4) return null
  const phrase = foldPhrase(text.slice(start, end)).replace(/ ?[:：]$/, '')
  // "--- Original Message:" is cut off on one side by some programs; words without any stroke need their colon.
  if (FORWARDED.has(phrase)) return 'forward'
  if (ORIGINAL.has(phrase)) return start > 2 ? 'original' : null
  return start > 2 && FORWARDED_BY.test(phrase) ? 'forward' : null
}

const CROWDED = /^(-{5,20} ?[^-]{4,40} ?-{5,20})\s?\p{Lu}\p{L}{1,14} ?[:：]/u
// Help desks mark the place themselves, at the top of what they send: "##- Please type your reply above this line -##".
const REPLY_ABOVE =
  /^[^\p{L}\p{N}]{2,20}(?:(?:please )?(?:type|write|enter|add) your (?:reply|response) above this line|(?:please )?reply above this line|bitte (?:antworten sie )?oberhalb dieser (?:linie|zeile)(?: antworten)?|(?:merci de )?(?:répondre|répondez|saisissez votre réponse|écrivez votre réponse) au-dessus de cette ligne|(?:typ|schrijf) (?:a\.?u\.?b\.? )?uw antwoord boven deze (?:lijn|regel)|escrib[ae] su respuesta (?:por )?encima de esta línea|responda (?:por )?encima de esta línea|scriv[ai] la (?:tua|sua) risposta sopra questa (?:linea|riga))[^\p{L}\p{N}]{0,20}$/iu

// The same in further words: one of answering, one of above, one for the line. People head their own lines with two of them.
const REPLY_BETWEEN_STROKES =
  /^\s{0,3}[-#=_*~—–]{1,20}(?=.{0,120}(?:repl|respon|antwor?t|antwoord|répon|respuesta|rispo|respost|răspuns|ответ|відповід|svar|odpowie))(?=.{0,120}(?:above|oberhalb|über|au-dessus|boven|encima|sopra|acima|deasupra|над |ovan|ovenfor|powyżej))(?=.{0,120}(?<!\p{L})(?:lin[eij]|zeile|ligne|lijn|regel|línea|riga|rând|стро|черт|ліні)).{8,140}[-#=_*~—–]\s{0,3}$/iu
// Tobit: "Original Message processed by david®".
const DAVID = /^[^\p{L}]{0,5}original.{1,20} (?:processed by|bearbeitet von|traité par|verwerkt door) david®/iu

const STROKES = new Set('-_=~—–‐‑―─━')
const BAR_EDGE = /^[\s*\u2000-\u200f\u202a-\u202e\u2066-\u2069]*[-_=~—–‐‑―─━]|[:：][\s*\u2000-\u206f]*$/

/** A bar set behind the last word on the same line, as Samsung's mail program does; null when there is none. */
export function barInside(line: string): { readonly at: number; readonly kind: Bar } | null {
  const at = line.length > 600 ? -1 : line.indexOf('-----')
  if (at < 1) return null
  const kind = readBar(/^-{5,20} ?[^-]{4,40} ?-{5,20}/.exec(line.slice(at))?.[0] ?? '')
  return kind && { at, kind }
}

/** Words between strokes, whatever they say. */
export function looksLikeBar(line: string): boolean {
  const text = line.trim()
  return text.length < 90 && /^[-_=]{3,40} ?[^-_=].{2,60}[^-_=] ?[-_=]{3,40}$/.test(text)
}

/** Only strokes: "________________", "-- --", "=====". */
export function isStroke(line: string): boolean {
  const text = line.trim()
  if (text.length < 2 || text.length > 400 || !STROKES.has(text[0] ?? '')) return false
  return /^[-_=~—–‐‑―─━ *+#]+$/.test(text)
}

const any = (alternatives: string): string => `(?:${alternatives.replace(/\s*\n\s*/g, '')})`

// What a program or a network writes below a mail, up to the name of the device or app.
const SENT = any(`sent (?:from|via|with|using|on)|(?:written|typed|composed|dictated) (?:from|on|with|using)
  |gesendet (?:von|mit|über|via|aus)|versendet (?:von|mit)|verschickt (?:von|mit)|geschickt von
  |envoyé (?:de|d['’]|depuis|avec|via|à partir de|à partir d['’]|du)|expédié (?:de|depuis)|provenance ?:?
  |verzonden (?:vanaf|met|via|vanuit|van)|verstuurd (?:vanaf|met|via|vanuit|van)
  |enviado (?:desde|con|a través de|mediante|do|da|de|a partir d[eo]|via|com)|inviat[oa] (?:da|dal|dalla|dall['’]|con|tramite|via)
  |trimis[ăa]? (?:de pe|din|de la|cu|prin)|wysłan[eoya] (?:z|ze|za pomocą|przy użyciu)|skicka(?:t|d|des) (?:från|med|via)
  |sendt (?:fra|med|via)|lähetetty|odesláno (?:z|ze|pomocí|prostřednictvím)|odoslané (?:z|zo|pomocou)|poslano (?:iz|s|z|sa)
  |elküldve|отправлено (?:с|из|от|через|со)|надіслано (?:з|із|через)|відправлено (?:з|із)|изпратено от|στάλθηκε από
  |saadetud|nosūtīts no|išsiųsta iš|sent úr|enviat (?:des|amb)|(?:đã |được )?gửi từ|dikirim dari|dihantar dari|ส่งจาก|发自|發自|发送自
  |أُ?رسلت? من|تم الإرسال من|נשלח מ(?:ה(?=-))?|ارسال شده از`)
// The same of a person or a way: only the name of a device makes it a signature.
const SENT_BY = any(
  `sent by|envoyé p(?:ar|our)|expédié par|enviado (?:por|pel[oa])|inviat[oa] per|trimis de|wysłan[eoya] (?:przez|w)|verzonden door|gesendet durch`,
)
const MY = any(
  `my|the|an?|mon|ma|mes|mijn|mein(?:e[mnr])?|mi|mis|mio|mia|meu|minha|min|mitt|mého|moje(?:go|j|m)?|môjho|mo(?:g|jega)|мо(?:его|ей|єї|го)|el|la|le|l['’]|τ[οη]|o|a`,
)
const SENT_FIRST = new RegExp(
  `^(?:this (?:e-?mail|message) was )?(?:${SENT}|(${SENT_BY}))(?![\\p{L}\\d])(?:\\s?(${MY})(?![\\p{L}\\d]))?\\s?`,
  'iu',
)
const SENT_FIRST_CJK = /^(?:发自|發自|发送自)(?:我的)?/u

// Sentences whose words stand the other way round: "Von meinem iPhone gesendet", "iPhoneから送信".
const SENT_LAST = new RegExp(
  `^${any(`(?:von|mit) (?:meinem(?:\\/meiner)?|meiner|dem|der) .{2,50} (?:gesendet|versendet|verschickt|geschickt|geschrieben)
  |diese (?:nachricht|e-?mail|mail) wurde .{2,70} (?:gesendet|versendet|verschickt|geschrieben)|vom? .{2,40} gesendet
  |.{2,40}(?:[ıiuü]mdan|[ıiuü]mden|dan|den|tan|ten|üzerinden|ile) gönderildi|.{2,40}(?:sta|stä|lta|ltä|lla|llä) lähetetty
  |.{2,40}(?:ról|ről|ból|ből|val|vel) küldve|.{0,30}から送信(?:されました)?|(?:나의 )?.{2,30}에서 보냄
  |(?:從|从|由)我?的? ?.{2,30} ?(?:傳送|传送|发送|發送)`)}$`,
  'iu',
)

// "Get Outlook for iOS" in the languages of Outlook: an advertisement when it is about that program and nothing else.
const ADVERTISED =
  any(`get|download|holen sie sich|télécharge[rz]|obten(?:ir|ez)|obten(?:er|ga)|obtén|descarg(?:ar|ue)|ottieni|scarica
  |obter|obtenha|baix(?:e|ar)|transferir|obțineți|obţineţi|descărcați|pobierz|uzyskaj|hämta|skaffa|hent|få|last ned|hanki|lataa|získejte
  |získat|stáhnout|získať|скачать|получить|загрузить|отримати|завантажити|λήψη|获取|下载|下載|取得`)
const ADVERTISEMENT = new RegExp(
  `^(?:${ADVERTISED}(?:\\s(?:the|o|el|aplicația|aplikację|appen|του|適用於))?\\s?(?:outlook|yahoo mail)(?:\\s\\S{1,20}){0,4}\\s\\S{0,3}(?:ios|android|iphone|ipad|mac|mobile)|outlook (?:für|voor|for) (?:ios|android)(?: \\S{1,20}){1,2}|(?:ios|android)(?: için| ?용| ?版) outlook\\S*(?: \\S{1,20}){1,2}|az (?:ios|android) outlook \\S{1,20})$`,
  'iu',
)
const ABOUT_PHONES = /ios|android|iphone|ipad/i
const ABOUT_MAC = /for mac$/i

// A word that devices and apps are called by.
const DEVICE =
  /(?<!\p{L})(?:(?:iphon|ipad|ipod|android|mobil|smartphone|galaxy|samsung|blackberry|windows|huawei|xiaomi|nokia|outlook|gmail|yahoo|proton|poczt)\p{L}*|(?:ios|imac|phone|cellphone|cell|telefon|téléphone|telefoon|tel[eé]fono|telefone|telem[oó]vel|celular|handy|tablet|tablette|device|gerät|mail|e-?mail|e-post|app|pixel|gmx|web\.de|spark|airmail|sparrow|acompli|mailbird|bluemail|typeapp|newton|cloudmagic|aquamail|k-9|edison|mymail|superhuman|canary|tutanota|tuta|mailspring|fastmail|zoho|zimbra|roundcube|thunderbird|webmail|courrier|correo|correio|posta|pc|mac|laptop|computer|mailbox|boxer)(?!\p{L}))|айфон|почт\p{L}* ?mail|яндекс|смартфон|телефон|устройств|手机|手機|携帯|휴대/iu
const NAME = /(?:^|[\s(])\p{Lu}[\p{L}\d]|\d|\p{Ll}\p{Lu}/u
// Ways to send something, not programs.
const WAY = /^(?:e-?mail|mail|post|fax|courrier|correo|correio|posta|poczt\p{L}*|app|phone)$/iu
// A sentence goes on where a signature ends.
const SENTENCE =
  /(?<![\p{L}'’])(?:to|and|is|was|were|are|but|never|because|when|that|which|then|his|her|yesterday|today|und|ist|war|aber|gestern|et|est|mais|hier|y|es|pero|ayer|e|è|ma|ieri|maar|gisteren|och|men|igår|wczoraj|ale)(?![\p{L}-])/iu
const EXCUSE =
  /[.,;!(–—-]\s*(?:please|pls|kindly|excuse|sorry|apolog|forgive|pardon|brevity|typos?|bitte|entschuldig|désolé|merci d|veuillez|excusez|excuus|sorry|disculp|perdon|scusa|desculp|scuze|przepraszam|ursäkta|beklager|undskyld).{0,120}$/iu
const LINK = /<(?:https?:|mailto:)[^>]{0,300}>|\(https?:[^)]{0,300}\)|https?:\/\/\S{1,300}/g

/** "Sent from my iPhone", "Von meinem Mobilgerät gesendet", "Get Outlook for iOS<https://…>": no word of the person's. */
export function isDeviceSignature(line: string): boolean {
  if (line.length > 500) return false
  const bare = line.replace(LINK, ' ')
  const linked = bare.length < line.length
  const text = bare
    .replace(INVISIBLE, '')
    .replace(/[\s\u00a0\u202f<>()[\]*_"“”]+/g, ' ')
    .trim()
  if (text.length > 200 || text.length < 4) return false
  const short = text.replace(EXCUSE, '').replace(/[\s.!]+$/, '')
  if (short.length > 100) return false
  if (ADVERTISEMENT.test(short)) return ABOUT_PHONES.test(short) || (linked && ABOUT_MAC.test(short))
  const start = SENT_FIRST.exec(short) ?? SENT_FIRST_CJK.exec(short)
  if (!start) return SENT_LAST.test(short) && short.split(' ').length <= 12 && (DEVICE.test(short) || NAME.test(short))
  const rest = short.slice(start[0].length)
  if (rest === '' || rest.split(' ').length > 12 || /[;:?]/.test(rest) || SENTENCE.test(rest)) return false
  const [, by, my] = start
  if (my === undefined && WAY.test(rest)) return false
  return DEVICE.test(rest) || (by === undefined && (linked || my !== undefined) && NAME.test(rest))
}

// Each pair: how a disclaimer begins, and what else is said in it. One alone may be a person's sentence.
const CONFIDENTIAL =
  /confidential|privileged|vertraulich|confidentie|vertrouwelijk|confidencia|riservat|confidenzial|confidenția|confidenţia|poufn|konfidenti|fortrolig|luottamuksel|důvěrn|bizalmas|gizli|конфиденциаль|конфіденцій|機密|保密|기밀/iu
const RECIPIENT =
  /intended (?:solely |only |exclusively )?(?:for|recipient)|addressee|addressed to|received (?:this|it) .{0,40}(?:error|mistake)|unauthori[sz]ed|bestimmte[nr]? (?:adressat|empfänger)|irrtümlich|unbefugt|nicht der richtige|destinataire|par erreur|geadresseerde|bestemd voor|ten onrechte|abusievelijk|destinatario|por error|per errore|destinatári|por engano|destinatar|din greșeală|din eroare|adresat|pomyłk|avsedd|mottagar|av misstag|modtager|mottaker|ved en feil|ved en fejl|vastaanottaj|erehdyks|příjemc|omylem|címzett|téved|alıcı|yanlışlıkla|адресат|получател|по ошибке|одержувач|помилков|収信|誤って|收件人|수신/iu
// What a disclaimer speaks of: the mail itself. A person speaks of a file, a list, a payslip.
const OF_ITSELF = new RegExp(
  any(`this (?:\\p{L}+ )?(?:e-?mail|mail|message|communication|transmission|correspondence)|received this|confidentiality (?:note|notice)|disclaimer
    |informations? (?:\\p{L}+ )?(?:contained|transmitted|contenues|transmises)|diese[rsnm]? (?:\\p{L}+ )?(?:e-?mail|mail|nachricht|mitteilung)
    |vertraulichkeitshinweis|(?:ce(?:t|tte)?|le présent|la présente) (?:\\p{L}+ )?(?:message|e-?mail|mail|courriel|courrier|communication|transmission)
    |messages? électronique|avis de confidentialité|d(?:eze|it) (?:\\p{L}+ )?(?:e-?mail|mail|bericht|mededeling)
    |est[ea] (?:\\p{L}+ )?(?:mensaje|correo|e-?mail|comunicación|mensagem|comunicação|missatge)|aquest (?:missatge|correu)|aviso (?:legal|de confidenc)
    |informaci(?:ón|ones) (?:contenida|transmitida)|informaç(?:ão|ões) (?:contida|transmitida)|quest[oa] (?:\\p{L}+ )?(?:messaggio|e-?mail|mail|comunicazione)
    |presente (?:\\p{L}+ )?(?:messaggio|mensaje|correo|e-?mail|mensagem|comunicazione|comunicación)|informazioni (?:contenute|trasmesse)
    |acest (?:mesaj|e-?mail)|informații(?:le)? (?:conținute|transmise)|(?:ta|tę|tej|to|tego) (?:wiadomo|e-?mail|korespondenc)|niniejsz|informacje zawarte
    |det(?:ta|te) (?:e-?post|mejl|mail|meddelande|meddelelse|brev)|den(?:na|ne) (?:e-?post|e-?mail|mail|meddelelse|melding|besked)
    |tämä (?:\\p{L}+ )?(?:viesti|sähköposti)|t(?:ato|ento|áto) (?:zpráva|správa|e-?mail)|ez(?:en)? (?:az )?(?:e-?mail|üzenet|levél)
    |bu (?:e-?posta|mesaj|ileti)|(?:эт(?:о|ом|ого)|данн(?:ое|ом|ого)|настоящ(?:ее|ем|его)) (?:\\p{L}+ )?(?:сообщени|письм)|ц(?:е|ей) (?:\\p{L}+ )?(?:повідомлення|лист)
    |本(?:邮件|郵件|メール|電子|电子|信息)|このメール|이 (?:메일|이메일|전자)|본 (?:메일|이메일|전자)`),
  'iu',
)
// Words that mean something else in another language of the list are left out.
const OF_PERSON =
  /[?？](?=\s|$)|(?<!\p{L})(?:I(?:['’]\p{L}{1,2})?|[Mm]y|(?:by|to|from|tell|told|sent) me|[Ii]ch|mir|mich|[Mm]ein\p{L}{0,2}|[Jj]['’](?:ai|avais)|[Jj]e (?:vous|ne|suis|viens|voudrais|pense|crois|peux|dois)|mon|moi|[Ii]k|mij|[Mm]ijn|[Yy]o|[Mm]i|[Hh]e recibido|[Rr]ecibí|[Ii]o|mi[oa]|[Hh]o ricevuto|meu|minha|[Rr]ecebi|[Aa]m primit|mea|mnie|m[oó]j[aą]?|moje[mj]|mojego|[Dd]ostał[ea]m|[Oo]trzymał[ea]m|[Jj]ag|[Jj]eg|[Mm]in|mitt|[Mm]in[äu]|minulle|můj|mému|én|[Bb]en|benim|[Яя]|мне|меня|мо[йюяе]|моем[ую]|моей|мені|мій)(?!\p{L})|我(?!们|們|司|公司)|私[はの]|저는|제가/u
const ADVICE =
  /^(?:(?:please )?(?:consider|think (?:about|of)) the environment before|save (?:a tree|paper)|bitte (?:denken|prüfen) sie .{0,60}(?:umwelt|drucken)|denken sie an die umwelt|pensez à l['’]environnement|avant d['’]imprimer.{0,80}environnement|denk aan het milieu|antes de imprimir.{0,80}ambiente|prima di stampare.{0,80}(?:ambiente|alber)|înainte de a (?:imprima|tipări).{0,80}medi|zanim wydrukujesz.{0,80}(?:środowisk|drzew|przyrod)|pomyśl o środowisku|tänk på miljön|tænk på miljøet|tenk på miljøet)/iu
const SCANNED =
  /^(?:this (?:e-?mail|message|mail) (?:has been|was) (?:scanned|checked|sent from a virus)|virus[- ]free\.|virenfrei\.|diese e-?mail wurde (?:von avast|auf viren)|l['’]absence de virus|sans virus\.|garanti sans virus|este correo electrónico ha sido comprobado|libre de virus\.|virusvrij\.|deze e-?mail is gecontroleerd|questa e-?mail è stata controllata|mail priva di virus|este e-?mail foi (?:verificado|analisado)|livre de vírus|wolny od wirusów|denna e-?post kontrollerades|scanned by \S*(?:mail|virus|avast|avg|mcafee|norton|sophos|kaspersky|eset|bitdefender|check ?point|trend|barracuda|mimecast|forcepoint|message)|checked by avg|no virus found)/iu

/** Somebody says I in it, or asks. */
export function isPersonal(text: string): boolean {
  return OF_PERSON.test(text)
}

/** A paragraph that a company or a gateway puts below every mail. */
export function isDisclaimer(paragraph: string): boolean {
  const text = paragraph.slice(0, 1500).replace(/\s+/g, ' ').trim()
  const plain = text.replace(/^[\s*_=\-–—>#!|]+/, '')
  if (isPersonal(text)) return false
  if (text.length < 400 && (ADVICE.test(plain) || SCANNED.test(plain))) return true
  return text.length > 80 && CONFIDENTIAL.test(text) && RECIPIENT.test(text) && OF_ITSELF.test(text)
}

// The word before "e-mail" tells a banner from "Warning: e-mails to external addresses bounce".
const BANNER =
  /LearnAboutSenderIdentification|^\W{0,3}(?:external(?: (?:e-?mail|sender|message))?|extern(?:e(?: (?:e-?mail|mail|nachricht))?)?|(?:caution|warning|attention|achtung|vorsicht|let op|opgelet|externe e-mail|avertissement|cuidado|atención|attenzione|atenção|uwaga|varning)\b[\s:!\])*-]{1,6}(?:.{0,30}\s)?(?:this|diese[rs]?|deze|dit|ce(?:t|tte)?|est[ea]|quest[oa]|t[aoę]|den(?:na|ne)|det(?:ta|te)|external|externe?))\b[\s:!\])*-]{1,6}.{0,40}(?:e-?mail|message|mail|nachricht|courriel|bericht|correo|mensaje|messaggio|mensagem|wiadomość|meddelande).{0,60}(?:outside|external|extern|extérieur|außerhalb|buiten|fuera|estern|fora|spoza|zewnątrz|utanför)/iu

/** A line that a gateway sets above mails from outside. */
export function isBanner(line: string): boolean {
  return line.length < 600 && BANNER.test(line.trim())
}

/** What list servers write below their stroke. */
export const LIST_FOOTER =
  /mailing list|mailinglist|listinfo|unsubscribe|to unsubscribe|liste de diffusion|se désabonner|désinscri|abbestellen|abmelden|uitschrijven|afmelden|darse de baja|lista de correo|disiscriv|cancelar a inscrição|wypisa|avprenumerera|groups\.google|lists?\./i

// Words of parting. Followed by a name and little else they are no answer to anything.
const CLOSING =
  /^(?:(?:(?:best|kind|warm|many|with(?: best| kind)?)\s)*(?:regards|wishes)|regards|cheers|sincerely|yours|thanks|thank you|thx|best|mit freundlichen grüßen|mit freundlichem gruß|mit besten grüßen|(?:viele|liebe|beste|freundliche|schöne|herzliche) grüße|(?:schönen |besten |lieben )?gruß|mfg|lg|vg|danke|cordialement|bien (?:à vous|cordialement)|salutations|merci|met vriendelijke groet(?:en)?|vriendelijke groet(?:en)?|groet(?:en|jes)?|mvg|dank|saludos|un saludo|atentamente|gracias|cordiali saluti|distinti saluti|saluti|grazie|atenciosamente|cumprimentos|abraços?|obrigad[oa]|cu (?:stimă|respect|drag)|mulțumesc|pozdrawiam|z poważaniem|dziękuję|(?:med )?(?:vänlig|vänliga|venlig|vennlig) (?:hälsning|hälsningar|hilsen)|mvh|hälsningar|hilsen|tack|takk|tak|ystävällisin terveisin|terveisin|s pozdravem|üdvözlettel|saygılarımla|с уважением|з повагою|敬具|よろしく)(?![\p{L}\p{M}])/iu

/** "Regards, Jef": a parting and a name, perhaps with post and telephone; nothing that answers. */
export function isClosing(text: string): boolean {
  const lines = text.trim().slice(0, 800).split('\n')
  const [first = '', ...more] = lines
  if (!CLOSING.test(first) || first.split(/\s+/).length > 10 || first.length > 100) return false
  return lines.length <= 12 && more.every(line => line.length <= 60)
}

const POINTER =
  /^(?:fyi|fyi please|fw|fwd|f\.y\.i|for (?:your )?(?:information|info)|see below|please see below|as discussed|zur (?:info|information|kenntnis|kenntnisnahme)|z\.? ?k|zk|zgk|siehe unten|s\.u|pour (?:info|information|votre information|ton information)|p\.? ?i|voir ci-dessous|ter (?:info|informatie|kennisname)|t\.? ?k\.? ?n|zie (?:onder|hieronder)|para (?:tu |su |vuestra )?(?:información|info|conocimiento)|ver abajo|per (?:tua |vostra |sua )?(?:conoscenza|informazione|info)|p\.? ?c|vedi sotto|para (?:seu |teu |vosso )?conhecimento|para informação|ver abaixo|spre (?:știință|informare)|vezi mai jos|do wiadomości|dla informacji|patrz niżej|för (?:kännedom|info|information)|se nedan|till kännedom|til (?:info|orientering|informasjon|information)|se nedenfor|tiedoksi|pro informaci|na vědomí|tájékoztatásul|bilgi(?:niz|nize|nize sunarım)?|для информации|к сведению|до відома|ご参考|参考まで|供参考|参考)$/iu

/** "FYI", "zur Info": the person points to what stands below and says nothing else. */
export function isPointer(text: string): boolean {
  return (
    text.length <= 60 &&
    POINTER.test(
      text
        .replace(INVISIBLE, '')
        .trim()
        .replace(/[\s.,:;!…-]+$/, ''),
    )
  )
}
