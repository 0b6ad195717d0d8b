import { assignCustomer, assignCustomers, ownershipHistory, staffCapacity } from '../operations/dossier/assignments.ts'
import { addTeamMember, endTeamMember, maintenanceTeam, suggestTeamMembers, teamMember } from '../operations/dossier/teams.ts'
import { get, post } from './platform/route.ts'

export const teamRoutes = [
  post('/reassignments', assignCustomers),
  post('/customers/:customerId/reassignments', assignCustomer, 201),
  get('/customers/:customerId/ownership-history', ownershipHistory),
  get('/staff-capacity', staffCapacity),

  get('/customers/:customerId/team', maintenanceTeam),
  post('/customers/:customerId/team', addTeamMember, 201),
  get('/customers/:customerId/team/:teamMemberId', teamMember),
  post('/customers/:customerId/team/:teamMemberId/end', endTeamMember),
  get('/customers/:customerId/team-suggestions', suggestTeamMembers),
]
