package command

import (
	"bytes"
	"fmt"

	"spindle/resp"
)

// SLOWLOG: the last commands that took longer than slowlog-log-slower-than.

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
			{Name: "len", Arity: 2, Flags: Admin | Loading | Stale, Group: "server", Since: "2.2.12",
				Complexity: "O(1)",
				Tips:       []string{"request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"},
				Summary:    "Get the slow log's length", Run: slowlogLenCommand},
		}},
}

// slowlog holds its entries with the newest last.
type slowlog struct {
	entries []slowEntry
	nextID  int64
}

type slowEntry struct {
	id, unixSeconds, micros int64
	args                    [][]byte
	addr, name              string
}

const (
	slowArgsMax     = 32
	slowArgBytesMax = 128
)

func (l *slowlog) add(s *Server, c *Client, cmd *Command, args [][]byte, nanos int64) {
	e := slowEntry{id: l.nextID, unixSeconds: s.nowMs / 1000, micros: nanos / 1000, args: slowArgs(cmd, args), name: c.name}
	if c.conn != nil {
		e.addr = c.conn.RemoteAddr()
	} else if c == s.scripts.client {
		e.addr = "?:0"
	}
	l.nextID++
	l.entries = append(l.entries, e)
	if over := len(l.entries) - s.Config.SlowlogMaxLen; over > 0 {
		clear(l.entries[:over])
		l.entries = l.entries[over:]
	}
}

// slowArgs copies arguments, of many the first ones and of long ones the beginning, without secrets.
func slowArgs(cmd *Command, args [][]byte) [][]byte {
	n := len(args)
	if n > slowArgsMax {
		n = slowArgsMax - 1
	}
	list := make([][]byte, n, n+1)
	for i := range list {
		switch a := args[i]; {
		case secret(cmd, args, i):
			list[i] = []byte("(redacted)")
		case len(a) > slowArgBytesMax:
			list[i] = fmt.Appendf(bytes.Clone(a[:slowArgBytesMax]), "... (%d more bytes)", len(a)-slowArgBytesMax)
		default:
			list[i] = bytes.Clone(a)
		}
	}
	if n < len(args) {
		list = append(list, fmt.Appendf(nil, "... (%d more arguments)", len(args)-n))
	}
	return list
}

func slowlogGetCommand(c *Ctx) error {
	if len(c.Args) > 3 {
		return resp.ErrSubcommandSyntax([]byte("slowlog"), c.Args[1])
	}
	count := int64(10)
	if len(c.Args) == 3 {
		n, ok := resp.ParseInt(c.Args[2])
		if !ok || n < -1 {
			return resp.ErrSlowlogCount
		}
		count = n
	}
	entries := c.S.slowlog.entries
	n := len(entries)
	if count >= 0 && count < int64(n) {
		n = int(count)
	}
	c.Out.Array(n)
	for i := range n {
		entries[len(entries)-1-i].reply(c.Out)
	}
	return nil
}

func (e *slowEntry) reply(w *resp.Writer) {
	w.Array(6)
	w.Int(e.id)
	w.Int(e.unixSeconds)
	w.Int(e.micros)
	w.Array(len(e.args))
	for _, a := range e.args {
		w.Bulk(a)
	}
	w.BulkString(e.addr)
	w.BulkString(e.name)
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

func slowlogHelpCommand(c *Ctx) error { return c.help(slowlogHelp) }
