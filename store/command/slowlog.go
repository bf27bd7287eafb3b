package command

import (
	"fmt"
	"math"
	"slices"

	"spindle/resp"
)

// SLOWLOG: the last commands that took longer than slowlog-log-slower-than. The log is in memory, at most slowlog-max-len
// entries of bounded size.

var slowlogCommands = []*Command{
	{Name: "slowlog", Arity: -2, Group: "server", Since: "2.2.12", Complexity: "Depends on subcommand.",
		Summary: "A container for slow log commands",
		Subs: []*Command{
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "server", Since: "6.2.0", Complexity: "O(1)",
				Summary: "Show helpful text about the different subcommands", Run: slowlogHelpCommand},
			{Name: "reset", Arity: 2, Flags: Admin | Loading | Stale, Group: "server", Since: "2.2.12",
				Complexity: "O(N) where N is the number of entries in the slowlog",
				Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
				Summary:    "Clear all entries from the slow log", Run: slowlogResetCommand},
			{Name: "get", Arity: -2, Flags: Admin | Loading | Stale, Group: "server", Since: "2.2.12",
				Complexity: "O(N) where N is the number of entries returned",
				Tips:       []string{"request_policy:all_nodes", "nondeterministic_output"},
				History:    []Change{{"4.0.0", "Added client IP address, port and name to the reply."}},
				Syntax:     "[count:integer]", Summary: "Get the slow log's entries", Run: slowlogGetCommand},
			{Name: "len", Arity: 2, Flags: Admin | Loading | Stale, Group: "server", Since: "2.2.12", Complexity: "O(1)",
				Tips:    []string{"request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"},
				Summary: "Get the slow log's length", Run: slowlogLenCommand},
		}},
}

// slowlog holds the entries, the oldest first.
type slowlog struct {
	entries []slowEntry
	nextID  int64 // RESET does not turn it back
}

type slowEntry struct {
	id, unixSecs, micros int64
	args                 []string
	addr, name           string
}

const (
	slowlogArgs     = 32  // arguments kept of a command; the last one tells how many there were
	slowlogArgBytes = 128 // bytes kept of an argument
	// slowlogCoarse is the threshold from which on commands that are timed together cannot hide a slow one, in microseconds.
	slowlogCoarse = 1000
	slowlogGets   = 10 // entries that GET answers without a count
)

// slowlogPrecise reports whether even cheap commands have to be timed one by one.
func (s *Server) slowlogPrecise() bool {
	return uint(s.Config.SlowlogLogSlowerThan) < slowlogCoarse // false if negative
}

// add keeps a command. args are borrowed.
func (l *slowlog) add(c *Client, cmd *Command, args [][]byte, micros, unixSecs int64) {
	e := slowEntry{id: l.nextID, unixSecs: unixSecs, micros: micros, name: c.name}
	if c.conn != nil {
		e.addr = c.conn.RemoteAddr()
	}
	l.nextID++
	kept := min(len(args), slowlogArgs)
	for i := range kept {
		e.args = append(e.args, slowArg(cmd, args, i, kept))
	}
	l.entries = append(l.entries, e)
}

// slowArg is what the log shows as argument i of kept.
func slowArg(cmd *Command, args [][]byte, i, kept int) string {
	a := args[i]
	switch {
	case i == kept-1 && len(args) > kept:
		return fmt.Sprintf("... (%d more arguments)", len(args)-kept+1)
	case secret(cmd, args, i):
		return "(redacted)"
	case len(a) > slowlogArgBytes:
		return fmt.Sprintf("%s... (%d more bytes)", a[:slowlogArgBytes], len(a)-slowlogArgBytes)
	}
	return string(a)
}

// trim drops the oldest entries beyond n.
func (l *slowlog) trim(n int) {
	if extra := len(l.entries) - n; extra > 0 {
		l.entries = slices.Delete(l.entries, 0, extra)
	}
}

// noteSlow enters a command that ran for so long, if it was too long.
func (s *Server) noteSlow(c *Client, cmd *Command, args [][]byte, nanos int64) {
	limit := int64(s.Config.SlowlogLogSlowerThan)
	if micros := nanos / 1e3; limit >= 0 && micros >= limit && cmd.Flags&SkipSlowlog == 0 {
		s.slowlog.add(c, cmd, args, micros, s.nowMs/1e3)
		s.slowlog.trim(s.Config.SlowlogMaxLen)
	}
}

func slowlogLenCommand(c *Ctx) error {
	c.Out.Int(int64(len(c.S.slowlog.entries)))
	return nil
}

func slowlogResetCommand(c *Ctx) error {
	c.S.slowlog.entries = nil
	c.Out.OK()
	return nil
}

// slowlogGetCommand answers the newest entries.
func slowlogGetCommand(c *Ctx) error {
	entries := c.S.slowlog.entries
	n := int64(slowlogGets)
	switch len(c.Args) {
	case 2:
	case 3:
		var ok bool
		if n, ok = resp.ParseInt(c.Args[2]); !ok || n < -1 || n > math.MaxInt32 {
			return resp.ErrSlowlogCount
		}
	default:
		return resp.ErrSubcommandSyntax(c.Args[0], c.Args[1])
	}
	if n < 0 || n > int64(len(entries)) {
		n = int64(len(entries))
	}
	c.Out.Array(int(n))
	for i := range int(n) {
		entries[len(entries)-1-i].reply(c.Out)
	}
	return nil
}

func (e *slowEntry) reply(w *resp.Writer) {
	w.Array(6)
	w.Int(e.id)
	w.Int(e.unixSecs)
	w.Int(e.micros)
	w.Array(len(e.args))
	for _, a := range e.args {
		w.BulkString(a)
	}
	w.BulkString(e.addr)
	w.BulkString(e.name)
}

func slowlogHelpCommand(c *Ctx) error { return c.help(slowlogHelp) }
