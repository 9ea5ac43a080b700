/*
 * What people say when all is well. Brackets hold alternatives, commas and lines part phrases. Whoever adds one asks first
 * whether somebody whose problem is still there could say it: "thanks in advance", "seems to work" and "I will try" are
 * open matters, "yes" and "correct" may answer a question of the agent. No phrase may mean something else in another
 * language: Danish "tak" is a Polish yes, German "fast" is "almost", Romanian "și" an Italian yes.
 */

/** Thanks. A name may follow, or what they are for. */
export const THANKS = `
  (|many |so many |a thousand |a million |big |huge |lots of |much |once again |again )thanks, (|a big |a huge )thank you, thankyou, thank u
  thanks (again|a lot|lots|so much|very much|a million|a bunch|a ton|indeed|once again|once more|both|all|guys|everyone|everybody|team|folks|to all|to everyone|to you all)
  thank you (again|so much|very much|very much indeed|so very much|a lot|indeed|once again|once more|both|all|everyone|everybody|team|kindly|to all|to everyone)
  thank you (|so much |very much )(again|everyone|all), thx, thanx, tnx, tks, tysm, thx a lot, cheers, (|much |greatly |really |highly )appreciated
  i (|really |very much |do )appreciate (it|this|that|your help|the help|your support|your quick reply), (we|i) (thank you|am grateful|am very grateful)
  (|un grand |un gros |mille |encore |un |encore un grand |tres |super )merci, merci (beaucoup|à vous aussi|à toi aussi|bien|infiniment|mille fois|encore|bien a vous|encore une fois|énormément|à tous|à toutes|à vous|à toi|à l'équipe|à toute l'équipe|beaucoup à tous|et bravo)
  (je vous|je te|nous vous) (|en )(remercie|remercions), (je vous|je te) (|en )remercie (beaucoup|vivement|infiniment|encore), mille mercis, mrc
  (|heel |heel erg |hartelijk |nogmaals |super |hartstikke |zeer |heel hartelijk |erg )bedankt, (|heel erg |hartelijk |veel |nogmaals |heel veel |hartelijke )dank, dank (je|u|jullie), (|heel erg |hartelijk |nogmaals )dank (je|u|jullie) wel, dank (je|u|jullie) zeer
  (dankjewel|dankuwel|dankje), bedankt (hoor|allemaal|iedereen|nogmaals|team), mijn dank is groot, merci hoor
  danke, danke (schön|schoen|sehr|dir|euch|ihnen|vielmals|nochmal|nochmals|noch einmal|allen|euch allen|an alle|an das team|an das ganze team|an euch|schön euch)
  (vielen|viele|besten|herzlichen|lieben|tausend|schönen|allerbesten|vielen lieben|recht herzlichen|nochmals vielen|nochmal vielen|und vielen|vielen herzlichen|ganz herzlichen|hab|habt|haben sie|haben sie vielen|habt vielen) dank
  (dankeschön|dankesehr|nochmals danke|nochmal danke|super danke|ich danke|wir danken), ich danke (dir|euch|ihnen), ich bedanke mich (|sehr |herzlich )bei (dir|euch|ihnen), vielen dank (nochmal|nochmals|euch|ihnen|dir|euch allen|an alle|an das team), merci vielmals
  (|muchas |muchísimas |mil |de nuevo |miles de )gracias, (|muchas )gracias (de nuevo|otra vez|nuevamente|a todos|a ti|a usted|a ustedes|a vosotros|de verdad|de corazón|equipo)
  (te|le|os|les|se) lo agradezco (|mucho|muchísimo), (te|le|os|les) agradezco (mucho|la ayuda|su ayuda|tu ayuda|vuestra ayuda), muy agradecid(o|a)
  (|molte |tante |mille |ancora |di nuovo )grazie, grazie (mille|molte|tante|infinite|ancora|di nuovo|di cuore|davvero|a tutti|a te|a voi|a lei|di tutto|mille ancora|infinitamente|mille a tutti), (ti|vi|la|le) ringrazio (|molto|tanto|ancora|infinitamente), ringrazio (molto|tutti), grazie e
  (|muito |muitíssimo |mais uma vez |super )(obrigado|obrigada|obrigados), obrigad(o|a) (a todos|mesmo|mais uma vez|novamente|de novo|por tudo|pessoal), (obg|valeu|obrigadão), agrade(ço|cemos) (muito|imenso|a ajuda|a sua ajuda|a vossa ajuda)
  (|vă |îți |mii de |multe |si |va |iti )mulțumesc, (|vă )mulțumim, mulțumesc (frumos|mult|foarte mult|din suflet|încă o dată|din nou|tuturor|anda), (vă|îți) mulțumesc (frumos|mult|foarte mult|din suflet|încă o dată|din nou), (|multe |mii de )mulțumiri, mersi, (mersi|merci) (mult|frumos), mulțam
  (|bardzo |serdecznie |ślicznie |pięknie |jeszcze raz |jeszcze raz bardzo )(dziękuję|dziękujemy), (|wielkie |bardzo |ogromne |serdeczne )dzięki, dziękuję (bardzo|serdecznie|pięknie|jeszcze raz|ci|wam|panu|pani|państwu|wszystkim|uprzejmie|ślicznie), dzięki (wielkie|bardzo|serdeczne|wszystkim|jeszcze raz)
  (|stort |tusen |hjärtligt |många )tack, tack (så mycket|så hemskt mycket|snälla|igen|alla|ska du ha|ska ni ha), (|stort )tack så mycket
  (mange|tusind|tusen|hjertelig|mange mange) (tak|takk), (tak|takk) (igen|skal du have|skal i have|skal du ha), (super|hej) tak, takk
  (tak|takk) for (|den |din |jeres |al |alt |hurtig |hurtige |god |det hurtige )(hjælp|hjælpen|svar|svaret|support|info|tilbagemelding|service|besked|indsatsen)
`

