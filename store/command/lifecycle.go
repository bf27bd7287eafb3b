package command

import (
	"spindle/resp"
)

// Commands about the server as a process: time, the log's rewrite, the end.

var lifecycleCommands = []*Command{
	{Name: "bgrewriteaof", Arity: 1, Flags: Admin | NoScript | NoAsyncLoading, Group: "server", Since: "1.0.0", Complexity: "O(1)", Summary: "Asynchronously rewrite the append-only file", Run: bgrewriteaofCommand},
	{Name: "lastsave", Arity: 1, Flags: Loading | Stale | Fast, Group: "server", Since: "1.0.0", Categories: CatAdmin | CatDangerous, Complexity: "O(1)", Tips: []string{"nondeterministic_output"}, Summary: "Get the UNIX time stamp of the last successful save to disk", Run: lastsaveCommand},
	{Name: "role", Arity: 1, Flags: NoScript | Loading | Stale | Fast, Group: "server", Since: "2.8.12", Categories: CatAdmin | CatDangerous, Complexity: "O(1)", Summary: "Return the role of the instance in the context of replication", Run: roleCommand},
	{Name: "shutdown", Arity: -1, Flags: Admin | NoScript | Loading | Stale | NoMulti | AllowBusy, Group: "server", Since: "1.0.0", Complexity: "O(N) when saving, where N is the total number of keys in all databases when saving data, otherwise O(1)", History: []Change{{"7.0.0", "Added the `NOW`, `FORCE` and `ABORT` modifiers."}}, Syntax: "[nosave_save(NOSAVE|SAVE)] [NOW@7.0.0] [FORCE@7.0.0] [ABORT@7.0.0]", Summary: "Synchronously save the dataset to disk and then shut down the server", Run: shutdownCommand},
	{Name: "time", Arity: 1, Flags: Loading | Stale | Fast, Group: "server", Since: "2.6.0", Complexity: "O(1)", Tips: []string{"nondeterministic_output"}, Summary: "Return the current server time", Run: timeCommand},
}

func timeCommand(c *Ctx) error {
	now := c.S.env.UnixNano() / 1000
	c.Out.Array(2)
	c.Out.BulkInt(now / 1e6)
	c.Out.BulkInt(now % 1e6)
	return nil
}

// lastsaveCommand answers when the data was last known to be on disk as a whole: at start, and after each rewrite of the log.
func lastsaveCommand(c *Ctx) error {
	c.Out.Int(c.S.savedMs / 1000)
	return nil
}

func roleCommand(c *Ctx) error {
	c.Out.Array(3)
	c.Out.BulkString("master")
	c.Out.Int(0)
	c.Out.EmptyArray()
	return nil
}

func bgrewriteaofCommand(c *Ctx) error {
	s := c.S
	switch {
	case s.Log == nil:
		return errNoLog
	case s.Log.Status().RewriteInProgress:
		return errRewriting
	case s.Store.Snapshot() != nil:
		// An aborted walk is still on its way to the end.
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

// shutdownCommand ends the server. The log is written to the end in any case; SAVE asks for no more than that here.
func shutdownCommand(c *Ctx) error {
	save, nosave, abort := false, false, false
	for a := c.Options(1); a.More(); {
		switch {
		case a.Token("SAVE"):
			save = true
		case a.Token("NOSAVE"):
			nosave = true
		case a.Token("NOW"), a.Token("FORCE"):
		case a.Token("ABORT"):
			abort = true
		default:
			return resp.ErrSyntax
		}
	}
	switch {
	case save && nosave, abort && len(c.Args) > 2:
		return resp.ErrSyntax
	case abort:
		return errNoShutdown // it does not wait for anything that could still be stopped
	}
	c.C.flags |= closing
	c.S.Shutdown()
	return nil
}

const (
	errNoLog      = resp.Error("ERR The append only file is off: there is nothing to rewrite. CONFIG SET appendonly yes creates it")
	errNoShutdown = resp.Error("ERR No shutdown in progress.")
)
