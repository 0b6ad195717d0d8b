import {
  addGroupMember,
  correctCustomerGroup,
  createCustomerGroup,
  customerGroup,
  customerGroups,
  endCustomerGroup,
  groupMembership,
  groupMemberships,
  removeGroupMember,
} from '../operations/dossier/customer-groups.ts'
import { get, patch, post } from './platform/route.ts'

export const customerGroupRoutes = [
  get('/customers/:customerId/groups', customerGroups),
  post('/customers/:customerId/groups', createCustomerGroup, 201),
  get('/customers/:customerId/groups/:customerGroupId', customerGroup),
  patch('/customers/:customerId/groups/:customerGroupId', correctCustomerGroup),
  post('/customers/:customerId/groups/:customerGroupId/end', endCustomerGroup),
  post('/customers/:customerId/groups/:customerGroupId/members', addGroupMember, 201),
  post('/customers/:customerId/group-members/:customerGroupMemberId/end', removeGroupMember),

  get('/customers/:customerId/group-memberships', groupMemberships),
  get('/customers/:customerId/group-memberships/:groupMembershipId', groupMembership),
]