/** After thanks: how what they are for begins, */
export const FOR = `
  for, and for, pour, et pour, de, d, du, voor, en voor, für, fuer, und für, por, y por, per, e per, della, dell, del, pela, pelo, pelas, pelos, por, e pela, e pelo
  pentru, si pentru, za, i za, för, och för, og for
`

/** and the words of it, in any number. */
export const FOR_WHAT = `
  your, the, all, all of, this, that, such, a, an, so, very, really, super, great, quick, fast, prompt, swift, rapid, speedy, kind, excellent, wonderful, amazing, good, awesome, immediate, friendly, efficient, much, lightning
  help, support, assistance, reply, response, answer, feedback, update, info, information, clarification, explanation, confirmation, confirming, service, effort, efforts, work, hard work, job, solution, fix, time, understanding
  attention, turnaround, everything, it, advice, tip, tips, hint, link, instructions, guidance, patience, helping, helping (me|us)(| out), fixing (it|this|that|the problem|the issue|my problem), solving (it|this|that|the problem|the issue)
  resolving (it|this|that|the problem|the issue), letting (me|us) know, getting back to (me|us), getting back to (me|us) so (quickly|fast), heads up, sorting (this|it|that)(| out), taking care(| of it| of this| of that), so (quickly|fast), with (this|it|that), and
  you do, you did, your team, all you do, the heads up
  votre, ton, ta, vos, tes, l, la, le, les, cette, ce, tout, toute, très, si, grande, précieuse, aide, soutien, réponse, retour, réactivité, intervention, infos, informations, explication, explications, précisions, précision, disponibilité
  efficacité, rapidité, travail, temps, gentillesse, ça, cela, et votre, et ta, et ton, rapide, efficace, assistance, m avoir (aidé|aidée|dépanné|dépannée|répondu), avoir (résolu|réglé) (le|mon|ce) problème, votre équipe, excellent
  de, het, je, jouw, jullie, uw, alle, deze, dit, snelle, vlotte, goede, fijne, prima, vriendelijke, zeer, heel, hulp, ondersteuning, antwoord, reactie, respons, uitleg, bevestiging, inzet, moeite, werk, oplossing, tijd, alles, terugkoppeling, snelheid, en
  die, das, den, deine, eure, ihre, deinen, euren, ihren, dein, euer, ihr, schnelle, rasche, prompte, tolle, gute, große, nette, freundliche, kompetente, sehr, schnellen, tollen, guten, ganze, superschnelle, zügige, hilfe, unterstützung, unterstuetzung
  antwort, rückmeldung, rueckmeldung, rückantwort, infos, informationen, erklärung, erledigung, bearbeitung, einsatz, mühe, bemühungen, arbeit, lösung, loesung, tipp, tipps, zeit, bestätigung, hinweis, reaktion, und die, und den, und
  la, el, lo, los, las, tu, su, vuestra, vuestro, toda, todo, tan, muy, gran, rápida, rápido, pronta, buena, ayuda, apoyo, soporte, asistencia, respuesta, información, aclaración, explicación, confirmación, servicio, esfuerzo, trabajo
  solución, tiempo, atención, gestión, rapidez, ello, eso, ayudarme, resolverlo, solucionarlo, avisar, y, inmediata, excelente
  il, i, gli, tua, vostra, sua, tuo, vostro, suo, rapida, rapido, celere, ottimo, prezioso, preziosa, gentile, veloce, così, molto, aiuto, supporto, assistenza, risposta, riscontro, informazione, informazioni, chiarimento, spiegazione, conferma
  servizio, lavoro, soluzione, tempo, attenzione, disponibilità, rapidità, gentilezza, tutto, intervento, cortesia, avermi (aiutato|aiutata), aver risolto, e, immediata
  o, a, sua, seu, tua, teu, vossa, vosso, tudo, isso, tão, muito, ótima, ótimo, boa, ajuda, apoio, suporte, assistência, resposta, retorno, informação, informações, esclarecimento, explicação, confirmação, serviço, esforço, trabalho, solução, tempo
  atenção, rapidez, disponibilidade, atendimento
  tot, toată, tot ajutorul, ajutor, ajutorul, ajutorul (acordat|dat|oferit), sprijin, sprijinul, suport, suportul, asistență, răspuns, răspunsul, informații, informația, informațiile, lămuriri, explicații, timpul (acordat|dumneavoastră), efort, efortul, promptitudine
  promptitudinea, rapiditate, soluție, soluția, rezolvare, rezolvarea, intervenție, amabilitate, dumneavoastră, dvs, rapid, prompt
  szybką, szybkie, całą, pana, pani, waszą, twoją, sprawną, tak, błyskawiczną, okazaną, miłą, pomoc, wsparcie, odpowiedź, reakcję, informację, informacje, wyjaśnienie, wyjaśnienia, potwierdzenie, obsługę, pracę, rozwiązanie, czas, wszystko, naprawę
  interwencję, fatygę, radę, i
  din, er, det, ert, snabb, snabba, snabbt, goda, fina, allt, hjälp, hjälpen, supporten, svar, svaret, återkoppling, infon, informationen, servicen, arbetet, lösningen, tiden, besked, beskedet, stöd, stödet, och
  jeres, dit, hurtige, hurtig, gode, fine, hjælp, hjælpen, tilbagemelding, tilbagemeldingen, indsats, indsatsen, løsningen, alt, alle, og
`

