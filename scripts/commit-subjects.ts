import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

// Refuses subjects of commits that CONTRIBUTING.md does not allow: of the message in the file that is given, as the hook does, or of all commits since there is this check.

const MAX_LENGTH = 72

/** Why a commit may not have this subject, or undefined. Length in characters. */
export function subjectProblem(subject: string): string | undefined {
  const length = [...subject].length
  if (length === 0) return 'The subject is empty.'
  if (length > MAX_LENGTH) return `The subject has ${length} characters; at most ${MAX_LENGTH} are allowed.`
  if (subject.endsWith('.')) return 'The subject ends with a full stop.'
  return /^\p{Ll}/u.test(subject) ? 'The subject begins with a small letter.' : undefined
}

function git(...args: readonly string[]): string {
  const { stdout, status } = spawnSync('git', args, { encoding: 'utf8', cwd: new URL('..', import.meta.url) })
  return status === 0 ? stdout.trim() : ''
}

/** The subjects of all commits after the one that brought this file; none outside a clone, or in one without that commit. */
function subjectsSince(): readonly string[] {
  const [first] = git('log', '--diff-filter=A', '--format=%H', '--', 'scripts/commit-subjects.ts').split('\n')
  return first ? git('log', '--no-merges', '--format=%s', `${first}..HEAD`).split('\n').filter(Boolean) : []
}

if (import.meta.main) {
  const [file] = process.argv.slice(2)
  const subjects = file === undefined ? subjectsSince() : [readFileSync(file, 'utf8').split('\n', 1)[0]!]
  for (const subject of subjects) {
    const problem = subjectProblem(subject)
    if (problem === undefined) continue
    console.error(`${problem} "${subject}"`)
    process.exitCode = 1
  }
}
