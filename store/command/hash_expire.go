package command

import (
	"bytes"
	"math"
	"strconv"

	"spindle/store"
	"spindle/store/hash"
)

// Fields of a hash may have an expiry. An expired field is not seen from that moment on. It is removed when a command comes
// across its hash, or by expireFields in the background; either way the log gets an HDEL. While a log is loaded nothing
// expires: its commands saw the fields.
//
// hash_ttl.go has HEXPIRE and its kin, hash_ex.go the commands that read or write fields and change their expiry.

var (
	hdelName       = []byte("HDEL")
	hpexpireatName = []byte("HPEXPIREAT")
	hpersistName   = []byte("HPERSIST")
	hsetName       = []byte("HSET")
	fieldsWord     = []byte("FIELDS")
)

// settleFields prepares the hash k, which may be missing, for a command: it sets the time of the look and removes
// fields that have expired, a thousand or so. k is missing afterwards if none is left.
func (c *Ctx) settleFields(k *store.Key, name []byte) {
	m := hashMap(k)
	if m == nil || m.Expiring() == 0 {
		return
	}
	if c.S.Store.Expired == nil {
		m.Look(math.MinInt64)
		return
	}
	m.Look(c.Now())
	if m.NextDue() <= c.Now() {
		*k = c.DB.FindForWrite(name) // it may have been found for reading only
		c.S.reapFields(k, m)
	}
}

// reapField removes a field that has expired before it is written: at replay it would still be there.
func (c *Ctx) reapField(m *hash.Map, name, field []byte) {
	if m.Expired(field) {
		m.Delete(field)
		c.PropagateAlso(hdelName, name, field)
	}
}

// reapFields removes expired fields of m, which k holds and was found for writing. k is missing afterwards if none is left.
func (s *Server) reapFields(k *store.Key, m *hash.Map) {
	db, name := k.DB(), bytes.Clone(k.Name())
	removed := 0
	m.Reap(func(fields [][]byte) {
		removed = len(fields)
		s.effect(db, append([][]byte{hdelName, name}, fields...)...)
	})
	if removed > 0 {
		s.serverChanged(db, ClassHash, "hexpired", name)
	}
	if m.Len() > 0 {
		s.Store.Schedule(k)
		return
	}
	k.Delete()
	s.serverChanged(db, ClassGeneric, "del", name)
}

// effect logs what the server does of its own accord, within a command or between two.
func (s *Server) effect(db *store.DB, args ...[]byte) {
	if s.unit.depth > 0 {
		s.addEffect(db, args...)
	} else if s.Log != nil {
		s.Log.Append(db.ID, args...)
	}
}

// serverChanged reports a key that the server has changed of its own accord.
func (s *Server) serverChanged(db *store.DB, class Class, event string, key []byte) {
	if s.hooks != 0 {
		s.keyChanged(nil, db, class, event, key)
	}
}

// expireFields removes expired fields of one hash. It reports whether there may be more.
func (s *Server) expireFields() bool {
	if s.Store.Expired == nil {
		return false
	}
	k, ok := s.Store.DueObject()
	if !ok {
		return false
	}
	if k = k.DB().FindForWrite(bytes.Clone(k.Name())); k.Exists() {
		m := hashMap(&k)
		m.Look(s.nowMs)
		s.reapFields(&k, m)
	}
	return true
}

// propagateFields logs that fields were given values. With keepExpiry their expiries, which HSET removes, are logged again.
func (c *Ctx) propagateFields(k *store.Key, name []byte, pairs [][]byte, keepExpiry bool) {
	c.Propagate(append([][]byte{hsetName, name}, pairs...)...)
	m := hashMap(k)
	if m == nil || !keepExpiry || m.Expiring() == 0 {
		return
	}
	for i := 0; i < len(pairs); i += 2 {
		if at, _ := m.ExpireAt(pairs[i]); at != 0 {
			c.Propagate(hpexpireatName, name, strconv.AppendInt(nil, at, 10), fieldsWord, []byte("1"), pairs[i])
		}
	}
}