/** It works, it is solved, it was good. */
export const GOOD = `
  (|it |this |that |everything |all |it all |now it |now everything |it now )works (|now|again|fine|well|great|perfectly|perfect|like a charm|as expected|as it should|for me|for us|just fine|nicely|flawlessly|smoothly|great now|fine now|again now|now for me)
  (|it |that |this )worked (|perfectly|great|like a charm|fine|for me|well), (|it is |it s |is |everything is |all is |now )working (|now|again|fine|well|perfectly|great|as expected|fine now|again now|perfectly now)
  (|it is |it s |now |that s |that is |everything is |this is |all |it has been |is )(fixed|solved|resolved|sorted|sorted out) (|now), (|the |my |this )(problem|issue|matter|ticket|case) (|is |is now |has been |has now been )(solved|fixed|resolved|sorted|gone)
  (that |this |it |you )(fixed|solved|resolved) (it|the problem|the issue|my problem|my issue), (|that |this |it )(did it|did the trick|did the job|helped|helped a lot|helped me), all (good|set|done|fine|clear|ok) (|now), everything (is|s) (good|fine|ok|in order|perfect|great) (|now)
  perfect, perfectly, great, awesome, excellent, wonderful, amazing, fantastic, brilliant, super, superb, cool, nice, lovely, fab, top, hurray, (very|so|really) (nice|kind|helpful|good|fast|great|quick)
  (great|good|nice|excellent|amazing|fantastic|awesome|super|wonderful) (job|work|service|support|help|news|stuff|to hear|one|team), (that s|that is|this is|it s|it is|that was|you are|you re|you guys are) (|so |really |very |simply |absolutely |just )(great|perfect|awesome|excellent|wonderful|amazing|fantastic|brilliant|super|cool|nice|lovely|the best|very kind|great news|good news|good to hear|great to hear|kind|helpful|a star|a lifesaver|a legend|stars|fast)
  good to (know|hear), well done, you rock
  (|ça |cela |tout |et ça |maintenant ça |ça re|oui ça |et tout |maintenant tout )(marche|fonctionne) (|bien|très bien|parfaitement|maintenant|à nouveau|de nouveau|à merveille|nickel|impeccable|pour moi|désormais|super bien|bien maintenant|correctement), ça a (marché|fonctionné)
  (|c est |tout est |ça y est c est |c est tout |maintenant c est )(réglé|résolu|parfait|bon|nickel|impeccable|super|génial|top|rentré dans l ordre|en ordre|ok|réparé|bon pour moi|très bien|excellent), (|le |mon |ce )(problème|souci) (|est )(résolu|réglé) (|maintenant), parfait, super, génial, nickel, impeccable, excellent, top, bravo, tip top
  (beau|bon|excellent|super) (travail|boulot), quelle (efficacité|rapidité|réactivité), vous êtes (au top|géniaux|super|les meilleurs|formidable|formidables), tu es (au top|génial|géniale|super), bravo à (vous|toi|tous|l équipe), au top
  (|het |alles |nu |en het |dit |ja het )(werkt|lukt|doet het) (|nu|weer|prima|goed|perfect|weer prima|weer goed|nu weer|nu prima|nu goed|uitstekend|zoals het hoort|bij mij|voor mij), (het|dat) (heeft gewerkt|heeft geholpen|is gelukt|is opgelost|is in orde|is goed|is geregeld), nu (werkt|lukt|doet) (het|alles) (|weer|prima|goed|weer prima)
  (gelukt|opgelost|geregeld|gefikst|in orde), alles (is |)(in orde|opgelost|ok|goed|geregeld|weer goed), (|het |mijn |dit )probleem is (|nu )(opgelost|verholpen|weg), probleem opgelost, super, top, toppie, prima, geweldig, fantastisch, perfect, uitstekend, helemaal goed, fijn, mooi, goed (werk|gedaan|om te horen), jullie zijn (top|geweldig|toppers|super|de beste), je bent een (topper|held|schat), fijn om te horen
  (|es |alles |jetzt |und es |nun |es alles |jetzt alles |das )(funktioniert|geht|klappt|läuft|passt) (|jetzt|nun|wieder|alles|alles wieder|einwandfrei|wunderbar|prima|super|bestens|perfekt|gut|sehr gut|tadellos|bei mir|jetzt wieder|wieder einwandfrei|jetzt einwandfrei|nun wieder|wieder alles|wieder prima|wie es soll|wieder gut|jetzt alles), jetzt (funktioniert|geht|klappt|läuft|passt) (es|alles|das|s) (|wieder|prima|super|wunderbar|bestens|einwandfrei|perfekt|gut), nun (funktioniert|geht|klappt|läuft) (es|alles) (|wieder)
  (|es |das |alles |jetzt )hat (|alles |jetzt |super |gut |wunderbar |prima |jetzt alles |auch )(geklappt|funktioniert), (|es |das )hat (|mir |uns |sehr |mir sehr )geholpen, (|ist |hat sich |es ist |ist jetzt |alles |das ist |alles ist |wurde )(erledigt|gelöst|geloest|behoben), (|das |mein )problem (|ist |ist jetzt |ist nun |wurde |hat sich )(gelöst|geloest|behoben|erledigt|weg)
  alles (gut|klar|bestens|in ordnung|paletti|ok|wieder gut|super|perfekt|wieder in ordnung), perfekt, super, toll, klasse, prima, spitze, wunderbar, bestens, hervorragend, großartig, genial, ausgezeichnet, sehr gut, sehr nett, (sehr|ganz) (freundlich|hilfreich), (das ist|das war|ist ja) (|sehr |wirklich |ja )(super|toll|klasse|prima|spitze|nett|perfekt|hilfreich|schnell), (super|tolle|toller|gute|klasse|top|schnelle) (arbeit|service|sache|support|leistung), ihr seid (super|die besten|spitze|toll|klasse|top|genial), du bist (super|ein schatz|der beste|die beste|toll|klasse|ein held), freut mich, das freut mich, das ging schnell, das ging ja schnell
  (|ya |ahora |todo |y ya |ahora ya |ya me |ahora todo |ya todo |me |ahora sí )(funciona|va) (|bien|ya|perfectamente|todo|correctamente|de nuevo|de maravilla|perfecto|muy bien|todo bien|sin problemas), (|ya )(funcionó|ha funcionado|está funcionando), (|ya |ya está |todo |está |ya está todo |quedó |ha quedado )(solucionado|resuelto|arreglado|listo), (|el |mi )(problema|tema|asunto) (|ya )(|está |ha quedado |quedó |ha sido )(solucionado|resuelto|arreglado), (|la |mi )incidencia (|está )(solucionada|resuelta)
  perfecto, genial, estupendo, excelente, fenomenal, fantástico, maravilloso, muy (amable|amables|bien|bueno), todo (bien|correcto|ok|en orden|perfecto), (buen|excelente|gran) (trabajo|servicio), sois (los mejores|geniales|unos cracks), son (los mejores|muy amables), eres (un crack|genial|el mejor|la mejor), me alegro
  (|ora |adesso |tutto |ora tutto |adesso tutto |ora sì |e ora )funziona (|tutto|bene|perfettamente|benissimo|correttamente|di nuovo|alla grande|a meraviglia|ora|tutto bene|tutto perfettamente), ha funzionato (|perfettamente|benissimo), (|tutto |ora è |è |ora è tutto |è tutto |tutto ora è )(risolto|a posto|sistemato|ok|in ordine), ho risolto, (|il |il mio )problema (|è |è stato |ora è )(risolto|sistemato), va (tutto bene|benissimo)
  perfetto, ottimo, ottimamente, eccellente, fantastico, benissimo, fantastici, (siete|sei) (stati |stato |stata |)(fantastici|i migliori|grandi|mitici|un grande|una grande|un mito|gentilissimi|gentilissimo|gentilissima|velocissimi|bravissimi|molto gentili|molto gentile), (ottimo|bel|buon) (lavoro|servizio), gentilissimo, gentilissima, gentilissimi, molto (gentile|gentili|bene), tutto (bene|perfetto)
  (|já |agora |tudo |agora já |já está |agora está |está |está tudo |agora está tudo |já está tudo |já está tudo a )(funciona|funcionou|funcionando|a funcionar) (|bem|agora|perfeitamente|tudo|corretamente|novamente|de novo|tudo bem|sem problemas|normalmente), (|já está |está |tudo |já |está tudo |ficou )(resolvido|solucionado), (|o |meu |o meu )problema (|já )(|está |foi |ficou )(resolvido|solucionado), deu certo, tudo (certo|bem|ok|em ordem|perfeito), perfeito, ótimo, excelente, maravilha, fantástico, muito bom, bom trabalho, excelente (trabalho|serviço), show de bola, vocês são (os melhores|demais|ótimos)
  (|acum |totul |acum totul |da acum |și acum |iar acum )(funcționează|merge) (|acum|din nou|perfect|bine|totul|foarte bine|corect|excelent|ca uns|totul bine|bine acum), (|totul )a (mers|funcționat) (|perfect|bine), (|totul )(s a|a fost|este|e) (rezolvat|reparat), s a rezolvat (|problema|totul|acum), problema (a fost |s a |este |e |)(rezolvată|rezolvat), am rezolvat, rezolvat, totul (e|este) (bine|ok|în regulă|în ordine|perfect), perfect, super, excelent, minunat, grozav, foarte (bine|amabil|amabili|prompt), sunteți (cei mai buni|grozavi|super|minunați), esti (super|cel mai tare), bravo
  (|już |wszystko |teraz |teraz już |wszystko już |już wszystko |teraz wszystko |u mnie )działa (|już|teraz|dobrze|bez zarzutu|idealnie|świetnie|poprawnie|prawidłowo|jak należy|wszystko|bez problemu|super), (|już )(zadziałało|pomogło), (naprawione|rozwiązane|załatwione), (|mój )problem (|został |jest )(|już )rozwiązany, (wszystko |już |)(jest |)(w porządku|ok|dobrze|super), super, świetnie, doskonale, rewelacja, idealnie, ekstra, wspaniale, (świetna|dobra|super) (robota|praca), jesteście (super|najlepsi|świetni)
  (|nu |det |allt |nu allt |och det |ja det )(fungerar|funkar|löste sig) (|nu|igen|bra|perfekt|utmärkt|som det ska|fint|hos mig|bra nu|igen nu), (nu |)(fungerar|funkar) (det|allt) (|nu|igen|bra|perfekt|som det ska), det (fungerade|funkade|hjälpte), (det är |nu är det |allt är |)(löst|fixat|klart), problemet är löst, perfekt, super, toppen, utmärkt, jättebra, kanon, underbart, vad bra, (bra|snyggt|fint) (jobb|jobbat), ni är (bäst|grymma|toppen), allt (bra|ok|är bra), mycket bra
  (|det |nu |alt |nu alt |og det )(virker|fungerer) (|nu|igen|fint|perfekt|som det skal|upåklageligt|hos mig|fint nu|igen nu), (nu |)(virker|fungerer) (det|alt) (|nu|igen|fint|perfekt|som det skal), det (virkede|hjalp), (det er |nu er det |alt er |)(løst|fikset|i orden|klaret), problemet er løst, fantastisk, skønt, alletiders, dejligt, supert, flot, godt (arbejde|klaret), alt (godt|ok|er godt), meget (fint|flot)
`

