/*
 * What stands on the page on which people say how content they are.
 */

export type SurveyWords = {
  readonly question: string
  /** What 1 to 5 mean. */
  readonly scale: readonly [string, string, string, string, string]
  readonly comment: string
  readonly anonymous: string
  readonly send: string
  readonly thanks: string
  /** They may think better of it. */
  readonly again: string
  readonly choose: string
  /** The page asks nothing: answered already, too old, or never there. */
  readonly over: string
}

const WORDS: Readonly<Record<string, SurveyWords>> = {
  en: {
    question: 'How content are you with our help?',
    scale: ['not at all', 'rather not', 'so-so', 'content', 'very content'],
    comment: 'Is there anything you would like to add?',
    anonymous: 'Your answer is anonymous: it is kept without your name and your request.',
    send: 'Send',
    thanks: 'Thank you for your answer.',
    again: 'Should you change your mind, send this page again.',
    choose: 'Please choose one of the five first.',
    over: 'There is nothing to answer here: it was answered already, or is too old.',
  },
  fr: {
    question: 'Dans quelle mesure êtes-vous satisfait(e) de notre aide ?',
    scale: ['pas du tout', 'plutôt pas', 'moyennement', 'satisfait(e)', 'très satisfait(e)'],
    comment: 'Souhaitez-vous ajouter quelque chose ?',
    anonymous: 'Votre réponse est anonyme : elle est conservée sans votre nom ni votre demande.',
    send: 'Envoyer',
    thanks: 'Merci pour votre réponse.',
    again: 'Si vous changez d’avis, envoyez cette page à nouveau.',
    choose: 'Choisissez d’abord l’une des cinq réponses.',
    over: 'Il n’y a rien à répondre ici : c’est déjà fait, ou trop ancien.',
  },
  nl: {
    question: 'Hoe tevreden bent u over onze hulp?',
    scale: ['helemaal niet', 'eerder niet', 'gaat wel', 'tevreden', 'heel tevreden'],
    comment: 'Wilt u nog iets toevoegen?',
    anonymous: 'Uw antwoord is anoniem: het wordt bewaard zonder uw naam en uw vraag.',
    send: 'Versturen',
    thanks: 'Bedankt voor uw antwoord.',
    again: 'Bedenkt u zich, verstuur deze pagina dan opnieuw.',
    choose: 'Kies eerst een van de vijf antwoorden.',
    over: 'Hier valt niets te beantwoorden: dat is al gebeurd, of het is te lang geleden.',
  },
  de: {
    question: 'Wie zufrieden sind Sie mit unserer Hilfe?',
    scale: ['gar nicht', 'eher nicht', 'teils, teils', 'zufrieden', 'sehr zufrieden'],
    comment: 'Möchten Sie etwas hinzufügen?',
    anonymous: 'Ihre Antwort ist anonym: Sie wird ohne Ihren Namen und Ihre Anfrage aufbewahrt.',
    send: 'Senden',
    thanks: 'Vielen Dank für Ihre Antwort.',
    again: 'Wenn Sie es sich anders überlegen, senden Sie diese Seite noch einmal.',
    choose: 'Bitte wählen Sie zuerst eine der fünf Antworten.',
    over: 'Hier gibt es nichts zu beantworten: Es ist schon geschehen oder zu lange her.',
  },
  es: {
    question: '¿Hasta qué punto está satisfecho con nuestra ayuda?',
    scale: ['nada', 'poco', 'regular', 'satisfecho', 'muy satisfecho'],
    comment: '¿Desea añadir algo?',
    anonymous: 'Su respuesta es anónima: se guarda sin su nombre y sin su solicitud.',
    send: 'Enviar',
    thanks: 'Gracias por su respuesta.',
    again: 'Si cambia de opinión, envíe esta página de nuevo.',
    choose: 'Elija primero una de las cinco respuestas.',
    over: 'Aquí no hay nada que responder: ya se ha respondido o es demasiado antiguo.',
  },
  ro: {
    question: 'Cât de mulțumit(ă) sunteți de ajutorul nostru?',
    scale: ['deloc', 'mai degrabă nu', 'așa și așa', 'mulțumit(ă)', 'foarte mulțumit(ă)'],
    comment: 'Doriți să adăugați ceva?',
    anonymous: 'Răspunsul este anonim: se păstrează fără numele și fără solicitarea dumneavoastră.',
    send: 'Trimite',
    thanks: 'Vă mulțumim pentru răspuns.',
    again: 'Dacă vă răzgândiți, trimiteți din nou această pagină.',
    choose: 'Alegeți mai întâi unul dintre cele cinci răspunsuri.',
    over: 'Nu este nimic de răspuns aici: s-a răspuns deja sau este prea vechi.',
  },
}

/** The words in the first of these languages that there are words in, with that language; in English where there are none. */
export function surveyWords(...languages: readonly string[]): {
  readonly language: string
  readonly words: SurveyWords
} {
  const language = languages.find(one => Object.hasOwn(WORDS, one)) ?? 'en'
  return { language, words: WORDS[language] as SurveyWords }
}
