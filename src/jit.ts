import { setFlagsFromString } from 'node:v8'

/*
 * V8 compiles a function once more, for speed, when 66 KB of its bytecode have run. A start and a backlog of some thousand
 * mails are over before that pays: its compiler, in threads of its own, took a fifth of all CPU time of 2,000 mails and a
 * quarter of a start's (test/bench/README.md). Ten times as late it takes a third of that, and who works for hours gains as before.
 */
setFlagsFromString('--interrupt-budget=700000')