/** Kind words that carry nothing: alone they are no thanks. */
export const COURTESY = `
  ok, okay, oki, okey, noted, understood, got it, all right, alright, you too, likewise, same to you, no worries, (you re|you are|) (very |)welcome, my pleasure, well received, wow, yay, phew, and, also, so, too, now, finally, everything, ha, haha
  everyone, to all, à tous, allemaal, iedereen, allen, an alle, euch allen, a todos, a tutti, tuturor, wszystkim
  happy (friday|weekend|holidays|new year|easter), merry christmas, take care, good bye, goodbye, bye, see you, good night, have a good one
  (|with |with my |with best |with kind )(|best |kind |kindest |warm |warmest |many )(regards|wishes|greetings), yours, (|yours )(sincerely|truly|faithfully), sincerely yours, best, all the best, br, kr, rgds
  (|so )(you can|you may|please|feel free to|we can) (|now )close (the|this|my) (ticket|case|request|issue), (|the |this |my )(ticket|case|request|issue) (can|may) (|now )be closed
  d accord, c est noté, bien noté, bien reçu, entendu, je vous en prie, et, également, (à |)(vous|toi) aussi, à vous également, pareillement, maintenant
  à (bientôt|plus|la prochaine), bonnes fêtes, bon courage
  (|bien |très |sincèrement )cordialement, (|mes |avec mes )(|meilleures |sincères |cordiales )salutations (|distinguées|cordiales|les meilleures), cdlt, cdt, bien à (vous|toi), amicalement, respectueusement, bise, bises, vous pouvez (fermer|clôturer|clore) (le|ce|mon) ticket, (|le |ce |mon )ticket peut être (fermé|clôturé|clos)
  oké, begrepen, genoteerd, graag gedaan, geen dank, insgelijks, (jij|jullie|u) ook, en, hetzelfde, duidelijk
  tot (ziens|snel), doei, werkse
  (|met |met een |de |veel )(|vriendelijke |hartelijke |beste |warme |een vriendelijke |hartelijk )(groet|groeten|groetjes), vriendelijke groeten, mvg, grtz, gr, hoogachtend, (je|jullie|u) (mag|mogen|kan|kunt|kunnen) (het|dit|de|mijn) ticket (sluiten|afsluiten), (|het |dit |mijn )ticket (mag|kan) (dicht|gesloten worden|worden gesloten)
  verstanden, notiert, gern geschehen, gerne, keine ursache, ebenso, ebenfalls, gleichfalls, (dir|euch|ihnen) auch, und, okay, jetzt, alles
  frohe (weihnachten|ostern|feiertage), guten rutsch, bis (bald|dann), tschüss, auf wiedersehen, servus, ciao
  (|mit |viele |vielen |liebe |lieben |beste |besten |schöne |schönen |herzliche |herzlichen |mit freundlichen |mit freundlichem |mit besten |mit lieben |freundliche |sonnige |mit herzlichen )(gruß|gruss|grüße|grüßen|gruesse|grüsse|gruessen|grüssen), mfg, lg, vg, bg, hg, hochachtungsvoll, (|das |dieses |mein )ticket (kann|darf) (|gerne |jetzt |damit |somit )geschlossen werden, (ihr könnt|sie können|du kannst) (das|dieses|mein) ticket (|gerne |jetzt )schließen
  de acuerdo, vale, entendido, recibido, igualmente, y, un placer, ahora, todo
  hasta (luego|pronto|la próxima), adiós, nos vemos
  (|un |muchos |mis |cordiales |reciba un |reciban un |atentos |un cordial |con )(saludo|saludos|abrazo|abrazos) (|cordial|cordiales|a todos|afectuoso), atentamente, cordialmente, slds, (puede|pueden|podéis|puedes) cerrar (el|este|mi) ticket, (|el |este )ticket se puede cerrar
  va bene, d accordo, ricevuto, capito, prego, altrettanto, anche a (te|voi|lei), e, ora, adesso, tutto
  a presto, arrivederci, ciao
  (|cordiali |distinti |cari |tanti |un caro |un cordiale |i miei |i migliori )(saluti|saluto), cordialmente, (potete|può|puoi) (|pure )chiudere (il|questo) ticket, (|il |questo )ticket può essere chiuso
  recebido, combinado, disponha, está bem, agora, tudo
  até (logo|breve|mais|à próxima), tchau, adeus
  (|com os |os |com os melhores |melhores |os melhores |meus )cumprimentos, (|um |grande )(abraço|abraços), atenciosamente, saudações, att, abs, beijos, (pode|podem) (fechar|encerrar) (o|este|meu) (ticket|chamado), (|o |este )(ticket|chamado) pode ser (fechado|encerrado)
  am înțeles, cu plăcere, pentru puțin, la fel, asemenea, am primit, în regulă, de acord, la fel și (ție|vouă|dumneavoastră), acum, totul
  numai bine, toate cele bune, pe curând, la revedere, sărbători fericite
  (|cu |cu mult |cu multă |cu deosebită |cu toată |cu mult )(stimă|respect|drag|considerație|salutări), (puteți|poți) închide (|acest )(tichetul|ticketul|tichet|ticket), (tichetul|ticketul) poate fi închis
  rozumiem, jasne, nie ma za co, nie ma sprawy, proszę bardzo, wzajemnie, nawzajem, i, okej, teraz, wszystko
  do (widzenia|usłyszenia), na razie
  (|serdecznie )pozdrawiam (|serdecznie), pozdrawiamy, pozdrowienia, z poważaniem, (z |)(wyrazami|wyrazy) (szacunku|wdzięczności), z (szacunkiem|pozdrowieniami), pozdro, (można|możecie) zamknąć zgłoszenie, zgłoszenie można zamknąć
  uppfattat, förstått, varsågod, ingen orsak, detsamma, (du|ni) med, och, allt, modtaget, selv tak, i lige måde, og, alt
  hej då, hejdå, vi (ses|hörs), farvel
  (|med |med vänlig |med vänliga |bästa |vänliga |varma |vänlig |med venlig |venlig |med venlige |bedste |mange |de bedste |kærlig )(hälsning|hälsningar|hilsen|hilsner), mvh, vh, (ni|du) kan stänga ärendet, ärendet kan stängas, (i|du) kan lukke sagen, sagen kan lukkes
`

