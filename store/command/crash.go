package command

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"

	"spindle/resp"
)

// A crash report is what the log keeps of a process that has to end because something is broken: what happened, what every
// goroutine was doing, INFO, the clients, and the command that ran. Its frame is Redis's, which tools look for. A handler's own panic does
// not come to this: it costs its command only, and the log has the stack.

// crash writes the report and ends the process. It returns only where ending has been left out, in tests.
func (c *Ctx) crash(what string) error {
	c.S.crashReport(c, what)
	if c.S.env.Abort != nil {
		c.S.env.Abort()
	}
	c.C.flags |= closing
	return nil
}

// crashReport writes as much of a report as the state of things allows: a part that fails is left out.
func (s *Server) crashReport(c *Ctx, what string) {
	s.raw("\n\n=== REDIS BUG REPORT START: Cut & paste starting from here ===\n" + what + "\n")
	part := func(title string, text func() string) {
		defer func() { _ = recover() }()
		s.raw("\n------ " + title + " ------\n" + strings.TrimRight(text(), "\n") + "\n")
	}
	if s.Config.CrashLogEnabled {
		part("STACK TRACE", goroutineStacks)
		part("INFO OUTPUT", func() string { return s.info([][]byte{[]byte("everything")}) })
		part("CLIENT LIST OUTPUT", s.clientLines)
		part("CURRENT CLIENT INFO", c.describe)
	}
	s.raw("\n=== REDIS BUG REPORT END. Make sure to include from START to END. ===\n\n")
}

func (s *Server) raw(text string) {
	if s.env.Raw != nil {
		s.env.Raw(text)
	}
}

// stackBytesMax bounds what is told about goroutines.
const stackBytesMax = 1 << 20

func goroutineStacks() string {
	b := make([]byte, stackBytesMax)
	return string(b[:runtime.Stack(b, true)])
}

func (s *Server) clientLines() string {
	var b []byte
	for _, id := range slices.Sorted(maps.Keys(s.clients)) {
		b = append(s.clients[id].appendInfo(b), '\n')
	}
	return string(b)
}

// describe tells who runs which command, and what its first key is.
func (c *Ctx) describe() string {
	const argsMax, argBytesMax = 32, 128
	var b strings.Builder
	if c.C.conn != nil {
		fmt.Fprintf(&b, "%s\n", c.C.appendInfo(nil))
	}
	for i, arg := range c.Args {
		if i == argsMax {
			fmt.Fprintf(&b, "... %d more\n", len(c.Args)-i)
			break
		}
		fmt.Fprintf(&b, "argv[%d]: %s\n", i, resp.AppendQuoted(nil, arg[:min(len(arg), argBytesMax)]))
	}
	if len(c.Args) > 1 {
		if k := c.DB.Visible(c.Args[1]); k.Exists() {
			fmt.Fprintf(&b, "argv[1] is a key: type %s, encoding %s\n", k.Type(), k.Encoding())
		}
	}
	return b.String()
}
