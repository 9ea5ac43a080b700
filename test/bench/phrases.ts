/*
 * What the people of the benchmark write, in the languages that Postdesk answers in. Enough variety that rules, quotes and
 * languages are told apart as in real mail.
 */

export type Phrases = {
  readonly greetings: readonly string[]
  readonly subjects: readonly string[]
  readonly sentences: readonly string[]
  readonly closings: readonly string[]
  /** Before a quoted mail; `{date}` and `{name}` stand for what the mail client knows. */
  readonly attribution: string
}

const en: Phrases = {
  greetings: ['Hello,', 'Hi team,', 'Good morning,', 'Dear colleagues,'],
  subjects: [
    'Printer on the third floor',
    'Cannot log in since this morning',
    'VPN drops every hour',
    'Question about my payslip',
    'Access to the shared folder',
    'New colleague on Monday',
    'Invoice for the new chairs',
    'Heating in room B12',
  ],
  sentences: [
    'Since this morning the printer on the third floor says that its paper is jammed, but there is no paper in it.',
    'I have tried to sign in four times and now my account is locked.',
    'The connection to the VPN drops about once an hour, and I have to start the client again each time.',
    'Could you please give Jane access to the folder of the finance team before the end of the week?',
    'We have a new colleague who starts next Monday and who needs a laptop, a badge and a mailbox.',
    'The update of last night seems to have removed the add-in that we use for our reports.',
    'On my payslip of last month two hours of overtime are missing.',
    'It is not urgent, but it would be nice to have it solved before the holidays.',
    'My manager has agreed already, I can forward you her mail if you need it.',
    'I have switched it off and on again, without any success.',
    'A colleague at the next desk has the same trouble, so it may not be my machine.',
    'Please call me on extension 4521 if you need to know more.',
    'The screen of my laptop stays black when I connect it to the docking station.',
    'Is there a spare headset that I could use in the meantime?',
  ],
  closings: ['Thank you very much,', 'Kind regards,', 'Many thanks,', 'Best,'],
  attribution: 'On {date}, {name} wrote:',
}

const fr: Phrases = {
  greetings: ['Bonjour,', 'Bonjour à tous,', 'Chers collègues,', 'Madame, Monsieur,'],
  subjects: [
    'Imprimante du troisième étage',
    'Impossible de me connecter',
    'Le VPN se coupe',
    'Question sur ma fiche de paie',
    'Accès au dossier partagé',
    'Nouvelle collègue lundi',
    'Facture des chaises',
  ],
  sentences: [
    "Depuis ce matin l'imprimante du troisième étage annonce un bourrage, mais il n'y a aucun papier dedans.",
    "J'ai essayé quatre fois de me connecter et maintenant mon compte est bloqué.",
    'La connexion au VPN se coupe environ une fois par heure et je dois tout relancer à chaque fois.',
    "Pourriez-vous donner à Claire l'accès au dossier de la comptabilité avant la fin de la semaine ?",
    'Une nouvelle collègue commence lundi prochain, elle aura besoin d’un ordinateur, d’un badge et d’une adresse.',
    'La mise à jour de cette nuit a supprimé le module que nous utilisons pour nos rapports.',
    'Sur ma fiche de paie du mois dernier il manque deux heures supplémentaires.',
    "Ce n'est pas très pressé, mais ce serait bien que ce soit réglé avant les congés.",
    "Ma responsable est déjà d'accord, je peux vous transmettre son message si nécessaire.",
    "Je l'ai éteint et rallumé plusieurs fois, sans aucun résultat.",
    'Vous pouvez me joindre au poste 4521 toute la journée.',
  ],
  closings: ['Merci beaucoup,', 'Cordialement,', 'Bien à vous,', 'Bonne journée,'],
  attribution: 'Le {date}, {name} a écrit :',
}

const nl: Phrases = {
  greetings: ['Hallo,', 'Beste collega’s,', 'Goedemorgen,', 'Dag,'],
  subjects: [
    'Printer op de derde verdieping',
    'Ik kan niet inloggen',
    'VPN valt steeds weg',
    'Vraag over mijn loonstrook',
    'Toegang tot de gedeelde map',
    'Nieuwe collega op maandag',
  ],
  sentences: [
    'Sinds vanmorgen meldt de printer op de derde verdieping dat er papier vastzit, maar er zit niets in.',
    'Ik heb vier keer geprobeerd om in te loggen en nu is mijn account geblokkeerd.',
    'De verbinding met het VPN valt ongeveer elk uur weg en dan moet ik alles opnieuw starten.',
    'Kunnen jullie Sanne voor het einde van de week toegang geven tot de map van de boekhouding?',
    'Volgende maandag begint een nieuwe collega die een laptop, een badge en een mailadres nodig heeft.',
    'Door de update van vannacht is de uitbreiding verdwenen die wij voor onze rapporten gebruiken.',
    'Op mijn loonstrook van vorige maand ontbreken twee overuren.',
    'Het heeft geen haast, maar het zou fijn zijn als het voor de vakantie in orde is.',
    'Ik heb het toestel al een paar keer uitgezet en weer aangezet, zonder resultaat.',
    'Bel me gerust op toestel 4521 als er nog iets onduidelijk is.',
  ],
  closings: ['Alvast bedankt,', 'Met vriendelijke groeten,', 'Groetjes,', 'Vriendelijke groet,'],
  attribution: 'Op {date} schreef {name}:',
}