/** Good wishes are made of these in any order, one of each: how the time shall be, */
export const WISH_HOW = `
  nice, great, good, lovely, wonderful, pleasant, fantastic, relaxing, bonne, bonnes, bon, excellente, excellent, agréable, belle
  fijne, prettige, goede, mooie, leuke, fijn, prettig, goed, leuk, gezellig, schönen, schönes, schöne, guten, gutes, gute, angenehmen
  angenehmes, erholsames, tollen, tolles, sonnigen, sonniges, entspanntes, buen, buena, buenas, lindo, linda, bonito, excelente, feliz
  felices, buona, buon, buone, bella, ottima, splendida, bom, boa, boas, ótimo, ótima, bună, frumoasă, frumos, minunată, plăcut, plăcută
  bun, excelentă, miłego, dobrego, udanego, spokojnego, przyjemnego, miłej, dobrej, udanej, trevlig, fin, bra, god, skön, härlig, dejlig
`

/** which time, */
export const WISH_WHEN = `
  day, evening, weekend, week, one, afternoon, holiday, holidays, morning, night, journée, soirée, week end, semaine, après midi
  continuation, vacances, fêtes, dimanche, dag, avond, middag, vakantie, feestdagen, werkdag, tag, abend, wochenende, woche, feierabend
  nachmittag, urlaub, feiertage, restwoche, día, tarde, noche, fin de semana, finde, semana, jornada, vacaciones, giornata, serata
  fine settimana, settimana, domenica, notte, pomeriggio, vacanze, feste, lavoro, proseguimento, dia, noite, fim de semana, final de semana, fds, férias
  continuação, festas, zi, seară, săptămână, vacanță, dimineață, după amiază, dnia, wieczoru, weekendu, tygodnia, popołudnia, nocy, soboty
  niedzieli, urlopu, helg, kväll, vecka, eftermiddag, semester, aften, uge, sommar, sommer, ferie
`

