package command

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"spindle/aof"
	"spindle/aof/rdb"
	"spindle/store"
)

// unreader takes back what was read too much; see aof.Options.LoadRDB.
type unreader interface{ Unread(p []byte) }

// loadedRDB tells of the last RDB file.
type loadedRDB struct {
	keys, expired int64
	dump          bool // it was the dump file, at start
}

// rdbLoading says how an RDB file is loaded.
type rdbLoading struct {
	keepExpired bool   // expired keys come too: what follows in the log saw them
	merge       bool   // a key that is there already is replaced, and not an error
	yield       func() // called now and then
}

// loadRDB adds the keys of an RDB file to the keyspace. src is left right behind the file if it is an unreader.
func (s *Server) loadRDB(src io.Reader, how rdbLoading) error {
	r := rdb.NewReader(src, rdb.Options{NoChecksum: !s.Config.Rdbchecksum || s.skipChecksum})
	c := &Ctx{S: s, DB: s.Store.DBs[0]}
	s.loadedRDB.keys, s.loadedRDB.expired = 0, 0
	for n := 1; ; n++ {
		rec, err := r.Next()
		if err != nil {
			return err
		}
		switch rec.Op {
		case rdb.RecordAux:
			s.noteRDB(string(rec.Name), string(rec.Data))
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
			if err := c.loadRecord(r, rec, how); err != nil {
				return fmt.Errorf("key %.100q: %w", rec.Name, err)
			}
		}
		if n%yieldEvery == 0 {
			how.yield()
		}
	}
}

// noteRDB logs what a file says about itself.
func (s *Server) noteRDB(name, value string) {
	n, _ := strconv.ParseInt(value, 10, 64)
	switch name {
	case "redis-ver":
		s.logf(aof.Notice, "Loading RDB produced by version %.100s", value)
	case "ctime":
		s.logf(aof.Notice, "RDB age %d seconds", max(s.nowMs/1000-n, 0))
	case "used-mem":
		s.logf(aof.Notice, "RDB memory usage when created %.2f Mb", float64(n)/(1<<20))
	}
}

// loadDumpAtStart loads the dump file, if there is one. That is so without a log, and before there is one: who changes to this server from
// Redis, whose appendonly is off unless it is turned on, finds the data again.
func (s *Server) loadDumpAtStart(progress func(done, total int64), yield func()) error {
	start := s.env.MonoNano()
	switch err := s.loadDump(rdbLoading{yield: yield}, progress); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		if errors.Is(err, io.ErrUnexpectedEOF) {
			s.logf(aof.Warning, "Short read or OOM loading DB. Unrecoverable error, aborting now.")
		}
		return fmt.Errorf("Fatal error loading the DB %s: %w. Exiting.", s.Config.Dbfilename, err)
	}
	s.loadedRDB.dump = true
	s.logf(aof.Notice, "Done loading RDB, keys loaded: %d, keys expired: %d.", s.loadedRDB.keys, s.loadedRDB.expired)
	s.logf(aof.Notice, "DB loaded from disk: %.3f seconds", float64(s.env.MonoNano()-start)/1e9)
	return nil
}

// loadDump adds what the dump file holds.
func (s *Server) loadDump(how rdbLoading, progress func(done, total int64)) error {
	f, err := os.Open(s.Config.Path(s.Config.Dbfilename))
	if err != nil {
		return err
	}
	defer f.Close()
	src := &countedReader{r: f}
	if info, err := f.Stat(); err == nil {
		src.total = info.Size()
	}
	yield := how.yield
	how.yield = func() {
		progress(src.done, src.total)
		yield()
	}
	defer func() { progress(src.done, src.total) }()
	return s.loadRDB(src, how)
}

// countedReader counts what is read of a file.
type countedReader struct {
	r           io.Reader
	done, total int64
}

func (c *countedReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.done += int64(n)
	return n, err
}

// loadRecord builds the key of a record.
func (c *Ctx) loadRecord(r *rdb.Reader, rec *rdb.Record, how rdbLoading) error {
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
	if !how.keepExpired && expireAt != 0 && expireAt <= c.S.Store.Now {
		v.drop()
		c.S.loadedRDB.expired++
		return nil
	}
	k := c.DB.Peek(rec.Name)
	if k.Exists() {
		if !how.merge {
			v.drop()
			return fmt.Errorf("the key is there twice")
		}
		k.Delete()
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
