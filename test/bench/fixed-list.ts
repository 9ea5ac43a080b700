/*
 * Bare Fastify that answers with a JSON that never changes: what the list of tickets is compared with. The parent sends the
 * JSON, is told the port, and asks for the CPU time.
 */
import Fastify from 'fastify'

let answer: unknown = null
const app = Fastify()
app.get('/*', async () => answer)
process.on('message', (message: { readonly answer: unknown } | 'cpu') => {
  if (message !== 'cpu') answer = message.answer
  const { user, system } = process.cpuUsage()
  process.send?.((user + system) / 1000)
})
process.on('disconnect', () => process.exit())
process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }))