/** and the small words around them. */
export const WISH_REST = `
  i, we, hope, wish, wishing, you, have, enjoy, a, an, your, the, very, rest of, too, ahead, everyone, all, as well, of, je vous souhaite
  nous vous souhaitons, je te souhaite, passez, passe, et, une, un, de, très, fin de, à vous, à toi, à tous, aussi, également, toute l équipe
  ik wens, je, jullie, u, en, alvast, nog, een, heel, verder, toegewenst, gewenst, allemaal, ook, ich wünsche, wir wünschen, wünsche, und
  dir, euch, ihnen, allen, noch, auch, einen, ein, eine, gewünscht, zusammen, allerseits, rest, que, te deseo, le deseo, os deseo, les deseo
  tengas, tengan, tenga, tengáis, pases, pasen, y, una, muy, a todos, igualmente, también, vi auguro, ti auguro, le auguro, e, a te, a voi
  a tutti, a lei, anche, di, tenha, tenham, desejo, lhe, votos de, um, uma, para si, para todos, vă doresc, îți doresc, vă dorim
  să aveți, să ai, și, o, cât mai, foarte, în continuare, tuturor, vouă, ție, asemenea, życzę, życzymy, panu, pani, państwu, wam, ha, önskar
  jag önskar, hav, have, jeg ønsker, dig, er, en riktigt, en rigtig, fortsatt, fortsat, på er, alla
`

