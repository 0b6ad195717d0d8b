import { addTeamMember, endTeamMember, maintenanceTeam, suggestTeamMembers, teamMember } from '../operations/teams.ts'
import { get, post } from './route.ts'

export const teamRoutes = [
  get('/customers/:customerId/team', maintenanceTeam),
  post('/customers/:customerId/team', addTeamMember, 201),
  get('/customers/:customerId/team/:teamMemberId', teamMember),
  post('/customers/:customerId/team/:teamMemberId/end', endTeamMember),
  get('/customers/:customerId/team-suggestions', suggestTeamMembers),
]
