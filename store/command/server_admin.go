package command

import (
	"spindle/aof"
	"spindle/resp"
)

// The server as a process: its clock, its files, its end.

var adminCommands = []*Command{
	{Name: "bgrewriteaof", Arity: 1, Flags: Admin | NoScript | NoAsyncLoading, Group: "server", Since: "1.0.0",
		Complexity: "O(1)", Summary: "Asynchronously rewrite the append-only file", Run: bgrewriteaofCommand},
	{Name: "lastsave", Arity: 1, Flags: Loading | Stale | Fast, Group: "server", Since: "1.0.0",
		Categories: CatAdmin | CatDangerous, Complexity: "O(1)", Tips: []string{"nondeterministic_output"},
		Summary: "Get the UNIX time stamp of the last successful save to disk", Run: lastsaveCommand},
	{Name: "shutdown", Arity: -1, Flags: Admin | NoScript | Loading | Stale | NoMulti | AllowBusy, Group: "server",
		Since:      "1.0.0",
		Complexity: "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)",
		History:    []Change{{"7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."}},
		Syntax:     "[nosave_save(NOSAVE|SAVE)] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]",
		Summary:    "Synchronously save the dataset to disk and then shut down the server", Run: shutdownCommand},
	{Name: "time", Arity: 1, Flags: Loading | Stale | Fast, Group: "server", Since: "2.6.0", Complexity: "O(1)",
		Tips: []string{"nondeterministic_output"}, Summary: "Return the current server time", Run: timeCommand},
}

func timeCommand(c *Ctx) error {
	micros := c.S.env.UnixNano() / 1000
	c.Out.Array(2)
	c.Out.BulkInt(micros / 1e6)
	c.Out.BulkInt(micros % 1e6)
	return nil
}

// lastsaveCommand answers when the data was last known to be on disk as a whole: at start, and after each rewrite of the log.
func lastsaveCommand(c *Ctx) error {
	c.Out.Int(c.S.savedMs / 1000)
	return nil
}

// bgrewriteaofCommand begins a log rewrite, or has one begin as soon as the walk that is under way has ended. Inside a transaction
// it has to wait, too: what was done before it there would be in the new base and, once the unit is over, in the log.
func bgrewriteaofCommand(c *Ctx) error {
	s := c.S
	if s.Log != nil && !s.Log.Status().RewriteInProgress && (s.Store.Snapshot() != nil || s.unit.depth > 1) {
		s.rewriteScheduled = true
		c.Out.Status("Background append only file rewriting scheduled")
		return nil
	}
	if err := s.BeginRewrite(); err != nil {
		return err
	}
	c.Out.Status("Background append only file rewriting started")
	return nil
}

// shutdownCommand ends the server. There is no reply: the connection closes.
func shutdownCommand(c *Ctx) error {
	var save, nosave, now, force, abort bool
	for a := c.Options(1); a.More(); {
		switch {
		case a.Token("SAVE"):
			save = true
		case a.Token("NOSAVE"):
			nosave = true
		case a.Token("NOW"):
			now = true
		case a.Token("FORCE"):
			force = true
		case a.Token("ABORT"):
			abort = true
		default:
			return resp.ErrSyntax
		}
	}
	switch {
	case save && nosave, abort && (save || nosave || now || force):
		return resp.ErrSyntax
	case abort:
		return resp.ErrNoShutdown // the end comes at once: there is never one in progress
	}
	if c.S.busy() && !nosave {
		return c.S.busyError()
	}
	if err := c.S.shutdown(save, nosave, force); err != nil {
		return err
	}
	c.C.flags |= closing
	return nil
}

// shutdown ends the server, unless what should be on disk cannot be brought there.
func (s *Server) shutdown(save, nosave, force bool) error {
	if save && s.Log == nil && !force {
		s.logf(aof.Warning, "SHUTDOWN SAVE: there is no file to save to while appendonly is off")
		return resp.ErrShutdownFailed
	}
	if s.Log != nil && s.Log.Err() != nil && !nosave && !force {
		s.logf(aof.Warning, "The append only file cannot be written, can't exit: %v", s.Log.Err())
		return resp.ErrShutdownFailed
	}
	s.Shutdown()
	return nil
}
