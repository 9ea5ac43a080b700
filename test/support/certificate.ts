import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/**
 * Makes a self-signed certificate for localhost and 127.0.0.1 in `folder` with openssl, valid for two days.
 * Returns the paths of `cert.pem` and `key.pem`.
 */
export async function selfSigned(folder: string): Promise<{ readonly cert: string; readonly key: string }> {
  const cert = join(folder, 'cert.pem')
  const key = join(folder, 'key.pem')
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  await promisify(execFile)('openssl', ['req', ...kind, '-keyout', key, '-out', cert, ...names])
  return { cert, key }
}
