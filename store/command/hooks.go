package command

import "spindle/store"

// What hangs off a changed key: those who watch it, wait for it, cache it or want to be told.

// hook says who wants to know about changed keys.
type hook uint32

const (
	hookWatch hook = 1 << iota
	hookBlocked
	hookTracking
	hookNotify
)

func (s *Server) setHook(h hook, on bool) {
	if s.hooks &^= h; on {
		s.hooks |= h
	}
}

// keyChanged passes a change on. by is the client whose command did it, nil for the server itself.
func (s *Server) keyChanged(by *Client, db *store.DB, class Class, event string, key []byte) {
	if s.hooks&hookBlocked != 0 {
		s.blocked.signal(db, key)
	}
	s.keyTouched(by, db, class, event, key)
}

// keyTouched is keyChanged for a change that brings nothing that anybody waits for.
func (s *Server) keyTouched(by *Client, db *store.DB, class Class, event string, key []byte) {
	if s.hooks&hookWatch != 0 {
		s.watched.touch(db, key, class)
	}
	if s.hooks&hookTracking != 0 {
		s.tracking.changed(by, key)
	}
	if s.hooks&hookNotify != 0 && event != "" {
		s.notify(db, class, event, key)
	}
}

// afterUnit does what had to wait until a unit that changed keys was over.
func (s *Server) afterUnit() {
	if len(s.tracking.later) > 0 {
		s.tracking.finish()
	}
	if len(s.blocked.ready) > 0 {
		s.serveBlocked()
	}
}

// Flushing must be called before a database is emptied.
func (s *Server) Flushing(db *store.DB) {
	s.watched.touchAll(db, nil)
	s.blocked.signalAll(db) // some wait for a key that must not go; they are served when it has
}

// Flushed must be called once the databases have been emptied.
func (s *Server) Flushed(by *Client) {
	if s.hooks&hookTracking != 0 {
		s.tracking.flushed(by)
	}
}

// Swap exchanges the contents of two databases. Who watches a key or waits for one goes by the database's number.
func (s *Server) Swap(a, b *store.DB) {
	s.watched.touchAll(a, b)
	s.watched.touchAll(b, a)
	s.Store.Swap(a, b)
	s.blocked.signalAll(a)
	s.blocked.signalAll(b)
}

// leave takes a client out of everything that concerns other clients or keys.
func (s *Server) leave(c *Client) {
	if c.multi != nil || c.watches != nil || c.flags&dirtyWatch != 0 {
		c.endTransaction()
	}
	if c.waiter != nil {
		s.unblock(c)
	}
	if c.subs != nil {
		s.unsubscribeAll(c)
	}
	s.stopTracking(c)
	s.stopMonitor(c)
}
