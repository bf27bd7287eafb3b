package command

import (
	"spindle/resp"
	"spindle/store"
)

// A unit is one top-level command with everything it causes. Its effects reach the log together: one as it is, several
// as a MULTI ... EXEC block.
type unit struct {
	ctx     Ctx
	nested  []*Ctx // of the commands inside it, by depth; see nested.go
	depth   int    // 0: no command is running
	n       int    // effects beyond the command itself
	buf     []byte // their encodings
	effects []effect
}

func newUnit(s *Server) *unit {
	u := &unit{}
	u.ctx.S = s
	return u
}

type effect struct {
	db, end int
}

// Changed reports that the command changed a key: watchers, notifications, waiting clients and the log hang off this call.
// event is the name of the keyspace notification; if it is empty, none is sent.
func (c *Ctx) Changed(class Class, event string, key []byte) { c.ChangedIn(c.DB, class, event, key) }

// ChangedIn is Changed for a key of another database.
func (c *Ctx) ChangedIn(db *store.DB, class Class, event string, key []byte) {
	c.changes++
	if c.S.hooks != 0 {
		c.S.keyChanged(c.C, db, class, event, key)
	}
}

// Notify publishes one more event of a key that Changed reports.
func (c *Ctx) Notify(class Class, event string, key []byte) {
	if c.S.hooks&hookNotify != 0 {
		c.S.notify(c.DB, class, event, key)
	}
}

// Propagate adds an effect to the log in place of the command itself.
func (c *Ctx) Propagate(args ...[]byte) { c.PropagateIn(c.DB, args...) }

// PropagateIn is Propagate for another database.
func (c *Ctx) PropagateIn(db *store.DB, args ...[]byte) {
	c.verbatim = false
	c.S.addEffect(db, args...)
}

// PropagateAlso adds an effect to the log before the command itself.
func (c *Ctx) PropagateAlso(args ...[]byte) { c.S.addEffect(c.DB, args...) }

// DontPropagate keeps the command itself out of the log.
func (c *Ctx) DontPropagate() { c.verbatim = false }

func (s *Server) addEffect(db *store.DB, args ...[]byte) {
	if s.Log == nil {
		return
	}
	u := s.unit
	u.buf = resp.AppendCommand(u.buf, args...)
	u.effects = append(u.effects, effect{db.ID, len(u.buf)})
	u.n++
}

// effect is the command as the log has it: by the name it has in Redis.
func (c *Ctx) effect() [][]byte {
	top := c.Cmd
	if top.parent != nil {
		top = top.parent
	}
	if top.called == top.Name {
		return c.Args
	}
	return append([][]byte{[]byte(top.Name)}, c.Args[1:]...)
}

// finishUnit hands the effects to the log.
func (s *Server) finishUnit(x *Ctx) {
	u := s.unit
	s.stats.Changes += int64(x.changes)
	self := x.changes > 0 && x.verbatim
	if s.Log == nil {
		return
	}
	switch {
	case u.n == 0 && self:
		s.Log.Append(x.DB.ID, x.effect()...)
	case u.n == 1 && !self:
		s.Log.AppendEncoded(u.effects[0].db, u.buf)
	case u.n > 0:
		s.Log.Multi(u.effects[0].db)
		start := 0
		for _, e := range u.effects {
			s.Log.AppendEncoded(e.db, u.buf[start:e.end])
			start = e.end
		}
		if self {
			s.Log.Append(x.DB.ID, x.effect()...)
		}
		s.Log.Exec()
	}
	x.C.written = s.Log.Appended()
	u.n, u.effects, u.buf = 0, u.effects[:0], u.buf[:0]
}

var delName = []byte("DEL")

// keyExpired is the store's hook for a key whose time has come.
func (s *Server) keyExpired(db *store.DB, key []byte) { s.removed(db, key, ClassExpired, "expired") }

// removed reports a key that the server itself is about to remove.
func (s *Server) removed(db *store.DB, key []byte, class Class, event string) {
	if s.unit.depth > 0 {
		s.addEffect(db, delName, key)
	} else if s.Log != nil {
		s.Log.Append(db.ID, delName, key)
	}
	if s.hooks != 0 {
		s.keyChanged(nil, db, class, event, key)
	}
}

// Class is a class of keyspace events, as in notify-keyspace-events.
type Class uint32

const (
	ClassKeyspace Class = 1 << iota // K
	ClassKeyevent                   // E
	ClassGeneric                    // g
	ClassString                     // $
	ClassList                       // l
	ClassSet                        // s
	ClassHash                       // h
	ClassZSet                       // z
	ClassExpired                    // x
	ClassEvicted                    // e
	ClassStream                     // t
	ClassMiss                       // m
	_                               // loaded, internal to Redis
	ClassModule                     // d
	ClassNew                        // n
)
