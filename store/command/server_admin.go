package command

import (
	"spindle/resp"
	"spindle/store/config"
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

// lastsaveCommand answers when a dump was last written, or the server started.
func lastsaveCommand(c *Ctx) error {
	c.Out.Int(c.S.savedMs / 1000)
	return nil
}

// bgrewriteaofCommand begins a log rewrite, or has one begin as soon as the walk that is under way has ended. Inside a transaction
// it has to wait, too: what was done before it there would be in the new base and, once the unit is over, in the log.
func bgrewriteaofCommand(c *Ctx) error {
	s := c.S
	if s.Log != nil && !s.Log.Status().RewriteInProgress && (s.Store.Snapshot() != nil || s.saving.running != nil || s.unit.depth > 1) {
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
	var how config.ShutdownFlags
	abort := false
	for a := c.Options(1); a.More(); {
		switch {
		case a.Token("SAVE"):
			how |= config.ShutdownSave
		case a.Token("NOSAVE"):
			how |= config.ShutdownNosave
		case a.Token("NOW"):
			how |= config.ShutdownNow
		case a.Token("FORCE"):
			how |= config.ShutdownForce
		case a.Token("ABORT"):
			abort = true
		default:
			return resp.ErrSyntax
		}
	}
	const both = config.ShutdownSave | config.ShutdownNosave
	switch {
	case how&both == both, abort && how != 0:
		return resp.ErrSyntax
	case abort:
		return resp.ErrNoShutdown // the end comes at once: there is never one in progress
	}
	if c.S.busy() && how&config.ShutdownNosave == 0 {
		return c.S.busyError()
	}
	if err := c.S.shutdown(how); err != nil {
		return err
	}
	c.C.flags |= closing
	return nil
}
