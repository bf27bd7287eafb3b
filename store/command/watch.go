package command

import (
	"spindle/resp"
	"spindle/store"
)

// WATCH: EXEC fails if a watched key was changed in between. Each database has an index from key to those who
// watch it; a change marks these clients, and that is all.
//
// A key that had expired when it was watched, though nobody had noticed, counts as missing: its removal is no change.

type watch struct {
	c       *Client
	db      *store.DB
	key     string
	at      int  // place among the key's watches
	expired bool // was so, unnoticed, when it was watched
}

// watches are the watched keys of all databases, by number.
type watches struct {
	byDB  []map[string][]*watch
	count int
}

func watchCommand(c *Ctx) error {
	if c.C.multi != nil {
		return resp.ErrWatchInMulti
	}
	if c.C.flags&dirtyWatch == 0 { // otherwise EXEC fails anyway
		for _, key := range c.Args[1:] {
			c.S.watch(c.C, c.DB, key)
		}
	}
	c.Out.OK()
	return nil
}

func unwatchCommand(c *Ctx) error {
	c.S.unwatch(c.C)
	c.Out.OK()
	return nil
}

func (s *Server) watch(c *Client, db *store.DB, key []byte) {
	for _, w := range c.watches {
		if w.db == db && w.key == string(key) {
			return
		}
	}
	if s.watched.byDB == nil {
		s.watched.byDB = make([]map[string][]*watch, len(s.Store.DBs))
	}
	keys := s.watched.byDB[db.ID]
	if keys == nil {
		keys = map[string][]*watch{}
		s.watched.byDB[db.ID] = keys
	}
	w := &watch{c: c, db: db, key: string(key), at: len(keys[string(key)]), expired: isExpired(db, key)}
	keys[w.key] = append(keys[w.key], w)
	c.watches = append(c.watches, w)
	s.watched.count++
	s.hooks |= hookWatch
}

// isExpired reports whether there is a key whose time has come.
func isExpired(db *store.DB, key []byte) bool {
	k := db.Peek(key)
	return k.Exists() && k.Due()
}

// unwatch forgets a client's watched keys and what happened to them.
func (s *Server) unwatch(c *Client) {
	c.flags &^= dirtyWatch
	for _, w := range c.watches {
		keys := s.watched.byDB[w.db.ID]
		list := keys[w.key]
		last := list[len(list)-1]
		list[w.at], last.at = last, w.at
		list[len(list)-1] = nil
		if list = list[:len(list)-1]; len(list) == 0 {
			delete(keys, w.key)
		} else {
			keys[w.key] = list
		}
	}
	s.watched.count -= len(c.watches)
	c.watches = nil
	if s.watched.count == 0 {
		s.hooks &^= hookWatch
	}
}

// watchedExpired reports whether the time of a watched key has come since.
func (s *Server) watchedExpired(c *Client) bool {
	for _, w := range c.watches {
		if !w.expired && isExpired(w.db, []byte(w.key)) {
			return true
		}
	}
	return false
}

// touch marks the clients that watch a changed key.
func (w *watches) touch(db *store.DB, key []byte, class Class) {
	for _, w := range w.byDB[db.ID][string(key)] {
		if w.expired && class == ClassExpired {
			w.expired = false
		} else {
			w.c.flags |= dirtyWatch
		}
	}
}

// touchAll marks the clients that watch keys of db, which is about to lose its contents: to become empty, or to get those of other.
func (w *watches) touchAll(db, other *store.DB) {
	if w.count == 0 {
		return
	}
	for name, list := range w.byDB[db.ID] {
		key := []byte(name)
		had := db.Peek(key)
		gets := store.Key{}
		if other != nil {
			gets = other.Peek(key)
		}
		if !had.Exists() && !gets.Exists() {
			continue
		}
		getsExpired := gets.Exists() && gets.Due()
		for _, w := range list {
			switch {
			case w.expired && !gets.Exists():
				w.expired = false
			case w.expired && getsExpired:
			case !w.expired && !had.Exists() && getsExpired:
				w.expired = true
			default:
				w.c.flags |= dirtyWatch
			}
		}
	}
}
