import { DeskError } from '../errors.ts'
import { BINARY, sendDownload } from './download.ts'
import type { Routes } from './options.ts'
import { problems } from './problem.ts'
import { ById } from './shapes.ts'

/** The files that came with mails. */
export const attachmentRoutes: Routes = async (app, { store, openAttachment }) => {
  app.get(
    '/attachments/:id',
    {
      config: { role: 'reader' },
      schema: {
        tags: ['mails'],
        operationId: 'downloadAttachment',
        summary: 'A file that came with a mail',
        description:
          'Always offered for download. Types that a browser could run (HTML, SVG, XML, scripts) and unknown ones leave as `application/octet-stream`.',
        params: ById,
        response: { 200: BINARY('application/octet-stream', 'The file.'), ...problems(404) },
      },
    },
    async ({ params: { id } }, reply) => {
      const attachment = await store.read.attachment(id)
      if (!attachment) throw new DeskError('not_found', `there is no attachment ${id}`)
      const { rawMail, part, filename, contentType } = attachment
      const content = rawMail === null ? null : await openAttachment({ rawMail, part, filename, contentType })
      if (!content) throw new DeskError('not_found', `the content of attachment ${id} is not kept any more`)
      return sendDownload(reply, content, filename ?? `attachment-${id}`, contentType)
    },
  )
}
