package command

import (
	"spindle/aof"
	"spindle/resp"
)

const errNoLog resp.Error = "ERR there is no append only file to load: appendonly is off"

// debugReload takes all data through the dump file: it is written, the databases are emptied, and it is read back. MERGE keeps what is there
// and is not in the file, NOFLUSH keeps all and fails where a key is in both, NOSAVE reads the file that there is. The log, if it is on, has
// what has been saved already; what it may not have comes with a rewrite.
func debugReload(c *Ctx) error {
	s := c.S
	save, flush := true, true
	how := rdbLoading{yield: func() {}}
	for a := c.Options(2); a.More(); {
		switch {
		case a.Token("MERGE"):
			how.merge = true
		case a.Token("NOFLUSH"):
			flush = false
		case a.Token("NOSAVE"):
			save = false
		default:
			return resp.ErrDebugReload
		}
	}
	if save && s.saveNow() != nil {
		return resp.ErrPlain
	}
	if flush {
		s.flush(c.C, s.Store.DBs)
		s.functions = functions{}
	}
	s.setLoading(true)
	err := s.loadDump(how, func(done, total int64) {})
	s.setLoading(false)
	s.rewriteScheduled = s.rewriteScheduled || s.Log != nil && !(save && flush)
	if err != nil {
		s.logf(aof.Warning, "%v", err)
		return resp.ErrDebugLoad
	}
	s.logf(aof.Warning, "DB reloaded by DEBUG RELOAD")
	c.Out.OK()
	return nil
}
