const paused = Symbol('paused')

/**
 * Passes on what a source brings, and `undefined` whenever it has brought nothing for so many milliseconds, so that what was gathered from it
 * need not wait for more. Ends and fails as the source does.
 */
export async function* withPauses<T>(
  source: AsyncIterable<T>,
  milliseconds: number,
): AsyncGenerator<T | undefined, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  let next = iterator.next()
  // A failure that comes while the last value is being worked on is heard at the next turn.
  next.catch(() => {})
  try {
    for (;;) {
      let timer: ReturnType<typeof setTimeout> | undefined
      const pause = new Promise<typeof paused>((resolve) => {
        timer = setTimeout(resolve, milliseconds, paused)
      })
      const step = await Promise.race([next, pause])
      clearTimeout(timer)
      if (step === paused) {
        yield undefined
        continue
      }
      if (step.done) return
      next = iterator.next()
      next.catch(() => {})
      yield step.value
    }
  } finally {
    await iterator.return?.()
  }
}
