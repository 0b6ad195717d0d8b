import { counterNotes, leaveCounterNote, recogniseCustomer } from '../operations/counter.ts'
import { get, post } from './route.ts'

export const counterRoutes = [
  post('/recognitions', recogniseCustomer),
  post('/counter-notes', leaveCounterNote, 201),
  get('/counter-notes', counterNotes),
]