/** How somebody is addressed; a name may follow. */
export const GREETING = `
  (hi|hello|hey|dear|good morning|good afternoon|good evening|good day|greetings|morning) (|there|all|both|team|everyone|everybody|folks|guys|again|sir|madam|mr|mrs|ms|sir or madam|support|support team|it team)
  (bonjour|bonsoir|salut|cher|chère|coucou|re bonjour) (|à tous|à toutes|à toutes et à tous|à vous|madame|monsieur|mme|mr|m|l équipe|à l équipe|à toute l équipe|chers collègues)
  (hallo|dag|beste|geachte|goedemorgen|goedemiddag|goedenavond|goeiemorgen|hoi|goede morgen|goede middag) (|allen|allemaal|team|iedereen|collega|collega s|mevrouw|meneer|heer|daar)
  (guten tag|guten morgen|guten abend|liebe|lieber|liebes|sehr geehrte|sehr geehrter|moin|moin moin|servus|grüß gott|grüezi|hallo|hi|mahlzeit|werte|werter) (|zusammen|team|herr|frau|damen und herren|leute|allerseits|kollegen|kolleginnen und kollegen|liebes team|support team|nochmal|in die runde)
  (hola|buenos días|buenas|buenas tardes|buenas noches|estimado|estimada|estimados|querido|querida|buen día) (|a todos|todos|equipo|sr|sra|señor|señora|de nuevo|compañeros)
  (ciao|buongiorno|buonasera|salve|gentile|gentili|caro|cara|cari|egregio|buon giorno|buon pomeriggio|buona sera) (|a tutti|tutti|signor|signora|sig|dott|team|ragazzi|colleghi)
  (olá|bom dia|boa tarde|boa noite|caro|cara|caros|prezado|prezada|prezados|oi) (|a todos|todos|equipa|equipe|sr|sra|senhor|senhora|pessoal|colegas)
  (bună|bună ziua|bună dimineața|bună seara|salut|salutare|stimate|stimată|stimați|dragă|dragi|hei|neața) (|domnule|doamnă|tuturor|echipa|colegi|din nou)
  (dzień dobry|cześć|witam|witaj|dobry wieczór|hej|szanowny|szanowna|szanowni|drogi|droga) (|panie|pani|państwo|wszystkim|ponownie)
  (hej|hejsan|god morgon|god dag|god kväll|god morgen|god aften|tjena|goddag|godmorgen|kära|kære|hei) (|alla|igen|team|på er|alle|jer|med jer|sammen|alle sammen|allihopa)
`