const de: Phrases = {
  greetings: ['Hallo,', 'Guten Morgen,', 'Liebe Kolleginnen und Kollegen,', 'Sehr geehrte Damen und Herren,'],
  subjects: [
    'Drucker im dritten Stock',
    'Anmeldung geht nicht mehr',
    'VPN bricht ständig ab',
    'Frage zu meiner Gehaltsabrechnung',
    'Zugriff auf den gemeinsamen Ordner',
    'Neuer Kollege am Montag',
    'Rechnung für die Bürostühle',
  ],
  sentences: [
    'Seit heute früh meldet der Drucker im dritten Stock einen Papierstau, aber es steckt gar kein Papier darin.',
    'Ich habe viermal versucht, mich anzumelden, und jetzt ist mein Konto gesperrt.',
    'Die Verbindung zum VPN bricht ungefähr jede Stunde ab, und ich muss das Programm jedes Mal neu starten.',
    'Könnten Sie Frau Berger bitte bis Ende der Woche Zugriff auf den Ordner der Buchhaltung geben?',
    'Am nächsten Montag fängt ein neuer Kollege an, der einen Rechner, einen Ausweis und ein Postfach braucht.',
    'Seit dem Update von heute Nacht fehlt die Erweiterung, die wir für unsere Berichte verwenden.',
    'Auf meiner Abrechnung vom letzten Monat fehlen zwei Überstunden.',
    'Es eilt nicht, aber es wäre schön, wenn es vor den Feiertagen erledigt wäre.',
    'Ich habe das Gerät schon mehrmals aus- und wieder eingeschaltet, leider ohne Erfolg.',
    'Bei der Kollegin am Nebentisch ist es genauso, es liegt also wohl nicht an meinem Rechner.',
    'Sie erreichen mich unter der Durchwahl 4521.',
  ],
  closings: ['Vielen Dank,', 'Mit freundlichen Grüßen', 'Viele Grüße', 'Danke und Gruß'],
  attribution: 'Am {date} schrieb {name}:',
}

const ro: Phrases = {
  greetings: ['Bună ziua,', 'Salut,', 'Bună dimineața,', 'Stimați colegi,'],
  subjects: [
    'Imprimanta de la etajul trei',
    'Nu mă pot autentifica',
    'VPN-ul se întrerupe',
    'Întrebare despre salariu',
    'Acces la folderul comun',
    'Coleg nou de luni',
  ],
  sentences: [
    'De azi dimineață imprimanta de la etajul trei spune că hârtia este blocată, dar nu este nicio hârtie înăuntru.',
    'Am încercat de patru ori să mă autentific și acum contul meu este blocat.',
    'Conexiunea la VPN se întrerupe cam o dată pe oră și trebuie să pornesc programul din nou de fiecare dată.',
    'Vă rog să îi dați Ioanei acces la folderul de contabilitate până la sfârșitul săptămânii.',
    'Luni începe un coleg nou care are nevoie de un laptop, o legitimație și o adresă de e-mail.',
    'Actualizarea de azi-noapte a șters modulul pe care îl folosim pentru rapoarte.',
    'Pe fluturașul de luna trecută lipsesc două ore suplimentare.',
    'Nu este grabă, dar ar fi bine să fie rezolvat înainte de sărbători.',
    'L-am oprit și l-am pornit de mai multe ori, fără niciun rezultat.',
    'Mă găsiți la interior 4521 dacă aveți nevoie de alte detalii.',
  ],
  closings: ['Vă mulțumesc mult,', 'Cu stimă,', 'O zi bună,', 'Mulțumesc,'],
  attribution: 'În data de {date}, {name} a scris:',
}

const es: Phrases = {
  greetings: ['Hola:', 'Buenos días:', 'Estimados compañeros:', 'Buenas tardes:'],
  subjects: [
    'Impresora de la tercera planta',
    'No puedo iniciar sesión',
    'La VPN se corta',
    'Pregunta sobre mi nómina',
    'Acceso a la carpeta compartida',
    'Nueva compañera el lunes',
  ],
  sentences: [
    'Desde esta mañana la impresora de la tercera planta dice que hay un atasco, pero no hay ningún papel dentro.',
    'He intentado iniciar sesión cuatro veces y ahora mi cuenta está bloqueada.',
    'La conexión a la VPN se corta más o menos cada hora y tengo que volver a empezar cada vez.',
    '¿Podríais dar a Lucía acceso a la carpeta de contabilidad antes de que termine la semana?',
    'El lunes que viene empieza una compañera nueva que necesita un ordenador, una tarjeta y una cuenta de correo.',
    'La actualización de anoche ha borrado el complemento que usamos para nuestros informes.',
    'En mi nómina del mes pasado faltan dos horas extra.',
    'No corre prisa, pero estaría bien que quedara resuelto antes de las vacaciones.',
    'Lo he apagado y encendido varias veces, sin ningún resultado.',
    'Podéis llamarme a la extensión 4521 si necesitáis saber algo más.',
  ],
  closings: ['Muchas gracias,', 'Un saludo,', 'Saludos cordiales,', 'Gracias de antemano,'],
  attribution: 'El {date}, {name} escribió:',
}

export const LANGUAGES: readonly Phrases[] = [en, fr, nl, de, ro, es]

export const GIVEN_NAMES =
  'Jane Tom Ana Mihai Ștefan Ioana Claire Élodie Luc Sanne Joris Anke Jürgen Sabine Lucía José Inés Peter'.split(' ')
export const FAMILY_NAMES =
  'Miller Smith Pop Ionescu Dumitrașcu Lefèvre Dubois Peeters Janssens Berger Müller Schröder García Muñoz Novak'.split(
    ' ',
  )
