import { createServer } from 'node:net'

interface Place {
  readonly host: string
  readonly port: number
}

/** Why nobody can listen there now, as a problem of the settings; undefined where it can be done. Listens for a moment. */
export async function listeningFault(place: Place): Promise<string | undefined> {
  const server = createServer()
  try {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    server.once('error', reject)
    server.listen(place, resolve)
    await promise
    await new Promise((resolve) => void server.close(resolve))
    return undefined
  } catch (error) {
    return listeningProblem(error as NodeJS.ErrnoException, place)
  }
}

/** What an error of listening says of the settings. */
export function listeningProblem({ code, message }: NodeJS.ErrnoException, { host, port }: Place): string {
  switch (code) {
    case 'EADDRINUSE':
      return `PORT must be free: ${port} at HOST ${host} is in use by another program.`
    case 'EACCES':
      return `PORT must be one that this user may listen on: ${port} is not.`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HOST must be an address of this machine, or a name for one: ${host} is not (${code}).`
    default:
      return `HOST and PORT must be a valid address to listen on: ${message}.`
  }
}
