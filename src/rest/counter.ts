import { counterNotes, leaveCounterNote, recogniseCustomer } from '../operations/dossier/recognition.ts'
import { get, post } from './platform/route.ts'

export const counterRoutes = [
  post('/recognitions', recogniseCustomer),
  post('/counter-notes', leaveCounterNote, 201),
  get('/counter-notes', counterNotes),
]
