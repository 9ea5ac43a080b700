import { createIds, type Ids, newSecret } from './ids.ts'
import type { Store } from './store/store.ts'

/** The signing key is the instance's own: made at the first start, kept in the database and so in every backup of it. */
export async function instanceIds(store: Store): Promise<Ids> {
  const kept = await store.read.setting('message-id-key')
  const key = kept ?? (await store.write(tx => tx.settingOnce('message-id-key', newSecret().toString('base64'))))
  return createIds(Buffer.from(key, 'base64'))
}
