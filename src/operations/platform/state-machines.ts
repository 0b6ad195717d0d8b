import { z } from 'zod'
import { stateMachines as machines } from '../../core/state-machines.ts'
import { operation } from './operation.ts'

const stateSchema = z
  .object({
    name: z.string().meta({ description: 'Name of the state.' }),
    description: z.string().meta({ description: 'Meaning of the state.' }),
    final: z.boolean().meta({ description: 'Whether nothing leads out of it.' }),
  })
  .meta({ id: 'MachineState', description: 'A state of a kind of thing.' })

const transitionSchema = z
  .object({
    name: z.string().meta({ description: 'Name of the transition.' }),
    from: z.array(z.string()).meta({ description: 'States from which it leads.' }),
    to: z.string().meta({ description: 'State to which it leads.' }),
    description: z.string().meta({ description: 'What it does.' }),
    operation: z.string().nullable().meta({ description: 'The command for it; null for what the service does itself.' }),
    permission: z.string().meta({ description: 'The permission it requires; `system:run` for the service itself.' }),
    guard: z.string().nullable().meta({ description: 'What must hold besides the state.' }),
  })
  .meta({ id: 'MachineTransition', description: 'A way from a state to another.' })

const machineSchema = z
  .object({
    subject: z.string().meta({ description: 'The kind of thing, as events and the audit log name it.' }),
    initial: z.string().meta({ description: 'State of a new one.' }),
    states: z.array(stateSchema).meta({ description: 'All states.' }),
    transitions: z.array(transitionSchema).meta({ description: 'All transitions.' }),
  })
  .meta({ id: 'StateMachine', description: 'The states of a kind of thing, and what leads from one to another.' })

/** In the order of their subjects. */
export const stateMachines = operation({
  kind: 'query',
  name: 'stateMachines',
  summary: 'State machines',
  description: 'The states of each kind of thing that has them, the transitions between them, and who may do which.',
  permission: 'organisation:read',
  domain: 'System Administration',
  input: z.strictObject({ subject: z.string().min(1).max(64).optional().meta({ description: 'Of this subject.' }) }),
  output: z
    .object({ machines: z.array(machineSchema).meta({ description: 'Ordered by subject.' }) })
    .meta({ id: 'StateMachines', description: 'State machines.' }),
  async run(_context, { subject }) {
    return {
      machines: machines
        .filter((one) => subject === undefined || one.subject === subject)
        .map((one) => ({
          subject: one.subject,
          initial: one.initial,
          states: Object.entries(one.states).map(([name, { description, final = false }]) => ({ name, description, final })),
          transitions: Object.entries(one.transitions).map(
            ([name, { operation: command, guard, from, to, description, permission }]) => ({
              name,
              from: [...from],
              to,
              description,
              operation: command ?? null,
              permission,
              guard: guard ?? null,
            }),
          ),
        })),
    }
  },
})
