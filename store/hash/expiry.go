package hash

import "spindle/store/elements"

// Expiring returns the number of fields with an expiry, expired ones that are still there included.
func (m *Map) Expiring() int { return m.t.Expiring() }

// Deadline returns a lower bound of the fields' expiries, 0 if none has one.
func (m *Map) Deadline() int64 { return m.t.Deadline() }

// ExpireAt returns when field expires, in Unix milliseconds, 0 for never, and whether the field exists.
func (m *Map) ExpireAt(field []byte) (at int64, ok bool) {
	e, ok := m.find(field)
	if !ok {
		return 0, false
	}
	return m.t.ExpireAt(e.Ref()), true
}

// SetExpireAt sets when an existing field expires; 0 removes the expiry. It reports whether the field exists.
func (m *Map) SetExpireAt(field []byte, at int64) bool {
	e, ok := m.find(field)
	if !ok {
		return false
	}
	m.t.SetExpireAt(&e, at)
	if at != 0 && (m.next == 0 || at < m.next) {
		m.next = at
	}
	return true
}

// find looks up a field that has not expired.
func (m *Map) find(field []byte) (elements.Elem, bool) {
	e := m.t.Find(field)
	return e, e.Exists() && !m.gone(e.Ref())
}

// Expired reports whether field is there and has expired: a caller that is about to create it has to remove it first.
func (m *Map) Expired(field []byte) bool {
	if m.t.Expiring() == 0 {
		return false
	}
	e := m.t.Find(field)
	return e.Exists() && m.gone(e.Ref())
}

// NextDue implements store.Timed: when a field may expire next, in Unix milliseconds, 0 for never.
func (m *Map) NextDue() int64 {
	if m.t.Expiring() == 0 {
		m.next = 0
	}
	return m.next
}

// Reap removes fields that have expired, about a thousand at most. It calls removed with views of their names
// before they go. NextDue tells whether more are left.
func (m *Map) Reap(removed func(fields [][]byte)) {
	due, done := m.t.Due(m.now)
	if len(due) == 0 {
		if done {
			m.next = m.t.Deadline()
		}
		return
	}
	fields := make([][]byte, len(due))
	for i, r := range due {
		fields[i] = m.t.Key(r)
	}
	removed(fields)
	for _, r := range due {
		e := m.t.At(r)
		m.t.Delete(&e)
	}
	if done {
		m.next = m.t.Deadline()
	}
}