/**
 * Capitals make no name of these: they begin a line, or are German nouns. Of all that people report only the commonest,
 * for where a name may stand is narrow.
 */
export const NO_NAMES = `but da nope nah yep yeah ano still not however yet although though unfortunately sadly actually nevertheless please pls urgent asap help wait waiting
  never nothing none no yes maybe later tomorrow today tonight yesterday soon monday tuesday wednesday thursday friday saturday sunday ps
  problem problems issue issues error errors broken fail failed failure failing wrong missing down crash crashed offline printer laptop
  screen monitor password account mail email outlook teams vpn wifi network internet server computer phone mouse keyboard invoice order
  ticket update question questions request reminder follow followup next new another plus except only until unless if when why how what
  where who which can could would should will do does did is are was were have has reply call open reopen same again stuck slow help
  mais toutefois cependant pourtant malheureusement hélas encore toujours pas non oui demain aujourd hui hier imprimante écran ordinateur
  compte problème souci erreur panne bloqué bloquée demande rappel facture commande lundi mardi mercredi jeudi vendredi si quand comment
  pourquoi attente aide besoin maar echter helaas toch nog niet opnieuw geen nee ja dringend morgen vandaag gisteren scherm wachtwoord
  probleem fout storing vraag factuur bestelling maandag dinsdag woensdag donderdag vrijdag kapot hulp als wanneer waarom hoe wachten aber
  jedoch leider trotzdem dennoch noch nicht erneut kein keine nein heute gestern drucker bildschirm passwort konto fehler störung frage
  rechnung bestellung montag dienstag mittwoch donnerstag freitag kaputt defekt hilfe wenn wann warum wie bitte fehlermeldung rechner
  absturz zugang zugriff anmeldung netzwerk maus tastatur termin außer bis pero sin embargo aunque lamentablemente todavía aún urgente
  mañana hoy ayer impresora pantalla contraseña cuenta fallo pregunta pedido lunes martes miércoles jueves viernes ayuda cuando porque como
  espero roto ma però tuttavia purtroppo ancora domani oggi ieri stampante schermo errore guasto domanda fattura ordine lunedì martedì
  mercoledì giovedì venerdì aiuto quando perché come rotto attendo mas porém contudo infelizmente ainda não sim amanhã hoje ontem impressora
  tela ecrã senha conta erro falha pergunta fatura segunda terça quarta quinta sexta ajuda aguardo dar însă totuși păcate încă nu mâine azi
  astăzi ieri imprimanta parola cont problema eroare întrebare factură comandă luni marți miercuri joi vineri ajutor când cum aștept ale
  jednak niestety nadal wciąż nie tak pilne jutro dziś dzisiaj wczoraj drukarka ekran hasło błąd awaria pytanie faktura zamówienie
  poniedziałek wtorek środa czwartek piątek kiedy dlaczego jak czekam men dock tyvärr fortfarande inte igen nej imorgon idag igår skrivare
  skärm lösenord konto fel fråga hjälp desværre stadig ikke haster skærm adgangskode fejl spørgsmål ordre hjælp printeren drukt ok ko`
