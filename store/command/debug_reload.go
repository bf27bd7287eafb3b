package command

import (
	"bytes"

	"spindle/aof"
	"spindle/aof/rdb"
	"spindle/resp"
	"spindle/store"
)

const (
	errNoRDBFile resp.Error = "ERR there is no RDB file to load: DEBUG RELOAD takes no options"
	errNoLog     resp.Error = "ERR there is no append only file to load: appendonly is off"
)

// debugReload takes all data through its RDB form: it is written to memory, the databases are emptied, and it is read back.
// The log has it already and learns nothing of it.
func debugReload(c *Ctx) error {
	if a := c.Options(2); a.More() {
		if !a.Token("MERGE") && !a.Token("NOFLUSH") && !a.Token("NOSAVE") {
			return resp.ErrDebugReload
		}
		return errNoRDBFile
	}
	s := c.S
	file := s.rdbFile()
	s.flush(c.C, s.Store.DBs)
	s.functions = functions{}
	s.setLoading(true)
	err := s.loadRDB(bytes.NewReader(file), true, func() {})
	s.setLoading(false)
	if err != nil {
		s.logf(aof.Warning, "Error trying to load the RDB dump: %v", err)
		return resp.ErrDebugLoad
	}
	s.logf(aof.Warning, "DB reloaded by DEBUG RELOAD")
	c.Out.OK()
	return nil
}

// rdbFile returns all databases as an RDB file.
func (s *Server) rdbFile() []byte {
	w := rdb.NewWriter(nil)
	w.Compress = s.Config.Rdbcompression
	w.Header(rdb.Version)
	s.dumpFunctions(w)
	for _, db := range s.Store.DBs {
		if db.Len() == 0 {
			continue
		}
		w.SelectDB(db.ID)
		for cursor := uint64(0); ; {
			cursor = db.Scan(cursor, 64, func(k store.Key) { s.rdbKey(w, &k) })
			if cursor == 0 {
				break
			}
		}
	}
	w.EOF()
	return w.Bytes()
}
