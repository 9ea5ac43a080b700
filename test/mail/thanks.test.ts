import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { insists, isThanks } from '../../src/mail/thanks.ts'

const THANKS = `
Thanks!
Thank you
thanks
THANKS!!!
THANK YOU SO MUCH
Thx
Many thanks
Thanks again!
Thanks a lot :-)
Thank you so much, works now 👍
👍
👍🏽 ❤️
:-)
Thanks, it works!
It works now, thank you!
Perfect, thanks!
Great, thank you very much for your help.
Thank you for your quick reply!
Thanks for the quick and friendly support.
Thanks for letting me know.
Thanks for fixing this so quickly!
Hi Ana,\\n\\nThanks a lot, problem solved!\\n\\nKind regards,\\nTom
Hello Ana,\\nthank you, everything works again.\\nBest\\nTom Smith
Hi all,\\nThanks everyone!\\n- Tom
Dear support team, many thanks for your help and have a nice weekend!
Thanks Ana!
Thank you, Ana. Have a great day!
Thanks Ana and have a good weekend\\nTom
hi tom, thanks a lot
Hey there, that did the trick. Cheers, Mia
Awesome, you're the best!
All good now, thanks 🙏🏽
Perfect ❤️
That fixed it. Thanks!
Works like a charm, thank you :)
Working again. Thank you!
Ok, thanks.
Okay great, thanks for the info!
Much appreciated.
I really appreciate your help!
Thank you. You can close this ticket.
The problem is solved now, many thanks.\\nMarie-Claire O'Brien
Issue resolved, thank you all
Thanks 😊\\nJean-Pierre van der Berg
Merci beaucoup
Merci !
Merci beaucoup pour votre aide !
Un grand merci, ça marche.
Super, merci !
Bonjour Ana,\\n\\nMerci, tout fonctionne à nouveau.\\n\\nBonne journée,\\nPaul
Bonjour,\\nParfait, merci pour votre réactivité.\\nCordialement,\\nPaul Durand
Merci pour la réponse rapide et bonne soirée
C'est parfait, merci infiniment
Merci d'avoir résolu le problème
Problème résolu, merci à toute l'équipe !
Je vous remercie pour votre aide.
Je vous remercie beaucoup. Bien cordialement
Merci à vous aussi
Génial ! Merci encore 👏
C'est bon maintenant, merci. Vous pouvez fermer le ticket.
Merci, bien reçu
Merci pour tout, bon week-end
Bedankt!
Heel erg bedankt voor de snelle hulp!
Dank je wel, het werkt weer.
Dankjewel Tom!
Hartelijk dank
Hallo Ana,\\nSuper, bedankt!\\nGroeten,\\nJan
Top, dank u
Bedankt voor je snelle reactie. Fijn weekend!
Beste Ana, nu werkt het weer prima, dank je wel. Met vriendelijke groet, Jan de Vries
Probleem opgelost, bedankt allemaal
Gelukt, dank!
Het doet het weer, super bedankt!
Geweldig, bedankt voor de uitleg
Prima, dank je. Fijne dag nog!
Danke
Danke, hat geklappt!
Vielen Dank!
Vielen Dank für die schnelle Hilfe 😊
Herzlichen Dank für Ihre Unterstützung
Danke schön, jetzt geht es wieder.
Super, danke dir!
Hallo Ana,\\n\\nvielen Dank, es funktioniert wieder einwandfrei.\\n\\nMit freundlichen Grüßen\\nTom Müller
Liebes Team, vielen lieben Dank! Schönes Wochenende euch allen
Perfekt, vielen Dank und einen schönen Tag noch
Guten Morgen Frau Schmidt, besten Dank für Ihre Rückmeldung. Viele Grüße, Max Weiß
Hat alles geklappt, danke!
Das Problem ist gelöst. Danke und liebe Grüße
Alles klar, danke.
Tausend Dank, ihr seid die Besten!
Läuft wieder, merci!
Danke Tom, funktioniert jetzt. LG Eva
Ticket kann geschlossen werden, danke!
vielen dank fuer die hilfe, mfg
Gracias
¡Muchas gracias!
Muchas gracias por su ayuda.
Hola Ana,\\nya funciona, muchas gracias.\\nUn saludo,\\nPablo
Perfecto, gracias por la rápida respuesta
Mil gracias, todo correcto
Gracias por todo, buen fin de semana
Buenos días, problema solucionado. Gracias, saludos
Genial, gracias de nuevo
Te lo agradezco mucho
Ya está solucionado, gracias. Que tengas un buen día
Listo, muchas gracias!
Grazie
Grazie mille!
Grazie mille per l'aiuto
Perfetto, grazie
Ciao Ana,\\nora funziona tutto, grazie mille.\\nA presto,\\nMarco
Buongiorno, ottimo, grazie per la rapida risposta. Cordiali saluti, Marco Rossi
Tutto a posto, grazie
Problema risolto, grazie ancora
Vi ringrazio per il supporto, buona giornata
Ha funzionato, grazie!
Gentilissimo, grazie. Buona serata
Obrigado
Obrigada!
Muito obrigado pela ajuda!
Olá Ana,\\njá está a funcionar, muito obrigada.\\nCumprimentos,\\nJoão
Perfeito, obrigado
Bom dia, problema resolvido. Obrigada pela rapidez! Abraço
Tudo certo, valeu!
Obrigado pelo retorno e bom fim de semana
Ótimo, muito obrigada a todos
Deu certo, obrigado
Mulțumesc
Multumesc!
Mulțumesc frumos pentru ajutor
Vă mulțumesc pentru răspunsul prompt!
Bună ziua,\\nS-a rezolvat, vă mulțumesc.\\nO zi bună,\\nIon Popescu
Merge, mulțumesc!
Bună Ana, mersi mult, totul funcționează. Toate cele bune, Ion
Perfect, mulțumim pentru sprijin
Super, mersi
Totul este în regulă, multumesc frumos
Am înțeles, mulțumesc. O zi frumoasă
Dziękuję
Dzięki!
Dziękuję bardzo za pomoc
Dzień dobry,\\ndziękuję, już działa.\\nPozdrawiam\\nJan Kowalski
Wszystko działa, dziękuję. Miłego dnia!
Wielkie dzięki za szybką odpowiedź
Super, dzięki Ania
Serdecznie dziękuję za wsparcie, z poważaniem, Anna Nowak
Tack!
Tack så mycket för hjälpen
Hej Ana,\\nnu fungerar det igen, tack!\\nMvh\\nLars
Stort tack för snabb hjälp, ha en bra dag!
Toppen, tack
Perfekt, tack för svaret. Trevlig helg!
Mange tak
Mange tak for hjælpen!
Hej Ana,\\ndet virker nu, tusind tak.\\nVenlig hilsen\\nMette
Super, mange tak, god weekend
Tak for hurtig hjælp
Thanks so much!!
Thank you for the help, Maria.
Brilliant, thanks for sorting that out
Thank you very much indeed. All the best, Sue
Hi Tom, that worked. Thank you!
Great stuff, cheers
Thanks guys, you rock!
Awesome support, thank you!!
It's working fine now. Thanks!
Ok thank you
Super, thx
Thank you both!
Yay it works, thank you
Thank you Peter, much appreciated. Best regards, Ann
Fantastic service, thank you
Merci bien
Merci Paul
Top, merci
C'est réglé, merci beaucoup !
Merci de votre aide, bonne fin de journée
Impeccable merci
Ça marche, merci
Super boulot merci
Merci, c'est tout bon
Bonjour Madame, merci pour votre retour. Bien à vous
Dank
Bedankt voor de hulp
Super, dank je!
Werkt weer, bedankt
Hoi Piet, hartelijk dank voor de snelle oplossing. Groetjes, Els
Dank u wel en nog een fijne avond
Vielen herzlichen Dank
Dankeschön!
Super, läuft!
Danke vielmals
Besten Dank und freundliche Grüße
Danke Anna, jetzt läuft alles wieder
Hallo zusammen, vielen Dank für die Info. Gruß Peter
Wunderbar, ich danke Ihnen
Funktioniert. Danke.
Klasse, danke
Gracias!!
Gracias Ana
Muchas gracias, un abrazo
Funciona perfectamente, gracias
Estupendo, muchas gracias por la solución
Ok, gracias
Grazie a tutti
Grazie Luca, buon weekend
Tutto ok, grazie
Perfetto, funziona. Grazie mille
Grazie del supporto
Obrigado João
Já funciona, obrigada
Perfeito! Muito obrigada pela resposta rápida
Obrigada, bom trabalho
Mersi!
Mulțumesc mult pentru ajutor, o zi frumoasă!
Funcționează, mulțumesc
Dzięki, działa
Dziękuję, problem rozwiązany
Tack för hjälpen!
Tack, nu funkar det
Tusen tack!
Mange tak, det virker
`

