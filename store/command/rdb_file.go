package command

import (
	"fmt"
	"io"

	"spindle/aof/rdb"
	"spindle/store"
)

// unreader takes back what was read too much; see aof.Options.LoadRDB.
type unreader interface{ Unread(p []byte) }

// loadRDB adds the keys of an RDB file to the keyspace. With keepExpired expired ones come too: what follows in the log saw them.
// src is left right behind the file if it is an unreader. yield is called now and then.
func (s *Server) loadRDB(src io.Reader, keepExpired bool, yield func()) error {
	r := rdb.NewReader(src, rdb.Options{NoChecksum: !s.Config.Rdbchecksum || s.skipChecksum})
	c := &Ctx{S: s, DB: s.Store.DBs[0]}
	s.loadedRDB.keys, s.loadedRDB.expired = 0, 0
	for n := 1; ; n++ {
		rec, err := r.Next()
		if err != nil {
			return err
		}
		switch rec.Op {
		case rdb.RecordEOF:
			if u, ok := src.(unreader); ok {
				u.Unread(r.Buffered())
			}
			return nil
		case rdb.RecordSelectDB:
			if rec.DB >= uint64(len(s.Store.DBs)) {
				return fmt.Errorf("the file has a database %d, only %d are configured", rec.DB, len(s.Store.DBs))
			}
			c.DB = s.Store.DBs[rec.DB]
		case rdb.RecordFunction:
			if err := s.restoreLibrary(rec.Data, true); err != nil {
				return err
			}
		case rdb.RecordKey:
			if err := c.loadRecord(r, rec, keepExpired); err != nil {
				return fmt.Errorf("key %.100q: %w", rec.Name, err)
			}
		}
		if n%yieldEvery == 0 {
			yield()
		}
	}
}

// loadRecord builds the key of a record.
func (c *Ctx) loadRecord(r *rdb.Reader, rec *rdb.Record, keepExpired bool) error {
	v, err := c.rdbRead(r, rec.Type)
	if err == errEmptyValue { // old versions wrote such: they mean nothing
		return nil
	}
	if err != nil {
		return err
	}
	if len(rec.Name) > store.KeyMax {
		v.drop()
		return fmt.Errorf("the name has %d bytes, at most %d are possible", len(rec.Name), store.KeyMax)
	}
	expireAt := max(rec.Expire, 0)
	if !keepExpired && expireAt != 0 && expireAt <= c.S.Store.Now {
		v.drop()
		c.S.loadedRDB.expired++
		return nil
	}
	k := c.DB.Peek(rec.Name)
	if k.Exists() {
		v.drop()
		return fmt.Errorf("the key is there twice")
	}
	v.install(&k, rec.Name, expireAt)
	c.S.loadedRDB.keys++
	c.setAccess(&k, rec.Idle, int64(rec.Freq))
	return nil
}

// setAccess sets when, or how often, a key was accessed, whichever the eviction policy wants to know. -1 stands for unknown.
func (c *Ctx) setAccess(k *store.Key, idleSeconds, freq int64) {
	switch lfu := c.S.Store.Clock().LFU; {
	case lfu && freq >= 0:
		k.SetFreq(uint8(freq))
	case !lfu && idleSeconds >= 0:
		k.SetIdle(idleSeconds)
	}
}
