package command

import (
	"fmt"

	"spindle/aof/rdb"
	"spindle/resp"
	"spindle/store/script"
)

// Libraries in RDB form: a record each, and in a payload the footer that DUMP has. Only their code is written; who reads it runs it.

func functionDumpCommand(c *Ctx) error {
	w := rdb.NewWriter(nil)
	w.Compress = c.S.Config.Rdbcompression
	c.S.dumpFunctions(w)
	c.Out.Bulk(rdb.AppendFooter(w.Bytes(), rdb.Version))
	return nil
}

// dumpFunctions writes a record for each library.
func (s *Server) dumpFunctions(w *rdb.Writer) {
	if l := s.functions.libraries; l != nil {
		for _, lib := range l.Sorted() {
			w.Function([]byte(lib.Code))
		}
	}
}

// functionRestoreCommand takes the libraries of a payload, all or none.
func functionRestoreCommand(c *Ctx) error {
	if len(c.Args) > 4 {
		return resp.ErrSubcommandSyntax(c.Args[0], c.Args[1])
	}
	flush, replace := false, false
	if a := c.Options(3); a.More() {
		flush = a.Token("FLUSH")
		replace = a.Token("REPLACE")
		if !flush && !replace && !a.Token("APPEND") {
			return resp.ErrRestorePolicy
		}
	}
	body, err := rdb.CheckPayload(c.Args[2], rdb.VersionMax)
	if err != nil {
		return resp.ErrDumpPayload
	}
	err = c.S.loadFunctions(func(l *script.Libraries) error {
		set, err := readFunctions(l, body)
		switch {
		case err != nil:
			return err
		case flush:
			l.Replace(set)
			return nil
		}
		return l.Join(set, replace)
	})
	if err != nil {
		return err
	}
	c.changes++
	c.Out.OK()
	return nil
}

// readFunctions loads the libraries in the body of a payload.
func readFunctions(l *script.Libraries, body []byte) (*script.Set, error) {
	set := new(script.Set)
	r := rdb.NewPayloadReader(body, rdb.Options{})
	for int(r.Offset()) < len(body) {
		code, err := r.Function()
		if err == rdb.ErrNoFunction {
			return nil, resp.ErrRestoreType
		}
		if err != nil {
			return nil, resp.ErrRestoreFunction
		}
		if err := l.LoadInto(set, string(code)); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// restoreLibrary loads a library from a file.
func (s *Server) restoreLibrary(code []byte, replace bool) error {
	err := s.loadFunctions(func(l *script.Libraries) error {
		_, err := l.Load(string(code), replace)
		return err
	})
	if err != nil {
		return fmt.Errorf("a function library: %w", err)
	}
	return nil
}