// Whoever takes one of these for thanks hides a problem, a question or an answer.
const OTHERS = `
Thanks, but it still does not work.
Thanks, but no.
Thanks in advance
Thanks in advance for your help!
Thank you. However, the printer is offline again.
Thanks. Still broken.
Thanks, still waiting
Thanks for nothing
No thanks
No, thank you
Yes please, thanks
Yes, thanks
Thanks, I will try it tomorrow.
Thanks, I'll let you know.
Thank you, can you also reset my password?
Thank you, when will it be done
Thanks! And the second laptop?
Thanks, at 3 pm then
Thanks, tomorrow is fine
Thanks, please call me
Thanks, call me
Thanks for your help. Not working.
Thanks for your reply, it did not work
Thanks, it works sometimes
Thanks, it seems to work
Thanks, works on my laptop only
Thanks, almost works
It worked until this morning
It works, but slowly
Thanks for looking into it
Thanks for the update, any news on the other one
Thanks, see attached
Thanks. Please find the file attached.
Thank you for your patience while I reproduce this
It does not work
not fixed, thanks
😢
👍 👎
Nope, thanks
Thanks :-(
Thanks 😡
Great. Now Outlook crashes
Hi
Hello Ana
Ok
Regards\\nTom
Tom Smith
👍 ?
?
Thanks. Unfortunately.
Thanks. Urgent.
Thanks\\nUrgent
Thanks\\nStill Broken
THANKS STILL BROKEN
THANKS BUT NO
Thanks, Printer
Thank you Laptop
Best regards
Please
My number is +32 470 12 34 56, thanks
Thanks http://example.org
Thanks, mail me at tom@example.org
Thank you, the problem
Thanks for the problem
Thanks, it's happening again
Thanks, again the same error
Thanks, help me
Thanks, the ticket should stay open
PS: thanks
Thanks\\nPS: the screen flickers
Is it fixed
Thanks. Is it possible to get a new mouse
Thanks, one more thing
Thanks anyway
Thanks, whatever
Merci d'avance
Merci de me rappeler
Merci de faire le nécessaire
Merci mais ça ne marche pas
Merci, ça marche plus
Merci, ça marche presque
Merci, toujours pas
Merci, et pour l'imprimante
Non merci
Oui, merci
Merci. Encore bloqué
Merci de votre retour rapide sur ce point
Merci, à demain
Merci pour votre réponse, mais le problème persiste.
Ça fonctionne pas
Je vous remercie de bien vouloir vérifier
Bedankt, maar het werkt nog niet
Alvast bedankt
Bij voorbaat dank
Nee bedankt
Ja graag, bedankt
Bedankt, kan je ook mijn wachtwoord resetten
Bedankt, het werkt bijna
Het werkt niet
Bedankt. Nog een vraag
Bedankt, tot morgen
Dank je, ik probeer het straks
Danke, aber es geht nicht
Vielen Dank im Voraus
Danke im Voraus für die Hilfe
Nein danke
Ja, danke
Ja bitte, danke
Danke, geht leider nicht
Danke, funktioniert fast
Danke, funktioniert noch nicht
Danke für die Antwort, der Fehler kommt wieder
Danke, Fehler
Danke\\nDrucker Defekt
Es geht nicht
Danke, bitte um Rückruf
Vielen Dank, ich warte
Danke, ich probiere es morgen
Wer kümmert sich, danke
Danke, bis Montag
Gracias de antemano
Gracias, pero sigue sin funcionar
Gracias, ya no funciona
No, gracias
Sí, gracias
Gracias, pero no
Gracias, funciona a veces
No funciona
Gracias, ¿y la impresora?
Gracias por avisar cuando esté listo
Gracias, espero respuesta
Grazie, ma non funziona
Grazie in anticipo
No grazie
Sì, grazie
Grazie, non va
Grazie, ancora niente
Grazie, resto in attesa
Grazie, domani provo
Non è risolto
Grazie, potete anche cambiare la password
Obrigado, mas não funciona
Não, obrigado
Sim, obrigado
Desde já obrigado
Obrigado, ainda não
Obrigada, fico a aguardar
Não está resolvido
Obrigado, e a impressora
Mulțumesc, dar nu merge
Mulțumesc anticipat
Nu, mulțumesc
Da, mulțumesc
Mulțumesc, încă nu
Nu s-a rezolvat
Mulțumesc, aștept
Multumesc, mai am o problema
Dziękuję, ale nadal nie działa
Z góry dziękuję
Nie, dziękuję
Tak
Tak, dziękuję
Nie działa
Dziękuję, czekam
Dziękuję, proszę o telefon
Tack på förhand
Tack, men det fungerar inte
Nej tack
Ja tack
Ja, tack
Det fungerar inte
Tack, jag provar imorgon
Tak, men det virker ikke
Nej tak
Ja tak
På forhånd tak
Det virker ikke
Thanks, however I can't log in
Thanks for this. What about Anna's laptop
Thank you, I'd prefer a new one
Thanks, could you do the same for Peter
Thanks for the info, I have another issue
Thank you, I am not sure it works
Thanks, only the left one works
Thanks, until next time it breaks
OK thanks, go ahead
Thanks, please proceed
Thanks, looking forward to it
Thanks, I am waiting for the part
Thank you, let me check
Thanks, hope it stays that way
Thanks, works for Ana only
It works except printing, thanks
Nice try, thanks
Works again, then stops again
Works now and then, thanks
It works. Not.
Thanks I guess
Thanks, you too late
It was working
It worked yesterday, thanks
Works fine before
Thanks, same problem with Excel
All good except mail
Thanks. The new one
Great, another outage
Great, it is down again
Perfect timing, it is broken
Merci, je teste
Merci, à voir
Merci, c'est pas bon
Merci, il manque un écran
Merci, ça marche une fois sur deux
Ça marche plus
Ça ne marche toujours pas, merci
Merci, j'attends
Merci pour rien
Bedankt, alleen het geluid niet
Bedankt, ik test het
Het werkt weer niet
Werkt nu niet
Bedankt, doe maar
Bedankt, ga je gang
Dank, wacht op levering
Danke, ich teste
Danke, geht nur manchmal
Geht wieder nicht
Es geht jetzt gar nichts
Danke, machen Sie das
Danke, passt so nicht
Danke, kommt noch was
Danke, aber
Läuft alles nicht
Jetzt geht alles schief
Es geht um den Drucker
Es geht los
Gracias, falta el acceso
Gracias, lo pruebo
Ya no va
Gracias, adelante
Todo mal
Gracias por nada
Grazie, provo
Funziona solo a metà, grazie
Grazie, procedete pure
Grazie di niente
Grazie, manca la chiave
Obrigado, vou testar
Funciona mal
Obrigado, podem avançar
Obrigado, falta um
Mulțumesc, o să verific
Merge greu
Merge doar uneori
Mulțumesc, mai încerc
Dziękuję, sprawdzę
Działa tylko czasami
Dzięki, ale
Tack, jag testar
Fungerar ibland
Tack, vi väntar
Tak, jeg prøver
Virker kun nogle gange
Nu virker det ikke
Nu fungerar det inte
`

