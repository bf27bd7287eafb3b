package hash

// Expiring returns the number of fields with an expiry, expired ones that are still there included.
func (m *Map) Expiring() int { return m.t.Expiring() }

// ExpireAt returns when field expires, in Unix milliseconds, 0 for never, and whether the field exists.
func (m *Map) ExpireAt(field []byte) (at int64, ok bool) {
	e := m.t.Find(field)
	if !e.Exists() || m.gone(e.Ref()) {
		return 0, false
	}
	return m.t.ExpireAt(e.Ref()), true
}

// SetExpireAt sets when an existing field expires; 0 removes the expiry. It reports whether the field exists.
func (m *Map) SetExpireAt(field []byte, at int64) bool {
	e := m.t.Find(field)
	if !e.Exists() || m.gone(e.Ref()) {
		return false
	}
	m.t.SetExpireAt(&e, at)
	return true
}

// Expired reports whether field is there and has expired: a caller that is about to create it has to remove it first.
func (m *Map) Expired(field []byte) bool {
	if m.t.Expiring() == 0 {
		return false
	}
	e := m.t.Find(field)
	return e.Exists() && m.gone(e.Ref())
}

// Reap removes fields that have expired, about a thousand at most, and calls removed for each before it goes. done reports
// that none is left.
func (m *Map) Reap(removed func(field []byte)) (done bool) {
	due, done := m.t.Due(m.now)
	for _, r := range due {
		e := m.t.At(r)
		removed(m.t.Key(r))
		m.t.Delete(&e)
	}
	return done && len(due) == 0
}