const sentences = (table: string): string[] =>
  table
    .split('\n')
    .filter(line => line !== '')
    .map(line => line.replaceAll('\\n', '\n'))

describe('thanks and nothing else', () => {
  test.each(sentences(THANKS))('%j', text => {
    expect(isThanks(text)).toBe(true)
  })

  test('the table is long', () => {
    expect(sentences(THANKS).length + sentences(OTHERS).length).toBeGreaterThan(400)
  })

  test('a word of two languages is settled by the language', () => {
    expect(isThanks('Tak!', 'da')).toBe(true)
    expect(isThanks('Tak!', 'pl')).toBe(false)
    expect(isThanks('Tak!', null)).toBe(false)
  })
})

describe('more than thanks', () => {
  test.each(sentences(OTHERS))('%j', text => {
    expect(isThanks(text)).toBe(false)
  })

  // Whatever else stands in it: one word, a question mark or a digit is enough.
  const anywhere = fc.constantFrom(...sentences(THANKS).map(text => text.split(/(?<=[\s,.!])/)))
  const open = fc.constantFrom(
    '?',
    '1',
    'but ',
    'not ',
    'still ',
    'nicht ',
    'pas ',
    'niet ',
    'pero ',
    'non ',

    'nie ',
    'inte ',
    'ikke ',
    'mas ',
  )
  test('an open word anywhere', () => {
    fc.assert(
      fc.property(anywhere, open, fc.nat(), (pieces, word, at) => {
        const text = pieces.toSpliced(at % (pieces.length + 1), 0, ` ${word}`).join('')
        expect(isThanks(text, 'en')).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  test('a sentence of a problem behind it', () => {
    const problem = fc.constantFrom(...sentences(OTHERS).filter(text => text.split(' ').length > 3))
    fc.assert(
      fc.property(anywhere, problem, fc.constantFrom('\n', ' ', '. ', ', '), (pieces, text, between) => {
        expect(isThanks(pieces.join('') + between + text)).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})

test('any text can be asked about', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), text => void expect(isThanks(`xq ${text}`)).toBe(false)))
  for (const unit of ['thanks ', 'it is ', '(', '\n', ',', 'Tom ', ':-', "'"]) {
    expect(isThanks(unit.repeat(1_000_000 / unit.length))).toBe(false)
    expect(isThanks(`${unit.repeat(Math.floor(390 / unit.length))} x`)).toBe(false)
    expect(insists(unit.repeat(1_000_000 / unit.length))).toBeNull()
  }
})

describe('a button pressed in place of words', () => {
  const gmail = (emoji: string, words = 'Jane Doe reacted via Gmail') =>
    `${emoji}\n\n${words}\n<https://www.google.com/gmail/about/?utm_source=gmail-in-product&utm_campaign=emojireactionemail#app>`
  test.each([
    ['Gmail', gmail('👍'), true],
    ['Gmail, in German', gmail('🎉', 'Jane Doe hat über Gmail reagiert'), true],
    ['Gmail, unhappy', gmail('👎'), false],
    ['Gmail, a word for an emoji', gmail('Broken'), false],
    ['another link', '👍 It is broken <https://www.google.com/maps/?x>', false],
    ['Outlook', '[like]  Jane Doe reacted to your message:', true],
    ['Outlook, in German', '[heart] Jane Doe hat auf Ihre Nachricht reagiert:', true],
    ['Outlook, unhappy', '[sad]  Jane Doe reacted to your message:', false],
    ['words behind it', '[like]  Jane Doe reacted to your message: It is broken.', false],
    ['a question', '[like] Why was it closed?', false],
  ])('%s', (_, text, is) => {
    expect(isThanks(text)).toBe(is)
  })
})
